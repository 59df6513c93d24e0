#!/usr/bin/env bash
# Feeds every parser and endpoint what nobody would send. See --help.
set -uo pipefail

usage() {
  cat <<'TEXT'
usage: hack/fuzz.sh [--target NAME]... [--seconds N | --runs N] [--seed N] [--jobs N] [--fast]
       hack/fuzz.sh --list

Builds the fuzz targets of tests/fuzz (preset asan: clang, libFuzzer, ASan and UBSan) and runs each,
guided by coverage, from the kept inputs of tests/fuzz/corpus and those that earlier runs found
(build/asan/fuzz/NAME). Prints a line per target and exits 1 if one crashed, hung, leaked or grew;
the input that did it is named with the command that shows it again.

  --target NAME  this target alone; may be given more than once
  --seconds N    how long each runs (default 60)
  --runs N       so many executions of each instead
  --seed N       the same inputs again, as far as the corpus is the same (default: others each time)
  --jobs N       targets at a time (default 2)
  --fast         preset fuzz, in build/fuzz: compiled with optimisation, for long campaigns
  --list         name the targets
  --help         this text

columns: executions, per second, edges covered of the program, inputs found, the execution that
found the last of them, peak memory.

examples:
  hack/fuzz.sh --target kubeconfigs --seconds 600 --fast
  build/asan/tests/fuzz/fuzz-kubeconfigs build/asan/fuzz/crashes/kubeconfigs-crash-0123
TEXT
}

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$root" || exit 1
# Inputs beyond this say nothing that shorter ones do not. What takes 5 s hangs.
readonly limits=(-max_len=4096 -timeout=5 -rss_limit_mb=1024 -malloc_limit_mb=512)
export ASAN_OPTIONS=allow_addr2line=1 UBSAN_OPTIONS=print_stacktrace=1

list() { for file in tests/fuzz/targets/*.cc; do basename "$file" .cc; done; }

# Runs one target; its log is $work/NAME.log.
fuzz_one() {
  local name=$1
  mkdir -p "$work/$name" "$work/crashes"
  "$programs/fuzz-$name" "${limits[@]}" "${bound[@]}" "${seed[@]}" -print_final_stats=1 -reload=0 \
    -artifact_prefix="$work/crashes/$name-" "$work/$name" "tests/fuzz/corpus/$name" \
    >"$work/$name.log" 2>&1 </dev/null
}

# One line about a target that has run, and what it died of.
report() {
  local name=$1 code=$2 log=$work/$1.log
  awk -v name="$name" -v code="$code" '
    match($0, /cov: [0-9]+/) { covered = substr($0, RSTART + 5, RLENGTH - 5) }
    /^#[0-9]+[ \t]+NEW/ { last = substr($1, 2) }
    /^stat::number_of_executed_units/ { runs = $2 }
    /^stat::average_exec_per_sec/ { rate = $2 }
    /^stat::new_units_added/ { found = $2 }
    /^stat::peak_rss_mb/ { rss = $2 }
    END {
      printf "%-18s %12d %9d %8d %7d %12d %5d MiB  %s\n", name, runs, rate, covered, found, last,
        rss, code == 0 ? "ok" : "FAILED"
    }' "$log"
  [ "$code" -ne 0 ] || return 0
  grep -E 'ERROR|SUMMARY|runtime error|fuzz:|Assertion|^    #[0-9] ' "$log" | head -n 20 |
    sed 's/^/  | /'
  echo "  again: $programs/fuzz-$name $(sed -n 's/.*Test unit written to //p' "$log")"
}

# Keeps $jobs targets running, and reports each as it ends.
fuzz_all() {
  local -A running=()
  local name code ended failed=0
  for name in "$@" ""; do
    while [ ${#running[@]} -ge "$jobs" ] || { [ -z "$name" ] && [ ${#running[@]} -gt 0 ]; }; do
      code=0
      wait -n -p ended "${!running[@]}" || code=$?
      report "${running[$ended]}" "$code"
      [ "$code" -eq 0 ] || failed=$((failed + 1))
      unset "running[$ended]"
    done
    [ -n "$name" ] || break
    fuzz_one "$name" &
    running[$!]=$name
  done
  [ "$failed" -eq 0 ] || { echo "$failed of $# targets failed" && return 1; }
}

bad_usage() {
  echo "hack/fuzz.sh: $1" >&2
  exit 2
}

want_number() {
  [[ ${2-} =~ ^[1-9][0-9]*$ ]] || bad_usage "$1 needs a number, not '${2-}'"
}

main() {
  local targets=() name jobs=2 bound=(-max_total_time=60) seed=() preset=asan programs work
  while [ $# -gt 0 ]; do
    case $1 in
      --target)
        [ -f "tests/fuzz/targets/${2-}.cc" ] || bad_usage "no target '${2-}'; try --list"
        targets+=("$2") && shift
        ;;
      --seconds) want_number "$@" && bound=("-max_total_time=$2") && shift ;;
      --runs) want_number "$@" && bound=("-runs=$2") && shift ;;
      --seed) want_number "$@" && seed=("-seed=$2") && shift ;;
      --jobs) want_number "$@" && jobs=$2 && shift ;;
      --fast) preset=fuzz ;;
      --list) list && exit 0 ;;
      -h | --help) usage && exit 0 ;;
      *) bad_usage "no option '$1'; try --help" ;;
    esac
    shift
  done
  [ ${#targets[@]} -gt 0 ] || mapfile -t targets < <(list)
  programs=build/$preset/tests/fuzz work=build/$preset/fuzz
  cmake --preset $preset >/dev/null || exit 1
  cmake --build --preset $preset --target "${targets[@]/#/fuzz-}" >&2 || exit 1
  printf '%-18s %12s %9s %8s %7s %12s %9s\n' target executions per_s edges found last_at memory
  fuzz_all "${targets[@]}"
}

main "$@"

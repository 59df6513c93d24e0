#!/usr/bin/env bash
# The whole definition of "may merge", in one command. See --help.
set -uo pipefail

usage() {
  cat <<'TEXT'
hack/check.sh [BUILD_DIR] [--only NAME]... [--fix] [--list] [--root DIR]

  BUILD_DIR    a finished build, default build/release; some checks read its archives and commands
  --only NAME  run this check alone; may be given more than once
  --fix        format the C++ files, then check
  --list       name the checks
  --root DIR   check this tree and not the one that the script lies in

Every finding is one line, path:line: what is wrong and what to do. Exit 0 when all pass, 1 when
one failed, 2 on bad usage.
TEXT
}

hack=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(dirname "$hack")
build=build/release
only=()

# One function per check, in the order of what they cost.
checks=(layers calls words sizes docs scripts format pure links generated headers tidy)

about() {
  case $1 in
    layers) echo "every include is granted by hack/layers.txt" ;;
    calls) echo "clock, chance, environment, threads only behind their seams" ;;
    words) echo "no open ends, machine paths or words outside the glossary" ;;
    sizes) echo "files <= 400 lines, functions <= 60, lines <= 100 columns" ;;
    docs) echo "links lead somewhere, commands on pages exist with their options" ;;
    scripts) echo "bash, shellcheck and python accept every script" ;;
    format) echo "clang-format has nothing to change" ;;
    pure) echo "the core needs memory and strings, nothing else" ;;
    links) echo "a library calls only what its layer was granted" ;;
    generated) echo "CRDs, field reference and metrics table match the code" ;;
    headers) echo "every header compiles alone and is used" ;;
    tidy) echo "clang-tidy on operator/ and the pure core (cached)" ;;
  esac
}

check_layers() { "$hack/check_layers.py" "$root"; }
check_calls() { "$hack/check_calls.py" "$root"; }
check_words() { "$hack/check_words.py" "$root"; }
check_sizes() { "$hack/check_sizes.py" "$root"; }
check_docs() { "$hack/check_docs.py" "$root"; }
check_scripts() { "$hack/check_scripts.sh" "$root"; }
check_links() { needs "$build/build.ninja" && "$hack/check_links.py" "$root" "$build"; }
check_headers() { needs "$commands" && "$hack/check_headers.py" "$root" "$build" --jobs 2; }
check_tidy() { needs "$commands" && "$hack/check_tidy.py" "$root" "$build" --jobs 2; }
check_generated() { "$hack/check_generated.sh" "$root" "$build"; }

check_format() {
  cpp_files | (cd "$root" && xargs -0 -r clang-format --dry-run --Werror --style=file) 2>&1 |
    sed -nE "s|^$root/([^:]+:[0-9]+):.*should be clang-formatted.*|\1: not formatted: use --fix|p" |
    sort -u -t: -k1,1 | (! grep .)
}

# The core libraries, and the pure decisions of operator/. Only a plain Release build says much:
# sanitizers and assertions need symbols of their own.
check_pure() {
  if ! grep -qs 'CMAKE_BUILD_TYPE:STRING=Release' "$build/CMakeCache.txt"; then
    skipped="needs a Release build in $build"
    return 0
  fi
  local objects=() file
  for file in "$build"/libberth_{base,sched,scaling,slo}.a; do
    [[ -f $file ]] && objects+=("$file")
  done
  while IFS= read -r -d '' file; do
    objects+=("$file")
  done < <(find "$build/CMakeFiles" -regextype posix-extended -regex \
    '.*\.dir/(operator/.*/(\w+_plan|attempt|verbs|view)\.cc|Unity/unity_pure_cxx\.cxx)\.o' \
    -print0 | sort -z)
  needs "${objects[0]-$build/libberth_sched.a}" && "$hack/check_pure.sh" "${objects[@]}"
}

needs() {
  [[ -f $1 ]] && return
  echo "$1: not there: cmake --preset release && ninja -C build/release"
  return 1
}

cpp_files() {
  (cd "$hack" && python3 -c 'import sys, source_tree
for path in source_tree.files(sys.argv[1], source_tree.CPP):
    print(path, end="\0")' "$root")
}

milliseconds() { echo $((${EPOCHREALTIME/[.,]/} / 1000)); }

run_check() {
  local name=$1 started output skipped="" verdict=ok
  started=$(milliseconds)
  output=$(mktemp)
  "check_$name" >"$output" 2>&1 || verdict=FAILED
  [[ -n $skipped ]] && verdict=skipped
  printf '%-10s %-8s %7d ms  %s\n' "$name" "$verdict" \
    $(($(milliseconds) - started)) "${skipped:-$(about "$name")}"
  if [[ $verdict == FAILED ]]; then
    sed 's/^/    /' "$output"
    failed+=("$name")
  fi
  rm -f "$output"
}

list() {
  local name
  for name in "${checks[@]}"; do printf '%-10s %s\n' "$name" "$(about "$name")"; done
}

parse() {
  while [[ $# -gt 0 ]]; do
    case $1 in
      -h | --help) usage && exit 0 ;;
      --list) list && exit 0 ;;
      --only)
        [[ " ${checks[*]} " == *" ${2-} "* ]] || bad_usage "no check '${2-}': see --list"
        only+=("$2") && shift
        ;;
      --fix) fix=yes ;;
      --root)
        root=$(cd "${2-}" 2>/dev/null && pwd) || bad_usage "no folder '${2-}'"
        shift
        ;;
      -*) bad_usage "no option '$1': see --help" ;;
      *) build=$1 ;;
    esac
    shift
  done
  [[ $build == /* ]] || build=$root/$build
  commands=$build/compile_commands.json
}

bad_usage() {
  echo "check.sh: $1" >&2
  exit 2
}

fix=no
failed=()
parse "$@"
[[ $fix == no ]] || cpp_files | (cd "$root" && xargs -0 -r clang-format -i --style=file)
[[ ${#only[@]} -gt 0 ]] || only=("${checks[@]}")
for name in "${only[@]}"; do run_check "$name"; done
if [[ ${#failed[@]} -gt 0 ]]; then
  echo "${#only[@]} checks, ${#failed[@]} failed: ${failed[*]}"
  exit 1
fi
echo "${#only[@]} checks passed"

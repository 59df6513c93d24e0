#!/usr/bin/env bash
# Every check and every test of Berth. See --help.
set -uo pipefail

usage() {
  cat <<'TEXT'
usage: hack/test.sh [--only STAGE]... [--list] [--verbose]

Installs what is missing, builds, and runs every check and every test, on a real cluster too (as
root). Prints one line per stage and last `N passed, N failed`; exits 0 when nothing failed. A stage
that fails does not stop those that can do without it. What a stage printed is in build/test/.

  --only STAGE  run this stage alone, on what is built already; may be given more than once
  --list        name the stages
  --verbose     show what the stages print
TEXT
}

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$root" || exit 1
results=$root/build/test
server_port=7443 # of the API server that the C++ tests talk to; not the default cluster's
passed=0 failed=0 skipped=0
verbose=false
declare -A broken=() # stages that failed in this run
behind=''            # process that builds for the stage sanitizers while others run

stages=(deps build tools check checks protocol unit simulation worker chart images hack cluster
  sanitizers fuzz)
threaded=(host http router serving extender_attack) # C++ tests that have several threads
waiting=worker # the first of those that leave most of the machine idle

about() {
  case $1 in
    deps) echo "Debian packages and Go" ;;
    build) echo "programs, and tests that compute for long, preset release" ;;
    tools) echo "Kubernetes and its companions, once per version" ;;
    check) echo "hack/check.sh" ;;
    checks) echo "each check finds its seeded violation" ;;
    protocol) echo "the write protocol as a model, whole, and the orders that it forbids" ;;
    unit) echo "C++ tests that compute for long" ;;
    simulation) echo "operators and extender under schedules of faults, in memory" ;;
    worker) echo "gangs of the trainer and the server as real processes" ;;
    chart) echo "the chart and its policies on a real API server" ;;
    images) echo "container images" ;;
    hack) echo "hack/cluster leaves nothing behind" ;;
    cluster) echo "end to end: the chart, real containers, crashes" ;;
    sanitizers)
      echo "C++ tests under ASan and UBSan, on a real API server too; threads under TSan"
      ;;
    fuzz) echo "what nobody would send, to every parser and endpoint, for two minutes" ;;
  esac
}

# The stages without whose success this one cannot run.
needs() {
  case $1 in
    build | tools | protocol) echo deps ;;
    check | unit | simulation | worker) echo build ;;
    sanitizers) echo deps tools ;;
    fuzz) echo sanitizers ;;
    chart | hack) echo tools ;;
    images) echo build tools ;;
    cluster) echo images ;;
  esac
}

stage_deps() { hack/deps.sh; }

stage_build() {
  cmake --preset release && cmake --build --preset release --target berth-operator berth-extender \
    berth-router berth-crdgen berth-trainer berth-server kubectl-berth berth-sim \
    sched_test sim_test integration_test worker_test serve_test
}

stage_tools() { hack/cluster/programs; }

stage_check() { hack/check.sh build/release; }

stage_checks() { run_pytest tests/checks; }

# Shows what was explored: states, depth, seconds.
stage_protocol() { run_pytest -s tests/protocol; }

# Of these the stage sanitizers runs a part, or nothing: the workers' libraries are not made for it.
stage_unit() { run_ctest release -R '^(sched|sim|integration|worker|serve)$'; }

# A fixed set, then three minutes of seeds that are fresh for every commit and the same wherever it
# is tested.
stage_simulation() {
  local commit
  commit=$(git rev-parse HEAD 2>/dev/null || date +%s)
  hack/mutants.py --check && hack/sim.sh --seeds 150 &&
    hack/sim.sh --seconds 180 --from "$(printf '%d' "0x${commit:0:8}")"
}

stage_worker() {
  BERTH_TRAINER=$root/build/release/berth-trainer BERTH_SERVER=$root/build/release/berth-server \
    BERTH_ROUTER=$root/build/release/berth-router run_pytest tests/worker
}

stage_chart() { PATH=$(hack/cluster/programs):$PATH run_pytest tests/charts; }

stage_images() {
  local programs
  programs=$(hack/cluster/programs) &&
    hack/images.sh --build-dir build/release --kube-scheduler "$programs/kube-scheduler"
}

stage_hack() { run_pytest tests/hack; }

stage_cluster() { run_pytest tests/cluster; }

# One API server without nodes for all C++ tests that want one.
stage_sanitizers() {
  local exports code=0
  [ -z "$behind" ] || tail --pid="$behind" -f /dev/null
  build_sanitizers "${threaded[@]/%/_test}" || return 1
  run_ctest tsan -R "^($(IFS='|' && echo "${threaded[*]}"))\$" || code=1
  exports=$(hack/cluster/up --port-base $server_port --scheduler off --env) || return 1
  BERTH_TEST_KUBECONFIG=$(eval "$exports" && echo "$KUBECONFIG") run_ctest asan || code=1
  hack/cluster/down --port-base $server_port || code=1
  return $code
}

# With a seed of its own: a commit is judged by the same inputs wherever it is tested, as far as the
# machine gets with them; long campaigns take others.
stage_fuzz() { hack/fuzz.sh --seconds 12 --seed 1; }

# Everything in the preset asan, in tsan the targets that it is given.
build_sanitizers() {
  cmake --preset asan && cmake --build --preset asan --target all fuzz &&
    cmake --preset tsan && cmake --build --preset tsan --target "$@"
}

# Begins with it while stages mostly wait for their clusters, in time that nothing else wants: in a
# session of its own because there the kernel schedules by session (sched(7), autogroup).
build_behind() {
  local idle='renice -n 19 $$; echo 19 >/proc/self/autogroup; chrt --idle --pid 0 $$'
  mkdir -p "$results"
  setsid bash -c "{ $idle; } &>/dev/null; $(declare -f build_sanitizers)
    build_sanitizers ${threaded[*]/%/_test}" >"$results/behind.log" 2>&1 &
  behind=$!
  trap 'kill -- "-$behind" 2>/dev/null' EXIT
}

# Runs the C++ tests of a preset: run_ctest PRESET [ARGUMENTS].
run_ctest() {
  GTEST_OUTPUT="xml:$results/$stage/" ctest --test-dir "build/$1" --output-on-failure -j 2 \
    --timeout 300 "${@:2}"
}

run_pytest() {
  /usr/bin/python3 -B -m pytest -p no:cacheprovider -q -ra --junitxml="$results/$stage/pytest.xml" \
    -o junit_family=xunit1 "$@"
}

# Runs one stage, prints its line and adds to the totals.
run_stage() {
  local need counts begun=$SECONDS log code=0
  stage=$1
  log=$results/$stage/output.log
  rm -rf "${results:?}/$stage"
  mkdir -p "$results/$stage"
  for need in $(needs "$stage"); do
    if [ -n "${broken[$need]:-}" ]; then
      broken[$stage]=1
      printf '%-10s NOT RUN  %s failed\n' "$stage" "$need"
      failed=$((failed + 1))
      return
    fi
  done
  if $verbose; then
    "stage_$stage" 2>&1 | tee "$log" || code=1
  else
    "stage_$stage" >"$log" 2>&1 || code=1
  fi
  mapfile -t counts < <(count "$code")
  report "$code" $((SECONDS - begun)) "$log" "${counts[@]}"
}

# Prints "PASSED FAILED SKIPPED" and the names of what failed. A stage without cases is one case; a
# stage that failed although its cases passed, as after a crash, is one failure more.
count() {
  local code=$1 totals names ok bad skip
  { read -r ok bad skip && names=$(cat); } < <(hack/count_tests.py "$results/$stage")
  totals=$((ok + bad + skip))
  if [ "$code" -ne 0 ] && [ "$bad" -eq 0 ]; then
    bad=1
  elif [ "$totals" -eq 0 ]; then
    ok=1
  fi
  printf '%s %s %s\n%s\n' "$ok" "$bad" "$skip" "$names"
}

report() {
  local code=$1 seconds=$2 log=$3 ok bad skip
  read -r ok bad skip <<<"$4"
  shift 4
  passed=$((passed + ok)) failed=$((failed + bad)) skipped=$((skipped + skip))
  printf '%-10s %-7s %5d s  %5d passed, %d failed, %d skipped\n' "$stage" \
    "$([ "$code" -eq 0 ] && echo ok || echo FAILED)" "$seconds" "$ok" "$bad" "$skip"
  [ "$code" -ne 0 ] || return 0
  broken[$stage]=1
  printf '  failed: %s\n' "$@"
  tail -n 40 "$log" | sed 's/^/  | /'
  printf '  all of it: %s\n' "$log"
}

main() {
  local only=() one
  while [ $# -gt 0 ]; do
    case $1 in
      --only)
        if [[ " ${stages[*]} " != *" ${2:-} "* ]]; then
          echo "hack/test.sh: no stage '${2:-}'; try --list" >&2 && exit 2
        fi
        only+=("$2") && shift
        ;;
      --list)
        for one in "${stages[@]}"; do printf '%-10s %s\n' "$one" "$(about "$one")"; done
        exit 0
        ;;
      --verbose) verbose=true ;;
      -h | --help) usage && exit 0 ;;
      *) echo "hack/test.sh: no option '$1'; try --help" >&2 && exit 2 ;;
    esac
    shift
  done
  [ ${#only[@]} -gt 0 ] || only=("${stages[@]}")
  for one in "${only[@]}"; do
    [ "$one" != $waiting ] || [[ " ${only[*]} " != *" sanitizers "* ]] || build_behind
    run_stage "$one"
  done
  if [ $skipped -gt 0 ]; then
    echo "$passed passed, $failed failed, $skipped skipped"
  else
    echo "$passed passed, $failed failed"
  fi
  [ $failed -eq 0 ]
}

main "$@"

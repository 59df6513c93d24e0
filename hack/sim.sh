#!/usr/bin/env bash
# Plays schedules of faults against Berth in memory. See --help.
set -euo pipefail

usage() {
  cat <<'TEXT'
usage: hack/sim.sh [--build-dir DIR] [OPTION of berth-sim...]

Runs the real operator and the real extender against an API server, kubelets, a scheduler and a
clock in memory, with faults drawn from seeds, and looks at the invariants after every change.
Prints the faults drawn by kind, schedules, changes, violations and seconds; a schedule that fails
is printed with the shortest part of it that still fails. Exits 1 if one did. Builds berth-sim first
where it is missing.

  --seeds N      how many schedules (default 1000)
  --from S       the first seed (default 1)
  --seconds T    for so long instead of so many schedules
  --print        print the schedules of these seeds and play nothing
  --tell         print every act, change and violation as it happens (with few seeds, or --play)
  --play FILE... play these schedules (tests/simulation/pinned) and nothing else
  --also KIND    one act of this kind in every schedule besides
  --jobs N       how many jobs a schedule has at least (default 20)
  --within T     the seconds in which all of a schedule happens (default 60)
  --build-dir    where berth-sim is (default build/release)
  --help         this text; berth-sim --help has the rest

examples:
  hack/sim.sh --seeds 10000
  hack/sim.sh --from 4711 --seeds 1       # one schedule again
  hack/sim.sh --seconds 180 --from 900000
  hack/sim.sh --jobs 6 --within 15 --also two_lead --seeds 100000
TEXT
}

build_dir=build/release
options=()
while [ $# -gt 0 ]; do
  case $1 in
    --help) usage && exit 0 ;;
    --build-dir)
      [ $# -ge 2 ] || { echo "hack/sim.sh: --build-dir needs a folder" >&2 && exit 2; }
      build_dir=$2
      shift 2
      ;;
    *) options+=("$1") && shift ;;
  esac
done

cd "$(dirname "${BASH_SOURCE[0]}")/.."
program=$build_dir/tests/simulation/berth-sim
if [ ! -x "$program" ]; then
  cmake --preset release >&2 && cmake --build "$build_dir" --target berth-sim >&2
fi
exec "$program" "${options[@]}"

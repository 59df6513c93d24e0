#!/usr/bin/env bash
# Runs one benchmark: bench/run.sh NAME [ARGUMENTS]. Each is a folder here with a program `run`.
set -euo pipefail
bench=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

if [ $# -gt 0 ] && [ -x "$bench/$1/run" ]; then
  name=$1 && shift
  exec "$bench/$name/run" "$@"
fi
case ${1:-} in
  -h | --help) exec 3>&1 && status=0 ;;
  *) exec 3>&2 && status=2 ;;
esac
echo "usage: bench/run.sh NAME [ARGUMENTS]; bench/run.sh NAME --help says more. NAME is one of:" >&3
for program in "$bench"/*/run; do echo "  $(basename "$(dirname "$program")")" >&3; done
exit "$status"

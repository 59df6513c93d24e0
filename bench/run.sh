#!/usr/bin/env bash
# Runs one benchmark: bench/run.sh NAME [ARGUMENTS]. Each is a folder here with a program called run.
set -euo pipefail
bench=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

if [ $# -gt 0 ] && [ -x "$bench/$1/run" ]; then
  name=$1 && shift
  exec "$bench/$name/run" "$@"
fi
echo "usage: bench/run.sh NAME [ARGUMENTS]; NAME is one of:" >&2
for program in "$bench"/*/run; do echo "  $(basename "$(dirname "$program")")" >&2; done
exit 2

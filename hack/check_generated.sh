#!/usr/bin/env bash
# Fails where a generated file differs from what the code says: check_generated.sh ROOT BUILD_DIR.
set -uo pipefail
root=$1 build=$2
status=0

if [[ -f $root/src/crdgen/main.cc ]]; then
  if [[ -x $build/berth-crdgen ]]; then
    (cd "$root" && "$build/berth-crdgen" --check) || status=1
  else
    echo "$build/berth-crdgen: not built, so crds/ cannot be compared"
    status=1
  fi
fi
exit $status

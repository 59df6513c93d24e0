#!/usr/bin/env bash
# Fails where a generated file differs from what the code says: check_generated.sh ROOT BUILD_DIR.
set -uo pipefail
root=$1 build=$2
status=0

# crds/ and docs/reference/ are what berth-crdgen writes.
if [[ -x $build/berth-crdgen ]]; then
  (cd "$root" && "$build/berth-crdgen" --check) || status=1
else
  echo "$build/berth-crdgen: not built, so crds/ and docs/reference/ cannot be compared"
  status=1
fi

# The chart carries a copy of crds/, because helm reads nothing outside of a chart.
copy=charts/berth/crds-generated
if [[ -d $root/crds ]]; then
  while IFS= read -r line; do
    echo "$copy: not a copy of crds/ (use hack/generate.sh): $line"
    status=1
  done < <(cd "$root" && diff --recursive --brief --exclude=README.md crds "$copy" 2>&1)
fi
exit $status

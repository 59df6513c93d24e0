#!/usr/bin/env bash
# Rewrites everything that is generated from the code: hack/generate.sh [BUILD_DIR]
# crds/ and docs/reference/ by berth-crdgen, and the chart's copy of crds/.
set -euo pipefail

usage() {
  sed -n '2,3s/^# //p' "${BASH_SOURCE[0]}"
  echo "BUILD_DIR, default build/release, has berth-crdgen. hack/check.sh compares the same files."
}

case ${1-} in
  -h | --help) usage && exit 0 ;;
  -*) echo "generate.sh: no option '$1': see --help" >&2 && exit 2 ;;
esac
root=$(dirname "$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)")
cd "$root"
crdgen=$(realpath -m "${1:-build/release}")/berth-crdgen
[[ -x $crdgen ]] || {
  echo "generate.sh: $crdgen is not there: ninja -C ${1:-build/release} berth-crdgen" >&2
  exit 1
}
"$crdgen"
rm -rf charts/berth/crds-generated && mkdir charts/berth/crds-generated
cp crds/*.yaml charts/berth/crds-generated/

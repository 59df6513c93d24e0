#!/usr/bin/env bash
# Lays out everything of a release in one folder, with checksums and what it is made of. See --help.
set -euo pipefail
umask 022

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
readonly root
readonly programs=(berth-operator berth-extender berth-router berth-trainer berth-server
  kubectl-berth)

usage() {
  cat <<'TEXT'
usage: hack/release.sh [OPTIONS]

Writes into one folder: the programs (stripped), the chart as berth-VERSION.tgz, the images that
hack/images.sh has made, berth-VERSION.spdx.json and SHA256SUMS. The document is SPDX 2.3: of what
Debian packages, with versions and licences, each of them is made, read from what the build has
really compiled and linked. Builds nothing. The same inputs give the same bytes.

  --build-dir DIR  a finished build with Ninja (default build/release)
  --images DIR     folder of the images' archives, NAME.tar (default build/images, if it is there)
  --out DIR        where everything goes, made anew (default build/dist)
  --sign KEY       sign SHA256SUMS, and so all that it names, with this private key (PEM, such as
                   `openssl genpkey -algorithm ed25519` makes, without a password): SHA256SUMS.sig
  --help           print this text

The time in the document is SOURCE_DATE_EPOCH, else that of the last commit.

examples:
  hack/release.sh
  hack/images.sh --build-dir build/release && hack/release.sh --out build/dist
  cd build/dist && sha256sum --check SHA256SUMS
  openssl pkeyutl -verify -rawin -in SHA256SUMS -sigfile SHA256SUMS.sig -pubin -inkey berth.pub
TEXT
}

fail() {
  echo "hack/release.sh: $1" >&2
  exit "${2:-1}"
}

version() { sed -n 's/^appVersion: *//p' "$root/charts/berth/Chart.yaml" | tr -d '"'; }

# Seconds since 1970.
time_of_source() {
  if [ -n "${SOURCE_DATE_EPOCH:-}" ]; then
    echo "$SOURCE_DATE_EPOCH"
  else
    git -C "$root" log -1 --format=%ct 2>/dev/null || echo 0
  fi
}

# Programs without what only a debugger needs. The workers are left out where none was built.
take_programs() {
  local name
  for name in "${programs[@]}"; do
    if [ -x "$build/$name" ]; then
      strip --strip-unneeded -o "$out/$name" "$build/$name"
      chmod 755 "$out/$name"
    elif [[ $name != berth-trainer && $name != berth-server ]]; then
      fail "$build/$name is not there: cmake --build --preset release"
    fi
  done
}

# As `helm package` would, but for times and owners.
take_chart() {
  tar --create --directory "$root/charts" --sort=name --mtime="@$epoch" --owner=0 --group=0 \
    --numeric-owner --mode=u=rwX,go=rX --format=ustar --exclude-vcs --exclude='*.swp' \
    --exclude='*~' --exclude='*.orig' berth | gzip --no-name -9 >"$out/berth-$(version).tgz"
}

take_images() {
  local archive
  [ -d "$images" ] || return 0
  for archive in "$images"/*.tar; do
    [ -f "$archive" ] && install -m 644 "$archive" "$out/image-${archive##*/}"
  done
  return 0
}

# Whatever the kind of key; with Ed25519 the same files have the same signature.
sign_sums() {
  openssl pkeyutl -sign -rawin -inkey "$key" -passin pass: -in "$out/SHA256SUMS" \
    -out "$out/SHA256SUMS.sig" || fail "--sign: openssl could not sign with $key"
}

main() {
  build=$root/build/release images=$root/build/images out=$root/build/dist key=''
  while [ $# -gt 0 ]; do
    case $1 in
      --build-dir) build=${2:?"--build-dir: which?"} && shift ;;
      --images)
        images=${2:?"--images: which?"}
        [ -d "$images" ] || fail "--images: there is no folder $images" 2
        shift
        ;;
      --sign)
        key=${2:?"--sign: with which key?"}
        openssl pkey -in "$key" -passin pass: -noout 2>/dev/null ||
          fail "--sign: $key is no private key without a password" 2
        shift
        ;;
      --out) out=${2:?"--out: which?"} && shift ;;
      -h | --help) usage && return ;;
      *) fail "no option '$1'; try --help" 2 ;;
    esac
    shift
  done
  [ -f "$build/build.ninja" ] || fail "$build is no finished build: cmake --preset release"
  epoch=$(time_of_source)
  [[ $epoch =~ ^[0-9]+$ ]] || fail "SOURCE_DATE_EPOCH: '$epoch' is no number of seconds" 2
  rm -rf "$out"
  mkdir -p "$out"
  take_programs
  take_chart
  take_images
  python3 -B "$root/hack/release/sbom.py" --build-dir "$build" --dist "$out" \
    --version "$(version)" --epoch "$epoch" >"$out/berth-$(version).spdx.json"
  sums=$(cd "$out" && find . -type f -printf '%P\0' | LC_ALL=C sort -z | xargs -0 sha256sum)
  echo "$sums" >"$out/SHA256SUMS"
  [ -z "$key" ] || sign_sums
  echo "$(wc -l <"$out/SHA256SUMS") files and SHA256SUMS in $out"
}

main "$@"

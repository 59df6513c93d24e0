#!/usr/bin/env bash
# Builds Berth's images from scratch, each a program and the closure of its shared libraries. Needs
# no container engine.
set -euo pipefail
umask 022

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
readonly ROOT
readonly OURS=(berth-operator berth-extender berth-router berth-trainer berth-server)
readonly REPOSITORY=localhost
readonly USER_ID=65532 # as distroless images call "nonroot"
readonly EPOCH=1970-01-01T00:00:00Z
readonly DIGITS=/usr/lib/python3/dist-packages/sklearn/datasets/data/digits.csv.gz

usage() {
  cat <<'TEXT'
usage: hack/images.sh [OPTIONS]

Writes one OCI archive per program, NAME.tar, and prints its name, digest and sizes: the program and
its libraries on an empty root, run by user 65532, fit for a read-only root file system. The same
inputs give the same bytes, and what has not changed is not built again. Needs no network.

  --build-dir DIR        take the programs from there; without it, build them (preset release)
  --out DIR              where the archives go (default build/images)
  --tag TAG              tag of Berth's images (default: the chart's appVersion)
  --only NAME            just this one, may be repeated: berth-operator, berth-extender,
                         berth-router, berth-trainer, berth-server, kube-scheduler
  --kube-scheduler FILE  also make an image of this kube-scheduler, tagged with its version
  --digits FILE          the trainer's data set (default: that of Debian's python3-sklearn)
  --root DIR             only lay the root file system of one --only NAME there; for
                         images/*.Containerfile, where another tool makes the image
  --help                 print this text

Into a node:      ctr -n k8s.io images import --digests build/images/berth-operator.tar
Into a registry:
  skopeo copy oci-archive:build/images/berth-operator.tar:localhost/berth-operator:TAG \
    docker://REGISTRY/berth-operator:TAG
TEXT
}

fail() {
  echo "hack/images.sh: $1" >&2
  return "${2:-1}"
}

# Prints the files that a program loads, itself left out: its libraries and the dynamic loader.
closure() {
  local loaded
  loaded=$(ldd "$1" 2>&1) || {
    [[ $loaded == *"not a dynamic executable"* ]] && return # linked statically: it needs nothing
    fail "$1: ldd: $loaded"
  }
  [[ $loaded != *"not found"* ]] || fail "$1: $(grep 'not found' <<<"$loaded" | head -n 1)"
  awk '$2 == "=>" { print $3 } $1 ~ /^\// { print $1 }' <<<"$loaded" | sort -u
}

# What every root has: users for tools that ask who they are, names before DNS, a place for
# temporary files (mount one there when the root is read-only), and merged /lib as Debian has it.
lay_base() {
  local root=$1 name=$2
  mkdir -p "$root"/{etc,tmp,usr/lib,usr/lib64,usr/local/bin}
  chmod 1777 "$root/tmp"
  ln -s usr/lib "$root/lib"
  ln -s usr/lib64 "$root/lib64"
  printf 'root:x:0:0:root:/:/\nnonroot:x:%s:%s:nonroot:/:/\n' $USER_ID $USER_ID \
    >"$root/etc/passwd"
  printf 'root:x:0:\nnonroot:x:%s:\n' $USER_ID >"$root/etc/group"
  echo 'hosts: files dns' >"$root/etc/nsswitch.conf"
  # The workers speak to nobody over TLS; the others may have to trust a public authority.
  if [[ $name != berth-trainer && $name != berth-server ]]; then
    install -D -m 644 /etc/ssl/certs/ca-certificates.crt "$root/etc/ssl/certs/ca-certificates.crt"
  fi
}

# Copies libraries to where the loader finds them without a cache: the same path, with /lib under
# /usr and each under the name that it is asked for.
lay_libraries() {
  local root=$1 library target
  while read -r library; do
    [ -n "$library" ] || continue
    target=$library
    [[ $target == /lib* ]] && target=/usr$target
    install -D -m 755 "$library" "$root$target"
  done
}

lay_program() {
  local root=$1 name=$2 program=$3
  mkdir -p "$root/usr/local/bin"
  if [ "$name" = kube-scheduler ]; then
    install -m 755 "$program" "$root/usr/local/bin/$name" # Go: as its own linker left it
  else
    strip --strip-unneeded -o "$root/usr/local/bin/$name" "$program"
    chmod 755 "$root/usr/local/bin/$name"
  fi
  if [ "$name" = berth-trainer ]; then
    install -D -m 644 "$digits" "$root/data/digits.csv.gz"
  fi
}

# A tar that depends on nothing but names, modes and contents.
pack_layer() {
  tar --create --file "$2" --directory "$1" --sort=name --mtime=@0 --owner=0 --group=0 \
    --numeric-owner --format=gnu .
}

# Adds a folder as a layer to an image of a layout, under a tag.
add_layer() {
  local folder=$1 layout=$2 from=$3 to=$4 what=$5
  pack_layer "$folder" "$folder.tar"
  stat -c %s "$folder.tar" >"$layout.$to.bytes" # unpacked, for the report
  umoci raw add-layer --image "$layout:$from" --tag "$to" --history.created $EPOCH \
    --history.created_by "$what" "$folder.tar"
  rm -rf "$folder" "$folder.tar"
}

# What the library layer depends on. Libraries by name, size and time: they are large, and the
# package manager changes all three.
base_key() {
  {
    sha256sum <"${BASH_SOURCE[0]}"
    echo "$1"
    xargs -r stat -L -c '%n %s %Y' <<<"$2"
  } | sha256sum
}

# Starts a layout with the tag base: everything but the program.
build_base() {
  local layout=$1 name=$2 libraries=$3 root=$4
  rm -rf "$layout" "$root"
  umoci init --layout "$layout"
  umoci new --image "$layout:empty"
  lay_base "$root" "$name"
  lay_libraries "$root" <<<"$libraries"
  add_layer "$root" "$layout" empty base "libraries of $name"
  umoci rm --image "$layout:empty"
}

# Adds the program to the tag base, as the tag image.
build_program() {
  local layout=$1 name=$2 program=$3 root=$4 architecture
  architecture=$(dpkg --print-architecture)
  rm -rf "$root"
  lay_program "$root" "$name" "$program"
  add_layer "$root" "$layout" base image "$name"
  umoci config --image "$layout:image" --no-history --created $EPOCH --os linux \
    --architecture "$architecture" --config.user "$USER_ID:$USER_ID" --config.workingdir / \
    --config.env PATH=/usr/local/bin --config.entrypoint "/usr/local/bin/$name"
  umoci gc --layout "$layout"
}

# Builds one image, or finds it unchanged, and prints its line.
build_image() {
  local name=$1 program=$2 tag=$3 work=$out/.work/$1 archive=$out/$1.tar libraries base key
  [ -x "$program" ] || fail "$program is not there; build it, or choose others with --only"
  libraries=$(closure "$program")
  mkdir -p "$work"
  base=$(base_key "$name" "$libraries")
  key=$(echo "$base $tag" && sha256sum <"$program" && sha256sum "$ROOT/images/pack.py")
  [ "$name" != berth-trainer ] || key+=$(sha256sum <"$digits")
  if [ ! -f "$archive" ] || [ "$(cat "$work/key" 2>/dev/null)" != "$key" ]; then
    rm -f "$work/key"
    if [ "$(cat "$work/base" 2>/dev/null)" != "$base" ]; then
      rm -f "$work/base"
      build_base "$work/layout" "$name" "$libraries" "$work/root"
      echo "$base" >"$work/base"
    fi
    build_program "$work/layout" "$name" "$program" "$work/root"
    python3 "$ROOT/images/pack.py" "$work/layout" image "$REPOSITORY/$name" "$tag" "$archive" \
      >"$work/digest"
    echo "$key" >"$work/key"
  fi
  printf '%-42s %s  %5.1f MiB packed  %6.1f MiB unpacked\n' "$REPOSITORY/$name:$tag" \
    "$(cat "$work/digest")" "$(mib "$(stat -c %s "$archive")")" \
    "$(mib "$(($(cat "$work/layout.base.bytes") + $(cat "$work/layout.image.bytes")))")"
}

mib() { awk -v bytes="$1" 'BEGIN { printf "%.1f", bytes / 1048576 }'; }

build_named() {
  local name=$1 build_dir=$2 tag=$3 scheduler=$4
  if [[ " ${OURS[*]} " == *" $name "* ]]; then
    build_image "$name" "$build_dir/$name" "$tag"
  elif [ "$name" != kube-scheduler ]; then
    fail "there is no image '$name'; try --help" 2
  elif [ -z "$scheduler" ]; then
    fail "kube-scheduler: say which with --kube-scheduler FILE" 2
  else
    build_image "$name" "$scheduler" "$("$scheduler" --version | awk '{ print $2 }')"
  fi
}

# The whole root of one image in one folder.
lay_root() {
  local root=$1 name=$2 program=$3
  lay_base "$root" "$name"
  lay_libraries "$root" <<<"$(closure "$program")"
  lay_program "$root" "$name" "$program"
}

build_programs() {
  echo "images: building $* (preset release)" >&2
  cd "$ROOT"
  cmake --preset release >/dev/null
  cmake --build --preset release --target "$@" >&2
}

main() {
  local build_dir="" tag="" only=() scheduler="" root="" name ours=()
  out=$ROOT/build/images
  digits=$DIGITS
  while [ $# -gt 0 ]; do
    case $1 in
      --build-dir) build_dir=${2:?} && shift ;;
      --out) out=${2:?} && shift ;;
      --tag) tag=${2:?} && shift ;;
      --only) only+=("${2:?}") && shift ;;
      --kube-scheduler) scheduler=${2:?} && shift ;;
      --digits) digits=${2:?} && shift ;;
      --root) root=${2:?} && shift ;;
      -h | --help) usage && return ;;
      *) fail "no option '$1'; try --help" 2 ;;
    esac
    shift
  done
  if [ "${#only[@]}" -eq 0 ]; then
    only=("${OURS[@]}")
    [ -z "$scheduler" ] || only+=(kube-scheduler)
  fi
  [ -n "$tag" ] || tag=$(sed -n 's/^appVersion: *//p' "$ROOT/charts/berth/Chart.yaml" | tr -d '"')
  for name in "${only[@]}"; do [ "$name" = kube-scheduler ] || ours+=("$name"); done
  if [ -z "$build_dir" ]; then
    build_dir=$ROOT/build/release
    [ "${#ours[@]}" -eq 0 ] || (build_programs "${ours[@]}")
  fi
  if [ -n "$root" ]; then
    [ "${#only[@]}" -eq 1 ] || fail "--root wants exactly one --only NAME" 2
    lay_root "$root" "${only[0]}" "$build_dir/${only[0]}"
    return
  fi
  mkdir -p "$out"
  for name in "${only[@]}"; do build_named "$name" "$build_dir" "$tag" "$scheduler"; done
}

main "$@"

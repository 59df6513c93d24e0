#!/usr/bin/env bash
# Two training jobs, one quota, a served model, a real cluster: Berth on one machine. See --help.
set -euo pipefail

usage() {
  cat <<'TEXT'
usage: hack/demo.sh [--keep]

On a Debian 12 machine, as root: installs what is missing, builds Berth, starts a real Kubernetes
(etcd, kube-apiserver, kube-controller-manager, kube-scheduler, containerd, kubelet), installs the
Helm chart, and runs the two GpuJobs of examples/demo. The first is admitted and trained, the second
waits with its reason and starts by itself; the operator is killed in between. At last an
InferenceEndpoint serves the model that the first has trained. The machine's devices are made up,
the containers, the training and the answers are real. About 20 minutes the first time, most of it
building, and two minutes when everything is built. Everything is taken down again at the end.

  --keep   leave the cluster running and say how to use it
  --help   print this text
TEXT
}

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cluster=$root/hack/cluster
namespace=berth-system
keep=false
requests=1500 # enough for a verdict about the promise
started=$SECONDS
step_started=$SECONDS
step_name=""
times=()

# Starts a step of the story: a heading, and the time of the one before.
step() {
  if [ -n "$step_name" ]; then
    times+=("$(printf '%5d s  %s' $((SECONDS - step_started)) "$step_name")")
  fi
  step_name=$1
  step_started=$SECONDS
  if [ -n "$1" ]; then printf '\n== %s\n' "$1"; fi
}

# Shows a command as a user would type it, and runs it.
show() {
  printf '\n$ %s\n' "$*"
  "$@"
}

# Waits for a condition of a GpuJob while the table shows what changes.
await() {
  local job=$1 condition=$2 limit=$3 table
  kubectl get gpujobs -n vision --watch &
  table=$!
  if ! kubectl wait -n vision "gpujob/$job" --for="condition=$condition" --timeout="$limit" \
    >/dev/null; then
    kill $table 2>/dev/null || true
    echo "error: $job is not $condition within $limit" >&2
    return 1
  fi
  kill $table 2>/dev/null || true
  wait $table 2>/dev/null || true
}

leader() {
  kubectl get lease -n $namespace berth-operator -o jsonpath='{.spec.holderIdentity}'
}

accuracy() {
  kubectl get gpujob -n vision "$1" -o jsonpath='{.status.result.accuracy}' |
    awk '{ printf "%.1f %%", $1 * 100 }'
}

build() {
  step "Dependencies"
  "$root/hack/deps.sh" build workers cluster
  step "Build Berth"
  (cd "$root" && cmake --preset release >/dev/null &&
    cmake --build --preset release --target berth-operator berth-extender berth-router \
      berth-trainer berth-server)
}

start_cluster() {
  step "Start Kubernetes"
  local exports
  exports=$("$cluster/up" --kubelet --env)
  eval "$exports"
  local columns='NODE:.metadata.name,VERSION:.status.nodeInfo.kubeletVersion'
  columns+=',DEVICES:.status.allocatable.nvidia\.com/gpu'
  columns+=',PRODUCT:.metadata.labels.nvidia\.com/gpu\.product'
  show kubectl get nodes -o custom-columns="$columns"
}

install_berth() {
  step "Images"
  "$root/hack/images.sh" --build-dir "$root/build/release" \
    --kube-scheduler "$(command -v kube-scheduler)"
  "$cluster/load" "$root"/build/images/*.tar
  step "Install the chart"
  show helm upgrade --install berth "$root/charts/berth" --namespace $namespace \
    --create-namespace --wait --timeout 180s --hide-notes \
    --set scheduler.image.repository=localhost/kube-scheduler
  show kubectl get pods -n $namespace
}

first_job() {
  step "A team with a quota of two devices; its first job takes both"
  show kubectl apply -f "$root/examples/demo/quota.yaml"
  kubectl wait quota/vision --for=condition=Ready --timeout=60s >/dev/null
  show kubectl apply -f "$root/examples/demo/first.yaml"
  await digits-first Ready 180s
  show kubectl get gpujobs,quotas -n vision
  show kubectl get pods -n vision -o wide
}

second_job() {
  step "A second job waits, and says for what"
  show kubectl apply -f "$root/examples/demo/second.yaml"
  kubectl wait -n vision gpujob/digits-second --for=condition=Admitted=False --timeout=60s \
    >/dev/null
  show kubectl get gpujobs -n vision
  show kubectl get gpujob -n vision digits-second \
    -o jsonpath='{range .status.conditions[?(@.type=="Admitted")]}{.reason}: {.message}{"\n"}{end}'
  show kubectl events -n vision --for gpujob/digits-second
}

kill_operator() {
  step "kill -9 of the leading operator"
  local before restarts
  local count='{.status.containerStatuses[0].restartCount}'
  before=$(leader)
  restarts=$(kubectl get pod -n $namespace "$before" -o jsonpath="$count")
  show "$cluster/crash" -n $namespace -c operator "$before"
  kubectl wait -n $namespace "pod/$before" --for=jsonpath="$count"=$((restarts + 1)) \
    --timeout=120s >/dev/null
  show kubectl get pods -n $namespace -l app.kubernetes.io/component=operator
}

finish() {
  step "The first job ends, the second starts by itself"
  await digits-first Complete 600s
  await digits-second Complete 600s
  echo "leader now: $(leader)"
  show kubectl get gpujobs,quotas -n vision
  show kubectl events -n vision --types=Normal
  printf '\naccuracy on held-out digits: first %s, second %s\n' \
    "$(accuracy digits-first)" "$(accuracy digits-second)"
}

# The name of an image of hack/images.sh by its digest, which its archive has, too.
by_digest() {
  tar -xOf "$root/build/images/$1.tar" index.json | grep -o "localhost/$1@sha256:[0-9a-f]*" |
    head -n 1
}

serve() {
  step "The trained model answers"
  local image url answer
  image=$(by_digest berth-server)
  sed "s|image: .*|image: $image|" "$root/examples/demo/serve.yaml" | show kubectl apply -f -
  kubectl wait -n vision inferenceendpoint/digits --for=condition=Ready --timeout=180s >/dev/null
  show kubectl get inferenceendpoints,gpujobs,quotas -n vision
  # In a pod it is http://digits.vision.svc; this machine knows the address only.
  url=http://$(kubectl get service -n vision digits -o jsonpath='{.spec.clusterIP}')
  answer=$(show curl --silent --show-error --fail --data "@$root/examples/demo/question.json" \
    "$url/v2/models/digits/infer")
  printf '%s\n' "$answer"
  printf '\nthe picture of a 0 is taken for: %s\n' "$(tail -n 1 <<<"$answer" | best_class)"
  account "$url/v2/models/digits/infer"
}

# What was promised and what it costs, after some more requests: the endpoint's own figures.
account() {
  step "Its promise and its cost"
  local columns="READY:.status.replicas.ready,\
SLO:.status.conditions[?(@.type=='SLOMet')].reason,\
P99_MS:.status.slo.p99Milliseconds,BUDGET_BP:.status.slo.budgetRemainingBasisPoints,\
MICRO_USD_TODAY:.status.cost.microUsdToday,MICRO_USD_PER_1K:.status.cost.microUsdPer1kPredictions"
  for _ in $(seq $requests); do printf 'url = "%s"\noutput = /dev/null\n' "$1"; done |
    curl --config - --parallel --parallel-max 4 --fail \
      --data "@$root/examples/demo/question.json" 2>/dev/null || {
    echo "not all of $requests requests more were answered" >&2
    return 1
  }
  printf '%d requests more, all answered\n' $requests
  kubectl wait -n vision inferenceendpoint/digits --for=condition=SLOMet --timeout=120s >/dev/null
  kubectl wait -n vision inferenceendpoint/digits --timeout=120s >/dev/null \
    --for=jsonpath='{.status.cost.microUsdPer1kPredictions}'
  show kubectl get inferenceendpoint digits -n vision -o "custom-columns=$columns"
}

# The class with the highest score, of the answer on standard input.
best_class() {
  python3 -c 'import json, sys
scores = json.load(sys.stdin)["outputs"][0]["data"]
print(scores.index(max(scores)))'
}

# What somebody needs to find out why it stopped here.
explain_failure() {
  printf '\nThe demo failed in: %s\n' "$step_name" >&2
  command -v kubectl >/dev/null || return 0
  kubectl get pods --all-namespaces -o wide >&2 || true
  kubectl get gpujobs,quotas --all-namespaces -o wide >&2 || true
  kubectl logs -n $namespace -l app.kubernetes.io/component=operator --tail=20 >&2 || true
  "$cluster/status" >&2 || true
}

end() {
  local code=$?
  trap - EXIT
  if [ $code -ne 0 ]; then explain_failure; fi
  step "" # closes the last one
  if $keep; then
    cat <<'TEXT'

The cluster runs on. To use it, and to stop it:
  eval "$(hack/cluster/up --kubelet --env)"
  hack/cluster/down
TEXT
  else
    "$cluster/down" || code=1
  fi
  printf '\n'
  printf '%s\n' "${times[@]}"
  printf '%5d s  in all\n' $((SECONDS - started))
  exit $code
}

case ${1:-} in
  "") ;;
  --keep) keep=true ;;
  -h | --help) usage && exit ;;
  *) echo "hack/demo.sh: no option '$1'; try --help" >&2 && exit 2 ;;
esac
if [ "$(id -u)" -ne 0 ]; then
  echo "hack/demo.sh: run as root: it installs packages and starts a kubelet" >&2
  exit 2
fi
trap end EXIT
build
start_cluster
install_berth
first_job
second_job
kill_operator
finish
serve

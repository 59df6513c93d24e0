"""GpuJobs with a placement, and their pods, written by hand: no operator takes part."""

import json

import yaml

from harness import chart
from harness.api import until
from harness.cluster import ROOT

NAMESPACE = "bench"
JOBS = f"/apis/berth.dev/v1alpha1/namespaces/{NAMESPACE}/gpujobs"
PODS = f"/api/v1/namespaces/{NAMESPACE}/pods"
WORKERS = 10
DEVICE_CLASS = "nvidia-h200"
IMAGE = "localhost/none:1"  # nobody pulls it: fake nodes run nothing
DEFINITIONS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"


def _node(number, nodes):
    return f"fake-{number % nodes + 1:04d}"


def _define_kinds(api):
    for path in sorted((ROOT / "crds").glob("*.yaml")):
        api.create(DEFINITIONS, yaml.safe_load(path.read_text()))
    until(lambda: api.find(JOBS), 60, "GpuJobs are not served")


def create(cluster, api, pods, nodes):
    """Enough GpuJobs for so many pods, each with its placement; returns them."""
    _define_kinds(api)
    chart.install_creation_policies(cluster, api)
    api.create("/api/v1/namespaces", {"metadata": {"name": NAMESPACE}})
    account = f"/api/v1/namespaces/{NAMESPACE}/serviceaccounts/default"
    until(lambda: api.find(account), 60, "no default service account")
    until(lambda: chart.accepts_jobs(api, NAMESPACE, DEVICE_CLASS), 60, "GpuJobs are not accepted")
    return [_create_job(api, first, min(WORKERS, pods - first), nodes)
            for first in range(0, pods, WORKERS)]


def _create_job(api, first, count, nodes):
    """The workers of the job stand on the nodes from `first` on."""
    devices = [{"class": DEVICE_CLASS, "count": 1}]
    job = api.create(JOBS, {
        "apiVersion": "berth.dev/v1alpha1", "kind": "GpuJob", "metadata": {"name": f"job-{first}"},
        "spec": {"workers": {"min": count, "max": count},
                 "worker": {"image": IMAGE, "devices": devices}}})
    workers = [{"node": _node(first + index, nodes), "class": DEVICE_CLASS, "count": 1}
               for index in range(count)]
    job["status"] = {"placement": {"attempt": 1, "workers": workers}}
    return json.loads(api.send("PUT", f"{JOBS}/{job['metadata']['name']}/status",
                               json.dumps(job).encode()))


def pods(jobs, nodes, is_pinned):
    """The bodies of all workers' pods."""
    bodies = []
    for job in jobs:
        for index, worker in enumerate(job["status"]["placement"]["workers"]):
            bodies.append(json.dumps(_pod(job, index, worker["node"] if is_pinned else None)))
    return [body.encode() for body in bodies]


def _pod(job, index, node):
    name = job["metadata"]["name"]
    owner = {"apiVersion": job["apiVersion"], "kind": job["kind"], "name": name,
             "uid": job["metadata"]["uid"], "controller": True, "blockOwnerDeletion": True}
    container = {"name": "worker", "image": IMAGE, "resources": {"limits": {"nvidia.com/gpu": "1"}}}
    spec = {"schedulerName": "berth", "restartPolicy": "Never", "containers": [container],
            # While their kubelets are paused, nodes may seem to be gone.
            "tolerations": [{"operator": "Exists"}]}
    if node:
        term = {"matchFields": [{"key": "metadata.name", "operator": "In", "values": [node]}]}
        spec["affinity"] = {"nodeAffinity": {
            "requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [term]}}}
    return {"apiVersion": "v1", "kind": "Pod",
            "metadata": {"name": f"{name}-1-{index}", "ownerReferences": [owner],
                         "labels": {"berth.dev/job": name}}, "spec": spec}

"""Nodes that exist only in the API, and KWOK, which plays their kubelets."""

from . import manifests, settings
from .say import step

READY_SECONDS = 60
NODES_PER_SECOND = 20  # at least, on a busy machine
SELECTOR = "kwok.x-k8s.io/node"


def start(cluster, tools, processes, client):
    """Starts KWOK and registers `--nodes` fake nodes; returns when they take pods."""
    with step(f"{cluster.options.nodes} fake nodes"):
        processes.start("kwok", [
            tools / "kwok", "--kubeconfig", cluster.pki / "kwok.kubeconfig",
            "--manage-nodes-with-annotation-selector", f"{SELECTOR}=fake",
            "--config", manifests.FOLDER / "stages.yaml", "--cidr", settings.FAKE_POD_CIDR,
            "--node-lease-duration-seconds", cluster.options.lease_seconds,
            "--server-address", f"127.0.0.1:{cluster.port('kwok')}"])
        for number in range(1, cluster.options.nodes + 1):
            client.create("/api/v1/nodes", _node(cluster.options, f"fake-{number:04d}"))
        processes.wait_ready("kwok", lambda: _untainted(client),
                             READY_SECONDS + cluster.options.nodes // NODES_PER_SECOND)


def _untainted(client):
    """Nodes start with a not-ready taint, which kube-controller-manager takes away."""
    nodes = client.get("/api/v1/nodes?labelSelector=type%3Dfake")["items"]
    return not any(node["spec"].get("taints") for node in nodes)


def _node(options, name):
    amounts = {"cpu": "96", "memory": "1Ti", "pods": "110", "ephemeral-storage": "1Ti",
               settings.DEVICE_RESOURCE: str(options.devices_per_node)}
    return {
        "apiVersion": "v1", "kind": "Node",
        "metadata": {"name": name, "annotations": {SELECTOR: "fake"}, "labels": {
            "type": "fake", "kubernetes.io/hostname": name, "kubernetes.io/os": "linux",
            "kubernetes.io/arch": "amd64", settings.PRODUCT_LABEL: options.product}},
        "status": {"capacity": amounts, "allocatable": amounts,
                   "addresses": [{"type": "Hostname", "address": name}],
                   "nodeInfo": {"architecture": "amd64", "operatingSystem": "linux", "bootID": "",
                                "containerRuntimeVersion": "kwok", "kernelVersion": "",
                                "kubeProxyVersion": "", "kubeletVersion": "v1.36.3",
                                "machineID": "", "osImage": "", "systemUUID": ""}}}

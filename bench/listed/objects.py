"""Nodes and pods of a large cluster, about as long as real ones; nobody runs them."""

import json

NODES = "/api/v1/nodes"
NAMESPACE = "kube-system"  # exempt: its pods are counted but never gated
PODS = f"/api/v1/namespaces/{NAMESPACE}/pods"
DEVICES_PER_NODE = 8
IMAGE = "registry.example.com/team/project/worker:2026.11.0-cuda13"


def node_name(number):
    return f"listed-{number:05d}"


def node(number):
    """With as many labels, images and conditions as GPU nodes have."""
    name = node_name(number)
    amounts = {"cpu": "192", "memory": "2Ti", "pods": "110", "ephemeral-storage": "7Ti",
               "nvidia.com/gpu": str(DEVICES_PER_NODE)}
    labels = {f"nvidia.com/feature.of-the-driver-{index:02d}": "true" for index in range(30)}
    labels |= {"kubernetes.io/hostname": name, "nvidia.com/gpu.product": "NVIDIA-H200",
               "topology.kubernetes.io/zone": f"zone-{number % 3}"}
    conditions = [{"type": kind, "status": status, "reason": "KubeletSaysSo",
                   "message": "what a kubelet says in about so many words of itself",
                   "lastTransitionTime": "2026-11-01T00:00:00Z",
                   "lastHeartbeatTime": "2026-11-01T00:00:00Z"}
                  for kind, status in (("Ready", "True"), ("MemoryPressure", "False"),
                                       ("DiskPressure", "False"), ("PIDPressure", "False"))]
    images = [{"names": [f"registry.example.com/images/number-{index:02d}@sha256:{index:064d}"],
               "sizeBytes": 1 << 30} for index in range(20)]
    return {"apiVersion": "v1", "kind": "Node", "metadata": {"name": name, "labels": labels},
            "status": {"capacity": amounts, "allocatable": amounts, "conditions": conditions,
                       "addresses": [{"type": "Hostname", "address": name}], "images": images}}


def pod(number, nodes):
    """Bound already. Eight of ten have a device, so that ten for each node fill the cluster."""
    env = [{"name": f"SETTING_{index:02d}", "value": f"what the setting {index} is set to"}
           for index in range(20)]
    limits = {"cpu": "4", "memory": "32Gi"}
    if number // nodes < DEVICES_PER_NODE:
        limits["nvidia.com/gpu"] = "1"
    mounts = [{"name": f"volume-{index}", "mountPath": f"/mnt/volume-{index}"}
              for index in range(4)]
    container = {"name": "worker", "image": IMAGE, "env": env, "volumeMounts": mounts,
                 "command": ["/usr/bin/worker", "--config", "/mnt/volume-0/config.yaml"],
                 "resources": {"requests": limits, "limits": limits}}
    return {"apiVersion": "v1", "kind": "Pod",
            "metadata": {"name": f"pod-{number:06d}",
                         "labels": {f"example.com/label-{index}": "value" for index in range(6)}},
            "spec": {"nodeName": node_name(number % nodes), "containers": [container],
                     "volumes": [{"name": f"volume-{index}", "emptyDir": {}}
                                 for index in range(4)],
                     "tolerations": [{"operator": "Exists"}]}}


def requests(count, path, make):
    """What creates so many."""
    return (("POST", path, json.dumps(make(number)).encode()) for number in range(count))

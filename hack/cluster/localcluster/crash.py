"""hack/cluster/crash: ends a container of the real node with SIGKILL, as the kernel would."""

import argparse
import json
import subprocess

from . import node, settings, tools
from .say import ClusterError


def main(arguments):
    parser = argparse.ArgumentParser(
        "hack/cluster/crash", description="Kills (-9) the first process of one container of a pod "
        "on a real node. The pod stays; kubelet starts the container again.")
    parser.add_argument("pod")
    parser.add_argument("-n", "--namespace", default="default")
    parser.add_argument("-c", "--container", help="default: the pod's first")
    settings.add_folder_options(parser)
    args = parser.parse_args(arguments)
    cluster = settings.saved_cluster(settings.folder_of(args))
    if cluster is None:
        raise ClusterError(f"no cluster in {settings.folder_of(args)}")
    programs = tools.ensure()
    where, identity = _container_id(cluster, programs, args)
    node.kill_container(where, programs, identity)
    print(f"killed {args.namespace}/{args.pod} {identity[:12]}")
    return 0


def _container_id(cluster, programs, args):
    command = [programs / "kubectl", "--kubeconfig", cluster.kubeconfig, "get", "pod", args.pod,
               "-n", args.namespace, "-o", "json"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise ClusterError(done.stderr.strip())
    pod = json.loads(done.stdout)
    status = pod["status"]
    known = status.get("containerStatuses", []) + status.get("initContainerStatuses", [])
    for one in known:
        if args.container in (None, one["name"]) and "running" in one.get("state", {}):
            where = cluster.node(pod["spec"]["nodeName"])
            return where, one["containerID"].removeprefix("containerd://")
    raise ClusterError(f"no container {args.container or ''} of {args.pod} is running")

"""The objects that a bare control plane lacks and every hosted cluster has: DNS and volumes."""

import string
import subprocess

from . import settings
from .say import ClusterError

FOLDER = settings.SOURCE / "manifests"
VOLUMES = 16


def apply(cluster, tools, name):
    """Applies one file of manifests/, with the cluster's addresses filled in."""
    text = string.Template((FOLDER / name).read_text()).substitute(
        node_address=settings.NODE_ADDRESS, dns_service_address=settings.DNS_SERVICE_ADDRESS)
    command = [tools / "kubectl", "--kubeconfig", cluster.kubeconfig, "apply", "-f", "-"]
    done = subprocess.run(command, input=text, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise ClusterError(f"kubectl apply of {name}: {done.stderr.strip()}")


def create_volumes(cluster, client):
    """Static volumes on this machine, shared by all nodes, for claims such as a checkpoint's."""
    for number in range(1, VOLUMES + 1):
        folder = cluster.volumes / f"volume-{number}"
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(0o777)  # the images run as a user that this machine does not know
        client.create("/api/v1/persistentvolumes", {
            "apiVersion": "v1", "kind": "PersistentVolume",
            "metadata": {"name": f"volume-{number}"},
            "spec": {"capacity": {"storage": "10Gi"}, "storageClassName": "local",
                     "accessModes": ["ReadWriteOnce", "ReadWriteMany"],
                     "persistentVolumeReclaimPolicy": "Retain",
                     "hostPath": {"path": str(folder), "type": "Directory"}}})

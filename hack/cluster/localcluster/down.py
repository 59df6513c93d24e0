"""hack/cluster/down: stops a local cluster and undoes what `up` changed on the machine."""

import argparse
import pathlib
import shutil

from . import host, settings
from .processes import Processes, exclusive
from .say import ClusterError, note, step

# Clients before servers. Without etcd, kube-apiserver hangs; with watchers, it takes a minute to
# stop by itself, and its data is not wanted any more, so it gets no grace.
ORDER = ["kwok", "scheduler", "controller-manager", "apiserver", "etcd"]
GRACE_SECONDS = {"kubelet": 3, "containerd": 5, "kwok": 1}
KEPT = {"log", "lock"}


def main(arguments):
    parser = argparse.ArgumentParser(
        "hack/cluster/down", description="Stops a local cluster. Leaves its logs and nothing else.")
    settings.add_folder_options(parser)
    args = parser.parse_args(arguments)
    folder = settings.folder_of(args)
    cluster = settings.saved_cluster(folder)
    if cluster is None:
        note(f"no cluster in {folder}")
        return 0
    with exclusive(folder), step(f"stop the cluster of {folder}"):
        take_down(cluster)
    return 0


def take_down(cluster):
    """Stops what runs, undoes the host's changes, deletes the data. Safe to repeat."""
    processes, nodes = Processes(cluster), cluster.joined()
    for name in ("dns", "proxy"):
        processes.stop(name, 0)
    for node in nodes:
        processes.stop(node.program("kubelet"), GRACE_SECONDS["kubelet"])
    for name in ORDER:
        processes.stop(name, GRACE_SECONDS.get(name, 0))
    if cluster.options.kubelet:
        host.end_containers(cluster)
        for node in nodes:
            processes.stop(node.program("containerd"), GRACE_SECONDS["containerd"])
        host.end_shims(cluster.folder)
        host.undo(cluster)
    left = host.mounts_under(cluster.folder)
    if left:  # deleting through a mount would delete somebody else's files
        raise ClusterError(f"still mounted: {' '.join(left)}")
    for path in cluster.folder.iterdir():
        if path.name in KEPT:
            continue
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink()

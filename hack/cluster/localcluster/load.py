"""hack/cluster/load: image archives into the real node's containerd."""

import argparse
import pathlib

from . import node, settings, tools
from .say import ClusterError, step


def main(arguments):
    parser = argparse.ArgumentParser(
        "hack/cluster/load",
        description="Imports image archives (docker or OCI, .tar) into the real node.")
    parser.add_argument("archives", nargs="+", type=pathlib.Path, metavar="IMAGE.tar")
    settings.add_folder_options(parser)
    args = parser.parse_args(arguments)
    folder = settings.folder_of(args)
    cluster = settings.saved_cluster(folder)
    if cluster is None or not cluster.containerd_socket.is_socket():
        raise ClusterError(f"no real node runs from {folder}; try hack/cluster/up --kubelet")
    for archive in args.archives:
        with step(f"load {archive.name}"):
            node.import_images(cluster, tools.ensure(), [archive])
    return 0

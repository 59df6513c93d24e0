"""hack/cluster/load: image archives into the real node's containerd."""

import argparse
import pathlib

from . import node, settings, tools
from .say import ClusterError, step


def main(arguments):
    parser = argparse.ArgumentParser(
        "hack/cluster/load",
        description="Imports image archives (docker or OCI, .tar) into a real node.")
    parser.add_argument("archives", nargs="+", type=pathlib.Path, metavar="IMAGE.tar")
    parser.add_argument("--node", default="node-1", help="default %(default)s")
    settings.add_folder_options(parser)
    args = parser.parse_args(arguments)
    folder = settings.folder_of(args)
    cluster = settings.saved_cluster(folder)
    if cluster is None or args.node not in [one.name for one in cluster.joined()]:
        raise ClusterError(f"no real node {args.node} runs from {folder}; "
                           "try hack/cluster/up --kubelet")
    for archive in args.archives:
        with step(f"load {archive.name}"):
            node.import_images(cluster.node(args.node), tools.ensure(), [archive])
    return 0

"""hack/cluster/load: image archives into the real node's containerd."""

import argparse
import pathlib

from . import node, settings, tools
from .say import ClusterError, step


def main(arguments):
    parser = argparse.ArgumentParser(
        "hack/cluster/load", description="Imports image archives (docker or OCI, .tar) into the real node.")
    parser.add_argument("archives", nargs="+", type=pathlib.Path, metavar="IMAGE.tar")
    parser.add_argument("--dir", type=pathlib.Path, help="the cluster's folder (default: that of --port-base)")
    parser.add_argument("--port-base", type=int, default=settings.Options().port_base,
                        help="port of its API server (default %(default)s)")
    args = parser.parse_args(arguments)
    folder = (args.dir or settings.default_folder(args.port_base)).resolve()
    cluster = settings.saved_cluster(folder)
    if cluster is None or not cluster.containerd_socket.is_socket():
        raise ClusterError(f"no real node runs from {folder}; start one with hack/cluster/up --kubelet")
    for archive in args.archives:
        with step(f"load {archive.name}"):
            node.import_images(cluster, tools.ensure(), [archive])
    return 0

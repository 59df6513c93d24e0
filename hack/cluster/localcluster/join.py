"""hack/cluster/join: one more real node for a cluster that has one."""

import argparse

from . import host, node, settings, tools
from .client import Client
from .processes import Processes, exclusive
from .say import ClusterError

EPILOG = """examples:
  hack/cluster/join                              node-2; pods find what runs on node-1 and back
  hack/cluster/load --node node-2 IMAGE.tar      it has images of its own
"""


def main(arguments):
    parser = argparse.ArgumentParser(
        "hack/cluster/join", epilog=EPILOG, formatter_class=argparse.RawDescriptionHelpFormatter,
        description="Starts one more real node, with a containerd and a kubelet of its own and as "
        "many devices as the first, and prints its name.")
    settings.add_folder_options(parser)
    folder = settings.folder_of(parser.parse_args(arguments))
    cluster = settings.saved_cluster(folder)
    if cluster is None or not cluster.joined():
        raise ClusterError(f"no real node runs from {folder}; try hack/cluster/up --kubelet")
    with exclusive(folder):
        joined = settings.RealNode(cluster, cluster.joined()[-1].number + 1)
        host.prepare(joined)
        node.join(joined, tools.ensure(), Processes(cluster), Client(cluster))
    print(joined.name)
    return 0

"""hack/cluster/lose: a real node goes away without a word, as when its power does."""

import argparse

from . import node, settings
from .processes import Processes, exclusive
from .say import ClusterError


def main(arguments):
    parser = argparse.ArgumentParser(
        "hack/cluster/lose", description="Takes everything of a joined node away at once. Its pods "
        "close no connection; its Node object stays, and is NotReady when its Lease has run out.")
    parser.add_argument("node", help="not node-1, where the cluster's own programs are")
    settings.add_folder_options(parser)
    args = parser.parse_args(arguments)
    folder = settings.folder_of(args)
    cluster = settings.saved_cluster(folder)
    joined = [one for one in cluster.joined()[1:] if one.name == args.node] if cluster else []
    if not joined:
        raise ClusterError(f"no node {args.node} has joined the cluster of {folder}")
    with exclusive(folder):
        node.lose(joined[0], Processes(cluster))
    return 0

"""hack/cluster/status: what runs, where its logs are, and whether the API server answers."""

import argparse

from . import settings
from .client import Client
from .processes import Processes


def main(arguments):
    parser = argparse.ArgumentParser(
        "hack/cluster/status", description="Shows a local cluster; exits 0 when all of it runs.")
    settings.add_folder_options(parser)
    args = parser.parse_args(arguments)
    folder = settings.folder_of(args)
    cluster = settings.saved_cluster(folder)
    if cluster is None:
        print(f"no cluster in {folder}")
        return 1
    processes = Processes(cluster)
    pids = {name: processes.pid(name) for name in processes.names()}
    for name, pid in pids.items():
        print(f"{name:20} {f'pid {pid}' if pid else 'ENDED':12} {cluster.logs / name}.log")
    ready = bool(pids) and Client(cluster).ready()
    print(f"{'API server':20} {'ready' if ready else 'NO ANSWER':12} {cluster.server}")
    print(f"{'kubeconfig':20} {cluster.kubeconfig}")
    return 0 if ready and all(pids.values()) else 1

"""hack/cluster/status: what runs, where its logs are, and whether the API server answers."""

import argparse
import pathlib

from . import settings
from .client import Client
from .processes import Processes


def main(arguments):
    parser = argparse.ArgumentParser(
        "hack/cluster/status", description="Shows a local cluster; exits 0 when all of it runs.")
    parser.add_argument("--dir", type=pathlib.Path, help="its folder (default: that of --port-base)")
    parser.add_argument("--port-base", type=int, default=settings.Options().port_base,
                        help="port of its API server (default %(default)s)")
    args = parser.parse_args(arguments)
    folder = (args.dir or settings.default_folder(args.port_base)).resolve()
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

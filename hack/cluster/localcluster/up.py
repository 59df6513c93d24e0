"""hack/cluster/up: a Kubernetes cluster on this machine, or the checks on an existing one."""

import argparse
import pathlib
import socket
import sys
import time

from . import control_plane, down, existing, fake_nodes, host, node, pki, settings, tools
from .client import Client
from .processes import Processes, exclusive
from .say import ClusterError, note

DESCRIPTION = """Starts etcd, kube-apiserver, kube-controller-manager and kube-scheduler on this
machine, with --kubelet a real node (containerd, kubelet, kube-proxy, CoreDNS; needs root) and with
--nodes N any number of fake ones. Its programs are built once, into the cache (BERTH_CACHE, default
~/.cache/berth). Progress goes to stderr. hack/cluster/down undoes everything.

Pods of fake nodes run in name only: the environment of their first container says for how long
(FAKE_RUN_SECONDS) and how they end (FAKE_EXIT_CODE)."""

EPILOG = """examples:
  hack/cluster/up --kubelet                 one real node with 8 devices that do not exist
  hack/cluster/up --nodes 100 --port-base 7443   100 fake nodes, beside another cluster
  eval "$(hack/cluster/up --env)"           and set KUBECONFIG and PATH in this shell
"""


def parse(arguments):
    defaults = settings.Options()
    parser = argparse.ArgumentParser("hack/cluster/up", description=DESCRIPTION, epilog=EPILOG,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    settings.add_folder_options(parser)
    add("--kubelet", action="store_true", help="start a real node; of one cluster per machine")
    add("--kubelet-devices", type=int, default=defaults.kubelet_devices, metavar="N",
        help=f"{settings.DEVICE_RESOURCE} that a real node claims (default %(default)s)")
    add("--kubelet-product", default=defaults.kubelet_product, metavar="PRODUCT",
        help=f"label {settings.PRODUCT_LABEL} of the real node (default %(default)s)")
    add("--nodes", type=int, default=defaults.nodes, metavar="N",
        help="number of fake nodes (default 0)")
    add("--devices-per-node", type=int, default=defaults.devices_per_node, metavar="N",
        help="devices of each fake node (default %(default)s)")
    add("--product", default=defaults.product,
        help=f"label {settings.PRODUCT_LABEL} of fake nodes (default %(default)s)")
    add("--scheduler", choices=["on", "off"], default="on",
        help="the default kube-scheduler (default on)")
    add("--audit-group", default=defaults.audit_group, metavar="GROUP",
        help="the API server logs what this group writes, and how it answers, into log/audit.log")
    add("--kubeconfig", type=pathlib.Path,
        help="start nothing: check that this cluster can run Berth")
    add("--env", action="store_true", help="print export lines for the shell and nothing else")
    return parser.parse_args(arguments)


def main(arguments):
    args = parse(arguments)
    started = time.monotonic()
    programs = tools.ensure()
    if args.kubeconfig:
        existing.check(programs / "kubectl", args.kubeconfig)
        kubeconfig = args.kubeconfig.resolve()
    else:
        kubeconfig = bring_up(cluster_of(args), programs).kubeconfig
        note(f"up in {time.monotonic() - started:.1f} s")
    if args.env:
        print(f"export KUBECONFIG='{kubeconfig}'\nexport PATH='{programs}':\"$PATH\"")
    else:
        print(f"kubeconfig: {kubeconfig}\nprograms:   {programs}", file=sys.stdout)
    return 0


def cluster_of(args):
    options = settings.Options(
        port_base=args.port_base, kubelet=args.kubelet, kubelet_devices=args.kubelet_devices,
        kubelet_product=args.kubelet_product, nodes=args.nodes,
        devices_per_node=args.devices_per_node, product=args.product,
        scheduler=args.scheduler == "on", audit_group=args.audit_group)
    return settings.Cluster(settings.folder_of(args), options)


def bring_up(cluster, programs):
    """Starts the cluster; one that already runs with the same options is left as it is."""
    cluster.folder.mkdir(parents=True, exist_ok=True)
    with exclusive(cluster.folder):
        processes = Processes(cluster)
        if _already_up(cluster, processes):
            note("already up")
            return cluster
        _clear(cluster.folder)
        _start(cluster, programs, processes)
    return cluster


def _already_up(cluster, processes):
    saved = settings.saved_cluster(cluster.folder)
    names = processes.names()
    running = [name for name in names if processes.pid(name)]
    if saved is None or not running or "apiserver" not in running:
        return False
    if saved.options != cluster.options:
        raise ClusterError(f"a cluster with other options runs in {cluster.folder}\n"
                           f"stop it with: hack/cluster/down --dir {cluster.folder}")
    return running == names and Client(cluster).ready()


def _clear(folder):
    """Removes what an earlier `up` left, and nothing that was never a cluster's."""
    saved = settings.saved_cluster(folder)
    if saved:
        down.take_down(saved)
    elif {path.name for path in folder.iterdir()} - down.KEPT:
        raise ClusterError(f"{folder} holds something else than a cluster; choose another --dir")


def _require_free_ports(cluster):
    """Before anything starts: a component may else talk to another cluster's, and call it ready."""
    for component in settings.PORT_ORDER:
        port = cluster.port(component)
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                raise ClusterError(f"port {port} ({component}) is taken; choose other ports "
                                   "with --port-base") from None


def _start(cluster, programs, processes):
    _require_free_ports(cluster)
    cluster.save_options()  # from here on `down` has something to go by
    if cluster.options.kubelet:
        host.claim(cluster)
        host.prepare(cluster.node("node-1"))
    pki.create(cluster)
    client = Client(cluster)
    control_plane.start(cluster, programs, processes, client)
    if cluster.options.kubelet:
        node.start(cluster, programs, processes, client)
    if cluster.options.nodes > 0:
        fake_nodes.start(cluster, programs, processes, client)

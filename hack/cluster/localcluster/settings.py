"""What a local cluster is made of: its folder, its ports, its names. No effects in here."""

import dataclasses
import json
import os
import pathlib

SOURCE = pathlib.Path(__file__).resolve().parent.parent  # hack/cluster

# Addresses of the real node's network. They exist on this machine only while the cluster is up.
BRIDGE = "berth0"
NODE_ADDRESS = "10.244.0.1"
POD_CIDR = "10.244.0.0/16"
SERVICE_CIDR = "10.96.0.0/16"
API_SERVICE_ADDRESS = "10.96.0.1"
DNS_SERVICE_ADDRESS = "10.96.0.10"
FAKE_POD_CIDR = "10.128.0.0/12"  # of pods on fake nodes; nothing ever sends to them

CGROUP = "berth-local"
DEVICE_RESOURCE = "nvidia.com/gpu"
# Ports follow the API server's in this order.
PORT_ORDER = ["apiserver", "etcd", "etcd-peer", "controller-manager", "scheduler", "kwok",
              "proxy-health", "proxy-metrics"]
PRODUCT_LABEL = "nvidia.com/gpu.product"
LEASE_SECONDS = 40  # of a fake node, renewed after a quarter of it
FREQUENT_NODES = 500


def cache_root():
    """Where tools and, by default, the cluster's folder live; outside the source tree."""
    if os.environ.get("BERTH_CACHE"):
        return pathlib.Path(os.environ["BERTH_CACHE"]).resolve()
    base = os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache"
    return pathlib.Path(base).resolve() / "berth"


@dataclasses.dataclass(frozen=True)
class Options:
    """What the user asked of `up`; kept in the folder so that a second `up` can compare."""

    port_base: int = 6443
    kubelet: bool = False
    kubelet_devices: int = 8
    kubelet_product: str = "NVIDIA-H200"
    nodes: int = 0
    devices_per_node: int = 8
    product: str = "NVIDIA-H200"
    scheduler: bool = True
    audit_group: str = ""

    @property
    def lease_seconds(self):
        """Longer for many nodes, so that they never renew more leases a second than a few do."""
        return LEASE_SECONDS * max(1, -(-self.nodes // FREQUENT_NODES))


@dataclasses.dataclass(frozen=True)
class Cluster:
    """One local cluster: options plus every path and port that follows from them."""

    folder: pathlib.Path
    options: Options

    @property
    def address(self):
        """Where the API server listens: with a real node on the bridge, so that pods reach it."""
        return NODE_ADDRESS if self.options.kubelet else "127.0.0.1"

    @property
    def server(self):
        return f"https://{self.address}:{self.port('apiserver')}"

    def port(self, component):
        return self.options.port_base + PORT_ORDER.index(component)

    @property
    def pki(self):
        return self.folder / "pki"

    @property
    def logs(self):
        return self.folder / "log"

    @property
    def audit_log(self):
        return self.logs / "audit.log"

    @property
    def records(self):
        return self.folder / "pid"

    @property
    def volumes(self):
        return self.folder / "volumes"

    @property
    def kubeconfig(self):
        return self.folder / "admin.kubeconfig"

    @property
    def options_file(self):
        return self.folder / "options.json"

    def save_options(self):
        self.options_file.write_text(json.dumps(dataclasses.asdict(self.options), indent=1))

    def node(self, name):
        """The real node of that name."""
        return RealNode(self, int(name.removeprefix("node-")))

    def joined(self):
        """Every real node that was started, by the records of their programs."""
        names = (path.stem for path in self.records.glob("containerd*.json"))
        numbers = sorted(int(name.partition("-")[2] or 1) for name in names)
        return [RealNode(self, number) for number in numbers]


@dataclasses.dataclass(frozen=True)
class RealNode:
    """A node that runs containers: what it has for itself, in the cluster's folder and outside."""

    cluster: Cluster
    number: int  # from 1; the first has the cluster's own names

    @property
    def name(self):
        return f"node-{self.number}"

    @property
    def address(self):
        """Of the others outside the network of the pods, so that no pod is ever given it."""
        return NODE_ADDRESS if self.number == 1 else f"10.243.0.{self.number}"

    @property
    def cgroup(self):
        return CGROUP if self.number == 1 else f"{CGROUP}/{self.name}"

    def program(self, name):
        """As Processes knows this node's kubelet or containerd."""
        return name if self.number == 1 else f"{name}-{self.number}"

    def folder(self, name):
        return self.cluster.folder / self.program(name)

    @property
    def containerd_socket(self):
        return self.folder("containerd") / "containerd.sock"


def add_folder_options(parser):
    """The two options by which every command of hack/cluster finds its cluster."""
    parser.add_argument("--dir", type=pathlib.Path,
                        help="its folder (default: clusters/PORT-BASE in the cache)")
    parser.add_argument("--port-base", type=int, default=Options.port_base,
                        help="port of its API server, which others follow (default %(default)s)")


def folder_of(args):
    return (args.dir or cache_root() / "clusters" / str(args.port_base)).resolve()


def saved_cluster(folder):
    """The cluster whose `up` ran in this folder, or None."""
    try:
        saved = json.loads((folder / "options.json").read_text())
    except (OSError, ValueError):
        return None
    known = {field.name for field in dataclasses.fields(Options)}
    return Cluster(folder, Options(**{name: saved[name] for name in saved if name in known}))

"""Real nodes: containerd and kubelet each, kube-proxy and CoreDNS once; devices do not exist."""

import json
import os
import pathlib
import shutil
import signal
import subprocess
import tempfile

import yaml

from . import host, manifests, pki, settings
from .say import ClusterError, step

READY_SECONDS = 120  # about 6 s on two idle cores
PAUSE_IMAGE = "localhost/pause:1"
CNI_PLUGINS = "/usr/lib/cni"


def start(cluster, tools, processes, client):
    """Starts the first node and returns when it is Ready, has its devices, and names resolve."""
    with step("kube-proxy and CoreDNS"):
        manifests.apply(cluster, tools, "dns.yaml")
        manifests.apply(cluster, tools, "storage.yaml")
        manifests.create_volumes(cluster, client)
        _start_proxy(cluster, tools, processes)
        _start_dns(cluster, tools, processes)
    join(cluster.node("node-1"), tools, processes, client)
    for name in ("proxy", "dns"):
        processes.wait_ready(name, lambda: True, READY_SECONDS)


def join(node, tools, processes, client):
    """Starts a node's own programs and returns when it is Ready and has its devices."""
    options = node.cluster.options
    pki.create_of_node(node)
    with step(f"containerd of {node.name}"):
        _start_containerd(node, tools, processes)
        processes.wait_ready(node.program("containerd"), node.containerd_socket.is_socket,
                             READY_SECONDS)
    with step("sandbox image"):
        _load_pause_image(node, tools)
    with step(f"kubelet of {node.name}, {options.kubelet_devices} devices"):
        _start_kubelet(node, tools, processes)
        processes.wait_ready(node.program("kubelet"), lambda: _node_ready(node, client),
                             READY_SECONDS)
        _add_devices(node, client)


def lose(node, processes):
    """From one moment to the next nobody hears of the node any more; then nothing is left of it."""
    for name in ("kubelet", "containerd"):
        os.kill(processes.pid(node.program(name)), signal.SIGSTOP)
    host.silence(node)
    for name in ("kubelet", "containerd"):
        processes.stop(node.program(name), 0)
    host.end_node(node)


def import_images(node, tools, archives):
    """Loads image archives into the node's containerd; digests become usable references."""
    for archive in archives:
        _ctr(node, tools, "images", "import", "--digests", str(archive))


def kill_container(node, tools, identity):
    """Ends a container's first process at once; nothing of it gets to say goodbye."""
    _ctr(node, tools, "tasks", "kill", "--signal", "SIGKILL", identity)


def container_pid(node, tools, identity):
    """A container's first process, as this machine numbers it; None when it does not run."""
    for line in _ctr(node, tools, "tasks", "list").splitlines():
        words = line.split()
        if words[:1] == [identity] and words[2] == "RUNNING":
            return int(words[1])
    return None


def tag_image(node, tools, image, name):
    """Another name for an image that the node has, as NAME:TAG; one that there is goes over."""
    _ctr(node, tools, "images", "tag", "--force", image, name)


def _ctr(node, tools, *arguments):
    command = [tools / "ctr", "-a", node.containerd_socket, "-n", "k8s.io", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise ClusterError(f"ctr {' '.join(arguments)}: {done.stderr.strip()}")
    return done.stdout


def _path_with(tools):
    """containerd finds its shim and runc by PATH; kubelet finds iptables and mount there."""
    return dict(os.environ, PATH=f"{tools}:/usr/sbin:/usr/bin:/sbin:/bin")


def _start_containerd(node, tools, processes):
    cluster, state = node.cluster, node.folder("containerd")
    network = cluster.folder / "cni"  # one network, and one record of its addresses, for all nodes
    for path in (state, network):
        path.mkdir(parents=True, exist_ok=True)
    (network / "10-berth.conflist").write_text(json.dumps({
        "cniVersion": "1.0.0", "name": "berth", "plugins": [{
            "type": "bridge", "bridge": settings.BRIDGE, "isDefaultGateway": True, "ipMasq": False,
            "ipam": {"type": "host-local", "dataDir": str(cluster.folder / "ipam"),
                     "ranges": [[{"subnet": settings.POD_CIDR}]]}}]}))
    config = cluster.folder / f"{node.program('containerd')}.toml"
    config.write_text(f"""version = 3
root = "{state}/root"
state = "{state}/state"
[grpc]
  address = "{node.containerd_socket}"
[plugins."io.containerd.nri.v1.nri"]
  disable = true  # its socket is one for the machine
[plugins."io.containerd.cri.v1.images".pinned_images]
  sandbox = "{PAUSE_IMAGE}"
[plugins."io.containerd.cri.v1.runtime"]
  # Without CAP_SYS_RESOURCE on the machine, runc may not lower a score and dies obscurely.
  restrict_oom_score_adj = true
  netns_mounts_under_state_dir = true
[plugins."io.containerd.cri.v1.runtime".cni]
  bin_dirs = ["{CNI_PLUGINS}"]
  conf_dir = "{network}"
""")
    processes.start(node.program("containerd"), [tools / "containerd", "-c", config],
                    env=_path_with(tools))


def _load_pause_image(node, tools):
    """The sandbox image is one static binary that sleeps: no registry is asked for anything."""
    if PAUSE_IMAGE in _ctr(node, tools, "images", "list", "-q").split():
        return
    with tempfile.TemporaryDirectory() as work:
        image, bundle, archive = f"{work}/oci:pause", f"{work}/bundle", f"{work}/pause.tar"
        root = pathlib.Path(bundle) / "rootfs"
        _quiet("umoci", "init", "--layout", f"{work}/oci")
        _quiet("umoci", "new", "--image", image)
        _quiet("umoci", "unpack", "--image", image, bundle)
        (root / "bin").mkdir(parents=True)
        shutil.copy("/bin/busybox", root / "bin" / "busybox")
        (root / "bin" / "sleep").symlink_to("busybox")
        _quiet("umoci", "repack", "--image", image, bundle)
        _quiet("umoci", "config", "--image", image, "--config.entrypoint", "/bin/sleep",
               "--config.cmd", "2147483647", "--config.user", "65535:65535")
        _quiet("skopeo", "copy", f"oci:{image}", f"docker-archive:{archive}:{PAUSE_IMAGE}")
        import_images(node, tools, [archive])


def _quiet(*command):
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise ClusterError(f"{' '.join(command[:2])}: {done.stderr.strip()}")


def _start_kubelet(node, tools, processes):
    cluster, state = node.cluster, node.folder("kubelet")
    config = cluster.folder / f"{node.program('kubelet')}.yaml"
    config.write_text(yaml.safe_dump({
        "apiVersion": "kubelet.config.k8s.io/v1beta1", "kind": "KubeletConfiguration",
        "containerRuntimeEndpoint": f"unix://{node.containerd_socket}",
        "cgroupDriver": "cgroupfs", "cgroupRoot": f"/{node.cgroup}", "failCgroupV1": False,
        "failSwapOn": False, "enforceNodeAllocatable": [], "makeIPTablesUtilChains": False,
        "localStorageCapacityIsolation": False,
        "evictionHard": {"nodefs.available": "1%", "imagefs.available": "1%"},
        "podLogsDir": str(node.folder("pod-logs")),
        "volumePluginDir": str(cluster.folder / "volume-plugins"),
        "address": node.address, "healthzBindAddress": node.address,
        "authentication": {"anonymous": {"enabled": False}, "webhook": {"enabled": True},
                           "x509": {"clientCAFile": str(cluster.pki / "ca.crt")}},
        "authorization": {"mode": "Webhook"},
        "clusterDomain": "cluster.local", "clusterDNS": [settings.DNS_SERVICE_ADDRESS],
        "nodeStatusUpdateFrequency": "10s", "syncFrequency": "10s", "maxPods": 110,
        "crashLoopBackOff": {"maxContainerRestartPeriod": "2s"},  # tests crash containers often
        "featureGates": {"KubeletCrashLoopBackOffMax": True},
        "serializeImagePulls": False}))
    processes.start(node.program("kubelet"), [
        tools / "kubelet", "--config", config,
        "--kubeconfig", cluster.pki / f"{node.program('kubelet')}.kubeconfig",
        "--root-dir", state, "--cert-dir", state / "pki",
        "--hostname-override", node.name, "--node-ip", node.address,
        "--node-labels", f"{settings.PRODUCT_LABEL}={cluster.options.kubelet_product}"],
        env=_path_with(tools))


def _start_proxy(cluster, tools, processes):
    config = cluster.folder / "proxy.yaml"
    config.write_text(yaml.safe_dump({
        "apiVersion": "kubeproxy.config.k8s.io/v1alpha1", "kind": "KubeProxyConfiguration",
        "mode": "iptables", "clusterCIDR": settings.POD_CIDR,
        "clientConnection": {"kubeconfig": str(cluster.pki / "proxy.kubeconfig")},
        "hostnameOverride": cluster.node("node-1").name,
        "healthzBindAddress": f"127.0.0.1:{cluster.port('proxy-health')}",
        "metricsBindAddress": f"127.0.0.1:{cluster.port('proxy-metrics')}",
        "conntrack": {"maxPerCore": 0, "min": 0}}))
    processes.start("proxy", [tools / "kube-proxy", "--config", config], env=_path_with(tools))


def _start_dns(cluster, tools, processes):
    config = cluster.folder / "Corefile"
    config.write_text(f""".:53 {{
  bind {settings.NODE_ADDRESS}
  errors
  kubernetes cluster.local in-addr.arpa {{
    kubeconfig {cluster.pki}/dns.kubeconfig
    ttl 1
  }}
}}
""")
    processes.start("dns", [tools / "coredns", "-conf", config])


def _node_ready(node, client):
    try:
        seen = client.get(f"/api/v1/nodes/{node.name}")
    except (ClusterError, OSError):
        return False
    return any(c["type"] == "Ready" and c["status"] == "True" for c in seen["status"]["conditions"])


def _add_devices(node, client):
    """Claims devices as a device plugin would; kubelet keeps extended resources it did not set."""
    count = str(node.cluster.options.kubelet_devices)
    amounts = {settings.DEVICE_RESOURCE: count}
    client.patch(f"/api/v1/nodes/{node.name}/status",
                 {"status": {"capacity": amounts, "allocatable": amounts}})

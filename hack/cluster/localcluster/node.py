"""The real node: containerd, kubelet, kube-proxy and CoreDNS, with devices that do not exist."""

import json
import os
import pathlib
import shutil
import subprocess
import tempfile

import yaml

from . import host, manifests, settings
from .say import ClusterError, step

READY_SECONDS = 120  # about 6 s on two idle cores
PAUSE_IMAGE = "localhost/pause:1"
CNI_PLUGINS = "/usr/lib/cni"


def start(cluster, tools, processes, client):
    """Starts the node and returns when it is Ready, has its devices, and names resolve."""
    with step("containerd"):
        _start_containerd(cluster, tools, processes)
        processes.wait_ready("containerd", cluster.containerd_socket.is_socket, READY_SECONDS)
    with step("sandbox image"):
        _load_pause_image(cluster, tools)
    with step("kube-proxy and CoreDNS"):
        manifests.apply(cluster, tools, "dns.yaml")
        manifests.apply(cluster, tools, "storage.yaml")
        _start_proxy(cluster, tools, processes)
        _start_dns(cluster, tools, processes)
    with step("kubelet"):
        _start_kubelet(cluster, tools, processes)
        processes.wait_ready("kubelet", lambda: _node_ready(client), READY_SECONDS)
    with step(f"{cluster.options.kubelet_devices} devices for {settings.NODE_NAME}"):
        _add_devices(cluster, client)
        manifests.create_volumes(cluster, client)
    for name in ("proxy", "dns"):
        processes.wait_ready(name, lambda: True, READY_SECONDS)


def import_images(cluster, tools, archives):
    """Loads image archives into the node's containerd; digests become usable references."""
    for archive in archives:
        _ctr(cluster, tools, "images", "import", "--digests", str(archive))


def kill_container(cluster, tools, identity):
    """Ends a container's first process at once; nothing of it gets to say goodbye."""
    _ctr(cluster, tools, "tasks", "kill", "--signal", "SIGKILL", identity)


def container_pid(cluster, tools, identity):
    """A container's first process, as this machine numbers it; None when it does not run."""
    for line in _ctr(cluster, tools, "tasks", "list").splitlines():
        words = line.split()
        if words[:1] == [identity] and words[2] == "RUNNING":
            return int(words[1])
    return None


def tag_image(cluster, tools, image, name):
    """Another name for an image that the node has, as NAME:TAG; one that there is goes over."""
    _ctr(cluster, tools, "images", "tag", "--force", image, name)


def _ctr(cluster, tools, *arguments):
    command = [tools / "ctr", "-a", cluster.containerd_socket, "-n", "k8s.io", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise ClusterError(f"ctr {' '.join(arguments)}: {done.stderr.strip()}")
    return done.stdout


def _path_with(tools):
    """containerd finds its shim and runc by PATH; kubelet finds iptables and mount there."""
    return dict(os.environ, PATH=f"{tools}:/usr/sbin:/usr/bin:/sbin:/bin")


def _start_containerd(cluster, tools, processes):
    state = cluster.folder / "containerd"
    network = cluster.folder / "cni"
    for path in (state, network):
        path.mkdir(parents=True, exist_ok=True)
    (network / "10-berth.conflist").write_text(json.dumps({
        "cniVersion": "1.0.0", "name": "berth", "plugins": [{
            "type": "bridge", "bridge": settings.BRIDGE, "isDefaultGateway": True, "ipMasq": False,
            "ipam": {"type": "host-local", "dataDir": str(cluster.folder / "ipam"),
                     "ranges": [[{"subnet": settings.POD_CIDR}]]}}]}))
    config = cluster.folder / "containerd.toml"
    config.write_text(f"""version = 3
root = "{state}/root"
state = "{state}/state"
[grpc]
  address = "{cluster.containerd_socket}"
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
    processes.start("containerd", [tools / "containerd", "-c", config], env=_path_with(tools))


def _load_pause_image(cluster, tools):
    """The sandbox image is one static binary that sleeps: no registry is asked for anything."""
    if PAUSE_IMAGE in _ctr(cluster, tools, "images", "list", "-q").split():
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
        import_images(cluster, tools, [archive])


def _quiet(*command):
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise ClusterError(f"{' '.join(command[:2])}: {done.stderr.strip()}")


def _start_kubelet(cluster, tools, processes):
    config = cluster.folder / "kubelet.yaml"
    config.write_text(yaml.safe_dump({
        "apiVersion": "kubelet.config.k8s.io/v1beta1", "kind": "KubeletConfiguration",
        "containerRuntimeEndpoint": f"unix://{cluster.containerd_socket}",
        "cgroupDriver": "cgroupfs", "cgroupRoot": f"/{settings.CGROUP}", "failCgroupV1": False,
        "failSwapOn": False, "enforceNodeAllocatable": [], "makeIPTablesUtilChains": False,
        "localStorageCapacityIsolation": False,
        "evictionHard": {"nodefs.available": "1%", "imagefs.available": "1%"},
        "podLogsDir": str(cluster.folder / "pod-logs"),
        "volumePluginDir": str(cluster.folder / "volume-plugins"),
        "address": settings.NODE_ADDRESS, "healthzBindAddress": settings.NODE_ADDRESS,
        "authentication": {"anonymous": {"enabled": False}, "webhook": {"enabled": True},
                           "x509": {"clientCAFile": str(cluster.pki / "ca.crt")}},
        "authorization": {"mode": "Webhook"},
        "clusterDomain": "cluster.local", "clusterDNS": [settings.DNS_SERVICE_ADDRESS],
        "nodeStatusUpdateFrequency": "10s", "syncFrequency": "10s", "maxPods": 110,
        "crashLoopBackOff": {"maxContainerRestartPeriod": "2s"},  # tests crash containers often
        "featureGates": {"KubeletCrashLoopBackOffMax": True},
        "serializeImagePulls": False}))
    processes.start("kubelet", [
        tools / "kubelet", "--config", config,
        "--kubeconfig", cluster.pki / "kubelet.kubeconfig",
        "--root-dir", cluster.folder / "kubelet", "--cert-dir", cluster.folder / "kubelet" / "pki",
        "--hostname-override", settings.NODE_NAME, "--node-ip", settings.NODE_ADDRESS,
        "--node-labels", f"{settings.PRODUCT_LABEL}={cluster.options.kubelet_product}"],
        env=_path_with(tools))


def _start_proxy(cluster, tools, processes):
    config = cluster.folder / "proxy.yaml"
    config.write_text(yaml.safe_dump({
        "apiVersion": "kubeproxy.config.k8s.io/v1alpha1", "kind": "KubeProxyConfiguration",
        "mode": "iptables", "clusterCIDR": settings.POD_CIDR,
        "clientConnection": {"kubeconfig": str(cluster.pki / "proxy.kubeconfig")},
        "hostnameOverride": settings.NODE_NAME,
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


def _node_ready(client):
    try:
        node = client.get(f"/api/v1/nodes/{settings.NODE_NAME}")
    except (ClusterError, OSError):
        return False
    return any(c["type"] == "Ready" and c["status"] == "True" for c in node["status"]["conditions"])


def _add_devices(cluster, client):
    """Claims devices as a device plugin would; kubelet keeps extended resources it did not set."""
    count = str(cluster.options.kubelet_devices)
    amounts = {settings.DEVICE_RESOURCE: count}
    client.patch(f"/api/v1/nodes/{settings.NODE_NAME}/status",
                 {"status": {"capacity": amounts, "allocatable": amounts}})

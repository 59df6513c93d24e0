"""What real nodes change on the machine outside the cluster's folder, and how it is undone.

Everything carries a name of its own (bridge `berth0`, cgroup `berth-local`) or is written down
before it is changed (sysctls), so that undo never touches what somebody else made.
"""

import json
import os
import pathlib
import re
import shutil
import signal
import subprocess

from . import settings
from .processes import end_process, start_time
from .say import ClusterError, wait_until

# One cluster of a machine has real nodes: bridge and iptables are not per folder.
OWNER_FILE = pathlib.Path("/run/berth-local-node.json")

# Set by us (ip_forward), kube-proxy (route_localnet) and kubelet (the rest) without asking.
SYSCTLS = ["net/ipv4/ip_forward", "net/ipv4/conf/all/route_localnet", "vm/overcommit_memory",
           "vm/panic_on_oom", "kernel/panic", "kernel/panic_on_oops", "kernel/keys/root_maxkeys",
           "kernel/keys/root_maxbytes"]
IPTABLES_OURS = re.compile(r"KUBE-|CNI-")
BRIDGE_DEVICE = pathlib.Path("/sys/class/net") / settings.BRIDGE
CNI_RESULTS = pathlib.Path("/var/lib/cni/results")
CONTAINER_LOG_LINKS = pathlib.Path("/var/log/containers")


def claim(cluster):
    """Takes the machine's network of real nodes for this folder, or says who has it."""
    owner = _owner()
    if owner and owner != str(cluster.folder):
        raise ClusterError(f"a real node already runs on this machine, from {owner}\n"
                           f"stop it with: hack/cluster/down --dir {owner}")
    saved = {name: _sysctl(name).read_text().strip() for name in SYSCTLS if _sysctl(name).exists()}
    if not owner:  # after an unclean stop the first record holds the true values
        OWNER_FILE.write_text(json.dumps({"folder": str(cluster.folder), "sysctls": saved}))


def prepare(node):
    """Makes the bridge, the node's address and cgroup, and turns on forwarding between pods."""
    if not BRIDGE_DEVICE.exists():
        _run("ip", "link", "add", settings.BRIDGE, "type", "bridge")
        _run("ip", "address", "add", f"{settings.NODE_ADDRESS}/16", "dev", settings.BRIDGE)
    if node.address != settings.NODE_ADDRESS:
        _run("ip", "address", "replace", f"{node.address}/32", "dev", settings.BRIDGE)
    _run("ip", "link", "set", settings.BRIDGE, "up")
    _sysctl("net/ipv4/ip_forward").write_text("1")
    for parent in _cgroup_roots():
        _make_cgroup(parent / node.cgroup)


def _make_cgroup(folder):
    folder.mkdir(exist_ok=True)
    for name in ("cpuset.cpus", "cpuset.mems"):  # cgroup v1 starts them empty: no CPU to run on
        if (folder.parent / name).exists() and (folder / name).exists():
            (folder / name).write_text((folder.parent / name).read_text())


def undo(cluster):
    """Removes every trace, from mounts to iptables. Safe to repeat and after a crash."""
    _unmount_under(cluster.folder)
    if _owner() != str(cluster.folder):
        return
    if BRIDGE_DEVICE.exists():
        _run("ip", "link", "delete", settings.BRIDGE)
    for tool in ("iptables", "ip6tables"):
        _drop_rules(tool)
    for parent in _cgroup_roots():
        _remove_cgroup(parent / settings.CGROUP)
    for path in CNI_RESULTS.glob("berth-*"):
        path.unlink(missing_ok=True)
    for link in CONTAINER_LOG_LINKS.glob("*.log"):
        if link.is_symlink() and os.readlink(link).startswith(str(cluster.folder)):
            link.unlink()
    for name, value in json.loads(OWNER_FILE.read_text())["sysctls"].items():
        _sysctl(name).write_text(value)
    OWNER_FILE.unlink()


def _owner():
    """The folder that has the real node; None too when somebody deleted that folder."""
    try:
        folder = json.loads(OWNER_FILE.read_text())["folder"]
    except (OSError, ValueError, KeyError):
        return None
    return folder if pathlib.Path(folder, "options.json").exists() else None


def _sysctl(name):
    return pathlib.Path("/proc/sys") / name


def _cgroup_roots():
    """The one hierarchy of cgroup v2, or every hierarchy of v1."""
    root = pathlib.Path("/sys/fs/cgroup")
    if (root / "cgroup.controllers").exists():
        return [root]
    return [path for path in root.iterdir() if path.is_dir() and not path.is_symlink()]


def end_containers(cluster):
    """Kills the processes of every container, found by cgroup; containerd may still run."""
    if _owner() == str(cluster.folder):
        _end_cgroup(settings.CGROUP)


def _end_cgroup(name):
    folders = [parent / name for parent in _cgroup_roots()]
    for pid in {pid for folder in folders for pid in _cgroup_pids(folder)}:
        _kill(pid)
    wait_until(lambda: not any(_cgroup_pids(folder) for folder in folders), 20,
               "containers do not end")


def end_shims(folder):
    """Kills what the containerds of a folder started. One that lives starts more of it."""
    def none_left():
        left = list(_container_tools(folder))
        for pid in left:
            end_process(pid, 0)
        return not left
    wait_until(none_left, 20, "containerd's shims do not end")


def silence(node):
    """Cuts the pods of a joined node off: not even their kernel says goodbye to anybody."""
    pids = {pid for parent in _cgroup_roots() for pid in _cgroup_pids(parent / node.cgroup)}
    own = os.stat("/proc/self/ns/net").st_ino
    networks = {}
    for pid in pids:
        try:
            networks[os.stat(f"/proc/{pid}/ns/net").st_ino] = pid
        except OSError:
            continue
    for network, pid in networks.items():
        if network != own:
            _run("nsenter", f"--net=/proc/{pid}/ns/net", "ip", "link", "set", "eth0", "down")


def end_node(node):
    """Kills all that runs in containers of a joined node, and what watches over them."""
    _end_cgroup(node.cgroup)
    end_shims(node.folder("containerd"))


def _cgroup_pids(folder):
    pids = []
    for path, _, _ in os.walk(folder):  # passes over what goes away meanwhile; glob does not
        try:
            pids += [int(line) for line in pathlib.Path(path, "cgroup.procs").read_text().split()]
        except OSError:
            continue
    return [pid for pid in pids if start_time(pid) is not None]


def _kill(pid):
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        pass


def _container_tools(folder):
    """Shims, and the runc that a shim runs to clean up; both name containerd's folder."""
    folder = f"{folder}/".encode()
    for path in pathlib.Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = path.read_bytes().split(b"\0")
        except OSError:
            continue
        tool = os.path.basename(words[0]) in (b"containerd-shim-runc-v2", b"runc")
        pid = int(path.parent.name)
        if tool and any(folder in word for word in words) and start_time(pid) is not None:
            yield pid


def mounts_under(folder):
    """Mount points inside the folder, the deepest first."""
    points = [line.split()[1] for line in pathlib.Path("/proc/mounts").read_text().splitlines()]
    return sorted((point for point in points if point.startswith(f"{folder}/")), reverse=True)


def _unmount_under(folder):
    for point in mounts_under(folder):
        subprocess.run(["umount", "--lazy", point], capture_output=True, check=False)


def _drop_rules(tool):
    """Removes the chains of kube-proxy and CNI in one transaction, all others left as they are."""
    if not shutil.which(f"{tool}-save"):
        return
    before = subprocess.run([f"{tool}-save"], capture_output=True, text=True, check=False).stdout
    kept = [line for line in before.splitlines() if not IPTABLES_OURS.search(line)]
    if len(kept) < len(before.splitlines()):
        subprocess.run([f"{tool}-restore"], input="\n".join(kept) + "\n", text=True,
                       capture_output=True, check=True)


def _remove_cgroup(folder):
    for path, _, _ in os.walk(folder, topdown=False):
        wait_until(lambda path=path: _removed(pathlib.Path(path)), 10, f"cgroup {path} stays busy")


def _removed(path):
    try:
        path.rmdir()
    except FileNotFoundError:
        return True
    except OSError:
        return False
    return True


def _run(*command):
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise ClusterError(f"{' '.join(command)}: {done.stderr.strip()}")

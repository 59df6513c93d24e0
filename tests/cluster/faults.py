"""What goes wrong on purpose: a program of the cluster, or a container of Berth, dies or halts.

A program of the cluster that was killed is started again at once, as a supervisor would; a
container is started again by kubelet.
"""

import contextlib
import os
import pathlib
import signal
import subprocess
import sys
import time

import client as kube
import installed
import pytest

sys.path.insert(0, str(installed.SCRIPTS))
from localcluster import node, processes, settings, tools  # noqa: E402  (the path comes first)

API_SERVER_PORT = f":{443:04X}"  # as proc(5) writes that of the Service
GONE_SECONDS = 30
LONGEST_ACKNOWLEDGEMENT = 80  # bytes of IP, TCP, timestamps and three ranges; any TLS record adds
LEASES = f"/apis/coordination.k8s.io/v1/namespaces/{installed.NAMESPACE}/leases"


class Machine:
    """The programs behind the test cluster."""

    def __init__(self, client):
        self.cluster = settings.saved_cluster(pathlib.Path(os.environ["KUBECONFIG"]).parent)
        if self.cluster is None:
            pytest.skip("the cluster is not one of hack/cluster")
        self.programs = tools.folder()
        self.processes = processes.Processes(self.cluster)
        self.client = client

    def component(self, name):
        return Component(self, name)

    def leader(self):
        """The operator that leads now."""
        return Container(self, self.holder("berth-operator"), "operator")

    def scheduling(self, container):
        """A container of the kube-scheduler's pod that leads now."""
        return Container(self, self.holder("berth-scheduler").partition("_")[0], container)

    def holder(self, lease):
        return self.client.get(f"{LEASES}/{lease}")["spec"].get("holderIdentity", "")

    def pod(self, name):
        return self.client.get(f"{kube.pods(installed.NAMESPACE)}/{name}")

    def tag_image(self, image, name):
        """Another name, as NAME:TAG, for an image that the node has."""
        node.tag_image(self.cluster.node(installed.NODE), self.programs, image, name)

    @contextlib.contextmanager
    def joined(self, archives):
        """Another real node with these images, for the length of the block; gives its name."""
        ports = ["--port-base", installed.PORT_BASE]
        name = installed.run(installed.SCRIPTS / "join", *ports).strip()
        try:
            installed.run(installed.SCRIPTS / "load", *ports, "--node", name, *archives)
            yield name
        finally:
            if name in [node.name for node in self.cluster.joined()]:
                self.lose(name)
            self.client.remove_now(f"/api/v1/nodes/{name}")

    def lose(self, name):
        """A node that has joined goes away without a word."""
        installed.run(installed.SCRIPTS / "lose", "--port-base", installed.PORT_BASE, name)

    def volume(self, pod, name):
        """Where kubelet keeps an emptyDir of one of Berth's pods; the node is this machine."""
        return (self.cluster.folder / "kubelet" / "pods" / self.pod(pod)["metadata"]["uid"]
                / "volumes" / "kubernetes.io~empty-dir" / name)

    def until_restarted(self, container):
        """The process of that container is gone, kubelet has started another, and it is ready."""
        def state(pod):
            return [one for one in containers_of(pod) if one["name"] == container.container]
        self.client.until(
            f"{kube.pods(installed.NAMESPACE)}/{container.pod}",
            lambda pod: any(one["restartCount"] > container.restarts and one["ready"]
                            for one in state(pod)), 60, f"{container.container} again")


def containers_of(pod):
    status = pod["status"]
    return status.get("containerStatuses", []) + status.get("initContainerStatuses", [])


class Component:
    """A program that hack/cluster started: etcd, apiserver, kubelet, containerd and so on."""

    def __init__(self, machine, name):
        self._machine = machine
        self.name = name

    def kill(self):
        """kill -9, and started again once it is gone."""
        machine = self._machine
        _until_gone(self._signal(signal.SIGKILL))
        machine.processes.start_again(self.name)

    @contextlib.contextmanager
    def paused(self):
        """Halted for the length of the block."""
        self._signal(signal.SIGSTOP)
        try:
            yield
        finally:
            self._signal(signal.SIGCONT)

    def _signal(self, number):
        pid = self._machine.processes.pid(self.name)
        assert pid is not None, f"{self.name} does not run"
        os.kill(pid, number)
        return pid


def _until_gone(pid):
    """Its last thread too: until then it holds its ports."""
    deadline = time.monotonic() + GONE_SECONDS
    while pathlib.Path(f"/proc/{pid}").exists():
        assert time.monotonic() < deadline, f"process {pid} does not end"
        processes.reap(pid)
        time.sleep(0.02)


class Container:
    """A running container of one of Berth's pods, known by its first process."""

    def __init__(self, machine, pod, container):
        self.pod = pod
        self.container = container
        found = machine.pod(pod)
        known = containers_of(found)
        self.restarts = sum(one["restartCount"] for one in known if one["name"] == container)
        identity = next(one["containerID"] for one in known if one["name"] == container)
        where = machine.cluster.node(found["spec"]["nodeName"])
        self.pid = node.container_pid(where, machine.programs,
                                      identity.removeprefix("containerd://"))
        assert self.pid is not None, f"{container} of {pod} does not run"
        self._begun = processes.start_time(self.pid)
        # Held open: kubelet removes it soon after the container is gone.
        folder = f"{installed.NAMESPACE}_{pod}_{found['metadata']['uid']}"
        logs = machine.cluster.folder / "pod-logs" / folder / container
        self._log = (logs / f"{self.restarts}.log").open(encoding="utf-8")

    def said(self):
        """All that this process has logged."""
        self._log.seek(0)
        return self._log.read()

    def kill(self):
        os.kill(self.pid, signal.SIGKILL)

    @contextlib.contextmanager
    def paused(self):
        os.kill(self.pid, signal.SIGSTOP)
        try:
            yield
        finally:
            if processes.start_time(self.pid) == self._begun:
                os.kill(self.pid, signal.SIGCONT)

    def unsent_bytes(self):
        """What the pod's kernel holds for the API server, not acknowledged yet."""
        lines = pathlib.Path(f"/proc/{self.pid}/net/tcp").read_text().splitlines()[1:]
        fields = [line.split() for line in lines]
        return sum(int(one[4].partition(":")[0], 16) for one in fields
                   if one[2].endswith(API_SERVER_PORT))

    @contextlib.contextmanager
    def cut_off(self):
        """Nothing that the pod says to the API server arrives, while the block lasts.

        What TCP acknowledges does, or the API server would soon say nothing more itself. The rule
        is in the pod's own network namespace: it goes with the pod at the latest.
        """
        said = ["-m", "length", "--length", f"{LONGEST_ACKNOWLEDGEMENT + 1}:65535"]
        rule = ["OUTPUT", "-p", "tcp", "--dport", "443", *said, "-j", "DROP"]
        network = os.open(f"/proc/{self.pid}/ns/net", os.O_RDONLY)  # outlives the process
        enter = ["nsenter", f"--net=/proc/self/fd/{network}", "iptables"]
        try:
            subprocess.run([*enter, "-I", *rule], check=True, pass_fds=[network])
            try:
                yield
            finally:
                subprocess.run([*enter, "-D", *rule], check=True, pass_fds=[network])
        finally:
            os.close(network)

"""A control plane of hack/cluster for the length of one benchmark."""

import contextlib
import pathlib
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "hack" / "cluster"))
from localcluster import processes, settings, tools  # noqa: E402  (the path comes first)


class LocalCluster:
    """Where its API server is, who may ask it what, and which of its programs run."""

    def __init__(self, folder):
        self._saved = settings.saved_cluster(folder)
        self._processes = processes.Processes(self._saved)
        self.folder = folder
        self.programs = tools.folder()
        self.kubeconfig = self._saved.kubeconfig
        self.authority = self._saved.pki / "ca.crt"
        self.certificate = (self._saved.pki / "admin.crt", self._saved.pki / "admin.key")
        self.address = (self._saved.address, self._saved.port("apiserver"))
        self.server = self._saved.server

    def pids(self):
        """Process ids of the control plane by name."""
        return {name: self._processes.pid(name) for name in self._processes.names()}


@contextlib.contextmanager
def local_cluster(nodes, port_base):
    """Brings a cluster of fake nodes up, and takes it down again however the block ends."""
    scripts = ROOT / "hack" / "cluster"
    with tempfile.TemporaryDirectory(prefix="berth-bench-") as name:
        folder = pathlib.Path(name)
        try:
            subprocess.run([scripts / "up", "--dir", folder, "--port-base", str(port_base),
                            "--nodes", str(nodes)], check=True, stdout=sys.stderr)
            yield LocalCluster(folder)
        finally:
            subprocess.run([scripts / "down", "--dir", folder], check=True, stdout=sys.stderr)

"""Programs that a benchmark starts, and ends again by their process id."""

import contextlib
import http.client
import ssl
import subprocess
import sys

import yaml

from .api import until

READY_S = 120
STOP_S = 30


class Service:
    """One started program. Nobody starts it again: one that ends by itself fails the benchmark."""

    def __init__(self, name, process, log):
        self.name = name
        self.pid = process.pid
        self._process = process
        self._log = log

    def check(self):
        """Raises when the program has ended by itself."""
        code = self._process.poll()
        if code is not None:
            raise RuntimeError(f"{self.name} ended with {code}\n{self.log_end()}")

    def log_end(self, lines=15):
        text = self._log.read_text(errors="replace").splitlines()[-lines:]
        return "\n".join(f"  | {line}" for line in text)

    def until_ready(self, port, path, is_tls=False):
        def ready():
            self.check()
            return _answers_ok(port, path, is_tls)
        until(ready, READY_S, f"{self.name} is not ready")


def _answers_ok(port, path, is_tls):
    if is_tls:
        # kube-scheduler made this certificate itself a moment ago; no CA could vouch for it.
        context = ssl._create_unverified_context()
        connection = http.client.HTTPSConnection("127.0.0.1", port, timeout=2, context=context)
    else:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=2)
    try:
        connection.request("GET", path)
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


@contextlib.contextmanager
def running(name, command, folder):
    """Runs a program while the block runs, its output in a file of the folder."""
    log = folder / f"{name}.log"
    with open(log, "wb") as out:
        process = subprocess.Popen([str(word) for word in command], stdin=subprocess.DEVNULL,
                                   stdout=out, stderr=out, start_new_session=True)
    service = Service(name, process, log)
    try:
        yield service
    except BaseException:
        print(f"last lines of {name}:\n{service.log_end()}", file=sys.stderr)
        raise
    finally:
        process.terminate()
        try:
            process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def write_kubeconfig(path, cluster, token):
    """A kubeconfig for one who knows himself by a token."""
    path.touch(mode=0o600)
    path.write_text(yaml.safe_dump({
        "apiVersion": "v1", "kind": "Config", "current-context": "c",
        "clusters": [{"name": "c", "cluster": {
            "server": cluster.server, "certificate-authority": str(cluster.authority)}}],
        "users": [{"name": "u", "user": {"token": token}}],
        "contexts": [{"name": "c", "context": {"cluster": "c", "user": "u"}}]}))
    return path


@contextlib.contextmanager
def running_extender(program, folder, kubeconfig, port):
    """berth-extender with certificates of its own; `port` serves the verbs, the next one health."""
    tls = folder / "tls"
    subprocess.run([program, "certs", "--dir", tls], check=True, stdout=sys.stderr)
    command = [program, "serve", f"--listen=127.0.0.1:{port}", f"--tls-cert={tls}/server.crt",
               f"--tls-key={tls}/server.key", f"--client-ca={tls}/ca.crt",
               f"--health-listen=127.0.0.1:{port + 1}", f"--kubeconfig={kubeconfig}"]
    with running("extender", command, folder) as extender:
        extender.until_ready(port + 1, "/readyz")
        yield extender


@contextlib.contextmanager
def running_scheduler(name, program, folder, config, kubeconfig, port):
    """kube-scheduler under a configuration; does not wait for it."""
    config["clientConnection"] = {**config.get("clientConnection", {}),
                                  "kubeconfig": str(kubeconfig)}
    for extender in config.get("extenders", []):
        tls = folder / "tls"
        extender["tlsConfig"] = {"caFile": f"{tls}/ca.crt", "certFile": f"{tls}/client.crt",
                                 "keyFile": f"{tls}/client.key"}
    path = folder / f"{name}.yaml"
    path.write_text(yaml.safe_dump(config))
    command = [program, "--config", path, "--bind-address", "127.0.0.1", "--secure-port", port,
               "--cert-dir", folder / name, "--authentication-kubeconfig", kubeconfig,
               "--authorization-kubeconfig", kubeconfig]
    with running(name, command, folder) as scheduler:
        yield scheduler

"""Programs that a benchmark starts, and ends again by their process id."""

import contextlib
import http.client
import ssl
import subprocess
import sys

import yaml

from .api import until

READY_S = 300  # with a large cluster to list, on a busy machine
STOP_S = 30


class Service:
    """One started program. Only `start_again` does so; else one that ends fails the benchmark."""

    def __init__(self, name, command, log):
        self.name = name
        self._command = [str(word) for word in command]
        self._log = log
        self._readiness = None
        log.unlink(missing_ok=True)  # an earlier program's
        self._start()

    def _start(self):
        with open(self._log, "ab") as out:
            self._process = subprocess.Popen(self._command, stdin=subprocess.DEVNULL, stdout=out,
                                             stderr=out, start_new_session=True)
        self.pid = self._process.pid

    def exit_code(self):
        """None while it runs."""
        return self._process.poll()

    def check(self):
        """Raises when the program has ended by itself."""
        code = self.exit_code()
        if code is not None:
            raise RuntimeError(f"{self.name} ended with {code}\n{self.log_end()}")

    def start_again(self):
        """Kills it unless it has ended and starts it anew, as its kubelet would; does not wait."""
        self._process.kill()
        self._process.wait()
        self._start()

    def end(self):
        self._process.terminate()
        try:
            self._process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def log_end(self, lines=15):
        text = self._log.read_text(errors="replace").splitlines()[-lines:]
        return "\n".join(f"  | {line}" for line in text)

    def until_ready(self, port, path, is_tls=False):
        self._readiness = (port, path, is_tls)
        self.until_ready_again()

    def until_ready_again(self):
        """As `until_ready` was told before."""
        def ready():
            self.check()
            return _answers_ok(*self._readiness)
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
    service = Service(name, command, folder / f"{name}.log")
    try:
        yield service
    except BaseException:
        print(f"last lines of {name}:\n{service.log_end()}", file=sys.stderr)
        raise
    finally:
        service.end()


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

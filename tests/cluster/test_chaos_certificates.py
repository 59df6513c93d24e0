"""Certificates between kube-scheduler and extender run out and are renewed, without a restart."""

import datetime
import re
import subprocess
import urllib.request

import client as kube
import faults
import pytest
from api import eventually
from objects import gpujob

ANSWERS = ("200", "400")  # to a body that says nothing; what counts is that there is one
RELOAD_SECONDS = 30  # the extender compares its files every ten
EXPIRY = "berth_tls_certificate_expiry_timestamp_seconds"
AUTHORITY = """
[ca]
default_ca = own
[own]
new_certs_dir = .
database = index.txt
rand_serial = yes
default_md = sha256
unique_subject = no
policy = any
[any]
commonName = supplied
[server]
extendedKeyUsage = serverAuth
subjectAltName = IP:127.0.0.1,DNS:localhost
[client]
extendedKeyUsage = clientAuth
"""
# Says the status or what was wrong; in the pod's network, where the extender's loopback is.
ASK = """
import http.client, ssl, sys
folder, client = sys.argv[1:]
context = ssl.create_default_context(cafile=f"{folder}/ca.crt")
context.load_cert_chain(f"{client}.crt", f"{client}.key")
asking = http.client.HTTPSConnection("127.0.0.1", 9443, context=context, timeout=5)
try:
    asking.request("POST", "/filter", "{}", {"Content-Type": "application/json"})
    print(asking.getresponse().status)
except OSError as error:
    print(error)
"""


class Extender:
    """The leading kube-scheduler's extender and the folder of its certificates."""

    def __init__(self, machine, work):
        self.container = machine.scheduling("extender")
        self.folder = machine.volume(self.container.pod, "tls")
        self.address = machine.pod(self.container.pod)["status"]["podIP"]
        self._work = work
        (work / "ca.cnf").write_text(AUTHORITY)
        (work / "index.txt").touch()

    def issue(self, kind, name, ends):
        """A pair of the pod's own CA that begins two days ago and ends then."""
        path = self._work / name
        begins = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(days=2)
        self._openssl("req", "-new", "-config", "/dev/null", "-newkey", "ec", "-pkeyopt",
                      "ec_paramgen_curve:P-256", "-nodes", "-keyout", f"{path}.key", "-out",
                      f"{path}.csr", "-subj", "/CN=kube-scheduler")
        self._openssl("ca", "-batch", "-notext", "-config", "ca.cnf", "-extensions", kind,
                      "-cert", self.folder / "ca.crt", "-keyfile", self.folder / "ca.key",
                      "-in", f"{path}.csr", "-out", f"{path}.crt",
                      "-startdate", f"{begins:%y%m%d%H%M%SZ}", "-enddate", f"{ends:%y%m%d%H%M%SZ}")
        return path

    def _openssl(self, *words):
        done = subprocess.run(["openssl", *map(str, words)], cwd=self._work, check=False,
                              capture_output=True, text=True)
        assert done.returncode == 0, done.stderr

    def serve_with(self, pair):
        """As a renewal does: the key first. The files stay those of the extender's user."""
        for ending in ("key", "crt"):
            (self.folder / f"server.{ending}").write_bytes(
                pair.with_name(f"{pair.name}.{ending}").read_bytes())

    def until_serving_until(self, ends):
        def said():
            with urllib.request.urlopen(f"http://{self.address}:9444/metrics", timeout=5) as reply:
                return float(re.search(rf"^{EXPIRY}\S* (\S+)", reply.read().decode(), re.M)[1])
        assert eventually(lambda: said() == int(ends.timestamp()), RELOAD_SECONDS), said()

    def answer_to(self, client):
        command = ["nsenter", f"--net=/proc/{self.container.pid}/ns/net", "/usr/bin/python3", "-c",
                   ASK, str(self.folder), str(client)]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


@pytest.fixture(name="extender")
def extender_of_the_leader(berth, tenant, tmp_path):
    tenant.start(4)
    machine = faults.Machine(berth)
    extender = Extender(machine, tmp_path)
    for ending in ("key", "crt"):
        saved = tmp_path / f"first.{ending}"
        saved.write_bytes((extender.folder / f"server.{ending}").read_bytes())
    yield extender
    extender.serve_with(tmp_path / "first")


def test_expired_certificates_are_refused_and_renewed_ones_are_taken_without_a_restart(
        berth, tenant, extender):
    now = datetime.datetime.now(datetime.timezone.utc).replace(microsecond=0)
    yesterday, tomorrow = now - datetime.timedelta(days=1), now + datetime.timedelta(days=1)
    good, old = extender.issue("client", "good", tomorrow), extender.issue("client", "old",
                                                                           yesterday)
    assert extender.answer_to(good) in ANSWERS
    assert "_ssl.c" in extender.answer_to(old)  # refused in the handshake, before any request
    extender.serve_with(extender.issue("server", "out", yesterday))
    extender.until_serving_until(yesterday)
    assert "certificate has expired" in extender.answer_to(good)
    extender.serve_with(extender.issue("server", "new", tomorrow))
    extender.until_serving_until(tomorrow)
    assert extender.answer_to(good) in ANSWERS
    tenant.submit(gpujob("after", run_seconds=1))
    tenant.until_job("after", kube.holds("Complete"), what="complete")
    again = faults.Machine(berth).pod(extender.container.pod)
    assert [one["restartCount"] for one in faults.containers_of(again)
            if one["name"] == "extender"] == [extender.container.restarts]

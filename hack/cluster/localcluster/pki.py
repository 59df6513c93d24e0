"""Certificates and kubeconfigs of a local cluster, made anew by each `up`."""

import base64
import subprocess

import yaml

from . import settings
from .say import ClusterError

DAYS = "365"

# component: (subject, extra names of its serving certificate)
CLIENTS = {
    "admin": "/O=system:masters/CN=admin",
    "controller-manager": "/CN=system:kube-controller-manager",
    "scheduler": "/CN=system:kube-scheduler",
    "proxy": "/CN=system:kube-proxy",
    "dns": "/CN=system:coredns",
    "kwok": "/O=system:masters/CN=kwok",  # it writes any node and pod, as kubelets would
}
API_SERVER_NAMES = ["IP:127.0.0.1", f"IP:{settings.NODE_ADDRESS}",
                    f"IP:{settings.API_SERVICE_ADDRESS}", "DNS:localhost", "DNS:kubernetes",
                    "DNS:kubernetes.default", "DNS:kubernetes.default.svc",
                    "DNS:kubernetes.default.svc.cluster.local"]


def create(cluster):
    """Writes CA, service account key, every certificate and kubeconfig of the cluster."""
    folder = cluster.pki
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o700)
    # Without a config of its own, `openssl req` adds Debian's CA extensions to every certificate.
    (folder / "openssl.cnf").write_text("[req]\ndistinguished_name = dn\n[dn]\n")
    _certificate(folder, "ca", "/CN=berth-local-ca",
                 ["basicConstraints=critical,CA:TRUE", "keyUsage=critical,keyCertSign,cRLSign"])
    _certificate(folder, "apiserver", "/CN=kube-apiserver",
                 ["extendedKeyUsage=serverAuth", "subjectAltName=" + ",".join(API_SERVER_NAMES)],
                 issuer="ca")
    _certificate(folder, "apiserver-kubelet", "/O=system:masters/CN=apiserver-kubelet",
                 ["extendedKeyUsage=clientAuth"], issuer="ca")
    for name, subject in CLIENTS.items():
        _create_client(cluster, name, subject)
    _openssl(folder, "genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048",
             "-out", "service-account.key")
    _openssl(folder, "pkey", "-in", "service-account.key", "-pubout", "-out", "service-account.pub")


def create_of_node(node):
    """Writes certificate and kubeconfig of a node's kubelet."""
    _create_client(node.cluster, node.program("kubelet"),
                   f"/O=system:nodes/CN=system:node:{node.name}")


def _create_client(cluster, name, subject):
    _certificate(cluster.pki, name, subject, ["extendedKeyUsage=clientAuth"], issuer="ca")
    target = cluster.kubeconfig if name == "admin" else cluster.pki / f"{name}.kubeconfig"
    target.write_text(_kubeconfig(cluster, name))
    target.chmod(0o600)


def _certificate(folder, name, subject, extensions, issuer=None):
    command = ["req", "-x509", "-config", "openssl.cnf", "-newkey", "ec", "-pkeyopt",
               "ec_paramgen_curve:P-256", "-nodes", "-days", DAYS, "-subj", subject,
               "-keyout", f"{name}.key", "-out", f"{name}.crt"]
    for extension in extensions:
        command += ["-addext", extension]
    if issuer:
        command += ["-CA", f"{issuer}.crt", "-CAkey", f"{issuer}.key"]
    _openssl(folder, *command)


def _openssl(folder, *arguments):
    done = subprocess.run(["openssl", *arguments], cwd=folder, capture_output=True, text=True)
    if done.returncode != 0:
        raise ClusterError(f"openssl {arguments[0]}: {done.stderr.strip()}")


def _kubeconfig(cluster, name):
    """Certificates inline, so that the file can be copied away from the folder."""
    def inline(file):
        return base64.b64encode((cluster.pki / file).read_bytes()).decode()
    return yaml.safe_dump({
        "apiVersion": "v1", "kind": "Config", "current-context": "local",
        "clusters": [{"name": "local", "cluster": {
            "server": cluster.server, "certificate-authority-data": inline("ca.crt")}}],
        "users": [{"name": name, "user": {
            "client-certificate-data": inline(f"{name}.crt"),
            "client-key-data": inline(f"{name}.key")}}],
        "contexts": [{"name": "local", "context": {"cluster": "local", "user": name}}],
    })

"""etcd, kube-apiserver, kube-controller-manager and kube-scheduler on loopback ports."""

import http.client
import ssl

import yaml

from . import settings
from .say import step

READY_SECONDS = 90  # about 4 s on two idle cores


def start(cluster, tools, processes, client):
    """Starts the control plane and returns when every part of it says it is ready."""
    with step("etcd"):
        _start_etcd(cluster, tools, processes)
        port = cluster.port("etcd")
        processes.wait_ready("etcd", lambda: _http_ok(port, "/health"), READY_SECONDS)
    with step("kube-apiserver"):
        _start_api_server(cluster, tools, processes)
        processes.wait_ready("apiserver", client.ready, READY_SECONDS)
    with step("kube-controller-manager"):
        _start_controller_manager(cluster, tools, processes)
        port = cluster.port("controller-manager")
        processes.wait_ready("controller-manager", lambda: _https_ok(port, "/healthz"),
                             READY_SECONDS)
    if cluster.options.scheduler:
        with step("kube-scheduler"):
            _start_scheduler(cluster, tools, processes)
            port = cluster.port("scheduler")
            processes.wait_ready("scheduler", lambda: _https_ok(port, "/healthz"), READY_SECONDS)


def _start_etcd(cluster, tools, processes):
    client_url = f"http://127.0.0.1:{cluster.port('etcd')}"
    peer_url = f"http://127.0.0.1:{cluster.port('etcd-peer')}"
    processes.start("etcd", [
        tools / "etcd", "--name", "local", "--data-dir", cluster.folder / "etcd",
        "--unsafe-no-fsync",  # the data does not outlive the cluster
        "--quota-backend-bytes", str(4 << 30),
        "--listen-client-urls", client_url, "--advertise-client-urls", client_url,
        "--listen-peer-urls", peer_url, "--initial-advertise-peer-urls", peer_url,
        "--initial-cluster", f"local={peer_url}"])


def _start_api_server(cluster, tools, processes):
    pki = cluster.pki
    command = [
        tools / "kube-apiserver",
        "--etcd-servers", f"http://127.0.0.1:{cluster.port('etcd')}",
        "--secure-port", cluster.port("apiserver"), "--bind-address", cluster.address,
        "--advertise-address", cluster.address,
        "--tls-cert-file", pki / "apiserver.crt", "--tls-private-key-file", pki / "apiserver.key",
        "--client-ca-file", pki / "ca.crt",
        "--service-account-key-file", pki / "service-account.pub",
        "--service-account-signing-key-file", pki / "service-account.key",
        "--service-account-issuer", "https://kubernetes.default.svc.cluster.local",
        "--service-cluster-ip-range", settings.SERVICE_CIDR,
        "--authorization-mode", "Node,RBAC", "--enable-admission-plugins", "NodeRestriction",
        "--kubelet-client-certificate", pki / "apiserver-kubelet.crt",
        "--kubelet-client-key", pki / "apiserver-kubelet.key",
        "--kubelet-preferred-address-types", "InternalIP",  # else `kubectl logs` asks for a name
        "--allow-privileged", "--profiling=false",
        "--max-requests-inflight", "2000", "--max-mutating-requests-inflight", "1000"]
    if not cluster.options.kubelet:
        # Endpoints may not be loopback; without pods nobody uses the `kubernetes` Service.
        command += ["--endpoint-reconciler-type", "none"]
    if cluster.options.audit_group:
        command += _audit_flags(cluster)
    processes.start("apiserver", command)


def _audit_flags(cluster):
    """Who of the group wrote what, and what became of it; no bodies."""
    policy = cluster.folder / "audit.yaml"
    policy.write_text(yaml.safe_dump({
        "apiVersion": "audit.k8s.io/v1", "kind": "Policy", "omitStages": ["RequestReceived"],
        "rules": [{"level": "Metadata", "userGroups": [cluster.options.audit_group],
                   "verbs": ["create", "update", "patch", "delete", "deletecollection"]},
                  {"level": "None"}]}))
    cluster.audit_log.unlink(missing_ok=True)  # an earlier cluster's
    return ["--audit-policy-file", policy, "--audit-log-path", cluster.audit_log]


def _start_controller_manager(cluster, tools, processes):
    pki = cluster.pki
    kubeconfig = pki / "controller-manager.kubeconfig"
    processes.start("controller-manager", [
        tools / "kube-controller-manager", "--kubeconfig", kubeconfig,
        "--authentication-kubeconfig", kubeconfig, "--authorization-kubeconfig", kubeconfig,
        "--bind-address", "127.0.0.1", "--secure-port", cluster.port("controller-manager"),
        "--cert-dir", cluster.folder / "controller-manager",
        "--service-account-private-key-file", pki / "service-account.key",
        "--root-ca-file", pki / "ca.crt", "--use-service-account-credentials",
        "--leader-elect=false", "--profiling=false",
        # Until a node counts as gone: more than Kubernetes' own value where its lease is long.
        "--node-monitor-grace-period", f"{cluster.options.lease_seconds + 10}s",
        "--controllers", "*,-nodeipam,-node-route-controller,-cloud-node-lifecycle-controller",
        "--kube-api-qps", "1000", "--kube-api-burst", "2000"])


def _start_scheduler(cluster, tools, processes):
    kubeconfig = cluster.pki / "scheduler.kubeconfig"
    config = cluster.folder / "scheduler.yaml"
    config.write_text(yaml.safe_dump({
        "apiVersion": "kubescheduler.config.k8s.io/v1", "kind": "KubeSchedulerConfiguration",
        "clientConnection": {"kubeconfig": str(kubeconfig), "qps": 2000, "burst": 4000},
        "leaderElection": {"leaderElect": False}, "enableProfiling": False}))
    processes.start("scheduler", [
        tools / "kube-scheduler", "--config", config,
        "--authentication-kubeconfig", kubeconfig, "--authorization-kubeconfig", kubeconfig,
        "--bind-address", "127.0.0.1", "--secure-port", cluster.port("scheduler"),
        "--cert-dir", cluster.folder / "scheduler"])


def _http_ok(port, path):
    return _ok(http.client.HTTPConnection("127.0.0.1", port, timeout=2), path)


def _https_ok(port, path):
    # The component made this certificate itself a moment ago; there is no CA to check it against.
    context = ssl._create_unverified_context()
    return _ok(http.client.HTTPSConnection("127.0.0.1", port, timeout=2, context=context), path)


def _ok(connection, path):
    try:
        connection.request("GET", path)
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()

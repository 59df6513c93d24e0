"""Fixtures: a real API server with the chart installed, and everybody who talks to it.

The policies are tried on the cluster of BERTH_TEST_KUBECONFIG, else on one that hack/cluster/up
starts here and down takes away. No pod ever runs: there is no scheduler, and the operator's pods
lend their names and tokens only.
"""

import contextlib
import os
import subprocess
import types

import api
import chart
import pods
import pytest
from pods import FREE, MANAGED, PREFIX

PORT_BASE = 7400
QUOTA_LABEL = {"metadata": {"labels": {"berth.dev/quota": "research"}}}
LEASE = f"/apis/coordination.k8s.io/v1/namespaces/{chart.NAMESPACE}/leases"


def pytest_collection_modifyitems(items):
    if chart.program("helm") is None:
        for item in items:
            item.add_marker(pytest.mark.skip(reason="no helm: build it by hack/cluster/up"))


@contextlib.contextmanager
def local_cluster(folder, port_base):
    """A control plane without scheduler and nodes; gives its kubeconfig."""
    scripts = chart.ROOT / "hack" / "cluster"
    subprocess.run([scripts / "up", "--dir", folder, "--port-base", str(port_base),
                    "--scheduler", "off"], check=True)
    try:
        yield str(folder / "admin.kubeconfig")
    finally:
        subprocess.run([scripts / "down", "--dir", folder], check=True)


@pytest.fixture(scope="session", name="kubeconfig")
def running_cluster(tmp_path_factory):
    given = os.environ.get("BERTH_TEST_KUBECONFIG")
    if given:
        yield given
        return
    with local_cluster(tmp_path_factory.mktemp("cluster"), PORT_BASE) as kubeconfig:
        yield kubeconfig


def helm(kubeconfig, *arguments):
    """Runs helm on Berth's release; returns what it printed."""
    done = chart.run_helm(*arguments, "--kubeconfig", kubeconfig, "--namespace", chart.NAMESPACE)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def install(kubeconfig, *settings):
    more = [part for setting in settings for part in ("--set", setting)]
    helm(kubeconfig, "upgrade", "--install", "berth", str(chart.CHART), *more)


def namespace(name, **labels):
    return {"metadata": {"name": name, "labels": labels}}


def _create(client, path, body):
    """Creates an object once; one that is left from an earlier run is taken as it is."""
    if not client.exists(f"{path}/{body['metadata']['name']}"):
        client.create(path, body)


@pytest.fixture(scope="session", name="admin")
def installed(kubeconfig):
    """The cluster's administrator (system:masters), once the chart is installed."""
    admin = api.Api(kubeconfig)
    policies = "/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicies"
    if admin.exists(f"{policies}/berth-fence"):
        pytest.skip("Berth is installed in this cluster already")
    # Restricted: the chart's own pods have to pass it.
    _create(admin, "/api/v1/namespaces", namespace(
        chart.NAMESPACE, **{"pod-security.kubernetes.io/enforce": "restricted"}))
    install(kubeconfig, "crds.keep=false", "router.gateway.name=public",
            "router.gateway.namespace=infra")
    yield admin
    for name in (MANAGED, FREE):
        if admin.exists(f"/api/v1/namespaces/{name}"):
            admin.remove(f"/api/v1/namespaces/{name}")
    helm(kubeconfig, "uninstall", "berth")


def operator_pods(admin):
    """Its two pods, once their Deployment has created them."""
    path = f"/api/v1/namespaces/{chart.NAMESPACE}/pods"
    query = "labelSelector=app.kubernetes.io/component=operator"

    def two():
        pods_found = admin.get(f"{path}?{query}")["items"]
        return pods_found if len(pods_found) == 2 else None
    created = api.eventually(two)
    assert created, "the operator's pods were not created; does the namespace refuse them?"
    return created


def token(admin, account, pod=None):
    """A token of a service account of Berth; bound to a pod as kubelet would bind it."""
    spec = {}
    if pod:
        spec["boundObjectRef"] = {"apiVersion": "v1", "kind": "Pod", "uid": pod["metadata"]["uid"],
                                  "name": pod["metadata"]["name"]}
    path = f"/api/v1/namespaces/{chart.NAMESPACE}/serviceaccounts/{account}/token"
    return admin.create(path, {"spec": spec})["status"]["token"]


def hold_lease(admin, holder):
    """Makes a pod the leader, as winning the election would; None gives the Lease back."""
    admin.merge(f"{LEASE}/berth-operator", {"spec": {"holderIdentity": holder}})


def fenced(client):
    """Whether the fence keeps this operator from writing; tried without effect."""
    try:
        client.merge(f"/api/v1/namespaces/{FREE}", QUOTA_LABEL, dry_run=True)
    except api.Refused as refusal:
        assert "write fenced" in refusal.message, refusal
        return True
    return False


@pytest.fixture(scope="session", name="people")
def everybody(admin):
    """Everybody who talks to the API server, by name. alice may do all that RBAC can give."""
    admin.create("/apis/rbac.authorization.k8s.io/v1/clusterrolebindings", {
        "metadata": {"name": f"{PREFIX}-alice"},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole",
                    "name": "cluster-admin"},
        "subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": "alice"}]})
    first, second = operator_pods(admin)
    leader, follower = (pod["metadata"]["name"] for pod in (first, second))
    system = "system:serviceaccount:kube-system:"
    hold_lease(admin, leader)
    yield types.SimpleNamespace(
        admin=admin, alice=admin.as_user("alice"),
        operator=admin.with_token(token(admin, "berth-operator", first)),
        follower=admin.with_token(token(admin, "berth-operator", second)),
        podless=admin.with_token(token(admin, "berth-operator")),
        scheduler=admin.with_token(token(admin, "berth-scheduler")),
        default_scheduler=admin.as_user("system:kube-scheduler"),
        daemonsets=admin.as_user(system + "daemon-set-controller", [
            "system:serviceaccounts", "system:serviceaccounts:kube-system"]),
        collector=admin.as_user(system + "generic-garbage-collector", [
            "system:serviceaccounts", "system:serviceaccounts:kube-system"]),
        node=admin.as_user(f"system:node:{PREFIX}-node", ["system:nodes"]),
        leader_pod=leader, follower_pod=follower)
    admin.remove(f"/apis/rbac.authorization.k8s.io/v1/clusterrolebindings/{PREFIX}-alice")


@pytest.fixture(scope="session", name="world")
def namespaces(people):
    """A namespace with a Quota (its label, which is all that policies see) and one without."""
    for name in (MANAGED, FREE):
        _create(people.admin, "/api/v1/namespaces", namespace(name))
        path = f"/api/v1/namespaces/{name}/serviceaccounts/default"
        assert api.eventually(lambda path=path: people.admin.exists(path))
    # New policies take effect when the API server's watch has seen them.
    in_force = api.eventually(lambda: fenced(people.podless) and not fenced(people.operator))
    if not in_force and os.environ.get("BERTH_TEST_KUBECONFIG"):
        pytest.skip("the API server's view of the Lease is frozen (kubernetes/kubernetes#130887): "
                    "Berth was uninstalled since it started; restart it")
    assert in_force
    people.operator.merge(f"/api/v1/namespaces/{MANAGED}", QUOTA_LABEL)
    assert api.eventually(lambda: _gates_a_pod(people.alice))
    return people


def _gates_a_pod(client):
    made = client.create(f"/api/v1/namespaces/{MANAGED}/pods", pods.pod(devices=1), dry_run=True)
    return bool(made["spec"].get("schedulingGates"))

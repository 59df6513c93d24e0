"""The real kube-scheduler under the configuration and the account that the chart gives it."""

import subprocess

import api
import chart
import pytest
import yaml
from conftest import LEASE, token
from pods import MANAGED, PREFIX, container

NODE = f"{PREFIX}-schedulable"


@pytest.fixture(scope="module", name="scheduler")
def kube_scheduler():
    path = chart.program("kube-scheduler")
    if path is None:
        pytest.skip("no kube-scheduler: build it by hack/cluster/up")
    return path


def kubeconfig(server, authority=None, bearer=""):
    cluster = {"server": server, **({"certificate-authority": authority} if authority else {})}
    return yaml.safe_dump({
        "apiVersion": "v1", "kind": "Config", "current-context": "c",
        "clusters": [{"name": "c", "cluster": cluster}],
        "users": [{"name": "u", "user": {"token": bearer}}],
        "contexts": [{"name": "c", "context": {"cluster": "c", "user": "u"}}]})


@pytest.mark.parametrize("bind", ["true", "false"])
def test_it_accepts_its_configuration(scheduler, tmp_path, bind):
    certificate = ["openssl", "req", "-x509", "-newkey", "ec", "-nodes", "-subj", "/CN=test",
                   "-pkeyopt", "ec_paramgen_curve:P-256",
                   "-keyout", tmp_path / "k.pem", "-out", tmp_path / "c.pem"]
    subprocess.run(certificate, check=True, capture_output=True)
    config = chart.scheduler_config(chart.render(f"extender.bind={bind}"))
    config["extenders"][0]["tlsConfig"] = {
        "caFile": str(tmp_path / "c.pem"), "certFile": str(tmp_path / "c.pem"),
        "keyFile": str(tmp_path / "k.pem")}
    # Where there is no API server; nothing is asked of it.
    (tmp_path / "kubeconfig").write_text(kubeconfig("https://127.0.0.1:1"))
    config["clientConnection"]["kubeconfig"] = str(tmp_path / "kubeconfig")
    (tmp_path / "config.yaml").write_text(yaml.safe_dump(config))
    done = subprocess.run([scheduler, "--config", tmp_path / "config.yaml",
                           "--write-config-to", tmp_path / "complete.yaml"],
                          capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
    complete = yaml.safe_load((tmp_path / "complete.yaml").read_text())
    profile, = complete["profiles"]
    enabled = {plugin["name"] for plugin in profile["plugins"]["multiPoint"]["enabled"]}
    assert "NodeResourcesFit" in enabled and "DefaultPreemption" not in enabled
    assert complete["extenders"][0].get("bindVerb") == ("bind" if bind == "true" else None)
    assert complete["extenders"][0]["httpTimeout"] == "5s"


@pytest.fixture(name="running")
def scheduler_under_its_account(scheduler, world, tmp_path):
    """Runs it without its extender, which is tried elsewhere; gives the path of its log."""
    config = chart.scheduler_config(chart.render())
    del config["extenders"]
    server, authority = world.admin.server()
    (tmp_path / "kubeconfig").write_text(
        kubeconfig(server, authority, token(world.admin, "berth-scheduler")))
    config["clientConnection"]["kubeconfig"] = str(tmp_path / "kubeconfig")
    (tmp_path / "config.yaml").write_text(yaml.safe_dump(config))
    with open(tmp_path / "log", "w", encoding="utf-8") as log:
        process = subprocess.Popen([scheduler, "--config", tmp_path / "config.yaml",
                                    "--secure-port", "0"], stderr=log)
        yield tmp_path / "log"
        process.terminate()
        process.wait(timeout=60)


def test_its_account_suffices(running, world):
    """It wins its own Lease and binds in a namespace with a Quota; RBAC refuses it nothing."""
    world.admin.create("/api/v1/nodes", {"metadata": {"name": NODE}})
    world.admin.merge(f"/api/v1/nodes/{NODE}/status", {"status": {
        "allocatable": {"cpu": "4", "memory": "8Gi", "pods": "10"},
        "capacity": {"cpu": "4", "memory": "8Gi", "pods": "10"},
        "conditions": [{"type": "Ready", "status": "True"}]}})
    world.admin.merge(f"/api/v1/nodes/{NODE}", {"spec": {"taints": None}})
    path = f"/api/v1/namespaces/{MANAGED}/pods"
    world.alice.create(path, {"metadata": {"name": "cpu"}, "spec": {
        "schedulerName": "berth", "containers": [container(devices=None)],
        "nodeSelector": {"kubernetes.io/hostname": NODE}, "tolerations": [{"operator": "Exists"}]}})
    world.admin.merge(f"/api/v1/nodes/{NODE}", {"metadata": {"labels": {
        "kubernetes.io/hostname": NODE}}})
    try:
        bound = api.eventually(lambda: world.admin.get(f"{path}/cpu")["spec"].get("nodeName"))
        assert bound == NODE, running.read_text()
        assert world.admin.get(f"{LEASE}/berth-scheduler")["spec"]["holderIdentity"]
        assert "forbidden" not in running.read_text()
    finally:
        world.admin.remove(f"{path}/cpu?gracePeriodSeconds=0")
        world.admin.remove(f"/api/v1/nodes/{NODE}")

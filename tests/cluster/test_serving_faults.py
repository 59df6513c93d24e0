"""What can go wrong with serving goes wrong, while clients ask: they hear nothing of it.

An endpoint of two replicas goes through all of it. Of its two clients none may lose a request,
but for those in flight where nobody can save them, which the test of that fault says.
"""

import contextlib
import hashlib
import os
import threading
import time
import urllib.error

import client as kube
import faults
import installed
import moody
import ordeal as ordeals
import pytest
from objects import REAL_CLASS, quota
from serving import Endpoint, claim_models, put_moody, question, server_image

DEVICES = 6
CLIENTS = 2
# Nodes are called lost after 50 s without a word: an outage that is over before shows less.
OUTAGE_SECONDS = float(os.environ.get("BERTH_OUTAGE_SECONDS", "60"))
SLOW_SECONDS = 3
NO_IMAGE = "localhost/none@sha256:" + "0" * 64


@pytest.fixture(name="machine", scope="module")
def machine_of_the_cluster(berth):
    return faults.Machine(berth)


@pytest.fixture(name="model", scope="module")
def model_of_moods(standing_tenant):
    """A claim of the tenant with the model in it; the file as this machine sees it."""
    tenant = standing_tenant.start(DEVICES, REAL_CLASS)
    claim_models(tenant)
    return put_moody(tenant)


@pytest.fixture(name="ordeal", scope="module")
def endpoint_that_suffers(standing_tenant, model, kubeconfig, figures_folder):
    endpoint = Endpoint(standing_tenant, "moody", server_image(), "pvc://models/moody.pt",
                        minReplicas=2, stableWindowSeconds=6, panicWindowSeconds=3,
                        scaleDownDelaySeconds=3)
    digest = hashlib.sha256(model.read_bytes()).hexdigest()
    endpoint.change({"model": {"sha256": digest}})
    endpoint.until_ready()
    ordeal = ordeals.Ordeal(endpoint, kubeconfig)
    yield ordeal
    ordeals.print_table(ordeal.figures)
    ordeals.write_figures(figures_folder, ordeal.figures)


@pytest.fixture(name="second_node", scope="module")
def another_real_node(machine):
    """Berth's own pods stay on the first: only replicas run there."""
    archive, = [path for path in installed.image_archives() if path.stem == "berth-server"]
    with machine.joined([archive]) as name:
        yield name


def refused(ordeal, mood, **headers):
    """The error that an input of this mood is answered with: (code, text, Retry-After or None)."""
    with pytest.raises(urllib.error.HTTPError) as error:
        ordeal.endpoint.ask(body=question(mood), **headers)
    return (error.value.code, error.value.read().decode(), error.value.headers.get("Retry-After"))


def words(item):
    """All that the endpoint's conditions say."""
    return " ".join(one.get("message", "") for one in item["status"]["conditions"])


def nodes_of(endpoint):
    return sorted(pod["spec"].get("nodeName", "") for pod in endpoint.pods().values())


@contextlib.contextmanager
def cordoned(client, node):
    client.merge(f"/api/v1/nodes/{node}", {"spec": {"unschedulable": True}})
    try:
        yield
    finally:
        client.merge(f"/api/v1/nodes/{node}", {"spec": {"unschedulable": None}})


def spread(ordeal, client, node):
    """One replica on each node."""
    endpoint = ordeal.endpoint
    endpoint.change({"scaling": {"minReplicas": 1}})
    ordeal.until_settled(1)
    with cordoned(client, installed.NODE):
        endpoint.change({"scaling": {"minReplicas": 2}})
        ordeal.until_settled(2)
    assert nodes_of(endpoint) == [installed.NODE, node]


def test_a_replica_that_is_killed(ordeal):
    with ordeal.fault("replica killed") as suffered:
        endpoint = ordeal.endpoint
        victim = next(iter(endpoint.pods()))
        assert installed.crash(victim, "worker", endpoint.tenant.name)
        endpoint.until(lambda item: item["status"]["replicas"]["ready"] == 1, what="one ready")
        ordeal.until_settled()
        suffered.recovered()
    assert suffered.lost == []


def test_a_router_that_is_killed(ordeal):
    """What it had in flight is cut, and kube-proxy leads to it until kubelet knows; clients connect
    again."""
    with ordeal.fault("router killed", patient=True) as suffered:
        client, namespace = ordeal.endpoint.tenant.client, ordeal.endpoint.tenant.name
        routers = f"{kube.pods(namespace)}?labelSelector=app.kubernetes.io/name%3Dberth-router"
        victim = client.get(routers)["items"][0]["metadata"]["name"]
        assert installed.crash(victim, "router", namespace)
        path = f"{kube.pods(namespace)}/{victim}"
        client.until(path, lambda pod: any(one["restartCount"] > 0 and one["ready"] for one in
                                           pod["status"]["containerStatuses"]), 60, "again")
        suffered.recovered()
    assert suffered.lost == []


def test_an_operator_that_is_killed(ordeal, machine):
    """A change of the endpoint that arrives meanwhile is done by the next leader."""
    with ordeal.fault("operator killed") as suffered:
        machine.leader().kill()
        ordeal.endpoint.change({"scaling": {"minReplicas": 3}})
        ordeal.until_settled(3)
        suffered.recovered()
        ordeal.endpoint.change({"scaling": {"minReplicas": 2}})
        ordeal.until_settled(2)
    assert suffered.lost == []


def test_an_api_server_that_is_away(ordeal, machine):
    with ordeal.fault("API server away") as suffered:
        with machine.component("apiserver").paused():
            threading.Event().wait(OUTAGE_SECONDS)  # the fault itself
        ordeal.until_settled()
        suffered.recovered()
    assert suffered.lost == []


def test_a_model_file_that_is_corrupt(ordeal, model):
    """Those that serve have it in memory; the next that starts says what is wrong."""
    whole = model.read_bytes()
    with ordeal.fault("model file corrupt") as suffered:
        endpoint = ordeal.endpoint
        try:
            model.write_bytes(whole[:len(whole) // 2])
            victim, pod = next(iter(endpoint.pods().items()))
            endpoint.tenant.client.remove_now(endpoint.tenant.pod(victim))
            stalled = endpoint.until(kube.holds("Stalled"), what="stalled")
            assert "its SHA-256 is" in kube.condition(stalled, "Stalled")[2]
            suffered.load.until_answers(20)
        finally:
            model.write_bytes(whole)
        job = pod["metadata"]["labels"]["berth.dev/job"]
        endpoint.tenant.client.remove_now(endpoint.tenant.job(job))  # and not a minute later
        ordeal.until_settled()
        suffered.recovered()
    assert suffered.lost == []


def test_an_input_that_the_model_refuses(ordeal):
    """Only who sent it is told so, although requests are computed together."""
    with ordeal.fault("model raises") as suffered:
        for _ in range(5):
            code, text, _ = refused(ordeal, moody.RAISES)
            assert code == 500 and "not in the mood" in text
        suffered.recovered()
    assert suffered.lost == []


def test_a_device_without_memory(ordeal):
    with ordeal.fault("device memory exhausted") as suffered:
        code, text, retry_after = refused(ordeal, moody.WANTS_TOO_MUCH)
        assert code == 503 and "memory" in text and retry_after == "1"
        suffered.recovered()
    assert suffered.lost == []


def test_an_input_that_kills_the_replica(ordeal):
    """It is sent again once, and takes two of three with it; what was in flight there with it may
    be lost, one request of each client."""
    endpoint = ordeal.endpoint
    endpoint.change({"scaling": {"minReplicas": 3}})
    with ordeal.fault("input kills the replica", replicas=3) as suffered:
        code, _, _ = refused(ordeal, moody.EATS_ALL_MEMORY)
        assert code in (502, 504)
        ordeal.until_settled(3)
        suffered.recovered()
    endpoint.change({"scaling": {"minReplicas": 2}})
    ordeal.until_settled(2)
    assert len(suffered.lost) <= CLIENTS


def test_a_slow_model(ordeal):
    """Who waits less long than it takes is told in time, who waits longer is answered."""
    with ordeal.fault("slow model") as suffered:
        until = time.monotonic() + SLOW_SECONDS
        while time.monotonic() < until:
            begun = time.monotonic()
            code, _, _ = refused(ordeal, moody.SLOW, **{"berth-timeout-milliseconds": "50"})
            assert code == 504 and time.monotonic() - begun < 1
            ordeal.endpoint.ask(body=question(moody.SLOW))
        suffered.recovered()
    assert suffered.lost == []


def test_an_image_that_is_missing(ordeal):
    with ordeal.fault("image missing") as suffered:
        endpoint = ordeal.endpoint
        endpoint.change({"worker": {"image": NO_IMAGE}})
        try:
            endpoint.until(lambda item: "localhost/none" in words(item), what="named")
            suffered.load.until_answers(20)
        finally:
            endpoint.change({"worker": {"image": server_image()}})
        ordeal.until_settled()
        suffered.recovered()
    assert suffered.lost == []


def test_a_quota_that_is_withdrawn(ordeal):
    """What serves goes on as long as nobody else is owed its devices; nothing new starts."""
    with ordeal.fault("quota withdrawn") as suffered:
        endpoint = ordeal.endpoint
        set_quota(endpoint.tenant, 0)
        try:
            endpoint.change({"scaling": {"minReplicas": 3}})
            endpoint.until(lambda item: kube.condition(item, "Admitted")[1] == "OverQuota",
                           what="over quota")
            suffered.load.until_answers(20)
        finally:
            set_quota(endpoint.tenant, DEVICES)
        ordeal.until_settled(3)
        suffered.recovered()
        endpoint.change({"scaling": {"minReplicas": 2}})
        ordeal.until_settled(2)
    assert suffered.lost == []


def set_quota(tenant, devices):
    body = quota(tenant.name, [tenant.name], devices, REAL_CLASS)
    tenant.client.merge(kube.quota(tenant.name), {"spec": body["spec"]})


def test_a_node_that_is_drained(ordeal, berth, second_node):
    spread(ordeal, berth, second_node)
    with ordeal.fault("node drained") as suffered:
        installed.run("kubectl", "drain", second_node, "--force", "--delete-emptydir-data",
                      "--ignore-daemonsets", "--timeout=60s")
        ordeal.until_settled()
        suffered.recovered()
    installed.run("kubectl", "uncordon", second_node)
    assert nodes_of(ordeal.endpoint) == [installed.NODE] * 2
    assert suffered.lost == []


def test_a_node_that_is_lost(ordeal, berth, machine, second_node):
    """Nobody says goodbye: what is in flight there may be lost, one request of each client."""
    spread(ordeal, berth, second_node)
    endpoint, tenant = ordeal.endpoint, ordeal.endpoint.tenant
    there, = [name for name, pod in endpoint.pods().items()
              if pod["spec"]["nodeName"] == second_node]
    with ordeal.fault("node lost") as suffered:
        machine.lose(second_node)
        endpoint.until(lambda item: item["status"]["replicas"]["ready"] == 1, what="one ready")
        endpoint.until_replicas(2)
        suffered.recovered()
        tenant.until_used(3, REAL_CLASS)  # nobody knows yet that its pod is gone
        # Now an administrator says so.
        tenant.client.remove_now(f"{tenant.pod(there)}?gracePeriodSeconds=0")
        tenant.until_used(2, REAL_CLASS)
    assert len(suffered.lost) <= CLIENTS

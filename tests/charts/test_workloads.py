"""The cluster's own controllers under the policies: what they create is gated and works on."""

import api
import pytest
from pods import GATE, MANAGED, PREFIX, gates, pod

PODS = f"/api/v1/namespaces/{MANAGED}/pods"
APPS = f"/apis/apps/v1/namespaces/{MANAGED}"
BATCH = f"/apis/batch/v1/namespaces/{MANAGED}"


def template(annotations=None, **spec):
    body = pod(devices=1, **spec)
    return {"metadata": {"labels": {"app": "w"}, "annotations": annotations or {}},
            "spec": body["spec"]}


def workload(name, template_body, **spec):
    return {"metadata": {"name": name}, "spec": {
        "selector": {"matchLabels": {"app": "w"}}, "template": template_body, **spec}}


def pods_of(world, kind):
    items = world.admin.get(PODS)["items"]
    return [item for item in items
            if item["metadata"].get("ownerReferences", [{}])[0].get("kind") == kind]


def delete(world, path):
    world.admin.call("DELETE", path, {"propagationPolicy": "Foreground"})
    assert api.eventually(lambda: not world.admin.exists(path))


@pytest.mark.parametrize("path, body, owner_kind, count", [
    (f"{APPS}/deployments", workload("deployment", template(), replicas=2), "ReplicaSet", 2),
    (f"{APPS}/statefulsets", workload("stateful", template(), serviceName="w"), "StatefulSet", 1),
    (f"{BATCH}/jobs", {"metadata": {"name": "job"}, "spec": {
        "parallelism": 3, "completions": 3, "template": template(restartPolicy="Never")}},
     "Job", 3)],
    ids=["Deployment", "StatefulSet", "Job"])
def test_pods_of_controllers_wait_for_admission(world, path, body, owner_kind, count):
    world.alice.create(path, body)
    created = api.eventually(lambda: len(pods_of(world, owner_kind)) == count
                             and pods_of(world, owner_kind))
    assert created
    for made in created:
        assert gates(made) == [GATE] and made["spec"]["schedulerName"] == "berth"
    delete(world, f"{path}/{body['metadata']['name']}")
    assert api.eventually(lambda: not pods_of(world, owner_kind))


def test_a_job_goes_on_after_its_pod_was_admitted(world):
    """The controllers patch pods, too: the Job's removes its finalizer once it has counted one."""
    world.alice.create(f"{BATCH}/jobs", {"metadata": {"name": "counted"}, "spec": {
        "template": template(restartPolicy="Never")}})
    made, = api.eventually(lambda: pods_of(world, "Job"))
    path = f"{PODS}/{made['metadata']['name']}"
    world.operator.merge(path, {"metadata": {"annotations": {"berth.dev/plan": "n1"}}})
    world.operator.merge(path, {"spec": {"schedulingGates": []}})
    world.admin.merge(f"{path}/status", {"status": {"phase": "Succeeded"}})

    def complete():
        status = world.admin.get(f"{BATCH}/jobs/counted").get("status", {})
        return any(item["type"] == "Complete" and item["status"] == "True"
                   for item in status.get("conditions", []))
    assert api.eventually(complete)
    assert "finalizers" not in world.admin.get(path)["metadata"]
    delete(world, f"{BATCH}/jobs/counted")


def test_a_forged_template_creates_nothing_and_says_why(world):
    path = f"{APPS}/deployments"
    world.alice.create(path, workload("forged", template({"berth.dev/plan": "n1"})))

    def failure():
        conditions = world.admin.get(f"{path}/forged").get("status", {}).get("conditions", [])
        return [item["message"] for item in conditions if item["type"] == "ReplicaFailure"]
    message, = api.eventually(failure)
    assert "metadata.annotations: only Berth's operator sets" in message
    assert not pods_of(world, "ReplicaSet")
    delete(world, f"{path}/forged")


def test_a_daemon_set_is_its_nodes(world):
    """Its pods are pinned by the controller and cannot wait; they are counted, not gated."""
    node = f"{PREFIX}-daemon"
    world.admin.create("/api/v1/nodes", {"metadata": {"name": node}})
    world.alice.create(f"{APPS}/daemonsets", workload("daemon", template()))
    created = api.eventually(lambda: [item for item in pods_of(world, "DaemonSet")
                                      if node in str(item["spec"]["affinity"])])
    world.admin.remove(f"/api/v1/nodes/{node}")
    assert created and gates(created[0]) == []
    assert created[0]["spec"]["schedulerName"] == "default-scheduler"
    delete(world, f"{APPS}/daemonsets/daemon")

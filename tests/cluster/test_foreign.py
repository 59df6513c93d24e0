"""Accelerator pods that Berth did not create: gated, admitted, pinned, counted; tricks refused."""

import pytest

import client as kube
from objects import batch_job, container, deployment, devices_of, gated, pod


def pinned_node(item):
    """The node that every selector term of the pod names as metadata.name; None without one."""
    required = (item["spec"].get("affinity", {}).get("nodeAffinity", {})
                .get("requiredDuringSchedulingIgnoredDuringExecution", {}))
    names = {tuple(field["values"]) for term in required.get("nodeSelectorTerms", [])
             for field in term.get("matchFields", []) if field["key"] == "metadata.name"}
    return names.pop()[0] if len(names) == 1 else None


def running(item):
    return kube.phase("Running")(item)


POD_KINDS = {
    "a plain container": pod("work", container(devices=2)),
    "an init container": pod("work", container(), initContainers=[
        container("prepare", devices=2)]),
    "a sidecar": pod("work", container(), initContainers=[
        container("beside", devices=2, restartPolicy="Always")]),
}


@pytest.mark.parametrize("what", POD_KINDS)
def test_a_bare_pod_is_gated_then_admitted(tenant, what):
    tenant.start(2)
    created = tenant.create_pod(POD_KINDS[what])
    assert gated(created) and created["spec"]["schedulerName"] == "berth"
    assert devices_of(created) == 2
    seen = tenant.client.until(tenant.pod("work"), running, what="running")
    assert not gated(seen)
    assert pinned_node(seen) == seen["spec"]["nodeName"]
    tenant.until_used(2)
    tenant.client.remove(tenant.pod("work"))
    tenant.until_used(0)


def test_a_bare_pod_over_quota_stays_gated_until_there_is_room(tenant):
    tenant.start(1)
    tenant.create_pod(pod("first"))
    tenant.client.until(tenant.pod("first"), running, what="running")
    tenant.create_pod(pod("second", container(devices=1, run_seconds=1)))
    tenant.client.until_all(
        f"/apis/events.k8s.io/v1/namespaces/{tenant.name}/events",
        lambda events: any(e["regarding"]["name"] == "second" and e["reason"] == "OverQuota"
                           for e in events.values()), what="told by an event")
    assert gated(tenant.client.get(tenant.pod("second")))
    tenant.client.remove(tenant.pod("first"))
    tenant.client.until(tenant.pod("second"), kube.phase("Succeeded"), what="finished")
    tenant.until_used(0)


def test_a_deployment_and_a_batch_job_run_within_the_quota(tenant):
    tenant.start(4)
    apps, batch = (f"/apis/{group}/v1/namespaces/{tenant.name}/{plural}"
                   for group, plural in (("apps", "deployments"), ("batch", "jobs")))
    tenant.client.create(apps, deployment("serve", 2, container(devices=1)))
    tenant.client.create(batch, batch_job("train", 4, container(devices=1, run_seconds=1)))
    tenant.client.until(f"{batch}/train",
                        lambda item: item["status"].get("succeeded") == 4, what="complete")
    tenant.client.until(f"{apps}/serve",
                        lambda item: item["status"].get("readyReplicas") == 2, what="ready")
    tenant.until_used(2)
    tenant.client.remove(f"{apps}/serve?propagationPolicy=Background")
    tenant.until_used(0)


def test_a_group_is_admitted_together(tenant):
    tenant.start(4)
    labels = {"berth.dev/group": "pair", "berth.dev/group-size": "2"}
    tenant.create_pod(pod("pair-0", container(devices=2), labels=labels))
    tenant.create_pod(pod("alone", container(devices=1)))
    tenant.client.until(tenant.pod("alone"), running, what="running")
    assert gated(tenant.client.get(tenant.pod("pair-0")))  # its other half is not there yet
    tenant.create_pod(pod("pair-1", container(devices=1), labels=labels))
    for name in ("pair-0", "pair-1"):
        tenant.client.until(tenant.pod(name), running, what="running")
    tenant.until_used(4)


def test_tricks_are_refused(tenant):
    tenant.start(1)
    forged = pod("forged", annotations={"berth.dev/plan": "fake-0001"})
    direct = pod("direct", nodeName="fake-0001")
    other = pod("other", schedulerName="mine")
    claims = pod("claims", resourceClaims=[{"name": "c", "resourceClaimName": "c"}])
    for trick in (forged, direct, other, claims):
        with pytest.raises(kube.Refused) as refusal:
            tenant.create_pod(trick)
        assert refusal.value.code in (403, 422), refusal.value
    # One device, one running pod: what follows has to wait at the gate, where a user may not go.
    tenant.create_pod(pod("first"))
    tenant.client.until(tenant.pod("first"), running, what="running")
    tenant.create_pod(pod("waiting"))
    waiting = tenant.pod("waiting")
    for patch in ({"spec": {"schedulingGates": []}},
                  {"metadata": {"annotations": {"berth.dev/plan": "fake-0001"}}}):
        with pytest.raises(kube.Refused) as refusal:
            tenant.client.merge(waiting, patch)
        assert refusal.value.code in (403, 422), refusal.value
    with pytest.raises(kube.Refused):
        tenant.client.merge(f"/api/v1/namespaces/{tenant.name}",
                            {"metadata": {"labels": {"berth.dev/quota": None}}})
    assert gated(tenant.client.get(waiting))

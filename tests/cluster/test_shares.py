"""Devices that are cut: a job gets the smallest share that has as much, on a node that has it."""

import pytest

import client as kube
from objects import gpujob

CLASS = "example-cut"
SHARE = "nvidia.com/mig-1g.18gb"
SHARE_CLASS = f"{CLASS}/mig-1g.18gb"
LABEL = "example.com/cut"
POOL = f"{kube.BERTH}/capacitypools/cut"


def pool():
    shares = [{"resource": SHARE, "memory": "18Gi", "computePercent": 14}]
    return {"apiVersion": "berth.dev/v1alpha1", "kind": "CapacityPool", "metadata": {"name": "cut"},
            "spec": {"nodeSelector": {LABEL: "yes"}, "class": CLASS, "resource": "nvidia.com/gpu",
                     "shares": shares}}


def offer(berth, node, whole, shares):
    """What the node's device plugin would report."""
    amounts = {"nvidia.com/gpu": str(whole), SHARE: None if shares is None else str(shares)}
    berth.merge(f"/api/v1/nodes/{node}/status",
                {"status": {"capacity": amounts, "allocatable": amounts}})


@pytest.fixture(name="cut")
def node_that_is_cut(berth):
    """The first fake node, its devices cut in seven."""
    name = min(item["metadata"]["name"] for item in berth.get("/api/v1/nodes")["items"]
               if item["metadata"].get("annotations", {}).get("kwok.x-k8s.io/node"))
    before = int(berth.get(f"/api/v1/nodes/{name}")["status"]["capacity"]["nvidia.com/gpu"])
    offer(berth, name, 0, 7 * before)
    berth.merge(f"/api/v1/nodes/{name}", {"metadata": {"labels": {LABEL: "yes"}}})
    yield name
    berth.remove_now(POOL)
    berth.merge(f"/api/v1/nodes/{name}", {"metadata": {"labels": {LABEL: None}}})
    offer(berth, name, before, None)


def share_job(name, memory, percent, devices=1):
    job = gpujob(name, devices=devices, device_class=CLASS)
    job["spec"]["worker"]["devices"][0]["share"] = {"memory": memory, "computePercent": percent}
    return job


def test_a_job_runs_on_shares_of_a_cut_node_and_is_charged_for_them(berth, tenant, cut):
    berth.create(f"{kube.BERTH}/capacitypools", pool())
    tenant.start(4, SHARE_CLASS)
    tenant.submit(share_job("small", "10Gi", 10, devices=2), share_job("large", "40Gi", 40))
    job = tenant.until_job("small", kube.holds("Ready"), what="Ready")
    assert job["status"]["placement"]["workers"] == [
        {"cluster": "", "node": cut, "class": SHARE_CLASS, "count": 2}]
    limits = tenant.client.get(tenant.pod("small-1-0"))["spec"]["containers"][0]["resources"]
    assert limits["limits"][SHARE] == "2"
    tenant.until_used(2, SHARE_CLASS)
    berth.until(POOL, lambda item: [one["allocated"] for one in
                                    item.get("status", {}).get("shares", [])] == [2],
                what="counted")
    held = tenant.until_job("large", lambda item: kube.condition(item, "Admitted")[1] ==
                            "NoSuchDevice", what="held")
    assert ("the largest that a CapacityPool names is mig-1g.18gb"
            in kube.condition(held, "Admitted")[2])
    for name in ("small", "large"):
        tenant.client.remove(tenant.job(name))
    tenant.until_used(0, SHARE_CLASS)

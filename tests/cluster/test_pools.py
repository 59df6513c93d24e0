"""A CapacityPool gives its nodes a class and says what they have."""

import pytest

import client as kube
from objects import FAKE_CLASS, gpujob

CLASS = "example-pooled"
LABEL = "example.com/pooled"
POOLS = f"{kube.BERTH}/capacitypools"


def pool(name, selector, **spec):
    return {"apiVersion": "berth.dev/v1alpha1", "kind": "CapacityPool", "metadata": {"name": name},
            "spec": {"nodeSelector": selector, "class": CLASS, "resource": "nvidia.com/gpu",
                     **spec}}


def ready(item):
    return kube.condition(item, "Ready")[:2]


@pytest.fixture(name="pooled")
def nodes_of_a_pool(berth):
    """The two fake nodes that are taken last, by their label."""
    names = sorted(item["metadata"]["name"] for item in berth.get("/api/v1/nodes")["items"]
                   if item["metadata"].get("annotations", {}).get("kwok.x-k8s.io/node"))[-2:]
    for name in names:
        berth.merge(f"/api/v1/nodes/{name}", {"metadata": {"labels": {LABEL: "yes"}}})
    yield names
    for name in ("pooled", "younger"):
        berth.remove_now(f"{POOLS}/{name}")
    for name in names:
        berth.merge(f"/api/v1/nodes/{name}", {"metadata": {"labels": {LABEL: None}}})


def test_work_for_a_pools_class_runs_on_its_nodes_and_the_pool_counts_it(berth, tenant, pooled):
    berth.create(POOLS, pool("pooled", {LABEL: "yes"}, region="eu-north",
                             topology=["kubernetes.io/hostname"]))
    item = berth.until(f"{POOLS}/pooled", lambda one: ready(one) == ("True", "Available"),
                       what="available")
    assert item["status"]["capacity"] > 0
    tenant.start(4, CLASS)
    tenant.submit(gpujob("train", workers=2, devices=1, device_class=CLASS))
    job = tenant.until_job("train", kube.holds("Ready"), what="Ready")
    assert {one["node"] for one in job["status"]["placement"]["workers"]} <= set(pooled)
    berth.until(f"{POOLS}/pooled", lambda one: one["status"].get("allocated") == 2,
                what="counted")
    berth.create(POOLS, pool("younger", {LABEL: "yes"}))
    berth.until(f"{POOLS}/younger", lambda one: ready(one) == ("False", "Conflict"),
                what="refused its nodes")
    tenant.client.remove(tenant.job("train"))
    tenant.until_used(0, CLASS)


def test_work_that_tells_speeds_runs_where_it_costs_least(berth, tenant, pooled):
    berth.create(POOLS, pool("pooled", {LABEL: "yes"}))
    berth.until(f"{POOLS}/pooled", lambda one: ready(one) == ("True", "Available"),
                what="available")
    tenant.start(4, CLASS)
    limits = [{"class": CLASS, "guaranteed": 4}, {"class": FAKE_CLASS, "guaranteed": 4}]
    berth.merge(kube.quota(tenant.name), {"spec": {"limits": limits}})
    berth.until(kube.quota(tenant.name), lambda one: len(one["status"]["limits"]) == 2,
                what="counted by both classes")
    job = gpujob("train", device_class=FAKE_CLASS)
    job["spec"]["worker"]["devices"].append({"class": CLASS, "count": 1, "speedPercent": 300})
    tenant.submit(job)
    job = tenant.until_job("train", kube.holds("Ready"), what="Ready")
    assert job["status"]["placement"]["workers"][0]["node"] in pooled
    tenant.client.remove(tenant.job("train"))
    tenant.until_used(0, CLASS)


def test_work_that_may_runs_on_cpu_where_no_device_is_left(tenant):
    tenant.start(1)
    tenant.submit(gpujob("first", workers=1, devices=1))
    tenant.until_job("first", kube.holds("Ready"), what="Ready")
    second = gpujob("second", workers=1, devices=1)
    second["spec"]["worker"]["devices"].append({"class": "cpu"})
    second["spec"]["worker"]["resources"] = {"cpu": "1"}
    tenant.submit(second)
    # On any node, the one that has not its image among them.
    job = tenant.until_job("second", kube.holds("Admitted"), what="admitted on CPU")
    place = job["status"]["placement"]["workers"][0]
    assert place["class"] == "cpu"
    pod = tenant.client.until(tenant.pod("second-1-0"), lambda item: item and
                              item["spec"].get("nodeName"), 60, "bound")
    assert pod["spec"]["nodeName"] == place["node"]
    tenant.until_used(1)


def test_a_limit_of_one_region_is_for_the_nodes_of_its_pool(berth, tenant, pooled):
    berth.create(POOLS, pool("pooled", {LABEL: "yes"}, region="eu-north"))
    berth.until(f"{POOLS}/pooled", lambda one: ready(one) == ("True", "Available"),
                what="available")
    tenant.start(4, CLASS)
    limits = [{"class": CLASS, "guaranteed": 4},
              {"class": CLASS, "region": "eu-north", "guaranteed": 1}]
    berth.merge(kube.quota(tenant.name), {"spec": {"limits": limits}})
    tenant.submit(gpujob("first", workers=1, devices=1, device_class=CLASS))
    tenant.until_job("first", kube.holds("Ready"), what="Ready")
    tenant.submit(gpujob("second", workers=1, devices=1, device_class=CLASS))
    job = tenant.until_job("second", lambda one: "in eu-north, quota leaves 0" in
                           kube.condition(one, "Admitted")[2], what="held for the region")
    assert "placement" not in job.get("status", {})
    quota = berth.get(kube.quota(tenant.name))
    used = {one.get("region", ""): one["used"] for one in quota["status"]["limits"]}
    assert used == {"": 1, "eu-north": 1}
    tenant.client.remove(tenant.job("second"))
    tenant.client.remove(tenant.job("first"))
    berth.until(kube.quota(tenant.name), lambda one: all(entry["used"] == 0 for entry in
                                              one["status"]["limits"]), what="given back")

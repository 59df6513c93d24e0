"""Placement policies: where work may run, which policy wins, what a shadow reports."""

import client as kube
import pytest
from objects import FAKE_CLASS, gpujob

POLICIES = f"{kube.BERTH}/placementpolicies"
LABEL = "example.com/policy-test"


def policy(tenant, name, priority=0, mode="Enforce", value="here", operator="In"):
    term = {"nodeLabel": {"key": LABEL, "operator": operator}}
    if operator == "In":
        term["nodeLabel"]["values"] = [value]
    return {"apiVersion": "berth.dev/v1alpha1", "kind": "PlacementPolicy",
            "metadata": {"name": f"{tenant.name}-{name}"},
            "spec": {"mode": mode, "priority": priority, "match": {"namespaces": [tenant.name]},
                     "require": [term]}}


@pytest.fixture(name="labelled")
def one_labelled_node(berth):
    """The name of the one fake node that has the label."""
    nodes = [node for node in berth.get("/api/v1/nodes")["items"]
             if node["metadata"].get("labels", {}).get("nvidia.com/gpu.product") == "NVIDIA-L40S"]
    path = f"/api/v1/nodes/{nodes[-1]['metadata']['name']}"
    berth.merge(path, {"metadata": {"labels": {LABEL: "here"}}})
    yield nodes[-1]["metadata"]["name"]
    berth.merge(path, {"metadata": {"labels": {LABEL: None}}})


@pytest.fixture(name="apply")
def applied_policies(berth, tenant):
    """Applies policies, which are gone when the test is over."""
    made = []

    def apply(*args, **kwargs):
        item = berth.create(POLICIES, policy(tenant, *args, **kwargs))
        made.append(f"{POLICIES}/{item['metadata']['name']}")
        return made[-1]
    yield apply
    for path in made:
        berth.remove_now(path)


def nodes_of(job):
    return {worker["node"] for worker in job["status"]["placement"]["workers"]}


def test_work_runs_where_its_policy_says_and_a_change_acts_at_once(tenant, labelled, apply):
    tenant.start(4)
    path = apply("place", value="nowhere")
    tenant.client.until(path, lambda item: kube.condition(item, "Ready")[1] == "NoNode",
                        what="looked at")
    tenant.submit(gpujob("train", workers=2, devices=1))
    job = tenant.until_job("train", lambda item: kube.condition(item, "Admitted")[1] == "Policy",
                           what="held by the policy")
    assert path.rsplit("/", 1)[1] in kube.condition(job, "Admitted")[2]
    assert FAKE_CLASS in kube.condition(job, "Admitted")[2]
    term = {"nodeLabel": {"key": LABEL, "operator": "In", "values": ["here"]}}
    tenant.client.merge(path, {"spec": {"require": [term]}})
    job = tenant.until_job("train", kube.holds("Ready"), what="Ready")
    assert nodes_of(job) == {labelled}
    tenant.client.until(path, lambda item: item.get("status", {}).get("matched") == 1
                        and kube.condition(item, "Ready")[1] == "Enforced", what="counted")


def test_two_policies_that_exclude_each_other_say_so_and_the_higher_wins(tenant, labelled, apply):
    tenant.start(1)
    low = apply("low", operator="DoesNotExist")
    high = apply("high", priority=10)
    item = tenant.client.until(
        low, lambda item: kube.condition(item, "Conflicting")[1] == "Overruled", what="overruled")
    assert f"namespace {tenant.name}" in kube.condition(item, "Conflicting")[2]
    tenant.client.until(
        high, lambda item: kube.condition(item, "Conflicting")[1] == "Overrules", what="the winner")
    tenant.submit(gpujob("train"))
    assert nodes_of(tenant.until_job("train", kube.holds("Ready"), what="Ready")) == {labelled}


def test_a_shadow_changes_nothing_and_counts(tenant, labelled, apply):
    tenant.start(1)
    path = apply("shadow", mode="Shadow")
    tenant.client.until(path, kube.holds("Ready"), what="Ready")
    tenant.submit(gpujob("train"))
    job = tenant.until_job("train", kube.holds("Ready"), what="Ready")
    assert nodes_of(job) != {labelled}
    tenant.client.until(path, lambda item: item.get("status", {}).get("wouldChange") == 1,
                        what="counted")

"""Which HTTPRoutes the operator may write where a Gateway is set: those of InferenceEndpoints."""

import json

import api
import chart
import pytest
from pods import MANAGED

DEFINITIONS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
GROUP = "gateway.networking.k8s.io"
ROUTES = f"/apis/{GROUP}/v1/namespaces/{MANAGED}/httproutes"
# As much of the real definition as the rules look at.
DEFINITION = {
    "metadata": {"name": f"httproutes.{GROUP}",
                 "annotations": {"api-approved.kubernetes.io": "unapproved, for this test"}},
    "spec": {"group": GROUP, "scope": "Namespaced",
             "names": {"plural": "httproutes", "kind": "HTTPRoute"},
             "versions": [{"name": "v1", "served": True, "storage": True, "schema": {
                 "openAPIV3Schema": {"type": "object", "properties": {"spec": {
                     "type": "object", "x-kubernetes-preserve-unknown-fields": True}}}}}]}}


def route(change=lambda body: None):
    """What the operator writes (tests/golden), but for a change."""
    body = json.loads((chart.ROOT / "tests/golden/httproute.json").read_text())
    body["metadata"]["namespace"] = MANAGED
    change(body)
    return body


def owner(body):
    return body["metadata"]["ownerReferences"][0]


def backend(body):
    return body["spec"]["rules"][0]["backendRefs"][0]


def is_created(admin, body):
    """Admission hears of a new definition some seconds after all others."""
    try:
        return admin.create(ROUTES, body)
    except api.Refused as refusal:
        assert refusal.code in (404, 503), refusal
        return None


@pytest.fixture(scope="module", autouse=True)
def served(admin, world):
    """HTTPRoutes, and one of the operator's and one of somebody else's."""
    path = f"{DEFINITIONS}/httproutes.{GROUP}"
    if admin.exists(path):
        pytest.skip("this cluster has the Gateway API already")
    admin.create(DEFINITIONS, DEFINITION)
    try:
        foreign = route(lambda body: body["metadata"].update(name="foreign", ownerReferences=[]))
        assert api.eventually(lambda: is_created(admin, foreign)), "HTTPRoutes are not served"
        world.operator.create(ROUTES, route())
        yield
    finally:
        admin.remove(path)


def test_the_operator_may_write_the_route_of_an_endpoint(world):
    change = {"spec": {"hostnames": ["other.example.com"]}}
    world.operator.merge(f"{ROUTES}/digits", change, dry_run=True)
    with pytest.raises(api.Refused, match="write fenced"):
        world.follower.merge(f"{ROUTES}/digits", change, dry_run=True)


@pytest.mark.parametrize("change, why", [
    (lambda body: body["metadata"].update(ownerReferences=[]), "of InferenceEndpoints only"),
    (lambda body: owner(body).update(kind="GpuJob"), "of InferenceEndpoints only"),
    (lambda body: owner(body).update(controller=False), "of InferenceEndpoints only"),
    (lambda body: body["metadata"].update(name="shop"), "of InferenceEndpoints only"),
    (lambda body: backend(body).update(name="database"), "the Service of their InferenceEndpoint"),
    (lambda body: backend(body).update(namespace="kube-system"), "the Service of their Inference"),
    (lambda body: backend(body).update(kind="Backend"), "the Service of their InferenceEndpoint")],
    ids=["nobody's", "of a job", "not its own", "name", "service", "namespace", "kind"])
def test_the_operator_may_write_no_other(world, change, why):
    with pytest.raises(api.Refused, match=why):
        world.operator.create(ROUTES, route(change), dry_run=True)


def test_the_operator_may_not_touch_somebody_elses(world):
    theirs = {"metadata": {"ownerReferences": [{**owner(route()), "name": "foreign"}]}}
    with pytest.raises(api.Refused, match="of InferenceEndpoints only"):
        world.operator.merge(f"{ROUTES}/foreign", theirs, dry_run=True)
    with pytest.raises(api.Refused, match="cannot delete"):
        world.operator.remove(f"{ROUTES}/foreign")

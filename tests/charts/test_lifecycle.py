"""Install, upgrade, uninstall, install again: on an API server of its own, which it wears out.

An API server that has seen a policy's parameter go never sees it again until it is restarted
(kubernetes/kubernetes#130887), so this cannot share the cluster of the other tests.
"""

import api
import chart
import pytest
from conftest import LEASE, QUOTA_LABEL, hold_lease, install, helm, local_cluster, namespace
from conftest import operator_pods, token
from pods import pod

PORT_BASE = 7420
LABEL = "labelSelector=app.kubernetes.io/name=berth"
DEFINITIONS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
LISTS = [DEFINITIONS] + [f"/apis/admissionregistration.k8s.io/v1/{kind}" for kind in (
    "validatingadmissionpolicies", "validatingadmissionpolicybindings",
    "mutatingadmissionpolicies", "mutatingadmissionpolicybindings")] + [
    "/apis/apps/v1/deployments", "/apis/policy/v1/poddisruptionbudgets",
    "/apis/networking.k8s.io/v1/networkpolicies", "/apis/scheduling.k8s.io/v1/priorityclasses",
    "/apis/coordination.k8s.io/v1/leases"] + [
    f"/apis/rbac.authorization.k8s.io/v1/{kind}" for kind in (
        "clusterroles", "clusterrolebindings", "roles", "rolebindings")] + [
    f"/api/v1/{kind}" for kind in ("configmaps", "serviceaccounts", "services", "pods")]


@pytest.fixture(scope="module", name="kubeconfig")
def own_cluster(tmp_path_factory):
    with local_cluster(tmp_path_factory.mktemp("lifecycle"), PORT_BASE) as path:
        yield path


@pytest.fixture(scope="module", name="admin")
def administrator(kubeconfig):
    admin = api.Api(kubeconfig)
    admin.create("/api/v1/namespaces", namespace(chart.NAMESPACE))
    return admin


def left_behind(admin):
    """What is still there with Berth's label, apart from pods that are about to go."""
    found = []
    for path in LISTS:
        items = admin.get(f"{path}?{LABEL}")["items"]
        found += [f"{path}/{item['metadata']['name']}" for item in items]
    return found


def lead(admin):
    """Makes one of the operator's pods the leader and gives its identity."""
    chosen = operator_pods(admin)[0]
    hold_lease(admin, chosen["metadata"]["name"])
    return admin.with_token(token(admin, "berth-operator", chosen))


def test_upgrade_changes_what_it_is_told_and_keeps_the_lease(kubeconfig, admin):
    install(kubeconfig)
    lead(admin)
    holder = admin.get(f"{LEASE}/berth-operator")["spec"]["holderIdentity"]
    install(kubeconfig, "extender.bind=false")
    config = admin.get(f"/api/v1/namespaces/{chart.NAMESPACE}/configmaps/berth-scheduler")
    assert "bindVerb" not in config["data"]["config.yaml"]
    assert admin.get(f"{LEASE}/berth-operator")["spec"]["holderIdentity"] == holder


def test_tiers_come_with_their_definition_and_belong_to_the_next_release(kubeconfig, admin):
    """Helm knows no kind that the same release defines: on installation they are a hook."""
    def promised():
        return {tier["metadata"]["name"]: tier["spec"]["deviceTimePercent"]
                for tier in admin.get("/apis/berth.dev/v1alpha1/slatiers")["items"]}
    assert promised() == {"premium": 95, "standard": 70, "spot": 0}
    install(kubeconfig, "slaTiers.tiers.spot=null", "slaTiers.tiers.standard.deviceTimePercent=60")
    assert promised() == {"premium": 95, "standard": 60}


def test_uninstall_keeps_the_definitions_and_nothing_else(kubeconfig, admin):
    helm(kubeconfig, "uninstall", "berth")

    def only_definitions():
        return all("customresourcedefinitions" in path for path in left_behind(admin))
    assert api.eventually(only_definitions), left_behind(admin)
    assert len(left_behind(admin)) == 7


def test_a_second_installation_works_although_the_fence_is_blind(kubeconfig, admin):
    """Neither everybody's pods nor the operator may depend on a Lease that is seen no more."""
    install(kubeconfig, "crds.keep=false")
    operator = lead(admin)

    def other_policies_are_in_force():
        try:
            admin.create("/api/v1/namespaces/default/pods",
                         pod(annotations={"berth.dev/plan": "n1"}), dry_run=True)
        except api.Refused as refusal:
            return "metadata.annotations" in refusal.message
        return False
    assert api.eventually(other_policies_are_in_force)
    admin.create("/api/v1/namespaces/default/pods", pod(), dry_run=True)

    def operator_may_write():
        """What the fence sees of the Lease is a cache: at first perhaps one without a holder."""
        try:
            operator.merge("/api/v1/namespaces/default", QUOTA_LABEL, dry_run=True)
        except api.Refused as refusal:
            assert 'is held by ""' in refusal.message, refusal
            return False
        return True
    assert api.eventually(operator_may_write)


def read_every_kind(admin):
    """Reads each of Berth's kinds once, as a running operator does.

    The API server makes the storage of a kind on the first request. If that is the clean-up of the
    definition itself, it may fail with "storage is (re)initializing", and the second attempt, by a
    stale copy, is given up without a trace: then the definition goes at the next resync, after up
    to five minutes (operator-framework/operator-controller#1437).
    """
    def all_answer():
        try:
            for definition in admin.get(f"{DEFINITIONS}?{LABEL}")["items"]:
                admin.get(f"/apis/berth.dev/v1alpha1/{definition['spec']['names']['plural']}")
        except api.Refused:
            return False
        return True
    assert api.eventually(all_answer)


def test_uninstall_without_keep_leaves_nothing(kubeconfig, admin):
    read_every_kind(admin)
    helm(kubeconfig, "uninstall", "berth")
    assert api.eventually(lambda: not left_behind(admin), limit_s=90), left_behind(admin)

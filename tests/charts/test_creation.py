"""Who may create which pod, and what becomes of it: policies gate, route, pods and authority."""

import api
import chart
import pytest
from pods import (FREE, GATE, MANAGED, PREFIX, container, gated, gates, in_zone, owner, pinned,
                  pod)

CLAIM = [{"name": "device", "resourceClaimName": "claim"}]
NODE = f"{PREFIX}-node"


def create(client, where, body):
    return client.create(f"/api/v1/namespaces/{where}/pods", body, dry_run=True)


# what, who, where, pod, gates, scheduler
ACCEPTED = [
    ("a device in a container", "alice", MANAGED, pod(devices=1), [GATE], "berth"),
    ("an administrator's pod", "admin", MANAGED, pod(devices=8), [GATE], "berth"),
    ("another vendor's device", "alice", MANAGED, pod(devices=2, resource="huawei.com/Ascend910"),
     [GATE], "berth"),
    ("a device in an init container", "alice", MANAGED,
     pod(initContainers=[container("init", devices=1)]), [GATE], "berth"),
    ("a device in a sidecar", "alice", MANAGED,
     pod(initContainers=[container("side", devices=1, restartPolicy="Always")]), [GATE], "berth"),
    ("a gate that is there", "alice", MANAGED, gated(), [GATE], "berth"),
    ("a gate of somebody else", "alice", MANAGED,
     pod(devices=1, schedulingGates=[{"name": "example.com/wait"}]),
     ["example.com/wait", GATE], "berth"),
    ("Berth's scheduler by name", "alice", MANAGED, pod(devices=1, schedulerName="berth"),
     [GATE], "berth"),
    ("a zone to be in", "alice", MANAGED, pod(devices=1, affinity=in_zone("a")), [GATE], "berth"),
    ("a group", "alice", MANAGED,
     pod(devices=1, labels={"berth.dev/group": "g", "berth.dev/group-size": "4"}), [GATE], "berth"),
    ("an owner of another kind", "alice", MANAGED,
     pod(devices=1, owners=[owner("ReplicaSet", "apps/v1")]), [GATE], "berth"),
    ("no device", "alice", MANAGED, pod(devices=None), [], "default-scheduler"),
    ("zero devices", "alice", MANAGED, pod(devices=0), [], "default-scheduler"),
    ("an unmanaged resource", "alice", MANAGED, pod(devices=1, resource="example.com/nic"),
     [], "default-scheduler"),
    ("no device and a node", "alice", MANAGED, pod(nodeName="n1"), [], "default-scheduler"),
    ("no device and another scheduler", "alice", MANAGED, pod(schedulerName="other"), [], "other"),
    ("a worker by the operator", "operator", MANAGED,
     pod(devices=1, owners=[owner()], schedulerName="berth", priorityClassName="berth-workload",
         labels={"berth.dev/job": "train"}), [], "berth"),
    ("a DaemonSet's pod", "daemonsets", MANAGED, pod(devices=1, affinity=pinned()),
     [], "default-scheduler"),
    ("a DaemonSet's pod with a claim", "daemonsets", MANAGED, pod(resourceClaims=CLAIM),
     [], "default-scheduler"),
    ("a device without a Quota", "alice", FREE, pod(devices=1), [], "berth"),
    ("another scheduler without a Quota", "alice", FREE, pod(devices=1, schedulerName="other"),
     [], "other"),
    ("a DaemonSet's pod without a Quota", "daemonsets", FREE, pod(devices=1),
     [], "default-scheduler"),
    ("no device without a Quota", "alice", FREE, pod(), [], "default-scheduler"),
    ("a node without a Quota", "alice", FREE, pod(devices=1, nodeName="n1"), [], "berth"),
    ("a claim without a Quota", "alice", FREE, pod(resourceClaims=CLAIM), [], "default-scheduler"),
    ("an exempt namespace", "alice", "kube-system", pod(devices=1, nodeName="n1"),
     [], "default-scheduler"),
]


@pytest.mark.parametrize("who, where, body, gates_wanted, scheduler",
                         [row[1:] for row in ACCEPTED], ids=[row[0] for row in ACCEPTED])
def test_accepted(world, who, where, body, gates_wanted, scheduler):
    made = create(getattr(world, who), where, body)
    assert gates(made) == gates_wanted
    assert made["spec"]["schedulerName"] == scheduler


# what, who, where, pod, message
REFUSED = [
    ("a node", "alice", MANAGED, pod(devices=1, nodeName="n1"), "spec.nodeName: a pod with"),
    ("a node, by an administrator", "admin", MANAGED, pod(devices=1, nodeName="n1"),
     "spec.nodeName: a pod with"),
    ("another scheduler", "alice", MANAGED, pod(devices=1, schedulerName="default"),
     "spec.schedulerName: accelerators in a namespace with a Quota"),
    ("a claim", "alice", MANAGED, pod(devices=1, resourceClaims=CLAIM), "spec.resourceClaims: "),
    ("a claim without devices", "alice", MANAGED, pod(resourceClaims=CLAIM),
     "spec.resourceClaims: claims are not counted"),
    ("a device class", "alice", MANAGED,
     pod(devices=1, resource="deviceclass.resource.kubernetes.io/gpu.example.com"),
     "resources.limits: a device class is not counted"),
    ("a device class in an init container", "alice", MANAGED,
     pod(initContainers=[container("i", 1, "deviceclass.resource.kubernetes.io/gpu.example.com")]),
     "resources.limits: a device class is not counted"),
    ("a pin", "alice", MANAGED, pod(devices=1, affinity=pinned()),
     "spec.affinity.nodeAffinity: matchFields pins"),
    ("half a group", "alice", MANAGED, pod(devices=1, labels={"berth.dev/group": "g"}),
     "berth.dev/group and berth.dev/group-size belong together"),
    ("an empty group", "alice", MANAGED,
     pod(devices=1, labels={"berth.dev/group": "g", "berth.dev/group-size": "0"}),
     "berth.dev/group-size is the number of pods"),
    ("a forged plan", "alice", MANAGED, pod(devices=1, annotations={"berth.dev/plan": "n1"}),
     "metadata.annotations: only Berth's operator"),
    ("a forged plan, by an administrator", "admin", MANAGED,
     pod(devices=1, annotations={"berth.dev/plan": "n1"}), "metadata.annotations: only Berth's"),
    ("a forged plan in a DaemonSet", "daemonsets", MANAGED,
     pod(devices=1, annotations={"berth.dev/plan": "n1"}), "metadata.annotations: only Berth's"),
    ("a forged plan without a Quota", "alice", FREE, pod(annotations={"berth.dev/plan": "n1"}),
     "metadata.annotations: only Berth's operator"),
    ("a forged label", "alice", MANAGED, pod(devices=1, labels={"berth.dev/job": "train"}),
     "metadata.labels: labels of berth.dev/"),
    ("a forged owner", "alice", MANAGED, pod(devices=1, owners=[owner()]),
     "metadata.ownerReferences: only Berth's operator"),
    ("a forged owner that is no controller", "alice", MANAGED,
     pod(owners=[owner("InferenceEndpoint", controller=False)]),
     "metadata.ownerReferences: only Berth's operator"),
    ("a forged owner of a later version without a Quota", "alice", FREE,
     pod(devices=1, owners=[owner(api_version="berth.dev/v1")]),
     "metadata.ownerReferences: only Berth's operator"),
    ("Berth's priority", "alice", MANAGED, pod(devices=1, priorityClassName="berth-workload"),
     "spec.priorityClassName: berth-workload is kept"),
    ("Berth's priority without a Quota", "alice", FREE, pod(priorityClassName="berth-workload"),
     "spec.priorityClassName: berth-workload is kept"),
    ("the operator's pod without an owner", "operator", MANAGED, pod(devices=1),
     "metadata.ownerReferences: Berth's operator creates pods of Berth's kinds only"),
    ("the operator's pod on the host's network", "operator", MANAGED,
     pod(owners=[owner()], hostNetwork=True), "spec: Berth's operator creates pods without"),
    ("the operator's pod with the host's files", "operator", MANAGED,
     pod(owners=[owner()], volumes=[{"name": "v", "hostPath": {"path": "/"}}]),
     "spec: Berth's operator creates pods without"),
    ("the operator's privileged pod", "operator", MANAGED,
     pod(owners=[owner()], initContainers=[container("i", securityContext={"privileged": True})]),
     "spec: Berth's operator creates pods without"),
    ("the operator's pod in an exempt namespace", "operator", "kube-system", pod(owners=[owner()]),
     "Berth's operator writes neither pods nor Services nor EndpointSlices in an exempt"),
    ("a worker by an operator that does not lead", "follower", MANAGED, pod(owners=[owner()]),
     "write fenced: Lease berth-operator is held by"),
]


@pytest.mark.parametrize("who, where, body, message", [row[1:] for row in REFUSED],
                         ids=[row[0] for row in REFUSED])
def test_refused(world, who, where, body, message):
    with pytest.raises(api.Refused) as refusal:
        create(getattr(world, who), where, body)
    assert refusal.value.code in (403, 422), refusal.value
    assert message in refusal.value.message
    assert "\n" not in refusal.value.message


def test_a_static_pod_is_its_nodes(world):
    """kubelet shows it to the API server as a mirror, owned by its node."""
    if not world.admin.exists(f"/api/v1/nodes/{NODE}"):
        world.admin.create("/api/v1/nodes", {"metadata": {"name": NODE}})
    uid = world.admin.get(f"/api/v1/nodes/{NODE}")["metadata"]["uid"]
    mirror = pod(devices=1, nodeName=NODE, annotations={
        "kubernetes.io/config.mirror": "x", "kubernetes.io/config.hash": "x",
        "kubernetes.io/config.source": "file"}, owners=[
            {"apiVersion": "v1", "kind": "Node", "name": NODE, "uid": uid, "controller": True}])
    made = create(world.node, MANAGED, mirror)
    world.admin.remove(f"/api/v1/nodes/{NODE}")
    assert gates(made) == [] and made["spec"]["nodeName"] == NODE


def test_another_mutation_does_not_gate_twice(world):
    """A policy that changes the pod after berth-gate has the API server run berth-gate again."""
    policies = "/apis/admissionregistration.k8s.io/v1/mutatingadmissionpolicies"
    bindings = "/apis/admissionregistration.k8s.io/v1/mutatingadmissionpolicybindings"
    name = f"zz-{PREFIX}-later"
    label = ('[JSONPatch{op: "add", path: "/metadata/labels", value: {"later": "yes"}}]')
    world.admin.create(policies, {"metadata": {"name": name}, "spec": {
        "matchConstraints": {"resourceRules": [{
            "apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"],
            "resources": ["pods"]}]},
        "failurePolicy": "Fail", "reinvocationPolicy": "IfNeeded",
        "mutations": [{"patchType": "JSONPatch", "jsonPatch": {"expression": label}}]}})
    world.admin.create(bindings, {"metadata": {"name": name}, "spec": {"policyName": name}})
    try:
        made = api.eventually(lambda: _labelled(create(world.alice, MANAGED, pod(devices=1))))
        assert made and gates(made) == [GATE]
    finally:
        world.admin.remove(f"{bindings}/{name}")
        world.admin.remove(f"{policies}/{name}")


def _labelled(made):
    return made if made["metadata"].get("labels", {}).get("later") else None


def test_policies_pass_the_type_checker(world):
    """The API server checks each expression against the fields of the objects it is for."""
    def unchecked():
        listed = world.admin.get(
            "/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicies")["items"]
        ours = [item for item in listed if item["metadata"]["name"].startswith("berth-")]
        warnings = {item["metadata"]["name"]: item["status"]["typeChecking"]["expressionWarnings"]
                    for item in ours if item.get("status", {}).get("typeChecking")}
        pending = [item for item in ours if "typeChecking" not in item.get("status", {})]
        return (warnings, len(ours)) if ours and not pending else None
    rendered = chart.of_kind(chart.render(), "ValidatingAdmissionPolicy")
    assert api.eventually(unchecked, limit_s=60) == ({}, len(rendered))

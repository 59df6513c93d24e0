"""Who may change what later: pods, bindings, namespaces and the status of Berth's kinds."""

import api
import pytest
from pods import FREE, GATE, MANAGED, PREFIX, in_zone, owner, pinned, pod

PODS = f"/api/v1/namespaces/{MANAGED}/pods"
PLAN = {"berth.dev/plan": "n1"}


@pytest.fixture(scope="module", name="there", autouse=True)
def pods_that_are_there(world):
    """Pods to change, with dry runs only: a waiting one, an admitted one, a worker, a plain."""
    group = {"berth.dev/group": "g", "berth.dev/group-size": "2"}
    world.alice.create(PODS, pod("waiting", devices=1, labels=group))
    world.alice.create(PODS, pod("plain", devices=None))
    world.alice.create(PODS, pod("held", schedulingGates=[{"name": "example.com/wait"}]))
    world.alice.create(PODS, pod("admitted", devices=1))
    world.operator.merge(f"{PODS}/admitted", {"metadata": {"annotations": PLAN}})
    world.operator.create(PODS, pod("worker", devices=1, owners=[owner()], schedulerName="berth",
                                    labels={"berth.dev/job": "train"}))
    yield
    for name in ("waiting", "plain", "held", "admitted", "worker"):
        if world.admin.exists(f"{PODS}/{name}"):
            world.admin.remove(f"{PODS}/{name}?gracePeriodSeconds=0")


def op(verb, path, value=None):
    return {"op": verb, "path": path, **({} if value is None else {"value": value})}


def metadata(**fields):
    return {"metadata": fields}


UNGATE = [op("remove", "/spec/schedulingGates/0")]
PIN = [op("add", "/spec/affinity", pinned())]
IMAGE = [op("replace", "/spec/containers/0/image", "example.com/image:2")]
DISOWN = [op("remove", "/metadata/ownerReferences")]
READY = {"status": {"conditions": [{"type": "example.com/Ready", "status": "True"}]}}

# what, who, path, JSON patch (a list) or merge patch (an object)
ALLOWED = [
    ("the operator admits", "operator", f"{PODS}/waiting", PIN + UNGATE),
    ("the operator plans", "operator", f"{PODS}/waiting", metadata(annotations=PLAN)),
    ("a user labels a waiting pod", "alice", f"{PODS}/waiting", metadata(labels={"app": "a"})),
    ("a user annotates an admitted pod", "alice", f"{PODS}/admitted",
     metadata(annotations={"note": "mine"})),
    ("a user adds a finalizer", "alice", f"{PODS}/worker", metadata(finalizers=["example.com/f"])),
    ("a user changes an image", "alice", f"{PODS}/waiting", IMAGE),
    ("a user removes a gate of somebody else", "alice", f"{PODS}/held", UNGATE),
    ("somebody writes a pod's status", "alice", f"{PODS}/waiting/status", READY),
    ("somebody writes a worker's status", "alice", f"{PODS}/worker/status", READY),
    ("somebody labels a worker by way of its status", "alice", f"{PODS}/worker/status",
     metadata(labels={"app": "a"})),
    ("a user labels a namespace", "alice", f"/api/v1/namespaces/{MANAGED}",
     metadata(labels={"team": "a"})),
    ("the operator moves a namespace", "operator", f"/api/v1/namespaces/{MANAGED}",
     metadata(labels={"berth.dev/quota": "other"})),
    ("the operator lets a namespace go", "operator", f"/api/v1/namespaces/{MANAGED}",
     metadata(labels={"berth.dev/quota": None})),
]

GATE_MESSAGE = f"spec.schedulingGates: only Berth's operator removes {GATE}"
ANNOTATIONS = "metadata.annotations: only Berth's operator"
LABELS = "metadata.labels: labels of berth.dev/"
OWNERS = "metadata.ownerReferences: only Berth's operator"
QUOTA = "metadata.labels: only Berth's operator sets, changes or removes berth.dev/quota"
OURS_ONLY = "metadata: Berth's operator changes labels and annotations of berth.dev/ only"

REFUSED = [
    ("a user removes the gate", "alice", f"{PODS}/waiting", UNGATE, GATE_MESSAGE),
    ("an administrator removes the gate", "admin", f"{PODS}/waiting", UNGATE, GATE_MESSAGE),
    ("a user pins and removes the gate", "alice", f"{PODS}/waiting", PIN + UNGATE, GATE_MESSAGE),
    ("a user pins", "alice", f"{PODS}/waiting", PIN,
     "spec.affinity.nodeAffinity: only Berth's operator changes it"),
    ("a user moves", "alice", f"{PODS}/waiting", {"spec": {"affinity": in_zone("a")}},
     "spec.affinity.nodeAffinity: only Berth's operator changes it"),
    ("a user plans", "alice", f"{PODS}/waiting", metadata(annotations=PLAN), ANNOTATIONS),
    ("a user changes the plan", "alice", f"{PODS}/admitted",
     metadata(annotations={"berth.dev/plan": "n2"}), ANNOTATIONS),
    ("a user forgets the plan", "admin", f"{PODS}/admitted",
     metadata(annotations={"berth.dev/plan": None}), ANNOTATIONS),
    ("a plan by way of the status", "alice", f"{PODS}/waiting/status",
     metadata(annotations=PLAN), ANNOTATIONS),
    ("a label lost by way of the status", "alice", f"{PODS}/worker/status",
     metadata(labels={"berth.dev/job": None}), LABELS),
    ("a user changes the group", "alice", f"{PODS}/waiting",
     metadata(labels={"berth.dev/group": "h"}), LABELS),
    ("a user changes the size of the group", "alice", f"{PODS}/waiting",
     metadata(labels={"berth.dev/group-size": "1"}), LABELS),
    ("a user leaves the group", "alice", f"{PODS}/waiting",
     metadata(labels={"berth.dev/group": None}), LABELS),
    ("a user joins a group", "alice", f"{PODS}/admitted",
     metadata(labels={"berth.dev/group": "g"}), LABELS),
    ("a user relabels a worker", "alice", f"{PODS}/worker",
     metadata(labels={"berth.dev/job": "x"}), LABELS),
    ("a user adopts a pod", "alice", f"{PODS}/plain", metadata(ownerReferences=[owner()]), OWNERS),
    ("a user disowns a worker", "alice", f"{PODS}/worker", DISOWN, OWNERS),
    ("the garbage collector orphans a worker", "collector", f"{PODS}/worker", DISOWN, OWNERS),
    ("a user takes the control from a worker's owner", "alice", f"{PODS}/worker",
     [op("replace", "/metadata/ownerReferences/0/controller", False)], OWNERS),
    ("the operator changes an image", "operator", f"{PODS}/waiting", IMAGE,
     "spec.containers: Berth's operator does not change"),
    ("the operator relabels", "operator", f"{PODS}/waiting", metadata(labels={"app": "a"}),
     OURS_ONLY),
    ("a user marks a namespace", "alice", f"/api/v1/namespaces/{FREE}",
     metadata(labels={"berth.dev/quota": "research"}), QUOTA),
    ("an administrator marks a namespace", "admin", f"/api/v1/namespaces/{FREE}",
     metadata(labels={"berth.dev/quota": ""}), QUOTA),
    ("a user moves a namespace", "alice", f"/api/v1/namespaces/{MANAGED}",
     metadata(labels={"berth.dev/quota": "other"}), QUOTA),
    ("a user lets a namespace go", "alice", f"/api/v1/namespaces/{MANAGED}",
     metadata(labels={"berth.dev/quota": None}), QUOTA),
    ("a namespace let go by its status", "alice", f"/api/v1/namespaces/{MANAGED}/status",
     metadata(labels={"berth.dev/quota": None}), QUOTA),
    ("the operator weakens a namespace", "operator", f"/api/v1/namespaces/{MANAGED}",
     metadata(labels={"pod-security.kubernetes.io/enforce": "privileged"}),
     "metadata: Berth's operator changes label berth.dev/quota of a namespace only"),
]


def change(client, path, patch):
    send = client.patch if isinstance(patch, list) else client.merge
    return send(path, patch, dry_run=True)


@pytest.mark.parametrize("who, path, patch", [row[1:] for row in ALLOWED],
                         ids=[row[0] for row in ALLOWED])
def test_allowed(world, who, path, patch):
    change(getattr(world, who), path, patch)


@pytest.mark.parametrize("who, path, patch, message", [row[1:] for row in REFUSED],
                         ids=[row[0] for row in REFUSED])
def test_refused(world, who, path, patch, message):
    with pytest.raises(api.Refused) as refusal:
        change(getattr(world, who), path, patch)
    assert refusal.value.code == 403, refusal.value
    assert message in refusal.value.message
    assert "\n" not in refusal.value.message


def test_a_namespace_is_not_born_with_a_quota(world):
    body = metadata(name=f"{PREFIX}-born", labels={"berth.dev/quota": "research"})
    with pytest.raises(api.Refused, match=QUOTA):
        world.alice.create("/api/v1/namespaces", body, dry_run=True)


def test_a_namespace_with_a_quota_can_be_finalized_but_not_relabelled(world):
    """The namespace controller ends a deletion this way."""
    body = world.admin.get(f"/api/v1/namespaces/{MANAGED}")
    path = f"/api/v1/namespaces/{MANAGED}/finalize?dryRun=All"
    world.admin.replace(path, body)
    del body["metadata"]["labels"]["berth.dev/quota"]
    with pytest.raises(api.Refused, match=QUOTA):
        world.admin.replace(path, body)


def test_a_namespace_with_a_quota_can_be_deleted(world):
    path = f"/api/v1/namespaces/{PREFIX}-short"
    world.alice.create("/api/v1/namespaces", metadata(name=f"{PREFIX}-short"))
    world.operator.merge(path, metadata(labels={"berth.dev/quota": "research"}))
    world.alice.remove(path)
    assert api.eventually(lambda: not world.admin.exists(path))


@pytest.mark.parametrize("who", ["scheduler", "default_scheduler"])
def test_schedulers_bind(world, who):
    getattr(world, who).create(f"{PODS}/plain/binding", binding("plain"), dry_run=True)


@pytest.mark.parametrize("who, path, name", [
    ("alice", f"{PODS}/plain/binding", "plain"),
    ("admin", f"{PODS}/plain/binding", "plain"),
    ("alice", f"/api/v1/namespaces/{MANAGED}/bindings", "plain")])
def test_nobody_else_binds(world, who, path, name):
    with pytest.raises(api.Refused, match="only Berth's scheduler and the schedulers of chart"):
        getattr(world, who).create(path, binding(name), dry_run=True)


def test_a_waiting_pod_is_not_bound(world):
    with pytest.raises(api.Refused, match="schedulingGates"):
        world.scheduler.create(f"{PODS}/waiting/binding", binding("waiting"), dry_run=True)


def binding(name):
    return {"metadata": {"name": name}, "target": {"kind": "Node", "name": "n1"}}


def test_an_ephemeral_container_brings_no_device(world):
    """The API itself forbids it; this is here to notice should that change."""
    def attach(**more):
        added = [{"name": "e", "image": "example.com/e:1", **more}]
        world.alice.merge(f"{PODS}/plain/ephemeralcontainers",
                          {"spec": {"ephemeralContainers": added}}, dry_run=True)
    attach()
    with pytest.raises(api.Refused, match="[Ff]orbidden"):
        attach(resources={"limits": {"nvidia.com/gpu": "1"}})


def test_users_delete_what_they_made(world):
    world.alice.remove(f"{PODS}/waiting", dry_run=True)
    world.alice.remove(f"{PODS}/worker", dry_run=True)

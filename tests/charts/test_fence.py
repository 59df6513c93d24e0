"""berth-fence and berth-status: the API server believes the operator whose pod holds the Lease."""

import api
import chart
import pytest
from conftest import LEASE, QUOTA_LABEL, fenced, hold_lease
from pods import FREE, MANAGED, owner, pod

PODS = f"/api/v1/namespaces/{MANAGED}/pods"
JOBS = f"/apis/berth.dev/v1alpha1/namespaces/{MANAGED}/gpujobs"
QUOTAS = "/apis/berth.dev/v1alpha1/quotas"
SERVICES = f"/api/v1/namespaces/{MANAGED}/services"
SLICES = f"/apis/discovery.k8s.io/v1/namespaces/{MANAGED}/endpointslices"
FENCED = "write fenced: Lease berth-operator is held by"


@pytest.fixture(scope="module", name="objects", autouse=True)
def objects_to_write(world):
    world.admin.create(QUOTAS, {
        "apiVersion": "berth.dev/v1alpha1", "kind": "Quota", "metadata": {"name": "berth-test"},
        "spec": {"namespaces": [MANAGED], "limits": [{"class": "nvidia-h200", "guaranteed": 2}]}})
    world.operator.create(PODS, pod("fenced", owners=[owner()]))
    world.operator.create(SLICES, endpoints("ours"))
    world.alice.create(SLICES, endpoints("theirs", service="web"))
    yield
    for name in ("ours", "theirs"):
        world.admin.remove(f"{SLICES}/{name}")
    world.admin.remove(f"{QUOTAS}/berth-test")
    world.admin.remove(f"{PODS}/fenced?gracePeriodSeconds=0")


def service(name):
    return {"metadata": {"name": name}, "spec": {"clusterIP": "None", "selector": {"a": "b"},
                                                 "ports": [{"port": 1}]}}


def of_service(name):
    return {"metadata": {"labels": {"kubernetes.io/service-name": name}}}


def endpoints(name, service="berth"):
    """The EndpointSlice of a gang of two."""
    body = of_service(service)
    body["metadata"]["name"] = name
    return {**body, "addressType": "IPv4", "ports": [{"name": "rendezvous", "port": 29500}],
            "endpoints": [{"addresses": [f"10.0.0.{n}"], "hostname": f"w-{n}"} for n in (1, 2)]}


def eviction(name):
    return {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": name}}


WRITES = [
    ("create a pod", lambda who: who.create(PODS, pod(owners=[owner()]), dry_run=True)),
    ("delete a pod", lambda who: who.remove(f"{PODS}/fenced", dry_run=True)),
    ("change a pod", lambda who: who.merge(
        f"{PODS}/fenced", {"metadata": {"annotations": {"berth.dev/plan": "n"}}}, dry_run=True)),
    ("evict a pod", lambda who: who.create(
        f"{PODS}/fenced/eviction", eviction("fenced"), dry_run=True)),
    ("create a Service", lambda who: who.create(SERVICES, service("berth"), dry_run=True)),
    ("create a slice", lambda who: who.create(SLICES, endpoints("new"), dry_run=True)),
    ("delete a slice", lambda who: who.remove(f"{SLICES}/ours", dry_run=True)),
    ("mark a namespace", lambda who: who.merge(
        f"/api/v1/namespaces/{FREE}", QUOTA_LABEL, dry_run=True)),
    ("write a Quota's status", lambda who: who.replace(
        f"{QUOTAS}/berth-test/status?dryRun=All", {
            **who.get(f"{QUOTAS}?fieldSelector=metadata.name=berth-test")["items"][0],
            "apiVersion": "berth.dev/v1alpha1", "kind": "Quota", "status": {"epoch": 1}})),
]


@pytest.mark.parametrize("write", [row[1] for row in WRITES], ids=[row[0] for row in WRITES])
@pytest.mark.parametrize("who", ["operator", "follower", "podless"])
def test_only_the_holder_writes(world, who, write):
    if who == "operator":
        write(world.operator)
        return
    with pytest.raises(api.Refused, match=FENCED) as refusal:
        write(getattr(world, who))
    assert refusal.value.code == 403 and world.leader_pod in refusal.value.message


def test_the_lease_and_events_are_open_to_every_operator(world):
    """Else nobody could take over from a leader that died."""
    lease = world.follower.get(f"{LEASE}/berth-operator")
    world.follower.replace(f"{LEASE}/berth-operator", lease)
    world.follower.create("/apis/events.k8s.io/v1/namespaces/default/events", {
        "metadata": {"name": "berth-test"}, "eventTime": "2026-01-01T00:00:00.000000Z",
        "action": "Test", "reason": "Test", "type": "Normal", "note": "a test",
        "reportingController": "berth.dev/operator", "reportingInstance": world.follower_pod,
        "regarding": {"kind": "Namespace", "name": "default", "namespace": "default"}})
    world.admin.remove("/apis/events.k8s.io/v1/namespaces/default/events/berth-test")


def test_the_operator_does_not_write_the_status_of_pods(world):
    """So neither the fence nor berth-confine-pods looks at what kubelets write all day."""
    path = f"{PODS}/fenced/status"
    for write in (lambda: world.operator.merge(path, {"status": {}}, dry_run=True),
                  lambda: world.operator.replace(f"{path}?dryRun=All", world.admin.get(path))):
        with pytest.raises(api.Refused, match="cannot (patch|update) resource \"pods/status\""):
            write()


def test_the_old_holder_is_fenced_when_the_lease_changes_hands(world):
    try:
        hold_lease(world.admin, world.follower_pod)
        assert api.eventually(lambda: fenced(world.operator))
        assert not fenced(world.follower)
        with pytest.raises(api.Refused, match=f'held by "{world.follower_pod}"'):
            world.operator.remove(f"{PODS}/fenced")
        hold_lease(world.admin, None)
        assert api.eventually(lambda: fenced(world.follower)) and fenced(world.operator)
    finally:
        hold_lease(world.admin, world.leader_pod)
        assert api.eventually(lambda: not fenced(world.operator))


def test_a_missing_lease_stops_nobody_else(world):
    """Parameters are looked up before match conditions: with Deny, no pod could be created."""
    lease = world.admin.get(f"{LEASE}/berth-operator")
    world.admin.remove(f"{LEASE}/berth-operator")
    try:
        assert api.eventually(lambda: not fenced(world.follower))
        world.alice.create(PODS, pod(), dry_run=True)
    finally:
        lease["metadata"].pop("resourceVersion")
        lease["metadata"].pop("uid")
        world.admin.create(LEASE, lease)
        assert api.eventually(lambda: fenced(world.follower))


def test_the_operator_writes_its_own_services_only(world):
    with pytest.raises(api.Refused, match="writes the Service berth of a namespace and those of"):
        world.operator.create(SERVICES, service("other"), dry_run=True)
    world.operator.create(SERVICES, of_endpoint(service("fraud"), "fraud"), dry_run=True)
    with pytest.raises(api.Refused, match="writes the Service berth of a namespace and those of"):
        world.operator.create(SERVICES, of_endpoint(service("other"), "fraud"), dry_run=True)


def of_endpoint(item, name):
    owner = {"apiVersion": "berth.dev/v1alpha1", "kind": "InferenceEndpoint", "name": name,
             "uid": "6f9d7f1e-0000-4000-8000-000000000001", "controller": True}
    return {**item, "metadata": {**item["metadata"], "ownerReferences": [owner]}}


@pytest.fixture(name="captured")
def operator_with_every_right(world):
    """Whom RBAC does not stop: the policies are what is left."""
    return world.admin.as_user(f"system:serviceaccount:{chart.NAMESPACE}:berth-operator", [
        "system:masters"], {"authentication.kubernetes.io/pod-name": world.leader_pod})


@pytest.mark.parametrize("write", [
    lambda who: who.create(SLICES, endpoints("new", service="web"), dry_run=True),
    lambda who: who.remove(f"{SLICES}/theirs", dry_run=True),
    lambda who: who.merge(f"{SLICES}/theirs", {"ports": []}, dry_run=True),
    lambda who: who.merge(f"{SLICES}/theirs", of_service("berth"), dry_run=True),
    lambda who: who.merge(f"{SLICES}/ours", of_service("web"), dry_run=True),
    lambda who: who.merge(f"{SLICES}/ours", of_service(None), dry_run=True)],
    ids=["create", "delete", "change", "take", "give", "unlabel"])
def test_the_operator_writes_slices_of_its_own_service_only(world, captured, write):
    with pytest.raises(api.Refused, match="writes EndpointSlices of the Service berth only"):
        write(captured)
    write(world.alice)


def test_the_operator_does_not_change_slices(world, captured):
    with pytest.raises(api.Refused, match="cannot patch resource"):
        world.operator.merge(f"{SLICES}/ours", {"ports": []}, dry_run=True)
    captured.merge(f"{SLICES}/ours", {"ports": []}, dry_run=True)


@pytest.mark.parametrize("path, body", [
    ("/api/v1/namespaces/kube-system/services", service("berth")),
    ("/apis/discovery.k8s.io/v1/namespaces/kube-system/endpointslices", endpoints("new"))],
    ids=["Service", "slice"])
def test_the_operator_publishes_nothing_in_exempt_namespaces(world, path, body):
    with pytest.raises(api.Refused, match="nor EndpointSlices in an exempt namespace"):
        world.operator.create(path, body, dry_run=True)


@pytest.mark.parametrize("who", ["alice", "admin", "scheduler"])
def test_nobody_else_writes_status(world, who):
    with pytest.raises(api.Refused) as refusal:
        getattr(world, who).merge(f"{QUOTAS}/berth-test/status", {"status": {"epoch": 9}})
    assert refusal.value.code == 403
    if who != "scheduler":  # whom RBAC stops before
        assert "status is written by Berth's operator only" in refusal.value.message


def job(**worker):
    return {"apiVersion": "berth.dev/v1alpha1", "kind": "GpuJob", "metadata": {"name": "train"},
            "spec": {"workers": {"min": 1, "max": 1},
                     "worker": {"image": "example.com/train:1",
                                "devices": [{"class": "nvidia-h200", "count": 1}], **worker}}}


def test_a_job_runs_under_an_account_that_its_user_may_use(world):
    """Else the operator would run pods for those who may not create them."""
    rbac = f"/apis/rbac.authorization.k8s.io/v1/namespaces/{MANAGED}"
    world.admin.create(f"{rbac}/roles", {"metadata": {"name": "jobs"}, "rules": [
        {"apiGroups": ["berth.dev"], "resources": ["gpujobs"], "verbs": ["create", "patch"]}]})
    world.admin.create(f"{rbac}/rolebindings", {
        "metadata": {"name": "jobs"},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "jobs"},
        "subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": "bob"}]})
    bob = world.admin.as_user("bob")

    def may_create():
        try:
            return bob.create(JOBS, job(), dry_run=True)
        except api.Refused as refusal:
            assert "cannot create" in refusal.message  # RBAC has not seen the role yet
        return False
    assert api.eventually(may_create)
    with pytest.raises(api.Refused, match="spec.worker.serviceAccountName: only who may create"):
        bob.create(JOBS, job(serviceAccountName="robot"), dry_run=True)
    world.alice.create(JOBS, job(serviceAccountName="robot"))
    try:
        bob.merge(f"{JOBS}/train", {"metadata": {"labels": {"a": "b"}}}, dry_run=True)
    finally:
        world.operator.merge(f"{JOBS}/train", {"metadata": {"finalizers": None}})
        world.admin.remove(f"{JOBS}/train")


REPLICA = {"endpoint": "digits", "modelName": "digits", "preemptible": True,
           "model": {"uri": "pvc://models/digits.pt", "sha256": "0" * 64}}


def test_a_replica_is_made_by_the_operator_only(world):
    """Else whoever may create jobs would get an endpoint's requests, or give way to nobody."""
    forged = job()
    forged["spec"]["replica"] = REPLICA
    with pytest.raises(api.Refused, match="spec.replica: only Berth's operator"):
        world.alice.create(JOBS, forged, dry_run=True)
    owned = job()
    owned["metadata"]["ownerReferences"] = [owner("InferenceEndpoint")]
    with pytest.raises(api.Refused, match="only Berth's operator gives a job an owner"):
        world.alice.create(JOBS, owned, dry_run=True)
    world.operator.create(JOBS, {**forged, "metadata": {**owned["metadata"], "name": "digits-r0"}})
    path = f"{JOBS}/digits-r0"
    try:
        with pytest.raises(api.Refused, match="spec.replica: only Berth's operator"):
            world.alice.merge(path, {"spec": {"replica": {"preemptible": False}}}, dry_run=True)
        with pytest.raises(api.Refused, match="spec.replica: only Berth's operator"):
            world.alice.merge(path, {"spec": {"replica": None}}, dry_run=True)
        world.alice.merge(path, {"spec": {"priority": 5}}, dry_run=True)
        world.alice.merge(path, {"metadata": {"ownerReferences": None}}, dry_run=True)
    finally:
        world.operator.merge(path, {"metadata": {"finalizers": None}})
        world.admin.remove(path)


def test_a_job_is_born_with_the_finalizer(world):
    """Else the operator would need a write of its own to put it there."""
    made = world.alice.create(JOBS, job(), dry_run=True)
    assert made["metadata"]["finalizers"] == ["berth.dev/release"]


def test_users_write_the_spec(world):
    world.alice.merge(f"{QUOTAS}/berth-test", {"spec": {"limits": [
        {"class": "nvidia-h200", "guaranteed": 3}]}}, dry_run=True)


def test_the_scheduler_reads_and_writes_nothing(world):
    assert world.scheduler.get(JOBS)["kind"] == "GpuJobList"
    for refused in (lambda: world.scheduler.create(JOBS, {}, dry_run=True),
                    lambda: world.scheduler.create(PODS, pod(), dry_run=True),
                    lambda: world.scheduler.get(f"/api/v1/namespaces/{chart.NAMESPACE}/secrets")):
        with pytest.raises(api.Refused) as refusal:
            refused()
        assert refusal.value.code == 403 and "cannot" in refusal.value.message

"""What the API server keeps of who set which field: nothing, unless somebody goes by it."""

import pytest
from pods import MANAGED, owner, pod

JOBS = f"/apis/berth.dev/v1alpha1/namespaces/{MANAGED}/gpujobs"
PODS = f"/api/v1/namespaces/{MANAGED}/pods"
SPEC = {"workers": {"min": 1, "max": 1},
        "worker": {"image": "localhost/none:1", "devices": [{"class": "nvidia-h200", "count": 1}]}}
STATUS = {"status": {"conditions": [{"type": "example.com/Ready", "status": "True"}]}}


def job(name, **fields):
    return {"apiVersion": "berth.dev/v1alpha1", "kind": "GpuJob",
            "metadata": {"name": name, **fields}, "spec": SPEC}


def managers(stored):
    return [entry["manager"] for entry in stored["metadata"].get("managedFields", [])]


def apply(client, name, manager, **fields):
    return client.call("PATCH", f"{JOBS}/{name}?fieldManager={manager}", job(name, **fields),
                       "application/apply-patch+yaml")


@pytest.fixture(name="finished")
def removed_at_the_end(world):
    """Names of GpuJobs to remove; nobody else takes their finalizer off here."""
    names = []
    yield names.append
    for name in names:
        world.admin.merge(f"{JOBS}/{name}", {"metadata": {"finalizers": None}})
        world.admin.remove(f"{JOBS}/{name}")


def test_a_created_job_has_none_and_gets_none(world, finished):
    finished("created")
    assert managers(world.alice.create(JOBS, job("created"))) == []
    labelled = world.alice.merge(f"{JOBS}/created", {"metadata": {"labels": {"app": "a"}}})
    assert managers(labelled) == []
    assert labelled["metadata"]["finalizers"] == ["berth.dev/release"]


def test_an_applied_job_keeps_them(world, finished):
    finished("applied")
    made = apply(world.alice, "applied", "ci", labels={"app": "a"})
    assert managers(made) == ["ci"]
    assert made["metadata"]["finalizers"] == ["berth.dev/release"]
    without = apply(world.alice, "applied", "ci")
    assert "app" not in without["metadata"].get("labels", {})


def test_a_created_job_can_be_applied_later(world, finished):
    finished("later")
    world.alice.create(JOBS, job("later"))
    apply(world.alice, "later", "ci", labels={"app": "a"})
    without = apply(world.alice, "later", "ci")
    assert "app" not in without["metadata"].get("labels", {})


def test_a_worker_has_none_and_gets_none(world):
    path = f"{PODS}/untracked"
    labels = {"berth.dev/job": "train"}
    body = pod("untracked", devices=1, labels=labels, owners=[owner()], schedulerName="berth")
    assert managers(world.operator.create(PODS, body)) == []
    assert managers(world.admin.merge(f"{path}/status", STATUS)) == []
    world.admin.remove(f"{path}?gracePeriodSeconds=0")


def test_other_pods_keep_them(world):
    made = world.alice.create(PODS, pod("tracked", devices=1), dry_run=True)
    assert managers(made)

"""The chart is upgraded and rolled back while jobs run and arrive."""

import time

import faults
import installed

OURS = ("operator", "extender")
NEXT = "0.1.1"  # what the node knows the images of this build by as well
CHANGES = ("operator.logLevel=warn", "scheduler.verbosity=1", "elastic.settleSeconds=6",
           *(f"{name}.image.tag={NEXT}" for name in OURS))


def upgrade():
    installed.upgrade(*CHANGES)
    return time.monotonic()


def images(run):
    """Of Berth's own containers, by tag."""
    path = f"/api/v1/namespaces/{installed.NAMESPACE}/pods"
    specs = [pod["spec"] for pod in run.client.get(path)["items"]
             if "deletionTimestamp" not in pod["metadata"]]
    return {one["image"].rpartition(":")[2] for spec in specs
            for one in spec["containers"] + spec.get("initContainers", [])
            if "/berth-" in one["image"]}


def roll_back():
    installed.roll_back()
    return time.monotonic()


def pods(run):
    """UIDs of Berth's own pods."""
    path = f"/api/v1/namespaces/{installed.NAMESPACE}/pods"
    return {pod["metadata"]["uid"] for pod in run.client.get(path)["items"]
            if "deletionTimestamp" not in pod["metadata"]}


def tiers(run):
    return {tier["metadata"]["name"]
            for tier in run.client.get("/apis/berth.dev/v1alpha1/slatiers")["items"]}


def test_an_upgrade_and_its_rollback_cost_no_work(chaos_run):
    """All of Berth's pods are replaced twice; jobs go on, and those that arrive start."""
    before, offered, tags = pods(chaos_run), tiers(chaos_run), images(chaos_run)
    (tag,) = tags
    for name in OURS:
        image = f"localhost/berth-{name}"
        faults.Machine(chaos_run.client).tag_image(f"{image}:{tag}", f"{image}:{NEXT}")
    try:
        chaos_run.suffer("chart", "upgrade", upgrade)
        after = pods(chaos_run)
        assert not before & after and images(chaos_run) == {NEXT}
    finally:
        chaos_run.suffer("chart", "rollback", roll_back)
    assert not after & pods(chaos_run)
    assert tiers(chaos_run) == offered and images(chaos_run) == tags
    chaos_run.finish()
    assert chaos_run.rules.broken == []
    assert [one for one in chaos_run.figures
            if one.lost_device_seconds or one.restarted_jobs] == []

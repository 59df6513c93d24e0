"""The chart is upgraded and rolled back while jobs run and arrive."""

import time

import installed

CHANGES = ("operator.logLevel=warn", "scheduler.verbosity=1", "elastic.settleSeconds=6")


def upgrade():
    installed.upgrade(*CHANGES)
    return time.monotonic()


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
    before, offered = pods(chaos_run), tiers(chaos_run)
    try:
        chaos_run.suffer("chart", "upgrade", upgrade)
        after = pods(chaos_run)
        assert not before & after
    finally:
        chaos_run.suffer("chart", "rollback", roll_back)
    assert not after & pods(chaos_run)
    assert tiers(chaos_run) == offered
    chaos_run.finish()
    assert chaos_run.rules.broken == []
    assert [one for one in chaos_run.figures
            if one.lost_device_seconds or one.restarted_jobs] == []

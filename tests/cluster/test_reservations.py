"""Devices that are set aside for a time, on the real API server."""

import datetime

import client as kube
import pytest
from objects import FAKE_CLASS, gpujob


def reservation(name, count, starts_in=None, seconds=120, **spec):
    if starts_in is not None:
        start = datetime.datetime.now(datetime.timezone.utc)
        start += datetime.timedelta(seconds=starts_in)
        spec["start"] = start.strftime("%Y-%m-%dT%H:%M:%SZ")
    return {"apiVersion": "berth.dev/v1alpha1", "kind": "Reservation", "metadata": {"name": name},
            "spec": {"class": FAKE_CLASS, "count": count, "durationSeconds": seconds, **spec}}


def reservations(namespace):
    return f"/apis/berth.dev/v1alpha1/namespaces/{namespace}/reservations"


def test_its_users_wait_for_the_start_and_then_run_on_its_nodes(tenant):
    tenant.start(4)
    path = reservations(tenant.name)
    tenant.client.create(path, reservation("soon", 2, starts_in=20))
    booked = tenant.client.until(f"{path}/soon", kube.holds("Ready"), what="booked")
    assert kube.condition(booked, "Active")[0] == "False"
    assert sum(node["count"] for node in booked["status"]["nodes"]) == 2
    tenant.submit(gpujob("user", devices=2, reservation="soon"))
    tenant.until_job("user",
                     lambda item: kube.condition(item, "Admitted")[1] == "AwaitsReservation",
                     what="held until the start")
    tenant.until_job("user", kube.holds("Ready"), what="running in the window")
    active = tenant.client.until(f"{path}/soon", kube.holds("Active"), what="active")
    placed = tenant.client.find(tenant.job("user"))["status"]["placement"]["workers"]
    assert {worker["node"] for worker in placed} <= {
        node["node"] for node in active["status"]["nodes"]}
    tenant.until_used(2)
    tenant.client.remove(f"{path}/soon")
    tenant.client.until(f"{path}/soon", kube.gone, what="gone")
    tenant.client.remove(tenant.job("user"))
    tenant.until_used(0)


def test_an_active_one_is_charged_without_users(tenant):
    tenant.start(2)
    path = reservations(tenant.name)
    tenant.client.create(path, reservation("now", 2))
    tenant.client.until(f"{path}/now", kube.holds("Active"), what="active")
    tenant.until_used(2)
    tenant.client.remove(f"{path}/now")
    tenant.until_used(0)


def test_more_than_the_guarantee_is_not_ready_and_bad_ones_are_refused(tenant):
    tenant.start(1)
    path = reservations(tenant.name)
    tenant.client.create(path, reservation("large", 2))
    said = tenant.client.until(f"{path}/large",
                               lambda item: kube.condition(item, "Ready")[0] == "False",
                               what="refused")
    _, reason, message = kube.condition(said, "Ready")
    assert reason == "OverQuota" and "is guaranteed 1" in message, message
    with pytest.raises(kube.Refused, match="a recurring Reservation needs a start"):
        tenant.client.create(path, reservation("bad", 1, recurrence={"every": "Day"}))

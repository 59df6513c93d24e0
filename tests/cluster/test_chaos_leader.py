"""Leaders that die, halt in the middle of a write, or lose the API server: one writes at a time."""

import contextlib
import json
import math
import os
import re
import time
import urllib.request

import audit
import client as kube
import faults
import installed
import pytest
from objects import gpujob

LEASE_SECONDS = 15
BAR_SECONDS = LEASE_SECONDS + 5
ROUNDS = int(os.environ.get("BERTH_CHAOS_ROUNDS", "1"))
KILLS_PER_ROUND = 3 if ROUNDS > 1 else 1
RUN_SECONDS = 5  # of a job of one second, from its admission to its end
REFUSAL_SECONDS = 90  # TCP sends again ever more rarely
QUIET_SECONDS = 1.0  # between two requests, and far longer than between the parts of one
REQUEST_BYTES = 1000  # any has more, for its token; acknowledgements of HTTP/2 have far less
LAST_WORDS = "the Lease is lost"


@pytest.fixture(name="machine")
def machine_of_the_cluster(berth, tenant):
    tenant.start(8)
    return faults.Machine(berth)


@pytest.fixture(name="log")
def audit_log(machine):
    assert machine.cluster.audit_log.exists(), "the cluster was started without --audit-group"
    return audit.AuditLog(machine.cluster.audit_log)


def until_two_stand_by(machine):
    """Both operators are there, one of them leading."""
    path = f"{kube.pods(installed.NAMESPACE)}"
    machine.client.until_all(path, lambda pods: sum(
        kube.holds("Ready")(pod) for pod in pods.values()) >= 2, 60, "two ready operators",
        f"labelSelector={installed.OPERATOR}")


def decided(machine, pod):
    """How many workloads this operator has admitted, by its own word."""
    address = machine.pod(pod)["status"]["podIP"]
    with urllib.request.urlopen(f"http://{address}:8080/metrics", timeout=5) as reply:
        text = reply.read().decode()
    found = re.search(r"^berth_pass_admitted_total(?:\{\})? (\S+)", text, re.M)
    return float(found[1]) if found else 0.0


def until(check, seconds, what):
    deadline = time.monotonic() + seconds
    while not (value := check()):
        assert time.monotonic() < deadline, f"not {what} within {seconds} s"
        time.sleep(0.02)
    return value


def until_unsent(leader, least, what):
    """So many bytes wait in its kernel, and for a while no more: the request is there whole."""
    deadline = time.monotonic() + 10
    before, since = 0, time.monotonic()
    while before < least or time.monotonic() - since < QUIET_SECONDS:
        assert time.monotonic() < deadline, f"not {what} within 10 s: {before} bytes unsent"
        time.sleep(0.02)
        if (now := leader.unsent_bytes()) != before:
            before, since = now, time.monotonic()
    return before


def write_of_its_own(machine, tenant, leader, job):
    """The leader has decided to admit the job; its network is cut, so the write waits in there."""
    before = decided(machine, leader.pod)
    tenant.submit(job)
    until(lambda: decided(machine, leader.pod) > before, 5, "decided")


def none_accepted_after(log, pod, moment):
    late = [one for one in log.writes() if one.pod == pod and one.accepted and one.at > moment]
    assert late == []


def test_a_leader_halted_in_a_write_is_refused_by_the_api_server_after_its_successor(
        machine, tenant, log):
    """Its kernel holds a creation: no resourceVersion guards that, only the fence does."""
    tenant.submit(gpujob("running", workers=2))
    tenant.until_job("running", kube.holds("Ready"), what="Ready")
    until_two_stand_by(machine)
    leader = machine.leader()
    with contextlib.ExitStack() as network:
        network.enter_context(leader.cut_off())  # what it hears still arrives
        renewal = until_unsent(leader, REQUEST_BYTES, "renewing")  # it sends one of these at a time
        tenant.client.remove(rendezvous_of(tenant, "running"))  # which the leader makes anew
        until_unsent(leader, renewal + REQUEST_BYTES, "creating the rendezvous again")
        with leader.paused():
            until(lambda: machine.holder("berth-operator") != leader.pod, BAR_SECONDS, "succeeded")
            successor = machine.holder("berth-operator")
            first = log.until(audit.accepted(successor), BAR_SECONDS, "write of the successor")
            network.close()  # now its kernel sends what it had written
            refused = log.until(audit.fenced(leader.pod), REFUSAL_SECONDS, "refused write")
    assert [(one.verb, one.resource) for one in refused] == [("create", "endpointslices")]
    assert f'is held by "{successor}", not by the pod of this request' in refused[0].message
    machine.until_restarted(leader)
    assert LAST_WORDS in leader.said()
    none_accepted_after(log, leader.pod, first.at)
    assert machine.client.find(rendezvous_of(tenant, "running")), "the successor has made it"
    tenant.until_used(2)


def rendezvous_of(tenant, job):
    return (f"/apis/discovery.k8s.io/v1/namespaces/{tenant.name}/endpointslices/{job}-1-0")


def test_a_leader_without_its_api_server_ends_and_comes_back_as_a_follower(machine, tenant, log):
    """The others take over within the bar, although it goes on trying to write."""
    until_two_stand_by(machine)
    leader = machine.leader()
    with leader.cut_off():
        begun = time.monotonic()
        write_of_its_own(machine, tenant, leader, gpujob("cut-off", run_seconds=1))
        tenant.until_job("cut-off", kube.holds("Complete"), 3 * BAR_SECONDS, "complete")
        took = time.monotonic() - begun
        successor = machine.holder("berth-operator")
        assert successor != leader.pod
        first = log.until(audit.accepted(successor), 10, "write of the successor")
        machine.until_restarted(leader)
    assert LAST_WORDS in leader.said()
    until_two_stand_by(machine)
    assert machine.holder("berth-operator") == successor
    none_accepted_after(log, leader.pod, first.at)
    assert took < BAR_SECONDS + RUN_SECONDS
    tenant.until_used(0)


def test_a_successor_admits_within_the_lease_and_five_seconds(machine, tenant, figures_folder):
    """A job that arrives as the leader dies (its container starts again) or halts (it does not)."""
    took = {"kill -9": [], "halt": []}
    for number in range(ROUNDS):
        for kill in range(KILLS_PER_ROUND):
            until_two_stand_by(machine)
            leader = machine.leader()
            begun = time.monotonic()
            leader.kill()
            took["kill -9"].append(admission(tenant, f"kill-{number}-{kill}") - begun)
        until_two_stand_by(machine)
        leader = machine.leader()
        begun = time.monotonic()
        with leader.paused():
            took["halt"].append(admission(tenant, f"halt-{number}") - begun)
            assert machine.holder("berth-operator") != leader.pod
        machine.until_restarted(leader)
    tenant.until_used(0)
    report(figures_folder, took)
    assert all(percentile(times, 99) < BAR_SECONDS for times in took.values())


def admission(tenant, name):
    """The instant at which a new job is admitted."""
    tenant.submit(gpujob(name, run_seconds=1))
    tenant.until_job(name, kube.holds("Admitted"), 3 * BAR_SECONDS, "admitted")
    return time.monotonic()


def percentile(times, percent):
    ranked = sorted(times)
    return ranked[math.ceil(len(ranked) * percent / 100) - 1]


def report(folder, took):
    """A line for people, and the same as JSON."""
    figures = [{"how": how, "rounds": len(times), "p50": round(percentile(times, 50), 1),
                "p99": round(percentile(times, 99), 1), "max": round(max(times), 1)}
               for how, times in took.items()]
    for one in figures:
        print("leader, {how}: {rounds} rounds, p50 {p50} s, p99 {p99} s, max {max} s".format(**one))
    (folder / "chaos-failover.json").write_text(json.dumps(figures, indent=1) + "\n")

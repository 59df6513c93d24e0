"""kill -9 of operator and extender, again and again, under load."""

import os
import queue
import random
import threading

import client as kube
import installed
from invariants import Invariants
from objects import gpujob

JOBS = 50
KILLS = 8
QUOTA = 40  # of the 800 devices of the fake nodes: most jobs have to wait for others
LIMIT_SECONDS = 420


def running(client, selector, container):
    """Pods of Berth in which this container runs."""
    path = f"{kube.pods(installed.NAMESPACE)}?labelSelector={selector}"
    for pod in client.get(path)["items"]:
        status = pod["status"]
        known = status.get("containerStatuses", []) + status.get("initContainerStatuses", [])
        if any(one["name"] == container and "running" in one["state"] for one in known):
            yield pod["metadata"]["name"]


def leader(client):
    lease = client.get(f"/apis/coordination.k8s.io/v1/namespaces/{installed.NAMESPACE}"
                       "/leases/berth-operator")
    return lease["spec"].get("holderIdentity")


def test_fifty_jobs_survive_kills_at_random_moments(tenant):
    """Every job finishes; never over quota, never two pods for one worker."""
    seed = int(os.environ.get("BERTH_TEST_SEED", random.randrange(1_000_000)))
    print(f"BERTH_TEST_SEED={seed}")
    dice = random.Random(seed)
    tenant.start(QUOTA)
    rules = Invariants(tenant.client, tenant.name, QUOTA, LIMIT_SECONDS)
    rules.start()
    # A kill happens when so many events of pods have been seen: spread over the whole run.
    moments = sorted(dice.sample(range(5, JOBS * 2 * 3), KILLS))
    for number in range(JOBS):
        tenant.submit(gpujob(f"job-{number:02d}", workers=dice.choice([1, 2, 4]),
                             devices=dice.choice([1, 2, 4]),
                             run_seconds=dice.choice([0.5, 1, 2, 3]),
                             retry={"maxFailures": 0}))
    jobs, finished, events = {}, set(), 0
    for kind, item in _pods_and_jobs(tenant):
        events += kind == "pod"
        if moments and events >= moments[0] and kill_one(tenant.client, dice):
            moments.pop(0)
        if kind == "job":
            jobs[item["metadata"]["name"]] = item
            if kube.holds("Complete")(item) or kube.holds("Failed")(item):
                finished.add(item["metadata"]["name"])
        if len(finished) == JOBS:
            break
    assert len(finished) == JOBS, f"{JOBS - len(finished)} jobs did not end (seed {seed})"
    assert not moments, f"{len(moments)} kills were left over (seed {seed})"
    failed = [name for name, job in jobs.items() if not kube.holds("Complete")(job)]
    assert failed == [], f"seed {seed}"
    tenant.until_used(0)
    rules.stop()
    assert rules.broken == [], f"seed {seed}"
    assert rules.events > JOBS


def kill_one(client, dice):
    """Kills the leading operator, any operator or any extender; False if that one is down now."""
    kind = dice.choice(["leader", "operator", "extender"])
    container = "extender" if kind == "extender" else "operator"
    selector = installed.SCHEDULER if kind == "extender" else installed.OPERATOR
    pods = sorted(running(client, selector, container))
    if kind == "leader":
        pods = [pod for pod in pods if pod == leader(client)]
    if not pods:
        return False
    pod = dice.choice(pods)
    killed = installed.crash(pod, container)
    print(f"kill -9 {container} of {pod}: {'done' if killed else 'was down'}")
    return killed


def _pods_and_jobs(tenant):
    """Events of both collections, in the order in which they arrive."""
    merged = queue.Queue()

    def follow(kind, path):
        for change, item in tenant.client.follow(path, LIMIT_SECONDS):
            if item is not None and change != "DELETED":
                merged.put((kind, item))
        merged.put(None)
    for kind, path in (("pod", kube.pods(tenant.name)), ("job", kube.jobs(tenant.name))):
        threading.Thread(target=follow, args=(kind, path), daemon=True).start()
    while (event := merged.get()) is not None:
        yield event

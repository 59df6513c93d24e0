"""One fault at a time, while jobs run and new ones arrive: how long until work starts again."""

import dataclasses
import json
import threading
import time

import client as kube
import faults
from invariants import Invariants, attempt, over
from objects import FAKE_CLASS, REAL_CLASS, gpujob, is_over, quota, used
from patient import PatientClient

LIMITS = {FAKE_CLASS: 16, REAL_CLASS: 2}
PAUSE_IMAGE = "localhost/pause:1"
RECOVERY_SECONDS = 120
LIMIT_SECONDS = 7200
LOOK_AGAIN_SECONDS = 5
BATCH = 4  # jobs before and as many during each fault; together they want more than the quota


@dataclasses.dataclass
class Figure:
    """What one fault cost."""

    fault: str
    how: str
    recovery_seconds: float  # from its end until a job that arrived during it has run
    lost_device_seconds: int
    restarted_jobs: int
    violations: list


class Chaos:
    """A tenant with work that lasts, and the figures of what it went through."""

    def __init__(self, kubeconfig, namespace):
        self.client = PatientClient(kubeconfig)
        self.machine = faults.Machine(self.client)
        self.namespace = namespace
        self.figures = []
        self.rules = Invariants(self.client, namespace, LIMITS, LIMIT_SECONDS)
        self._number = 0

    def start(self):
        """A Quota of both classes, and on each kind of node a job that never ends by itself."""
        client, name = self.client, self.namespace
        client.create("/api/v1/namespaces", {"metadata": {"name": name}})
        body = quota(name, [name], LIMITS[FAKE_CLASS])
        body["spec"]["limits"].append({"class": REAL_CLASS, "guaranteed": LIMITS[REAL_CLASS]})
        client.create(f"{kube.BERTH}/quotas", body)
        client.until(kube.quota(name), kube.holds("Ready"), what="Ready")
        self.rules.start()
        self.submit(gpujob("steady", workers=2, devices=2), real("steady-real"))
        for job in ("steady", "steady-real"):
            client.until(f"{kube.jobs(name)}/{job}", kube.holds("Ready"), 120, "Ready")

    def submit(self, *jobs):
        client = self.client.alone()
        for job in jobs:
            client.create(kube.jobs(self.namespace), job)

    def suffer(self, fault, how, harm, on_real_node=False):
        """Runs `harm`, which returns when the fault is over and gives the instant of its end."""
        self._number += 1
        before, breaches = self._lost(), len(self.rules.broken)
        batch = [gpujob(f"{fault}-{self._number}-{one}", workers=1 + one % 3, devices=2,
                        run_seconds=1 + one % 2) for one in range(2 * BATCH)]
        probe = f"probe-{self._number}"
        self.submit(*batch[:BATCH])
        arriving = threading.Thread(target=self.submit, args=(
            real(probe, seconds=1) if on_real_node else gpujob(probe, run_seconds=1),
            *batch[BATCH:]), daemon=True)
        arriving.start()
        ended = harm()
        self._until_over([probe])
        recovery = max(0.0, time.monotonic() - ended)
        arriving.join(RECOVERY_SECONDS)
        self._until_over([job["metadata"]["name"] for job in batch])
        self._until_exact()
        after = self._lost()
        self.figures.append(Figure(fault, how, round(recovery, 1), after[0] - before[0],
                                   after[1] - before[1], self.rules.broken[breaches:]))

    def finish(self):
        """Ends what lasts; then nothing may be charged any more."""
        for job in ("steady", "steady-real"):
            self.client.remove_now(f"{kube.jobs(self.namespace)}/{job}")
        self._until_used({FAKE_CLASS: 0, REAL_CLASS: 0})
        self.rules.stop()

    def remove(self):
        client = self.client
        client.remove_now(kube.jobs(self.namespace))
        client.until_all(kube.jobs(self.namespace), lambda jobs: not jobs, 120, "gone")
        client.remove_now(f"/api/v1/namespaces/{self.namespace}")
        client.remove_now(kube.quota(self.namespace))
        client.until(kube.quota(self.namespace), kube.gone, 60, "gone")

    def _until_over(self, names):
        deadline = time.monotonic() + RECOVERY_SECONDS
        while True:
            try:
                self.rules.until_jobs(
                    lambda jobs: all(name in jobs and over(jobs[name]) for name in names),
                    LOOK_AGAIN_SECONDS, f"over: {' '.join(names)}")
                break
            except kube.Late:
                if time.monotonic() > deadline:
                    raise
                self._look_again()
        failed = [name for name in names if over(self.rules.jobs[name]) != "Complete"]
        assert failed == []

    def _look_again(self):
        """KWOK, unlike a kubelet, forgets what it could not write until the pod changes."""
        pods = kube.pods(self.namespace)
        for pod in self.client.get(pods)["items"]:
            if not is_over(pod) and pod["spec"].get("nodeName", "").startswith("fake-"):
                self.client.merge(f"{pods}/{pod['metadata']['name']}", {"metadata": {
                    "annotations": {"example.com/looked-at": str(time.monotonic())}}})

    def _until_exact(self):
        """Only what lasts runs now, so the charge is known to the device."""
        self._until_used({FAKE_CLASS: 4, REAL_CLASS: 1})

    def _until_used(self, wanted):
        self.client.until(kube.quota(self.namespace), lambda item: all(
            used(item, device_class) == count for device_class, count in wanted.items()),
            60, f"charged with {wanted}")

    def _lost(self):
        """Device-seconds to be done again, and attempts beyond the first, of all jobs so far."""
        jobs = self.rules.jobs.values()
        return (sum(job.get("status", {}).get("deviceSeconds", {}).get("lost", 0) for job in jobs),
                sum(max(0, attempt(job) - 1) for job in jobs))


def real(name, seconds=None):
    """A job on the node that runs containers."""
    job = gpujob(name, device_class=REAL_CLASS)
    job["spec"]["worker"].update(image=PAUSE_IMAGE, imagePullPolicy="Never",
                                 command=["/bin/sleep", str(seconds or 100_000)])
    return job


def print_table(figures):
    """For people; beside it the same as JSON, see write_figures."""
    print(f"\n{'fault':20} {'how':12} {'recovers':>9} {'lost':>8} {'restarted':>9} violations")
    for one in figures:
        print(f"{one.fault:20} {one.how:12} {one.recovery_seconds:7.1f} s "
              f"{one.lost_device_seconds:6d} s {one.restarted_jobs:9d} {len(one.violations)}")


def write_figures(folder, name, figures):
    """Stable JSON: the same names in the same order."""
    folder.mkdir(parents=True, exist_ok=True)
    text = json.dumps([dataclasses.asdict(one) for one in figures], indent=1)
    (folder / f"{name}.json").write_text(text + "\n")

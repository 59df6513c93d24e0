"""What may never be true, checked on every event of pods, jobs and Quotas while a test runs."""

import collections
import threading

import client as kube
import installed
from objects import FAKE_CLASS, REAL_CLASS, devices_of, is_over, used

NODE_DEVICES = 8


class Invariants:
    """Follows one tenant's pods, jobs and Quota until stop(); collects what broke a rule.

    The rules: bound pods never use more than the quota, nor more than a node has; status never says
    more than the limit; a worker never has two pods at once; a pod is bound once; an epoch does not
    shrink; a job that is over stays so, and its attempts are never fewer.

    limit: devices, of one class or by class. With a PatientClient an outage of the API server is no
    breach: what is there after it is looked at.
    """

    def __init__(self, client, namespace, limit, seconds):
        self.events = 0
        self.broken = []
        self.jobs = {}  # by name, as last seen; replaced, never changed
        self.changed = threading.Condition()  # whenever one of them is
        self._limits = limit if isinstance(limit, dict) else {FAKE_CLASS: limit}
        self._seconds = seconds
        self._stopped = threading.Event()
        self._client = client
        self._namespace = namespace
        self._pods = {}
        self._nodes = {}  # of pods that were ever bound, by uid
        self._epoch = 0

    def start(self):
        quotas = f"{kube.BERTH}/quotas", f"fieldSelector=metadata.name%3D{self._namespace}"
        for path, query, see in ((kube.pods(self._namespace), "", self._see_pod),
                                 (kube.jobs(self._namespace), "", self._see_job),
                                 (*quotas, self._see_quota)):
            threading.Thread(target=self._follow, args=(path, query, see), daemon=True).start()

    def stop(self):
        """Ends the threads' work; call when nothing changes any more."""
        self._stopped.set()

    def until_jobs(self, check, seconds, what):
        """Waits until check({name: job}) is truthy and returns that."""
        with self.changed:
            value = self.changed.wait_for(lambda: check(self.jobs), seconds)
        if not value:
            seen = "\n".join(kube.brief(job) for job in self.jobs.values() if not over(job))
            raise kube.Late(f"not {what} within {seconds} s; not over:\n{seen}")
        return value

    def _follow(self, path, query, see):
        """A rule that is not watched any more counts as broken."""
        try:
            for kind, item in self._client.follow(path, self._seconds, query):
                if self._stopped.is_set():
                    return
                self.events += item is not None
                see(kind, item)
        except Exception as error:
            self.broken.append(f"stopped watching {path}: {error}")

    def _see_pod(self, kind, item):
        if kind == "RELISTED":
            self._pods = {}
        if item is None:
            return
        uid = item["metadata"]["uid"]
        if kind == "DELETED" or is_over(item):
            self._pods.pop(uid, None)
        else:
            self._pods[uid] = item
        node = item["spec"].get("nodeName")
        if node and self._nodes.setdefault(uid, node) != node:
            self.broken.append(f"{_names([item])} went from {self._nodes[uid]} to {node}")
        self._check_pods()

    def _see_job(self, kind, item):
        if item is None:
            return
        name, before = item["metadata"]["name"], None
        if self.jobs.get(name, item)["metadata"]["uid"] == item["metadata"]["uid"]:
            before = self.jobs.get(name)
        if before and kind != "DELETED":
            if over(before) and over(item) != over(before):
                self.broken.append(f"{name} was {over(before)}, now {over(item) or 'it is not'}")
            if attempt(item) < attempt(before):
                self.broken.append(f"{name} had {attempt(before)} attempts, now {attempt(item)}")
        with self.changed:
            jobs = dict(self.jobs)
            if kind == "DELETED":
                jobs.pop(name, None)
            else:
                jobs[name] = item
            self.jobs = jobs
            self.changed.notify_all()

    def _see_quota(self, kind, item):
        if item is None or kind == "DELETED":
            return
        for device_class, limit in self._limits.items():
            if used(item, device_class) > limit:
                self.broken.append(f"status says {used(item, device_class)} {device_class} used, "
                                   f"the limit is {limit}")
        epoch = item.get("status", {}).get("epoch", 0)
        if epoch < self._epoch:
            self.broken.append(f"the epoch went from {self._epoch} to {epoch}")
        self._epoch = epoch

    def _check_pods(self):
        bound = [pod for pod in self._pods.values() if pod["spec"].get("nodeName")]
        nodes, classes = collections.Counter(), collections.Counter()
        for pod in bound:
            node = pod["spec"]["nodeName"]
            nodes[node] += devices_of(pod)
            classes[REAL_CLASS if node == installed.NODE else FAKE_CLASS] += devices_of(pod)
        for device_class, count in classes.items():
            if count > self._limits.get(device_class, 0):
                self.broken.append(f"{count} {device_class} in use, "
                                   f"quota {self._limits}: {_names(bound)}")
        for node, count in nodes.items():
            if count > NODE_DEVICES:
                self.broken.append(f"{count} devices in use on {node}: {_names(bound)}")
        for worker, pods in _by_worker(self._pods.values()).items():
            if len(pods) > 1:
                self.broken.append(f"worker {worker} has two pods: {_names(pods)}")


def over(job):
    """How a job ended; empty while it has not."""
    return next((end for end in ("Complete", "Failed") if kube.holds(end)(job)), "")


def attempt(job):
    return job.get("status", {}).get("attempt", 0)


def _names(pods):
    return " ".join(sorted(pod["metadata"]["name"] for pod in pods))


def _by_worker(pods):
    """Pods by (job, index). Pods are named JOB-ATTEMPT-INDEX and owned by their job."""
    workers = collections.defaultdict(list)
    for pod in pods:
        for owner in pod["metadata"].get("ownerReferences", []):
            if owner["kind"] == "GpuJob":
                workers[owner["uid"], pod["metadata"]["name"].rpartition("-")[2]].append(pod)
    return workers

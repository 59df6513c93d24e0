"""What may never be true, checked on every event of pods and Quotas while a test runs."""

import collections
import threading

import client as kube
from objects import devices_of, is_over, used

NODE_DEVICES = 8


class Invariants(threading.Thread):
    """Follows one tenant's pods and Quota until stop(); collects what broke a rule.

    The rules: bound pods never use more than the quota, nor more than a node has; status never says
    more than the limit; a worker never has two pods at once.
    """

    def __init__(self, client, namespace, limit, seconds):
        super().__init__(daemon=True)
        self.events = 0
        self.broken = []
        self._limit = limit
        self._seconds = seconds
        self._stopped = threading.Event()
        self._pods = {}
        self._client = client
        self._namespace = namespace
        self._quota = threading.Thread(target=self._follow_quota, daemon=True)

    def run(self):
        self._quota.start()
        try:
            self._follow_pods()
        except Exception as error:  # a rule that is not watched any more counts as broken
            self.broken.append(f"stopped watching pods: {error}")

    def _follow_pods(self):
        for kind, item in self._client.follow(kube.pods(self._namespace), self._seconds):
            if self._stopped.is_set():
                return
            if item is None:
                continue
            self.events += 1
            uid = item["metadata"]["uid"]
            if kind == "DELETED" or is_over(item):
                self._pods.pop(uid, None)
            else:
                self._pods[uid] = item
            self._check()

    def stop(self):
        """Ends both threads' work; call when nothing changes any more."""
        self._stopped.set()

    def _follow_quota(self):
        try:
            self._check_quota()
        except Exception as error:
            self.broken.append(f"stopped watching the quota: {error}")

    def _check_quota(self):
        path, query = f"{kube.BERTH}/quotas", f"fieldSelector=metadata.name%3D{self._namespace}"
        epoch = 0
        for kind, item in self._client.follow(path, self._seconds, query):
            if self._stopped.is_set():
                return
            if item is None or kind == "DELETED":
                continue
            self.events += 1
            if used(item) > self._limit:
                self.broken.append(f"status says {used(item)} used, the limit is {self._limit}")
            seen = item.get("status", {}).get("epoch", 0)
            if seen < epoch:
                self.broken.append(f"the epoch went from {epoch} to {seen}")
            epoch = seen

    def _check(self):
        bound = [pod for pod in self._pods.values() if pod["spec"].get("nodeName")]
        total = sum(devices_of(pod) for pod in bound)
        if total > self._limit:
            self.broken.append(f"{total} devices in use, quota {self._limit}: {_names(bound)}")
        nodes = collections.Counter()
        for pod in bound:
            nodes[pod["spec"]["nodeName"]] += devices_of(pod)
        for node, count in nodes.items():
            if count > NODE_DEVICES:
                self.broken.append(f"{count} devices in use on {node}: {_names(bound)}")
        for worker, pods in _by_worker(self._pods.values()).items():
            if len(pods) > 1:
                self.broken.append(f"worker {worker} has two pods: {_names(pods)}")


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

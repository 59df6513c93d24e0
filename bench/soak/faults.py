"""What goes wrong on purpose during a soak, one after the other, and when."""

import collections
import contextlib
import itertools
import json
import random
import time

import jobs
from harness import chart

# Kills begin and end the soak: between them the processes live that are judged. All else goes on
# in turn.
KILLS = ((0.02, "operator"), (0.04, "extender"), (0.06, "operator"), (0.08, "extender"),
         (0.96, "operator"), (0.98, "extender"))
OTHERS_FROM, OTHERS_UNTIL = 0.1, 0.95  # of the time of the churn
PAUSE_S = 4  # well below the ten seconds after which a leader that has not renewed ends itself
HOLD_S = 8
NARROW_DEVICES = 4
NODES = "/api/v1/nodes"


class Faults:
    """Runs the faults over the time of the churn, and undoes each."""

    def __init__(self, api, programs, devices, timing, stopped, progress):
        """timing: seconds of the churn and between two faults; devices: each tenant's."""
        self.counts = collections.Counter()
        self._api = api
        self._programs = programs
        self._devices = devices
        self._seconds, self._interval_s = timing
        self._stopped = stopped
        self._progress = progress
        self._chance = random.Random(0)

    def run(self):
        began = time.monotonic()
        for after, name, act in self._schedule():
            if self._stopped.wait(max(0, began + after - time.monotonic())):
                return
            act()
            self.counts[name] += 1
            self._progress.count("faults")

    def _schedule(self):
        """(seconds from the beginning, name, what to do), in order."""
        kills = [(share * self._seconds, f"kill -9 of the {name}",
                  lambda name=name: self._programs.kill(name)) for share, name in KILLS]
        others = itertools.cycle((
            ("operator halted", lambda: self._programs.pause("operator", self._pause)),
            ("nodes deleted and made again", self._lose_nodes),
            ("bad objects stored", self._store_bad_objects),
            ("extender halted", lambda: self._programs.pause("extender", self._pause)),
            ("Quota narrowed", self._narrow_quota)))
        count = int((OTHERS_UNTIL - OTHERS_FROM) * self._seconds / self._interval_s)
        first = OTHERS_FROM * self._seconds
        return sorted(kills + [(first + number * self._interval_s, *other)
                               for number, other in zip(range(count), others)],
                      key=lambda fault: fault[0])

    def _pause(self):
        self._stopped.wait(PAUSE_S)

    def _hold(self):
        self._stopped.wait(HOLD_S)

    def _lose_nodes(self):
        """One where work of ours is and one of any."""
        names = {self._chance.choice(self._api.get(f"{NODES}?limit=100")["items"])
                 ["metadata"]["name"], *self._busy_nodes()[:1]}
        with contextlib.ExitStack() as stack:
            for name in sorted(names):
                node = _made_anew(self._api.get(f"{NODES}/{name}"))
                self._api.send("DELETE", f"{NODES}/{name}")
                stack.callback(self._make_again, node)
            self._hold()

    def _make_again(self, node):
        """KWOK, unlike a kubelet, looks at pods of a node that was away only when they change."""
        self._api.create(NODES, node)
        query = f"fieldSelector=spec.nodeName%3D{node['metadata']['name']}"
        for pod in self._api.get(f"/api/v1/pods?{query}")["items"]:
            path = f"/api/v1/namespaces/{pod['metadata']['namespace']}/pods"
            body = {"metadata": {"annotations": {"example.com/looked-at": str(time.monotonic())}}}
            jobs.send_if_there(self._api, "PATCH", f"{path}/{pod['metadata']['name']}", body)

    def _busy_nodes(self):
        pods = self._api.get(f"/api/v1/namespaces/{jobs.TENANTS[0]}/pods")["items"]
        return [pod["spec"]["nodeName"] for pod in pods
                if pod["status"]["phase"] == "Running" and "nodeName" in pod["spec"]]

    def _store_bad_objects(self):
        """As bad as the API server takes them; together for a while."""
        with contextlib.ExitStack() as stack:
            for path, body in bad_objects():
                self._api.create(path, body)
                stack.callback(self._api.send, "DELETE", f"{path}/{body['metadata']['name']}")
            self._hold()

    def _narrow_quota(self):
        """Less than is in use, then all again."""
        tenant = self._chance.choice(jobs.TENANTS)
        self._set_quota(tenant, NARROW_DEVICES)
        try:
            self._hold()
        finally:
            self._set_quota(tenant, self._devices)

    def _set_quota(self, tenant, devices):
        limits = [{"class": jobs.DEVICE_CLASS, "guaranteed": devices}]
        self._api.send("PATCH", f"{chart.QUOTAS}/{tenant}",
                       json.dumps({"spec": {"limits": limits}}).encode(),
                       "application/merge-patch+json")


def _made_anew(node):
    """The node without what the API server and others said of it."""
    metadata = {key: node["metadata"][key] for key in ("name", "labels")}
    metadata["annotations"] = {key: value for key, value in node["metadata"]["annotations"].items()
                               if key.startswith("kwok")}
    status = {key: node["status"][key]
              for key in ("capacity", "allocatable", "addresses", "nodeInfo")}
    return {"apiVersion": "v1", "kind": "Node", "metadata": metadata, "status": status}


def bad_objects():
    """(path of the collection, object): each is well-formed and makes no sense."""
    def quota(name, **spec):
        return chart.QUOTAS, {"apiVersion": "berth.dev/v1alpha1", "kind": "Quota",
                              "metadata": {"name": name},
                              "spec": {"limits": [{"class": jobs.DEVICE_CLASS, "guaranteed": 1}],
                                       **spec}}

    def gang(name, workers=1, device_class=jobs.DEVICE_CLASS, **spec):
        return chart.JOBS.format(jobs.TENANTS[0]), {
            "apiVersion": "berth.dev/v1alpha1", "kind": "GpuJob", "metadata": {"name": name},
            "spec": {"workers": {"min": workers, "max": workers},
                     "worker": jobs.worker(8, {}, device_class), **spec}}
    return [quota("bad-orphan", parent="bad-nobody"),
            quota("bad-egg", parent="bad-hen"), quota("bad-hen", parent="bad-egg"),
            quota("bad-second", namespaces=[jobs.TENANTS[0]]),
            gang("bad-class", device_class="made-up"), gang("bad-size", workers=1000),
            gang("bad-hope", dependsOn=["bad-never"]),
            gang("bad-claim", checkpoint={"uri": "pvc://bad-claim/folder"})]

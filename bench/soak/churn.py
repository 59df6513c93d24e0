"""Jobs come, are suspended, resumed and deleted, and end: at their times, and as they should."""

import collections
import heapq
import itertools
import time

import jobs
from harness import chart


class Churn:
    """Creates jobs evenly over the time, and does to each what its fate says."""

    def __init__(self, api, count, seconds, stopped, progress):
        self._api = api
        self._count = count
        self._seconds = seconds
        self._stopped = stopped
        self._progress = progress
        self._due = []  # a heap of (when, order of arrival, what to do)
        self._order = itertools.count()

    def run(self):
        self._began = time.monotonic()
        self._at(self._began, lambda: self._create(0))
        while self._due:
            when, _, act = heapq.heappop(self._due)
            if self._stopped.wait(max(0, when - time.monotonic())):
                return
            act()

    def _at(self, when, act):
        heapq.heappush(self._due, (when, next(self._order), act))

    def _create(self, number):
        job = jobs.job(number)
        self._api.send("POST", chart.JOBS.format(job.namespace), job.body)
        self._progress.count("created")
        later = time.monotonic() + job.patience_s
        if job.fate == "is deleted":
            self._at(later, lambda: self._send("DELETE", job))
        if job.fate == "is suspended":
            self._at(later, lambda: self._suspend(job, True))
            self._at(later + job.patience_s, lambda: self._suspend(job, False))
        if number + 1 < self._count:
            when = self._began + (number + 1) * self._seconds / self._count
            self._at(when, lambda: self._create(number + 1))

    def _suspend(self, job, is_suspended):
        self._send("PATCH", job, {"spec": {"suspend": is_suspended}})

    def _send(self, method, job, body=None):
        path = f"{chart.JOBS.format(job.namespace)}/{job.name}"
        jobs.send_if_there(self._api, method, path, body)


class Ends:
    """Follows all jobs until each has ended, and counts how."""

    def __init__(self, api, count, stopped, progress):
        self.counts = collections.Counter()
        self.unwanted = []  # sentences about jobs that ended as they should not
        self._api = api
        self._stopped = stopped
        self._progress = progress
        self._fates = {job.name: job.fate for job in map(jobs.job, range(count))}
        self._over = set()
        self._version = api.version(jobs.ALL_JOBS)

    def run(self, seconds):
        changes = self._api.follow(jobs.ALL_JOBS, self._version, time.monotonic() + seconds,
                                   self._check)
        for kind, job in changes:
            self._see(kind, job)
            if len(self._over) == len(self._fates):
                return
        raise TimeoutError(self._what_is_left())

    def _check(self):
        if self._stopped.is_set():
            raise InterruptedError("stopped following jobs")

    def _see(self, kind, job):
        name = job["metadata"]["name"]
        end = _end(job) or ("Deleted" if kind == "DELETED" else None)
        if end is None or name in self._over or name not in self._fates:
            return
        self._over.add(name)
        self.counts[end] += 1
        self._progress.count("over")
        fate = self._fates[name]
        if end not in jobs.WANTED_ENDS[fate]:
            self.unwanted.append(f"{name}, which {fate}, ended as {end}: {_said(job)}")

    def _what_is_left(self):
        left = [job for job in self._api.get(jobs.ALL_JOBS)["items"]
                if job["metadata"]["name"] in self._fates and not _end(job)]
        lines = [f"  {job['metadata']['name']}: {_said(job)}" for job in left[:20]]
        count = len(self._fates) - len(self._over)
        return "\n".join([f"{count} jobs are not over in time", *lines])


def _end(job):
    """Complete, Failed or None."""
    return next((one["type"] for one in _conditions(job)
                 if one["status"] == "True" and one["type"] in ("Complete", "Failed")), None)


def _conditions(job):
    return job.get("status", {}).get("conditions", [])


def _said(job):
    """What its conditions say, in one line."""
    return "; ".join(f"{one['type']} {one['status']} {one['reason']} {one.get('message', '')}"
                     for one in _conditions(job)) or "no conditions"

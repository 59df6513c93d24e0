"""How long recorded jobs wait: kubectl-berth simulate queue over the clusters of ElasticFlow."""

import csv
import gzip
import heapq
import math

from table import Row

DEVICES_PER_NODE = 8
LOADS = (0.9, 1.1)
CLUSTERS = {**{f"cluster{n}": "deadline" for n in ("01", "02", "03", "05", "06", "10")},
            "cluster04": "raw", "cluster08": "raw"}
QUICK = ("cluster01", "cluster06")
EXPLAINED = ("cluster02", "cluster06")
TOLERANCE = 0.1   # of the load, beyond which a cluster is no witness for it


class Jobs:
    """One recorded cluster."""

    def __init__(self, path):
        self.path = path
        with gzip.open(path, "rt", encoding="utf-8") as file:
            rows = [(float(row["submission_time"]), float(row["duration"]), int(row["num_gpu"]))
                    for row in csv.DictReader(file)]
        self._rows = sorted(rows)
        self._span = self._rows[-1][0] - self._rows[0][0]
        self._work = sum(duration * devices for _, duration, devices in rows)
        self._widest = max(devices for _, _, devices in rows)

    def nodes_for(self, load):
        """The number of nodes whose load is nearest to the wanted one and that can run all jobs."""
        wanted = self._work / (self._span * load * DEVICES_PER_NODE)
        fewest = math.ceil(self._widest / DEVICES_PER_NODE)
        near = [n for n in (math.floor(wanted), math.ceil(wanted)) if n >= fewest] or [fewest]
        return min(near, key=lambda n: abs(self._load(n) - load))

    def _load(self, nodes):
        return self._work / (self._span * nodes * DEVICES_PER_NODE)

    def least_mean_wait(self, nodes):
        """No policy makes jobs wait less on average, were it to know how long they run.

        The work of a job may be done by any number of devices at once here, which only helps; then
        least remaining work first is optimal for the mean (Schrage 1968), and its sum of times in
        the system, less the durations, is a bound for real devices.
        """
        speed = nodes * DEVICES_PER_NODE
        now, in_system, waiting = self._rows[0][0], 0.0, []
        arrivals = iter([*self._rows, (math.inf, 0, 0)])
        following = next(arrivals)
        while waiting or following[0] < math.inf:
            if not waiting:
                now = max(now, following[0])
            while following[0] <= now:
                heapq.heappush(waiting, [following[1] * following[2], following[0]])
                following = next(arrivals)
            if not waiting:
                continue
            left = waiting[0][0] / speed
            if now + left <= following[0]:
                now += left
                in_system += now - heapq.heappop(waiting)[1]
            else:
                waiting[0][0] -= (following[0] - now) * speed
                now = following[0]
        total = sum(duration for _, duration, _ in self._rows)
        return max(0.0, (in_system - total) / len(self._rows))


class Replay:
    """One cluster at one load, under the policies."""

    def __init__(self, programs, name, jobs, load):
        self.name = name
        self.nodes = jobs.nodes_for(load)
        def run(*policy):
            return programs.simulate("queue", "--trace", jobs.path, "--cluster",
                                     f"{self.nodes}x{DEVICES_PER_NODE}", "--policy", *policy)
        self.easy = run("easy")
        self.berth = run("berth")
        self.newest = run("berth", "--victims", "newest")
        self.least_mean = jobs.least_mean_wait(self.nodes)
        self.is_judged = abs(self.berth["load"] / load - 1) <= TOLERANCE

    def ratio(self, which):
        """Of the waits under berth to those under easy; nothing where nobody waits."""
        easy, berth = self.easy["wait_seconds"][which], self.berth["wait_seconds"][which]
        if easy == 0:
            return None if berth == 0 else math.inf
        return berth / easy

    def told(self):
        easy, berth = self.easy["wait_seconds"], self.berth["wait_seconds"]
        judged = "" if self.is_judged else "  not judged: the widest job or whole nodes decide"
        return (f"{self.name} {self.nodes:3}x{DEVICES_PER_NODE} load {self.berth['load']:.3f}: "
                f"mean {_hours(berth['mean'])}/{_hours(easy['mean'])}"
                f" = {_ratio(self.ratio('mean'))}"
                f" (least possible {_hours(self.least_mean)}), p99 {_hours(berth['p99'])}/"
                f"{_hours(easy['p99'])} = {_ratio(self.ratio('p99'))}, lost "
                f"{_hours(self.berth['lost_device_seconds'])}, newest first "
                f"{_hours(self.newest['lost_device_seconds'])}{judged}")


def _hours(seconds):
    return f"{seconds / 3600:.2f} h"


def _ratio(value):
    return "-" if value is None else f"{value:.3f}"


def _geometric_mean(values):
    if not values or math.inf in values:
        return None if not values else math.inf
    return math.exp(sum(math.log(max(value, 1e-6)) for value in values) / len(values))


def measure(programs, folder, is_quick):
    """Rows for each load, and what preemptions cost over all of them."""
    names = QUICK if is_quick else sorted(CLUSTERS)
    all_jobs = {name: Jobs(folder / CLUSTERS[name] / f"{name}.csv.gz") for name in names}
    replays = []
    for load in LOADS:
        at_load = [Replay(programs, name, jobs, load) for name, jobs in all_jobs.items()]
        replays += at_load
        yield from _waits(at_load, load)
    yield from _preemptions(replays)


def explained(programs, folder, is_quick):
    """What `explain` is worth: on a random sample of held work, at the higher load."""
    sample = 20 if is_quick else 100
    told, details = [], []
    for name in EXPLAINED[:1] if is_quick else EXPLAINED:
        jobs = Jobs(folder / CLUSTERS[name] / f"{name}.csv.gz")
        nodes = jobs.nodes_for(LOADS[-1])
        got = programs.simulate("queue", "--trace", jobs.path, "--cluster",
                                f"{nodes}x{DEVICES_PER_NODE}", "--policy", "berth",
                                "--explain-sample", sample)["explained"]
        told.append(got)
        details.append(f"{name} {nodes:3}x{DEVICES_PER_NODE}: a change for {got['with_change']} of "
                       f"{got['sampled']}, which starts {got['started']}; starts off by "
                       f"{got['start_error_percent'] or 0:.0f} %, {got['early_percent'] or 0:.0f} %"
                       f" of them too early, {got['estimated']} estimates")
    changes = sum(got["with_change"] for got in told)
    started = sum(got["started"] for got in told)
    yield Row("core_explain_started_percent", "explain: held work that the cheapest change starts",
              100 * started / changes if changes else None, "%", details=details,
              note=f"of {changes} with a change, {sum(got['sampled'] for got in told)} looked at")
    errors = [got["start_error_percent"] for got in told if got["start_error_percent"] is not None]
    yield Row("core_explain_start_error_percent", "explain: error of start estimates, of the wait",
              max(errors, default=None), "%", digits=0, note="median; the worst cluster")


def _waits(replays, load):
    judged = [replay for replay in replays if replay.is_judged]
    percent = round(load * 100)

    def ratios(which):
        found = {replay.name: replay.ratio(which) for replay in judged}
        return {name: ratio for name, ratio in found.items() if ratio is not None}
    mean, p99 = ratios("mean"), ratios("p99")
    waited = [replay.easy["wait_seconds"]["mean"] for replay in judged]
    bounds = [replay.least_mean / wait for replay, wait in zip(judged, waited) if wait > 0]
    bound = _geometric_mean(bounds) if bounds and min(bounds) > 0 else None
    yield Row(f"core_queue_mean_wait_to_easy_at_{percent}",
              f"elasticflow at {load:g}: mean wait over easy's, geometric mean",
              _geometric_mean(list(mean.values())), "x", limit=bound, digits=3,
              details=[replay.told() for replay in replays])
    worst = max(p99, key=p99.get) if p99 else ""
    yield Row(f"core_queue_p99_wait_to_easy_at_{percent}",
              f"elasticflow at {load:g}: p99 wait over easy's, the worst cluster",
              p99.get(worst), "x", digits=3,
              note=f"{worst}; geometric mean {_ratio(_geometric_mean(list(p99.values())))}")


def _preemptions(replays):
    def total(runs, key):
        return sum(run[key] for run in runs)
    berth, newest = [r.berth for r in replays], [r.newest for r in replays]
    lost, lost_newest = (total(runs, "lost_device_seconds") for runs in (berth, newest))
    yield Row("core_queue_lost_to_newest", "elasticflow: device time lost, over newest first's",
              lost / lost_newest if lost_newest else None, "x", digits=3,
              note=f"{_hours(lost)} in {total(berth, 'preemptions'):,} preemptions, newest first "
                   f"{_hours(lost_newest)} in {total(newest, 'preemptions'):,}")
    yield Row("core_queue_useless_preemptions", "elasticflow: useless preemptions",
              total(berth, "useless_preemptions"), digits=0)

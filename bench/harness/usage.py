"""What processes cost, from /proc, and what the API server was asked, from its own metrics."""

import collections
import dataclasses
import os
import pathlib
import re
import time

TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")
WRITES = {"POST", "PUT", "PATCH", "APPLY", "DELETE", "DELETECOLLECTION"}
# Heartbeats of nodes and leaders: as many as time passes, whatever the work.
HEARTBEATS = {"leases"}
QUIET_S = 1.0


def cpu_seconds(pid):
    """User and system time of a process since it started, of all its threads."""
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS_PER_SECOND  # fields 14 and 15 of proc(5)


def peak_mib(pid):
    """The most resident memory that a process had."""
    return _number(pathlib.Path(f"/proc/{pid}/status").read_text(), "VmHWM") / 1024


def _number(status, name):
    """A line of /proc/PID/status; memory is in kB."""
    return int(re.search(rf"^{name}:\s+(\d+)", status, re.MULTILINE)[1])


@dataclasses.dataclass
class Held:
    """What a process holds at one moment."""

    resident_mib: float
    peak_mib: float  # resident, since it started
    handles: int  # open file descriptors
    threads: int


def held(pid):
    """None when the process has just ended."""
    try:
        status = pathlib.Path(f"/proc/{pid}/status").read_text()
        if "VmRSS:" not in status:  # ended, and nobody has asked how
            return None
        handles = len(os.listdir(f"/proc/{pid}/fd"))
    except (FileNotFoundError, ProcessLookupError):
        return None
    return Held(_number(status, "VmRSS") / 1024, _number(status, "VmHWM") / 1024, handles,
                _number(status, "Threads"))


class CpuMeter:
    """CPU seconds by name of process between its making and `read`."""

    def __init__(self, pids):
        self._pids = dict(pids)
        self._before = {name: cpu_seconds(pid) for name, pid in self._pids.items()}

    def read(self):
        return {name: round(cpu_seconds(pid) - self._before[name], 2)
                for name, pid in self._pids.items()}


def count_requests(api):
    """Requests that the API server has answered, by (verb, resource with its subresource)."""
    counts = collections.Counter()
    for line in api.send("GET", "/metrics").decode().splitlines():
        if not line.startswith("apiserver_request_total{"):
            continue
        labels = dict(re.findall(r'(\w+)="([^"]*)"', line))
        name = labels["resource"] or "(none)"
        if labels["subresource"]:
            name += "/" + labels["subresource"]
        counts[labels["verb"], name] += int(float(line.rpartition(" ")[2]))
    return counts


def writes(counts):
    return {key: count for key, count in counts.items()
            if key[0] in WRITES and key[1] not in HEARTBEATS}


def settled_requests(api, seconds=60):
    """Counts again and again until nothing is written any more; returns the last counts."""
    deadline = time.monotonic() + seconds
    counts = count_requests(api)
    while True:
        time.sleep(QUIET_S)
        again = count_requests(api)
        if writes(again) == writes(counts) or time.monotonic() > deadline:
            return again
        counts = again

"""How fast a kube-scheduler binds pods that are all there when it starts."""

import contextlib
import dataclasses
import os
import signal
import time

from gangs import PODS
from harness import usage
from harness.progress import Progress


@dataclasses.dataclass
class Measured:
    per_second: float
    cpu_s: dict  # by program, while it bound


@contextlib.contextmanager
def _paused(pid):
    """Stops a process, so that fake kubelets do not report pods while others are still bound."""
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


def measure(api, local, bodies, limit_seconds, title, start_scheduler, extender):
    """Creates the pods, has them bound, deletes them. `extender` is its Service, or false."""
    with Progress(title, "created", "bound") as progress:
        api.send_all((("POST", PODS, body) for body in bodies),
                     sent=lambda: progress.count("created"))
        version = api.version(PODS)
        pids = local.pids()
        with _paused(pids["kwok"]), start_scheduler() as scheduler:
            programs = {"kube-scheduler": scheduler.pid, "kube-apiserver": pids["apiserver"]}
            if extender:
                programs["berth-extender"] = extender.pid
            measured = _follow_binding(api, version, len(bodies), time.monotonic() + limit_seconds,
                                       programs, progress)
    api.empty(PODS, limit_seconds)
    return measured


def _follow_binding(api, version, count, deadline, programs, progress):
    bound = set()
    meter = usage.CpuMeter(programs)
    for _, pod in api.follow(PODS, version, deadline):
        name = pod["metadata"]["name"]
        if name in bound or not pod["spec"].get("nodeName"):
            continue
        bound.add(name)
        progress.count("bound")
        if len(bound) == 1:
            first = time.monotonic()
        if len(bound) == count:
            return Measured((count - 1) / (time.monotonic() - first), meter.read())
    raise TimeoutError(f"{count - len(bound)} of {count} pods are not bound in time")

"""Berth's programs under a keeper, and what they hold over time."""

import os
import signal
import threading
import time

from harness import usage
from harness.progress import note

SAMPLED = ("operator", "extender")


class Programs:
    """Starts again what was killed or ended by itself, as kubelet would."""

    def __init__(self, berth):
        self.ended_by_themselves = 0
        self._services = {"operator": berth.operator, "extender": berth.extender,
                          "scheduler": berth.scheduler}
        self._lock = threading.Lock()  # of starting again

    def pids(self):
        with self._lock:
            return {name: self._services[name].pid for name in SAMPLED}

    def keep(self):
        for name, service in self._services.items():
            with self._lock:
                code = service.exit_code()
                if code is None:
                    continue
                self.ended_by_themselves += 1
                note(f"{name} ended by itself with {code}\n{service.log_end()}")
                service.start_again()

    def kill(self, name):
        """SIGKILL, then a start; returns when it is ready."""
        service = self._services[name]
        with self._lock:
            service.start_again()
        service.until_ready_again()

    def pause(self, name, hold):
        """SIGSTOP for as long as hold() takes, then SIGCONT."""
        pid = self._services[name].pid
        os.kill(pid, signal.SIGSTOP)
        try:
            hold()
        finally:
            os.kill(pid, signal.SIGCONT)


class Sampler:
    """One series for every process: [(seconds since the beginning, usage.Held)]."""

    def __init__(self, programs, interval_s, stopped, progress):
        self.series = {name: {} for name in SAMPLED}  # name: {pid: samples}
        self._programs = programs
        self._interval_s = interval_s
        self._stopped = stopped
        self._progress = progress

    def run(self):
        began = time.monotonic()
        while not self._stopped.wait(self._interval_s):
            self._programs.keep()
            for name, pid in self._programs.pids().items():
                held = usage.held(pid)
                if held is None:
                    continue
                self.series[name].setdefault(pid, []).append((time.monotonic() - began, held))
                self._progress.show(f"{name} MiB", f"{held.resident_mib:.1f}")

    def longest(self, name):
        """The samples of the process that lived longest."""
        return max(self.series[name].values(), key=len)

"""Starts the cluster's programs and stops exactly those again.

A record holds pid, start time and boot: a pid alone may have been given to somebody else since.
"""

import contextlib
import fcntl
import json
import os
import pathlib
import signal
import subprocess
import time

from .say import ClusterError, wait_until

LOG_LINES_SHOWN = 12


def boot_id():
    return pathlib.Path("/proc/sys/kernel/random/boot_id").read_text().strip()


def start_time(pid):
    """Start time of a live process in clock ticks since boot; None when gone or a zombie."""
    try:
        fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return None if fields[0] in "ZX" else int(fields[19])  # fields 3 (state) and 22 of proc(5)


@contextlib.contextmanager
def exclusive(folder):
    """Keeps a second `up` or `down` out of a cluster's folder."""
    with open(folder / "lock", "w", encoding="ascii") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise ClusterError(f"another up or down works in {folder}") from None
        yield


class Processes:
    """The programs of one cluster folder, by component name."""

    def __init__(self, cluster):
        self._records = cluster.records
        self._logs = cluster.logs

    def start(self, name, command, env=None):
        """Starts `command` in a session of its own, its output in the component's log."""
        self._start(name, [str(word) for word in command], (env or {}).get("PATH"), "wb")

    def start_again(self, name):
        """Starts a component that has ended, as it was started; its log goes on."""
        record = json.loads((self._records / f"{name}.json").read_text())
        self._start(name, record["command"], record["path"], "ab")

    def _start(self, name, command, path, mode):
        self._records.mkdir(parents=True, exist_ok=True)
        self._logs.mkdir(parents=True, exist_ok=True)
        env = dict(os.environ, PATH=path) if path else None
        with open(self._logs / f"{name}.log", mode) as log:
            child = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                     start_new_session=True, env=env)
        record = {"pid": child.pid, "start": start_time(child.pid), "boot": boot_id(),
                  "command": command, "path": path}
        (self._records / f"{name}.json").write_text(json.dumps(record))

    def names(self):
        return sorted(path.stem for path in self._records.glob("*.json"))

    def pid(self, name):
        """The component's pid when the recorded process still runs, else None."""
        try:
            record = json.loads((self._records / f"{name}.json").read_text())
        except (OSError, ValueError):
            return None
        if record["start"] is None or record["boot"] != boot_id():
            return None
        return record["pid"] if start_time(record["pid"]) == record["start"] else None

    def wait_ready(self, name, ready, seconds):
        """Waits for `ready`; when the process ends first or time runs out, shows its log's end."""
        def settled():
            return self.pid(name) is None or ready()
        try:
            wait_until(settled, seconds, f"{name} is not ready")
        except ClusterError as error:
            raise ClusterError(f"{error}\n{self.log_end(name)}") from None
        if self.pid(name) is None:
            raise ClusterError(f"{name} ended while starting\n{self.log_end(name)}")

    def log_end(self, name):
        path = self._logs / f"{name}.log"
        lines = path.read_text(errors="replace").splitlines() if path.exists() else []
        shown = [f"  | {line}" for line in lines[-LOG_LINES_SHOWN:]]
        return "\n".join([f"last lines of {path}:", *shown])

    def stop(self, name, grace_seconds):
        """Ends the component, by force after the grace period, and forgets its record."""
        pid = self.pid(name)
        if pid is not None:
            end_process(pid, grace_seconds)
        (self._records / f"{name}.json").unlink(missing_ok=True)


def end_process(pid, grace_seconds):
    """SIGTERM, then SIGKILL after the grace period; returns when the process is gone."""
    begun = start_time(pid)
    for number, seconds in ((signal.SIGTERM, grace_seconds), (signal.SIGKILL, 5)):
        if seconds <= 0:
            continue
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            return
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            reap(pid)
            if begun is None or start_time(pid) != begun:
                return
            time.sleep(0.02)


def reap(pid):
    """Collects our own ended child, so that it does not stay a zombie while we run."""
    try:
        os.waitpid(pid, os.WNOHANG)
    except ChildProcessError:
        pass

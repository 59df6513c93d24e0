"""The programs that are measured, and what they print."""

import json
import os
import pathlib
import subprocess
import time

from harness.cluster import ROOT
from harness.progress import note


class NotBuilt(Exception):
    """The program does not know yet what it is asked for."""


class Programs:
    """kubectl-berth and the scenes in C++ of one build."""

    def __init__(self, build):
        self._berth = build / "kubectl-berth"
        self._scenes = build / "bench" / "core_bench"
        self._known = {}

    def simulate(self, *words):
        """The JSON of `kubectl-berth simulate WORDS`; the same words run once."""
        if words not in self._known:
            self._known[words] = self._simulate(words)
        if isinstance(self._known[words], NotBuilt):
            raise self._known[words]
        return self._known[words]

    def _simulate(self, words):
        command = [str(self._berth), "simulate", *map(str, words), "--json"]
        shown = " ".join(pathlib.Path(word).name if os.sep in str(word) else str(word)
                         for word in words)
        started = time.monotonic()
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        note(f"{shown}: {time.monotonic() - started:.1f} s")
        if done.returncode == 0:
            return json.loads(done.stdout)
        if "not built yet" in done.stderr:
            return NotBuilt("not built yet")
        raise RuntimeError(f"{' '.join(command)}: {done.stderr.strip()}")

    def knows(self, simulation):
        help_text = subprocess.run([str(self._berth), "simulate", "--help"], capture_output=True,
                                   text=True, check=True).stdout
        return any(line.split()[:1] == [simulation] for line in help_text.splitlines())

    def scene(self, name, is_quick):
        """What bench/core/main.cc measured of one of its scenes."""
        note(f"scene {name}")
        words = ["--quick", name] if is_quick else [name]
        done = subprocess.run([str(self._scenes), *words], stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, text=True, check=False)
        if done.returncode != 0:
            raise RuntimeError(f"core_bench {name}: {done.stderr.strip()}")
        return json.loads(done.stdout)


def build(folder):
    """Brings both programs of a build folder up to date."""
    if not (folder / "CMakeCache.txt").exists():
        subprocess.run(["cmake", "--preset", "release", "-B", str(folder), "-DBERTH_WORKERS=OFF"],
                       cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    note("building kubectl-berth and core_bench")
    subprocess.run(["cmake", "--build", str(folder), "--target", "kubectl-berth", "core_bench"],
                   cwd=ROOT, check=True, stdout=subprocess.DEVNULL)

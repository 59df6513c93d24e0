"""Remembers which files passed a compiler-grade check, by the content that the verdict rests on.

A key is the hash of the tool, its configuration and the file with everything of ours that it
includes. Only passes are remembered, as empty files outside the tree, so a failure is always shown
again and a finished build tree is not needed to keep them.
"""
import concurrent.futures
import hashlib
import os
import pathlib
import re
import subprocess
import sys

_INCLUDE = re.compile(r'^\s*#\s*include\s+"([^"]+)"', re.MULTILINE)


class Cache:
    def __init__(self, root, name, *facts):
        cache = os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache"
        ours = os.environ.get("BERTH_CACHE") or pathlib.Path(cache) / "berth"
        self._folder = pathlib.Path(ours) / "checks" / name
        self._root = pathlib.Path(root)
        self._facts = hashlib.sha256("\0".join(map(str, facts)).encode()).hexdigest()
        self._contents = {}

    def path_for(self, path):
        digest = hashlib.sha256(self._facts.encode())
        for part in sorted(self._closure(path)):
            digest.update(f"{part.relative_to(self._root)}\0".encode() + self._read(part))
        return self._folder / digest.hexdigest()

    def _closure(self, path):
        """`path` and every file of ours that it includes, directly or not."""
        seen, waiting = set(), [path]
        while waiting:
            part = waiting.pop()
            if part in seen:
                continue
            seen.add(part)
            for target in _INCLUDE.findall(self._read(part).decode(errors="replace")):
                found = (self._root / base / target for base in ("src", ""))
                waiting += [candidate for candidate in found if candidate.is_file()]
        return seen

    def _read(self, path):
        if path not in self._contents:
            self._contents[path] = path.read_bytes()
        return self._contents[path]


def run_all(title, cache, jobs, wanted):
    """Runs `wanted` = {path: command} that did not pass before; returns {path: output} of failures.

    `title` heads the progress line, which only a terminal gets.
    """
    keys = {path: cache.path_for(path) for path in wanted}
    due = [path for path in wanted if not keys[path].exists()]
    failed = {}
    with concurrent.futures.ThreadPoolExecutor(max_workers=jobs) as pool:
        running = {pool.submit(subprocess.run, wanted[path], capture_output=True, text=True): path
                   for path in due}
        for count, done in enumerate(concurrent.futures.as_completed(running), 1):
            path, outcome = running[done], done.result()
            if outcome.returncode == 0:
                keys[path].parent.mkdir(parents=True, exist_ok=True)
                keys[path].touch()
            else:
                failed[path] = outcome.stdout + outcome.stderr
            if sys.stderr.isatty():
                print(f"\r  {title} {count}/{len(due)} ", end="", file=sys.stderr, flush=True)
    return failed

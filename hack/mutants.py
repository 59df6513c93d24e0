#!/usr/bin/env python3
"""Puts known mistakes into Berth, one at a time, and has the simulation find them.

Each mutant of tests/simulation/mutants/mutants.yaml is built in build/mutants, beside the working
tree, and played until a schedule breaks an invariant; where no fresh one does, those that are
pinned are played too. Prints a line per mutant: found or not, the invariant, schedules and seconds
that it took; exits 1 when one is not found.

examples:
  hack/mutants.py                                    # all; about a minute each, mostly compiling
  hack/mutants.py --only place_before_charge
  hack/mutants.py --seconds 300 --json > found.json
"""
import argparse
import json
import pathlib
import re
import subprocess
import sys
import time

import yaml

ROOT = pathlib.Path(__file__).resolve().parent.parent
LIST = ROOT / "tests/simulation/mutants/mutants.yaml"
BUILD = ROOT / "build/mutants"
TREE, OUT = BUILD / "tree", BUILD / "out"
GRACE_SECONDS = 30  # for the schedule under way; a mutant that never comes to rest takes longer


class Bad(Exception):
    """What is wrong with the list of mutants."""


def load():
    mutants = yaml.safe_load(LIST.read_text())
    names = [mutant["name"] for mutant in mutants]
    for name in names:
        if names.count(name) > 1:
            raise Bad(f"{LIST.name}: {name} is there twice")
    return mutants


def mutated(mutant, root):
    """The changed texts by path; Bad where the code is no longer as the mutant expects it."""
    texts = {}
    for edit in mutant["edits"]:
        path = edit["file"]
        text = texts.get(path) or (root / path).read_text()
        times = text.count(edit["from"])
        if times != 1:
            raise Bad(f"{mutant['name']}: its text is {times} times in {path}, not once")
        texts[path] = text.replace(edit["from"], edit["to"])
    return texts


def refresh_tree():
    """Makes the copy equal to the working tree; files that are equal keep their times."""
    listed = subprocess.run(["git", "ls-files", "-co", "--exclude-standard"], cwd=ROOT,
                            capture_output=True, text=True, check=True).stdout.splitlines()
    wanted = {name for name in listed if (ROOT / name).is_file()}
    for path in [p for p in TREE.rglob("*") if p.is_file()] if TREE.exists() else []:
        if str(path.relative_to(TREE)) not in wanted:
            path.unlink()
    for name in wanted:
        put(TREE / name, (ROOT / name).read_bytes(), (ROOT / name).stat().st_mode)


def put(path, content, mode=0o644):
    if path.exists() and path.read_bytes() == content:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    path.chmod(mode)


def build():
    if not (OUT / "build.ninja").exists():
        # Compiled file by file: a mutant is one or two of them.
        subprocess.run(["cmake", "--preset", "release", "-DBERTH_UNITY=OFF", "-B", str(OUT)],
                       cwd=TREE, check=True, stdout=subprocess.DEVNULL)
    done = subprocess.run(["cmake", "--build", str(OUT), "--target", "berth-sim"], cwd=TREE,
                          capture_output=True, text=True)
    return None if done.returncode == 0 else done.stdout[-2000:]


def play(seconds, also):
    """(invariant or None, schedules, seconds) of a run until the first schedule that fails."""
    begun = time.monotonic()
    command = [OUT / "tests/simulation/berth-sim", "--seconds", str(seconds), "--failures", "1",
               "--shrink", "0"] + (["--also", also] if also else [])
    try:
        done = subprocess.run(command, capture_output=True, text=True,
                              timeout=seconds + GRACE_SECONDS)
    except subprocess.TimeoutExpired:
        return "a schedule without end", 0, time.monotonic() - begun
    took = time.monotonic() - begun
    schedules = re.search(r"^(\d+) schedules", done.stdout, re.MULTILINE)
    broken = re.search(r"^seed (\d+) breaks ([\w ]+):", done.stdout, re.MULTILINE)
    if done.returncode not in (0, 1):
        return f"crash ({done.returncode})", int(schedules[1]) if schedules else 0, took
    return broken[2] if broken else None, int(schedules[1]), took


def play_pinned():
    """The invariant that a schedule breaks which is played every time, or None."""
    done = subprocess.run([OUT / "tests/simulation/berth-sim", "--play",
                           *sorted((TREE / "tests/simulation/pinned").glob("*.schedule"))],
                          capture_output=True, text=True)
    broken = re.search(r"^  => ([\w ]+):", done.stdout, re.MULTILINE)
    return f"{broken[1]}, pinned" if broken else None


def try_one(mutant, seconds):
    texts = mutated(mutant, TREE)  # the working tree may change meanwhile
    before = {path: (TREE / path).read_bytes() for path in texts}
    for path, text in texts.items():
        put(TREE / path, text.encode())
    try:
        error = build()
        if error:
            print(error, file=sys.stderr)
        found, schedules, took = (None, 0, 0) if error else play(seconds, mutant.get("also"))
        if not error and not found:
            found = play_pinned()
    finally:
        for path, content in before.items():
            put(TREE / path, content)
    return {"name": mutant["name"], "mistake": mutant["mistake"], "compiles": not error,
            "found": found, "schedules": schedules, "seconds": round(took, 1)}


def verdict(result):
    if not result["compiles"]:
        return "DOES NOT COMPILE"
    return f"found by {result['found']}" if result["found"] else "NOT FOUND"


def options():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", action="append", metavar="NAME", help="this mutant alone")
    parser.add_argument("--seconds", type=int, default=120,
                        help="how long each is played at most (default 120)")
    parser.add_argument("--list", action="store_true", help="name them, with their mistakes")
    parser.add_argument("--check", action="store_true",
                        help="only whether each still fits the code; builds nothing")
    parser.add_argument("--json", action="store_true", help="the results as JSON")
    return parser.parse_args()


def main():
    asked = options()
    mutants = load()
    unknown = set(asked.only or []) - {mutant["name"] for mutant in mutants}
    if unknown:
        raise Bad(f"no mutant {', '.join(sorted(unknown))}; --list names them")
    mutants = [m for m in mutants if not asked.only or m["name"] in asked.only]
    if asked.list:
        for mutant in mutants:
            print(f"{mutant['name']:32} {mutant['mistake']}")
        return 0
    for mutant in mutants:
        mutated(mutant, ROOT)
    if asked.check:
        print(f"{len(mutants)} mutants fit the code")
        return 0
    refresh_tree()
    results = []
    for mutant in mutants:
        results.append(try_one(mutant, asked.seconds))
        one = results[-1]
        print(f"{one['name']:32} {verdict(one):36}{one['schedules']:6} schedules "
              f"{one['seconds']:8.1f} s", file=sys.stderr if asked.json else sys.stdout, flush=True)
    found = sum(1 for one in results if one["found"])
    print(f"{found} of {len(results)} found", file=sys.stderr if asked.json else sys.stdout)
    if asked.json:
        json.dump(results, sys.stdout, indent=1)
    return 0 if found == len(results) else 1


if __name__ == "__main__":
    try:
        sys.exit(main())
    except Bad as error:
        sys.exit(f"hack/mutants.py: {error}")

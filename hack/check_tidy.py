#!/usr/bin/env python3
"""Runs clang-tidy over operator/ and the pure core: check_tidy.py ROOT BUILD_DIR [--jobs N].

The rules are in .clang-tidy. BUILD_DIR needs a compile_commands.json. What passed once is not run
again until it, what it includes, the rules or clang-tidy itself change. Where BUILD_DIR compiles a
folder at a time, it is checked so too. Tests are left out: they are mostly macros of GoogleTest.
"""
import argparse
import json
import pathlib
import re
import subprocess
import sys

import check_cache
import source_tree

TIDIED = ["operator", "src/base", "src/sched", "src/translate", "src/api"]
INCLUDED = re.compile(r'^#include "(.*)"$', re.MULTILINE)
FINDING = re.compile(r"^(/\S+?):(\d+):\d+: (?:error|warning): (.*)$", re.MULTILINE)


def tidied_files(root):
    for path in source_tree.files(root, {".cc"}):
        name = str(path.relative_to(root))
        if not name.endswith("_test.cc") and any(name.startswith(f"{top}/") for top in TIDIED):
            yield path


def compiled_files(build):
    """{source: the file that was given to the compiler}: itself, or that of its folder."""
    compiled = {}
    for entry in json.loads((build / "compile_commands.json").read_text()):
        path = pathlib.Path(entry["file"])
        sources = [path]
        if path.parent.name == "Unity" and path.exists():
            sources = map(pathlib.Path, INCLUDED.findall(path.read_text()))
        compiled |= {source: path for source in sources}
    return compiled


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("root", type=lambda name: pathlib.Path(name).resolve())
    arguments.add_argument("build", type=lambda name: pathlib.Path(name).resolve())
    arguments.add_argument("--jobs", type=int, default=2)
    given = arguments.parse_args()

    version = subprocess.run(["clang-tidy", "--version"], capture_output=True, text=True).stdout
    cache = check_cache.Cache(given.root, "tidy", version, (given.root / ".clang-tidy").read_text())
    built = compiled_files(given.build)
    command = ["clang-tidy", "-p", given.build, "--quiet", "--warnings-as-errors=*",
               "--checks=-bugprone-suspicious-include",  # of the file that stands for a folder
               "--extra-arg=-Wno-unknown-warning-option",  # what only gcc knows
               f"--config-file={given.root / '.clang-tidy'}",
               f"--header-filter=^{given.root}/(src|operator)/"]
    whole = {built[path] for path in tidied_files(given.root) if path in built}
    wanted = {path: [*command, path] for path in sorted(whole)}
    failed = check_cache.run_all("clang-tidy", cache, given.jobs, wanted)

    lines = {f"{path.relative_to(given.root)}:1: not built, so not checked: run cmake again"
             for path in tidied_files(given.root) if path not in built}
    for path, output in failed.items():
        found = FINDING.findall(output.replace(",-warnings-as-errors]", "]"))
        lines |= {f"{pathlib.Path(where).relative_to(given.root)}:{line}: {message}"
                  for where, line, message in found if where.startswith(f"{given.root}/")}
        if not found:
            lines.add(f"{path}:1: {output.strip()[:500]}")
    print("\n".join(sorted(lines)), end="\n" if lines else "")
    sys.exit(1 if lines else 0)


main()

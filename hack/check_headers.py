#!/usr/bin/env python3
"""Fails where a header does not stand alone: check_headers.py ROOT BUILD_DIR [--jobs N].

foo.cc includes foo.h before anything else, so a build of files one by one (preset dev) proves that
foo.h stands alone.
Headers without such a file are compiled alone here, with the flags of the nearest file that
BUILD_DIR knows, and once only (see check_cache.py). A header that nobody includes is dead.
"""
import argparse
import json
import pathlib
import re
import shlex
import sys

import check_cache
import source_tree

INCLUDE = re.compile(r'^\s*#\s*include\s+(["<][^">]+[">])', re.MULTILINE)


def includes(path):
    return INCLUDE.findall(path.read_text())


def include_name(path, root):
    return f'"{str(path.relative_to(root)).removeprefix("src/")}"'


def flags_near(path, commands):
    """The include paths, definitions and standard of the compiled file closest to `path`."""
    def closeness(entry):
        pairs = zip(pathlib.Path(entry["file"]).parts, path.parts)
        return next((n for n, (left, right) in enumerate(pairs) if left != right), 0)
    nearest = max(commands, key=closeness, default={"command": ""})
    words = shlex.split(nearest["command"])
    kept = []
    for word, value in zip(words, words[1:] + [""]):
        if word in ("-isystem", "-I"):
            kept += [word, value]
        elif word.startswith(("-I", "-D", "-std=")):
            kept.append(word)
    return kept


def split_headers(root, findings):
    """The headers that no file of their own name compiles first; reports dead and late ones."""
    every = [path for path in source_tree.files(root, source_tree.CPP)]
    included = {name for path in every for name in includes(path)}
    for header in every:
        if header.suffix != ".h":
            continue
        name = include_name(header, root)
        if name not in included:
            findings.add(header, 1, "nobody includes this header")
        body = header.with_suffix(".cc")
        if not body.exists():
            yield header
        elif includes(body)[:1] != [name]:
            findings.add(body, 1, f"include {name} first: it proves that the header stands alone")


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("root", type=lambda name: pathlib.Path(name).resolve())
    arguments.add_argument("build", type=lambda name: pathlib.Path(name).resolve())
    arguments.add_argument("--jobs", type=int, default=2)
    given = arguments.parse_args()

    commands = json.loads((given.build / "compile_commands.json").read_text())
    findings = source_tree.Findings(given.root)
    wanted = {}
    for header in split_headers(given.root, findings):
        flags = flags_near(header, commands)
        wanted[header] = ["nice", "g++", "-std=gnu++20", "-Wall", "-Wextra", *flags,
                          f"-I{given.root}/src", f"-I{given.root}", "-fsyntax-only", "-x", "c++",
                          "-include", header, "/dev/null"]
    cache = check_cache.Cache(given.root, "headers", "g++ 1")
    for header, output in check_cache.run_all("headers", cache, given.jobs, wanted).items():
        error = re.search(r"error: (.*)", output)
        findings.add(header, 1, f"does not compile alone: {error[1] if error else output[:300]}")
    findings.finish()


main()

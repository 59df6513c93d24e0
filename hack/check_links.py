#!/usr/bin/env python3
"""Fails where a library calls what its layer was not granted: check_links.py ROOT BUILD_DIR.

An include check sees headers only; a declaration written by hand passes it. Here the symbols that
libberth_X.a leaves open must be defined by a library whose layer hack/layers.txt grants to X.
"""
import pathlib
import re
import subprocess
import sys

SYMBOL = re.compile(r"(?:[0-9a-f]{16}| {16}) (\w) (.*)$")
PROGRAM = re.compile(r"(?:main\w*|flags)\.cc\.o$")  # what @main is about, as in check_layers.py


def grants_of_archives(layers, archives):
    """{archive: archives it may use}. A part (kube/fake) is in an archive of its own name, if there
    is one, else in that of its layer."""
    def archive_of(layer):
        top, _, part = layer.partition("/")
        return part if part in archives else top

    granted = {}
    for line in layers.read_text().splitlines():
        layer, _, rest = line.split("#")[0].partition(":")
        if layer.strip():
            home = archive_of(layer.strip())
            granted.setdefault(home, {home}).update(map(archive_of, rest.split()))
    return granted


def symbols(archive):
    """(defined, {(needed, object file)}): the demangled external symbols of an archive."""
    listed = subprocess.run(["nm", "--extern-only", "--demangle", archive],
                            capture_output=True, text=True, check=True).stdout
    defined, needed, member = set(), set(), ""
    for line in listed.splitlines():
        if line.endswith(".o:"):
            member = line[:-1]
        elif symbol := SYMBOL.match(line):
            kind, name = symbol.groups()
            if kind == "U":
                needed.add((name, member))
            else:
                defined.add(name)
    return defined, {(name, member) for name, member in needed if name not in defined}


def main():
    root, build = map(pathlib.Path, sys.argv[1:3])
    archives = {path.stem.removeprefix("libberth_"): symbols(path)
                for path in sorted(build.glob("libberth_*.a"))}
    granted = grants_of_archives(root / "hack/layers.txt", archives)
    failed = not archives
    if not archives:
        print(f"{build}: no libberth_*.a here: build it first")
    for layer, (_, needed) in archives.items():
        for name, member in sorted(needed):
            homes = {other for other, (defined, _) in archives.items() if name in defined}
            allowed = granted.get(layer, set())
            if PROGRAM.match(member):
                allowed = allowed | granted.get("@main", set())
            if homes and not homes & allowed:
                print(f"libberth_{layer}.a: needs {name} of {min(homes)}, "
                      f"which hack/layers.txt does not grant to {layer}")
                failed = True
            elif not homes and re.match(r"(?:vtable for |typeinfo for )?berth::", name):
                print(f"libberth_{layer}.a: needs {name}, which no library defines")
                failed = True
    sys.exit(1 if failed else 0)


main()

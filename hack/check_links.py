#!/usr/bin/env python3
"""Fails where a library calls what its layer was not granted: check_links.py ROOT BUILD_DIR.

An include check sees headers only; a declaration written by hand passes it. Here the symbols that
libberth_X.a leaves open must be defined by a library whose layer hack/layers.txt grants to X.
"""
import pathlib
import re
import subprocess
import sys


def layers_of_archives(layers):
    """{top layer: tops it may use}: a part (kube/fake) is in the archive of its layer (kube)."""
    granted = {}
    for line in layers.read_text().splitlines():
        layer, _, rest = line.split("#")[0].partition(":")
        if layer.strip() and not layer.startswith("@"):
            top = layer.strip().split("/")[0]
            granted.setdefault(top, {top}).update(name.split("/")[0] for name in rest.split())
    return granted


def symbols(archive):
    """(defined, needed): the demangled external symbols of an archive."""
    listed = subprocess.run(["nm", "--extern-only", "--demangle", archive],
                            capture_output=True, text=True, check=True).stdout
    defined, needed = set(), set()
    for kind, name in re.findall(r"^(?:[0-9a-f]{16}| {16}) (\w) (.*)$", listed, re.MULTILINE):
        (needed if kind == "U" else defined).add(name)
    return defined, needed - defined


def main():
    root, build = map(pathlib.Path, sys.argv[1:3])
    granted = layers_of_archives(root / "hack/layers.txt")
    archives = {path.stem.removeprefix("libberth_"): symbols(path)
                for path in sorted(build.glob("libberth_*.a"))}
    failed = not archives
    if not archives:
        print(f"{build}: no libberth_*.a here: build it first")
    for layer, (_, needed) in archives.items():
        for name in sorted(needed):
            homes = {other for other, (defined, _) in archives.items() if name in defined}
            if homes and not homes & granted.get(layer, set()):
                print(f"libberth_{layer}.a: needs {name} of {min(homes)}, "
                      f"which hack/layers.txt does not grant to {layer}")
                failed = True
            elif not homes and re.match(r"(?:vtable for |typeinfo for )?berth::", name):
                print(f"libberth_{layer}.a: needs {name}, which no library defines")
                failed = True
    sys.exit(1 if failed else 0)


main()

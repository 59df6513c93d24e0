#!/usr/bin/env python3
"""Fails where a file includes what hack/layers.txt does not grant it: check_layers.py [ROOT].

A file belongs to the longest name in layers.txt that its path starts with. `@main` and `@test` add
grants to programs (main*.cc, flags.*) and to tests, on top of the layer that they lie in; `*`
grants every line above. An include is written from src/ or from the root, never relative to the
file.
"""
import pathlib
import re
import sys

import source_tree

INCLUDE = re.compile(r'^\s*#\s*include\s+"([^"]+)"')


def read_grants(path, findings):
    """{layer: names it may include}, in the order of the file. A grant may only point upwards."""
    grants = {}
    for number, line in enumerate(path.read_text().splitlines(), 1):
        line = line.split("#")[0].strip()
        if not line:
            continue
        layer, _, rest = line.partition(":")
        granted = set(rest.split())
        for name in sorted(granted - set(grants) - {"*"}):
            findings.add(path, number, f"{layer} -> {name} points up: {name} is not above {layer}")
        if "*" in granted:
            granted = {name for name in grants if not name.startswith("@")}
        grants[layer] = granted | {layer}
    return grants


def layer_of(name, grants):
    """The longest layer that `name` (a path from src/ or the root) lies in, or None."""
    homes = [layer for layer in grants if re.match(re.escape(layer) + r"(?:[/._]|$)", name)]
    return max(homes, key=len, default=None)


def is_test(relative):
    return relative.name.endswith("_test.cc") or "testing" in relative.parts


def granted_to(relative, layer, grants):
    allowed = set(grants[layer])
    if relative.stem.startswith("main") or relative.stem == "flags":
        allowed |= grants.get("@main", set())
    if is_test(relative):
        allowed |= grants.get("@test", set())
    return {name for name in allowed if not name.startswith("@")}


def check_file(path, grants, findings):
    relative = path.relative_to(findings.root)
    name = str(relative).removeprefix("src/")
    layer = layer_of(name, grants)
    if layer is None:
        findings.add(path, 1, f"no line of hack/layers.txt is about {relative.parent}")
        return
    allowed = granted_to(relative, layer, grants)
    for number, line in enumerate(path.read_text().splitlines(), 1):
        match = INCLUDE.match(line)
        if not match:
            continue
        target = match[1]
        if not any((findings.root / base / target).is_file() for base in ("src", "")):
            findings.add(path, number, f'"{target}" is not a path from src/ or from the root')
        elif layer_of(target, grants) not in allowed:
            granted = " ".join(sorted(allowed - {layer})) or "nothing"
            findings.add(path, number, f"{layer} may not include {layer_of(target, grants)} "
                                       f"(hack/layers.txt grants it: {granted})")


def main():
    findings = source_tree.Findings(sys.argv[1] if len(sys.argv) > 1 else ".")
    grants = read_grants(findings.root / "hack/layers.txt", findings)
    for path in source_tree.files(findings.root, source_tree.CPP):
        check_file(path, grants, findings)
    findings.finish()


main()

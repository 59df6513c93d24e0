#!/usr/bin/env python3
"""Fails where a page promises what is not there, or leaves out a reason: check_docs.py [ROOT].

Relative links lead to files. In shell blocks and indented commands, every script of ours exists, is
executable and knows the options it is given, a --set of helm names a value of the chart, and files
that are applied exist. A test that a page names as `FILE::TEST` exists. Every reason that the code
gives for a "no" has its row in docs/troubleshooting.md.
"""
import re
import shlex
import subprocess
import sys

import source_tree

PAGE = re.compile(r"(?<![\w/.-])docs/[\w/-]+\.md")
LINK = re.compile(r"\[[^\]]*\]\(([^)\s#]+)(?:#[^)]*)?\)")
SCRIPT = re.compile(r"^(?:\./)?((?:hack|bench|\.ci)/[\w./-]+)$")
TROUBLESHOOTING = "docs/troubleshooting.md"
REASONS = {  # where the words of conditions and events are listed in the code
    "src/sched/core/pass.cc": r'case Reason::\w+: return "(\w+)"',
    "operator/controllers/gpujob/attempt.cc": r'\{EndCause::\w+, "(\w+)"\}',
    "src/translate/tenancy.cc": r'QuotaProblem\{"(\w+)"',
}
VALUES = "charts/berth/values.yaml"
# `tests/x/test_y.py::test_z[case]`, `src/x/y_test.cc::Suite.Name`
TEST = re.compile(r"`([\w./-]*(?:_test\.cc|test_\w+\.py))::([\w.]+)(?:\[([^\]`]+)\])?`")


def commands(text):
    """(line, words) of every command in a fenced sh block, continued lines joined."""
    fenced, pending, start, here = False, "", 0, None
    for number, line in enumerate(text.splitlines(), 1):
        if line.startswith("```"):
            fenced = line.strip() in ("```sh", "```bash") and not fenced
            continue
        if here:
            here = None if line.strip() == here else here
            continue
        indented = line.startswith("    ") and re.match(r"\s+(?:hack|bench)/", line)
        if not (fenced or indented):
            continue
        start = start if pending else number
        pending += line.strip().removesuffix("\\") + " "
        if not line.rstrip().endswith("\\"):
            opened = re.search(r"<<-?\s*['\"]?(\w+)", pending)
            here = opened[1] if opened else None
            for part in re.split(r"&&|\|\||[|;]", pending.split(" #")[0]):
                yield start, shlex.split(part)
            pending = ""


def known_options(script, cache={}):
    """The options that --help of a script mentions; a script that does not know it is not run."""
    if script not in cache and "--help" not in script.read_text():
        cache[script] = set()
    elif script not in cache:
        ran = subprocess.run([script, "--help"], capture_output=True, text=True, timeout=60)
        cache[script] = set(re.findall(r"--[\w-]+", ran.stdout + ran.stderr)) | {"--help"}
    return cache[script]


def value_exists(root, key):
    """Whether the chart has the value `a.b.c`, read by indentation; no YAML parser is needed."""
    indent, lines = 0, (root / VALUES).read_text().splitlines()
    for part in key.split("."):
        at = next((n for n, line in enumerate(lines)
                   if re.match(rf" {{{indent}}}{re.escape(part)}:", line)), None)
        if at is None:
            return False
        rest = lines[at + 1:]
        end = next((n for n, line in enumerate(rest)
                    if line.strip() and not line.startswith(" " * (indent + 1))), len(rest))
        lines, indent = rest[:end], indent + 2
    return True


def complaints(root, words):
    script = SCRIPT.match(words[0]) if words else None
    if script:
        path = root / script[1]
        if not path.is_file():
            yield f"there is no {script[1]}"
        elif not path.stat().st_mode & 0o111:
            yield f"{script[1]} is not executable"
        else:
            given = [word.split("=")[0] for word in words[1:] if word.startswith("--")]
            for option in sorted(set(given) - known_options(path)):
                yield f"{script[1]} --help does not know {option}"
    if words[:1] == ["helm"]:
        for option, value in zip(words, words[1:]):
            if option == "--set" and not value_exists(root, value.split("=")[0]):
                yield f"{VALUES} has no {value.split('=')[0]}"
    if words[:2] == ["kubectl", "apply"] and "-f" in words:
        applied = words[words.index("-f") + 1]
        if applied != "-" and "://" not in applied and not (root / applied).exists():
            yield f"there is no {applied}"


def has_test(path, name, case):
    text = path.read_text() if path.is_file() else ""
    suite, _, cpp_name = name.partition(".")
    definition = (rf"^ *def {name}\(" if path.suffix == ".py"
                  else rf"\bTEST(?:_[FP])?\(\s*{suite},\s*{cpp_name}\)")
    return re.search(definition, text, re.MULTILINE) and (not case or f'"{case}"' in text)


def check_reasons(findings):
    page = findings.root / TROUBLESHOOTING
    explained = set(re.findall(r"`(\w+)`", page.read_text())) if page.exists() else set()
    for name, pattern in REASONS.items():
        path = findings.root / name
        for number, line in enumerate(path.read_text().splitlines() if path.exists() else [], 1):
            for reason in re.findall(pattern, line):
                if reason not in explained:
                    findings.add(path, number, f"{TROUBLESHOOTING} does not explain `{reason}`")


def check_mentions(findings):
    """Comments and manifests name pages of docs/ too."""
    for path in source_tree.files(findings.root):
        ours = path.suffix != ".md" and path.parent.name != "checks"  # those name what is not there
        text = source_tree.read(path) if ours else None
        for number, line in enumerate((text or "").splitlines(), 1):
            for page in PAGE.findall(line):
                if not (findings.root / page).is_file():
                    findings.add(path, number, f"there is no {page}")


def main():
    findings = source_tree.Findings(sys.argv[1] if len(sys.argv) > 1 else ".")
    for path in source_tree.files(findings.root, {".md"}):
        text = path.read_text()
        for number, line in enumerate(text.splitlines(), 1):
            for target in LINK.findall(line):
                if "://" not in target and not (path.parent / target).exists():
                    findings.add(path, number, f"the link leads to {target}, which is not there")
            for test in TEST.finditer(line):
                if not has_test(findings.root / test[1], test[2], test[3]):
                    findings.add(path, number, f"there is no test {test[0].strip('`')}")
        for number, words in commands(text):
            for complaint in complaints(findings.root, words):
                findings.add(path, number, complaint)
    check_mentions(findings)
    check_reasons(findings)
    findings.finish()


main()

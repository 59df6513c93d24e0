#!/usr/bin/env python3
"""Fails on what is too long to be read in one go: check_sizes.py [ROOT].

Files 400 lines (tests 600), functions 60, lines 100 columns. C++ functions are measured by
Universal Ctags, Python ones by its own parser, shell ones by their braces. Generated files and
prose are not measured.
"""
import ast
import json
import re
import subprocess
import sys

import source_tree

FILE_LINES, TEST_LINES, FUNCTION_LINES, COLUMNS = 400, 600, 60, 100
MEASURED = source_tree.CPP | {".py", ".sh", ".cmake", ".go"}


def is_measured(path):
    if path.name == "CMakeLists.txt" or path.suffix in MEASURED:
        return True
    return path.suffix == "" and path.open("rb").read(2) == b"#!"


def cpp_functions(paths):
    """(path, line, name, lines) of every C++ function, in one run of ctags."""
    if not paths:
        return
    command = ["ctags", "--languages=C++", "--langmap=C++:+.cu", "--kinds-C++=f", "--fields=+ne",
               "--output-format=json", "-f", "-", "-L", "-"]
    listed = subprocess.run(command, input="\n".join(map(str, paths)), capture_output=True,
                            text=True, check=True).stdout
    for tag in map(json.loads, listed.splitlines()):
        if tag.get("_type") == "tag" and "end" in tag:
            yield tag["path"], tag["line"], tag["name"], tag["end"] - tag["line"] + 1


def python_functions(path, text):
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            yield str(path), node.lineno, node.name, node.end_lineno - node.lineno + 1


def shell_functions(path, text):
    start, name = None, ""
    for number, line in enumerate(text.splitlines(), 1):
        opened = re.match(r"(?:function )?([\w:-]+) ?\(\) *[{(]\s*(?:#.*)?$", line)
        if opened:
            start, name = number, opened[1]
        elif start and re.match(r"[})]", line):
            yield str(path), start, name, number - start + 1
            start = None


def functions(path, text):
    if path.suffix == ".py" or text.startswith(("#!/usr/bin/env python", "#!/usr/bin/python")):
        return python_functions(path, text)
    if path.suffix == ".sh" or text.startswith("#!"):
        return shell_functions(path, text)
    return ()


def check_lines(path, text, findings):
    lines = text.splitlines()
    is_test = "_test." in path.name or path.relative_to(findings.root).parts[0] == "tests"
    limit = TEST_LINES if is_test else FILE_LINES
    if len(lines) > limit:
        findings.add(path, limit + 1, f"the file has {len(lines)} lines, at most {limit}: split it")
    for number, line in enumerate(lines, 1):
        if len(line) > COLUMNS:
            findings.add(path, number, f"{len(line)} columns, at most {COLUMNS}")


def main():
    findings = source_tree.Findings(sys.argv[1] if len(sys.argv) > 1 else ".")
    measured = [path for path in source_tree.files(findings.root) if is_measured(path)]
    found = []
    for path in measured:
        text = path.read_text()
        check_lines(path, text, findings)
        found += functions(path, text)
    found += cpp_functions([path for path in measured if path.suffix in source_tree.CPP])
    for path, line, name, lines in sorted(found):
        if lines > FUNCTION_LINES:
            findings.add(findings.root / path, line,
                         f"{name}() has {lines} lines, at most {FUNCTION_LINES}: name its parts")
    findings.finish()


main()

#!/usr/bin/env python3
"""Fails where code reaches for the outside world past its seam: check_calls.py [ROOT].

Decisions are functions of their arguments, so time, chance, the environment and threads come in
from the programs' mains. Each rule names the few files that may, and what everybody else uses.
"""
import fnmatch
import re
import sys

import source_tree

PROGRAMS = ["src/host/*", "*/main*.cc", "*/flags.cc", "src/worker/*", "tests/*", "bench/*"]

# (what is called, the files that may, what to use instead)
RULES = [
    (r"\b(?:system|steady|high_resolution)_clock::now\b|\btime\((?:nullptr|NULL|0)\)"
     r"|\bgettimeofday\(|\bclock_gettime\(",
     # The dispatcher is a shell that every preset builds, so that TSan sees it; its core is pure.
     # So is the data path.
     PROGRAMS + ["src/serving/dispatcher.*", "src/router/proxy/loop.*"],
     "a Clock or an Instant as a parameter (base/clock.h)"),
    (r"\brandom_device\b|\bs?rand\(|\bRAND_bytes\b|\barc4random\b",
     PROGRAMS, "a seed or an id as a parameter"),
    (r"\b(?:secure_)?getenv\(|\b(?:un)?setenv\(|\bputenv\(|\benviron\b",
     PROGRAMS, "a flag or a value passed from main()"),
    (r"\bsleep_(?:for|until)\b|\bu?sleep\(|\bnanosleep\(",
     ["bench/*"], "a deadline that the loop waits for (transport.poll), in tests a ManualClock"),
    (r"\bstd::(?:jthread|thread|async)\b(?!::hardware)|\bpthread_create\(",
     PROGRAMS + ["src/http/*", "src/serving/dispatcher.*", "src/router/proxy/router.*"],
     "the one loop over kube::Transport"),
    (r"\bstd::regex\b|#\s*include\s*<regex>",
     ["src/json/schema_checker.*"], "a scan by hand: std::regex recurses on its input and is slow"),
    (r"\bthrow\b",
     ["tests/*", "src/worker/*"], "an Error as the Result (base/result.h)"),
    (r"\bstd::c(?:out|err|log)\b|\b(?:f|v)?printf\(|\bputs\(",
     PROGRAMS + ["src/crdgen/*"], "Log (base/log.h)"),
    (r"\bstd::system\(|\bpopen\(|\bv?fork\(|\bexecl?[vpe]+\(|\bposix_spawnp?\(",
     PROGRAMS, "nothing: only programs start programs"),
    (r"(?<![.>\w])(?:quick_|_)?exit\(",
     ["*/main*.cc", "src/host/*", "src/worker/*", "tests/*", "bench/*"],
     "an Error returned to main()"),
]


def main():
    findings = source_tree.Findings(sys.argv[1] if len(sys.argv) > 1 else ".")
    rules = [(re.compile(pattern), homes, instead) for pattern, homes, instead in RULES]
    for path in source_tree.files(findings.root, source_tree.CPP):
        name = str(path.relative_to(findings.root))
        active = [(pattern, instead) for pattern, homes, instead in rules
                  if not any(fnmatch.fnmatch(name, home) for home in homes)]
        for number, line in enumerate(source_tree.code_lines(path.read_text()), 1):
            for pattern, instead in active:
                match = pattern.search(line)
                if match:
                    findings.add(path, number, f"{match[0].rstrip('(')} is not for this file: "
                                               f"use {instead}")
    findings.finish()


main()

#!/usr/bin/env python3
"""Fails on words that do not belong in the tree: check_words.py [ROOT].

The repository speaks of the product alone: not of one machine, not of who wrote it or when. A
postponed thing names its issue, a silenced check names its rule and its reason.
"""
import re
import sys

import source_tree

# (what is wrong, why); matched per line in every text file.
RULES = [
    (r"\b(?:TODO|FIXME)\b(?![^\n]*#\d+)|\bX{3}\b", "an open end without its issue (#number)"),
    (r"\bNOLINT(?:NEXTLINE)?\b(?!\([\w*][\w,. *-]*\): \S)|\bNOLINTBEGIN\b(?!\([\w*])",
     "write NOLINT(rule): reason"),
    (r"shellcheck +disable=\S+\s*$", "a silenced check without its reason (# after it)"),
    (r"(?<![\w.$}~/-])/(?:work|home/\w+|Users/\w+)/\w|(?<![\w.$}~/-])/root/\w(?!\w*\.sock)",
     "an absolute path of one machine"),
    (r"(?<![\w.$}~-])/tmp/\w", "a fixed path in /tmp: use mktemp -d or TMPDIR"),
    (r"(?i)\bhttps?_proxy\s*=\s*['\"]?http|://[^/\s:@{}$]+:[^/\s@{}$]+@",
     "a proxy or a password of one machine"),
    (r"(?i)\b(?:previous|this|my|last|next|another) session\b|(?<!user[- ])\b(?:sub-?)?agents?\b",
     "the product has no such word (see the glossary in README.md)"),
    (r"(?i)\b(?:white|black)list(?:ed|ing|s)?\b", "say allowed, refused or exempt"),
    (r"(?:^|[{,])\s*\.\w+ = .*\bBERTH_TRY\(|\w\{BERTH_TRY\(",
     "BERTH_TRY between the braces of an aggregate, which leaks when it returns: assign instead"),
    (r"[ \t]+$", "white space at the end of the line"),
]
# Text that others wrote, or that has its own rules.
EXEMPT = {"LICENSE", "go.mod", "go.sum", "check_words.py"}


def main():
    findings = source_tree.Findings(sys.argv[1] if len(sys.argv) > 1 else ".")
    rules = [(re.compile(pattern), why) for pattern, why in RULES]
    for path in source_tree.files(findings.root):
        text = None if path.name in EXEMPT else source_tree.read(path)
        for number, line in enumerate((text or "").split("\n"), 1):
            for pattern, why in rules:
                match = pattern.search(line)
                if match and not (path.suffix == ".md" and "TMPDIR" in why):
                    findings.add(path, number, f"{match[0].strip() or 'blank'!r}: {why}")
        if text and not text.endswith("\n"):
            findings.add(path, len(text.splitlines()), "the last line has no end")
    findings.finish()


main()

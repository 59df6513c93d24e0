#!/usr/bin/python3
"""Counts test cases in JUnit files, of pytest and GoogleTest alike: count_tests.py FOLDER.

Prints `PASSED FAILED SKIPPED`, then the name of every failed case, one per line.
"""
import pathlib
import sys
import xml.etree.ElementTree


def main():
    passed, failed, skipped = 0, [], 0
    for path in sorted(pathlib.Path(sys.argv[1]).glob("**/*.xml")):
        for case in xml.etree.ElementTree.parse(path).iter("testcase"):
            name = f"{case.get('classname', '')}.{case.get('name', '')}"
            if case.find("failure") is not None or case.find("error") is not None:
                failed.append(name)
            elif case.find("skipped") is not None or case.get("status") == "notrun":
                skipped += 1
            else:
                passed += 1
    print(passed, len(failed), skipped)
    print("\n".join(failed))


main()

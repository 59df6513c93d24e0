"""hack/deps.sh and hack/test.sh: what they promise to those who call them."""

import pathlib
import shutil
import subprocess

import pytest

HACK = pathlib.Path(__file__).resolve().parents[2] / "hack"


def run(*command, **kwargs):
    return subprocess.run([str(word) for word in command], capture_output=True, text=True,
                          check=False, **kwargs)


def test_deps_lists_what_a_group_needs_and_installs_nothing():
    done = run(HACK / "deps.sh", "--list", "tests")
    assert done.returncode == 0
    assert "python3-pytest" in done.stdout.split()
    assert "libtorch-dev" not in done.stdout.split()


def test_the_operator_builds_without_the_packages_of_the_workers():
    listed = run(HACK / "deps.sh", "--list", "build", "checks", "cluster", "tests").stdout.split()
    assert not [name for name in listed if "torch" in name]


@pytest.mark.parametrize("script, argument", [
    ("deps.sh", "nothing"), ("deps.sh", "--nothing"), ("test.sh", "--nothing"),
    ("demo.sh", "--nothing"), ("fuzz.sh", "--nothing")])
def test_an_unknown_word_is_named_and_refused(script, argument):
    done = run(HACK / script, argument)
    assert done.returncode == 2
    assert argument in done.stderr


@pytest.fixture(name="tree")
def tree_with_stubs(tmp_path):
    """test.sh in a tree of its own, where `stub` says what hack/NAME does."""
    hack = tmp_path / "hack"
    hack.mkdir()
    for name in ("test.sh", "count_tests.py"):
        shutil.copy(HACK / name, hack / name)

    def stub(name, *lines):
        path = hack / name
        path.write_text("\n".join(["#!/usr/bin/env bash", *lines]) + "\n")
        path.chmod(0o755)
    return hack, stub


def test_a_failed_stage_stops_only_those_that_need_it(tree):
    hack, stub = tree
    stub("deps.sh", "echo no such mirror", "exit 1")
    stub("check.sh", "exit 0")
    done = run(hack / "test.sh", "--only", "deps", "--only", "build", "--only", "check")
    assert done.returncode == 1
    assert "no such mirror" in done.stdout
    assert "NOT RUN  deps failed" in done.stdout and "NOT RUN  build failed" in done.stdout
    assert done.stdout.splitlines()[-1] == "0 passed, 3 failed"


def test_a_stage_that_dies_after_its_cases_passed_is_a_failure(tree):
    hack, stub = tree
    stub("check.sh", "mkdir -p build/test/check",
         "echo '<testsuite><testcase name=\"a\"/><testcase name=\"b\"><skipped/></testcase>"
         "</testsuite>' > build/test/check/x.xml", "kill -9 $$")
    done = run(hack / "test.sh", "--only", "check")
    assert done.returncode == 1
    assert done.stdout.splitlines()[-1] == "1 passed, 1 failed, 1 skipped"


def test_a_stage_without_cases_counts_as_one(tree):
    hack, stub = tree
    stub("check.sh", "exit 0")
    done = run(hack / "test.sh", "--only", "check")
    assert (done.returncode, done.stdout.splitlines()[-1]) == (0, "1 passed, 0 failed")

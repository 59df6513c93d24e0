"""A small source tree in a temporary folder, to seed with one violation at a time."""
import json
import os
import pathlib
import shutil
import subprocess
import tempfile
import unittest

REPOSITORY = pathlib.Path(__file__).resolve().parents[2]

LAYERS = """\
base:
api:       base
kube:      base
kube/fake: base kube
operator:  base api kube
@main:     kube
@test:     kube/fake
tests:     *
"""

CLEAN = {
    "hack/layers.txt": LAYERS,
    "src/base/result.h": "#pragma once\n\nint twice(int value);\n",
    "src/base/result.cc": '#include "base/result.h"\n\n'
                          "int twice(int value) { return 2 * value; }\n",
    "src/kube/request.h": '#pragma once\n#include "base/result.h"\n\n'
                          "inline int four() { return twice(2); }\n",
    "src/kube/request.cc": '#include "kube/request.h"\n',
}


class CheckTest(unittest.TestCase):
    """Runs hack/check.sh --only NAME on a clean tree and on the same tree with a violation."""

    maxDiff = None

    def setUp(self):
        self.root = pathlib.Path(tempfile.mkdtemp(prefix="berth-checks-"))
        self.addCleanup(shutil.rmtree, self.root)
        self.build = self.root / "build"
        self.environment = {**os.environ, "BERTH_CACHE": str(self.root / "build/cache")}
        for name in (".clang-format", ".clang-tidy"):
            shutil.copy(REPOSITORY / name, self.root)
        self.write(CLEAN)

    def write(self, files):
        for name, text in files.items():
            path = self.root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)

    def check(self, name):
        """(exit status, findings) of one check."""
        ran = subprocess.run([REPOSITORY / "hack/check.sh", self.build, "--root", self.root,
                              "--only", name], env=self.environment, capture_output=True, text=True)
        indented = [line.strip() for line in ran.stdout.splitlines() if line.startswith("    ")]
        return ran.returncode, indented

    def assert_passes(self, name):
        self.assertEqual(self.check(name), (0, []))

    def assert_catches(self, name, want_finding, **seed):
        """`name` passes on the clean tree, and with `seed` = {path: text} finds exactly this."""
        self.assert_passes(name)
        self.write(seed["files"])
        self.assertEqual(self.check(name), (1, [want_finding]))

    def compile(self, build_type="Release"):
        """What CMake would leave: objects in archives by layer, the cache and the commands."""
        self.build.mkdir(exist_ok=True)
        (self.build / "build.ninja").touch()
        (self.build / "CMakeCache.txt").write_text(f"CMAKE_BUILD_TYPE:STRING={build_type}\n")
        commands = []
        for source in sorted(self.root.glob("src/**/*.cc")):
            layer = source.relative_to(self.root / "src").parts[0]
            target = self.build / f"{source.stem}.o"
            command = ["g++", "-std=gnu++20", "-O2", f"-I{self.root}/src", f"-I{self.root}",
                       "-c", str(source), "-o", str(target)]
            subprocess.run(command, check=True)
            subprocess.run(["ar", "rc", self.build / f"libberth_{layer}.a", target], check=True)
            commands.append({"directory": str(self.build), "file": str(source),
                             "command": " ".join(command)})
        (self.build / "compile_commands.json").write_text(json.dumps(commands))

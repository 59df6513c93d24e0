"""Each check that reads a build catches its seeded violation and nothing else."""
import pathlib
import unittest

import tree


class Pure(tree.CheckTest):
    """What the core must not reach shows up as a symbol, however it was called."""

    def seed(self, code, want):
        self.write({"src/base/impure.cc": code})
        self.compile()
        status, findings = self.check("pure")
        self.assertEqual(status, 1)
        self.assertTrue(any(want in finding for finding in findings), findings)

    def test_passes_maps_vectors_strings_and_sorting(self):
        self.write({"src/base/pure.cc": """\
#include <algorithm>
#include <map>
#include <string>
#include <vector>
std::vector<std::string> keys(const std::map<std::string, std::vector<long>>& all) {
  std::vector<std::string> names;
  for (const auto& [name, values] : all) names.push_back(name + std::to_string(values.size()));
  std::stable_sort(names.begin(), names.end());
  return names;
}
"""})
        self.compile()
        self.assert_passes("pure")

    def test_hash_order(self):
        self.seed("#include <unordered_map>\n"
                  "std::unordered_map<int, int> f() { return {{1, 2}}; }\n",
                  "std::__detail::_Prime_rehash_policy")

    def test_clock(self):
        self.seed("#include <chrono>\nauto f() { return std::chrono::system_clock::now(); }\n",
                  "std::chrono::_V2::system_clock::now()")

    def test_file(self):
        self.seed('#include <fstream>\nbool f() { return std::ifstream("a").good(); }\n',
                  "std::basic_ifstream")

    def test_thread(self):
        self.seed("#include <thread>\nvoid f(void (*g)()) { std::thread(g).join(); }\n",
                  "std::thread::_M_start_thread")

    def test_environment(self):
        self.seed('#include <cstdlib>\nconst char* f() { return std::getenv("A"); }\n', "getenv")

    def test_randomness(self):
        self.seed("#include <random>\nunsigned f() { return std::random_device{}(); }\n",
                  "std::random_device")

    def test_says_that_a_debug_build_shows_nothing(self):
        self.compile("Debug")
        self.assert_passes("pure")


class Links(tree.CheckTest):
    def test_a_declaration_by_hand_does_not_hide_a_call_upwards(self):
        upper = "namespace berth { int upper() { return 1; } }\n"
        call = "namespace berth { int upper(); }\nint lower() { return berth::upper(); }\n"
        self.write({"src/kube/upper.cc": upper, "src/kube/same_layer.cc": call})
        self.compile()
        self.assert_passes("links")
        self.write({"src/base/lower.cc": call})
        self.compile()
        self.assertEqual(self.check("links"),
                         (1, ["libberth_base.a: needs berth::upper() of kube, "
                              "which hack/layers.txt does not grant to base"]))


class Generated(tree.CheckTest):
    def setUp(self):
        super().setUp()
        crdgen = '#!/bin/sh\n[ "$1" = --check ] && cat stale 2>/dev/null && exit 1\nexit 0\n'
        self.write({"crds/quota.yaml": "a: 1\n", "build/berth-crdgen": crdgen,
                    "charts/berth/crds-generated/quota.yaml": "a: 1\n"})
        (self.build / "berth-crdgen").chmod(0o755)

    def test_what_crdgen_would_write_differently(self):
        self.assert_catches("generated", "crds/quota.yaml: stale", files={
            "stale": "crds/quota.yaml: stale\n"})

    def test_a_copy_in_the_chart_that_was_edited(self):
        self.assert_catches(
            "generated",
            "charts/berth/crds-generated: not a copy of crds/ (use hack/generate.sh): Files "
            "crds/quota.yaml and charts/berth/crds-generated/quota.yaml differ",
            files={"charts/berth/crds-generated/quota.yaml": "a: 2\n"})

    def test_no_crdgen(self):
        (self.build / "berth-crdgen").unlink()
        status, findings = self.check("generated")
        self.assertEqual(status, 1)
        self.assertIn("not built", findings[0])


class Headers(tree.CheckTest):
    def setUp(self):
        super().setUp()
        self.compile()

    def test_a_header_that_needs_another_first(self):
        self.write({"src/base/user.cc": '#include <string>\n#include "base/alone.h"\n'})
        self.write({"src/base/alone.h": "#pragma once\n#include <string>\nstd::string name();\n"})
        self.assert_catches("headers", "src/base/alone.h:1: does not compile alone: "
                            "‘string’ in namespace ‘std’ does not name a type",
                            files={"src/base/alone.h": "#pragma once\nstd::string name();\n"})

    def test_a_source_that_does_not_include_its_header_first(self):
        self.assert_catches(
            "headers", 'src/base/result.cc:1: include "base/result.h" first: '
            "it proves that the header stands alone",
            files={"src/base/result.cc": '#include <map>\n#include "base/result.h"\n'})

    def test_a_header_that_nobody_includes(self):
        self.assert_catches("headers", "src/base/dead.h:1: nobody includes this header",
                            files={"src/base/dead.h": "#pragma once\n"})


class Tidy(tree.CheckTest):
    def test_a_finding_is_one_line(self):
        self.compile()
        self.assert_passes("tidy")
        self.write({"src/base/result.cc": '#include "base/result.h"\n\n'
                                          "int twice(int Value) { return 2 * Value; }\n"})
        self.assertEqual(self.check("tidy"), (1, [
            "src/base/result.cc:3: invalid case style for parameter 'Value' "
            "[readability-identifier-naming]"]))

    def test_runs_again_only_when_something_changed(self):
        """A stand-in for clang-tidy writes down what it was asked to read."""
        log = self.root / "calls.log"
        stand_in = self.root / "bin/clang-tidy"
        self.write({"bin/clang-tidy": f'#!/bin/sh\n[ "$1" = --version ] || echo "$@" >>{log}\n'})
        stand_in.chmod(0o755)
        self.environment["PATH"] = f"{stand_in.parent}:{self.environment['PATH']}"
        self.compile()

        def runs():
            self.assert_passes("tidy")
            return [pathlib.Path(line.split()[-1]).name for line in log.read_text().splitlines()]

        self.assertEqual(runs(), ["result.cc"])
        self.assertEqual(runs(), ["result.cc"])
        self.write({"src/base/result.h": tree.CLEAN["src/base/result.h"] + "// changed\n"})
        self.assertEqual(runs(), ["result.cc"] * 2)
        self.write({".clang-tidy": "Checks: '-*'\n"})
        self.assertEqual(runs(), ["result.cc"] * 3)


if __name__ == "__main__":
    unittest.main()

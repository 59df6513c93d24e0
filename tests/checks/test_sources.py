"""Each check that reads sources catches its seeded violation and nothing else."""
import unittest

import tree


class Layers(tree.CheckTest):
    def test_refuses_an_include_that_was_not_granted(self):
        self.assert_catches(
            "layers",
            "src/api/quota.h:2: api may not include kube (hack/layers.txt grants it: base)",
            files={"src/api/quota.h": '#pragma once\n#include "kube/request.h"\n'})

    def test_refuses_a_grant_that_points_up(self):
        self.assert_catches(
            "layers", "hack/layers.txt:1: base -> kube points up: kube is not above base",
            files={"hack/layers.txt": tree.LAYERS.replace("base:\n", "base: kube\n", 1)})

    def test_keeps_the_fake_server_for_tests(self):
        use = '#include "kube/fake/server.h"\n'
        self.write({"src/kube/fake/server.h": "#pragma once\n", "src/kube/request_test.cc": use})
        self.assert_catches(
            "layers",
            "operator/quota.cc:1: operator may not include kube/fake "
            "(hack/layers.txt grants it: api base kube)",
            files={"operator/quota.cc": use})

    def test_refuses_a_path_relative_to_the_file(self):
        self.assert_catches(
            "layers", 'src/base/x.cc:1: "result.h" is not a path from src/ or from the root',
            files={"src/base/x.cc": '#include "result.h"\n'})

    def test_knows_every_folder(self):
        self.assert_catches(
            "layers", "src/stray/x.cc:1: no line of hack/layers.txt is about src/stray",
            files={"src/stray/x.cc": "int x;\n"})


class Calls(tree.CheckTest):
    def seed(self, line, want):
        self.assert_catches("calls", f"src/base/bad.cc:2: {want}",
                            files={"src/base/bad.cc": f"// why\n{line}\n"})

    def test_clock(self):
        self.seed("auto now = std::chrono::system_clock::now();",
                  "system_clock::now is not for this file: "
                  "use a Clock or an Instant as a parameter (base/clock.h)")

    def test_chance(self):
        self.seed("std::random_device entropy;", "random_device is not for this file: "
                                                 "use a seed or an id as a parameter")

    def test_environment(self):
        self.seed('auto home = getenv("HOME");', "getenv is not for this file: "
                                                 "use a flag or a value passed from main()")

    def test_sleep(self):
        self.seed("std::this_thread::sleep_for(1s);",
                  "sleep_for is not for this file: use a deadline that the loop waits for "
                  "(transport.poll), in tests a ManualClock")

    def test_thread(self):
        self.seed("std::thread worker(run);", "std::thread is not for this file: "
                                              "use the one loop over kube::Transport")

    def test_throw(self):
        self.seed("throw 1;", "throw is not for this file: "
                              "use an Error as the Result (base/result.h)")

    def test_print(self):
        self.seed('std::cout << "hello";', "std::cout is not for this file: use Log (base/log.h)")

    def test_reads_no_comments_and_no_literals(self):
        self.write({"src/base/fine.cc": '// getenv("A")\n/* throw\n throw */\n'
                                        'auto a = "std::cout", b = R"(sleep_for "x")";\n'
                                        "auto c = 10'000; auto d = '\"'; auto e = 20'000;\n"})
        self.assert_passes("calls")

    def test_lets_programs_read_the_clock(self):
        self.write({"operator/manager/main.cc": "auto t = std::chrono::steady_clock::now();\n"})
        self.assert_passes("calls")


class Words(tree.CheckTest):
    def seed(self, line, want):
        self.assert_catches("words", f"docs/page.md:1: {want}", files={"docs/page.md": line + "\n"})

    def test_open_end(self):
        self.write({"docs/fine.md": "TO" "DO(#12): measure\n"})
        self.seed("TO" "DO: later", "'TO" "DO': an open end without its issue (#number)")

    def test_silenced_check_without_reason(self):
        self.write({"src/base/fine.h": "int x;  // NO" "LINT(bugprone-x): read by the wire\n"})
        self.seed("int x;  // NO" "LINT", "'NO" "LINT': write NO" "LINT(rule): reason")

    def test_path_of_one_machine(self):
        self.seed("see /ro" "ot/notes", "'/ro" "ot/n': an absolute path of one machine")

    def test_fixed_path_in_tmp(self):
        self.assert_catches(
            "words", "hack/a.sh:1: '/tm" "p/l': a fixed path in /tm" "p: use mktemp -d or TMPDIR",
            files={"hack/a.sh": "LOG=/tm" "p/log\n", "docs/page.md": "in a pod: /tm" "p/log\n"})

    def test_proxy(self):
        self.seed("HTTPS_PRO" "XY=http://10.0.0.1:80",
                  "'HTTPS_PRO" "XY=http': a proxy or a password of one machine")

    def test_try_between_the_braces_of_an_aggregate(self):
        self.write({"src/base/fine.h": "a.b = BERTH_" "TRY(c());\n"})
        self.seed("A a{.b = BERTH_" "TRY(c())};",
                  "'{.b = BERTH_" "TRY(': BERTH_" "TRY between the braces of an aggregate, "
                  "which leaks when it returns: assign instead")

    def test_space_at_the_end(self):
        self.seed("a ", "'blank': white space at the end of the line")

    def test_last_line_without_end(self):
        self.assert_catches("words", "a.txt:1: the last line has no end", files={"a.txt": "a"})


class Sizes(tree.CheckTest):
    def test_long_file(self):
        self.assert_catches("sizes", "a.py:401: the file has 401 lines, at most 400: split it",
                            files={"a.py": "x = 1\n" * 401, "tests/a.py": "x = 1\n" * 600})

    def test_long_line(self):
        self.assert_catches("sizes", "src/base/x.h:1: 101 columns, at most 100",
                            files={"src/base/x.h": "/" * 101 + "\n"})

    def test_long_cpp_function(self):
        body = "  call();\n" * 59
        text = f"void fine() {{\n{body[10:]}}}\n\nResult<A> B::long_one(const C& c) {{\n{body}}}\n"
        self.assert_catches("sizes",
                            "src/base/x.cc:62: long_one() has 61 lines, at most 60: name its parts",
                            files={"src/base/x.cc": text})

    def test_long_shell_function(self):
        text = "#!/bin/sh\nrun() {\n" + "  true\n" * 59 + "}\n"
        self.assert_catches("sizes", "a.sh:2: run() has 61 lines, at most 60: name its parts",
                            files={"a.sh": text})

    def test_long_python_function(self):
        self.assert_catches("sizes", "a.py:1: run() has 61 lines, at most 60: name its parts",
                            files={"a.py": "def run():\n" + "    pass\n" * 60})


class Docs(tree.CheckTest):
    def setUp(self):
        super().setUp()
        values = "operator:\n  image:\n    tag: 1\nother:\n  x: 1\n"
        self.write({"hack/run.sh": "#!/bin/sh\n# --help\necho 'run.sh [--fast]'\n",
                    "docs/other.md": "hello\n", "charts/berth/values.yaml": values})
        (self.root / "hack/run.sh").chmod(0o755)

    def seed(self, line, want):
        self.write({"README.md": "[fine](docs/other.md#part) and [far](https://a.example/b)\n"
                                 "```sh\nhack/run.sh --fast  # quick\n"
                                 "kubectl apply -f - <<EOF\nhack/gone.sh: it's text\nEOF\n"
                                 "helm install berth charts/berth \\\n"
                                 "  --set operator.image.tag=2\n```\n"})
        self.assert_catches("docs", f"docs/page.md:2: {want}",
                            files={"docs/page.md": f"```sh\n{line}\n```\n"})

    def test_link(self):
        self.assert_catches("docs", "a.md:1: the link leads to b.md, which is not there",
                            files={"a.md": "see [b](b.md)\n"})

    def test_page_that_a_comment_names(self):
        self.assert_catches("docs", "src/base/x.h:1: there is no docs/x" ".md",
                            files={"src/base/x.h": "// see docs/x" ".md\n"})

    def test_script_that_is_not_there(self):
        self.seed("hack/gone.sh", "there is no hack/gone.sh")

    def test_option_that_the_script_does_not_know(self):
        self.seed("hack/run.sh --slow=1", "hack/run.sh --help does not know --slow")

    def test_value_that_the_chart_does_not_have(self):
        self.seed("helm upgrade berth charts/berth --set operator.x=1",
                  "charts/berth/values.yaml has no operator.x")

    def test_reason_that_nobody_explains(self):
        self.write({"docs/troubleshooting.md": "| `OverQuota` | wait |\n",
                    "src/sched/core/pass.cc": 'case Reason::OverQuota: return "OverQuota";\n'})
        more = 'case Reason::LentOut: return "LentOut";\n'
        self.assert_catches(
            "docs", "src/sched/core/pass.cc:1: docs/troubleshooting.md does not explain `LentOut`",
            files={"src/sched/core/pass.cc": more})

    def test_test_that_is_not_there(self):
        self.write({"src/base/x_test.cc": "TEST_F(Suite,\n       Name) {}\n",
                    "tests/test_y.py": 'ROWS = [("a case", 1)]\n\n\ndef test_rows():\n    pass\n',
                    "good.md": "`src/base/x_test.cc::Suite.Name` `tests/test_y.py::test_rows`, "
                               "`tests/test_y.py::test_rows[a case]`\n"})
        for gone in ("src/base/x_test.cc::Suite.Other", "src/base/z_test.cc::Suite.Name",
                     "tests/test_y.py::test_row", "tests/test_y.py::test_rows[another]"):
            self.assert_catches("docs", f"bad.md:1: there is no test {gone}",
                                files={"bad.md": f"see `{gone}`\n"})
            (self.root / "bad.md").unlink()

    def test_file_to_apply(self):
        self.seed("kubectl apply -f examples/job.yaml", "there is no examples/job.yaml")


class Scripts(tree.CheckTest):
    def seed(self, text, want, mode=0o755):
        self.assert_passes("scripts")
        self.write({"hack/a": text})
        (self.root / "hack/a").chmod(mode)
        status, findings = self.check("scripts")
        self.assertEqual(status, 1)
        self.assertIn(want, findings)

    def test_shellcheck(self):
        self.seed("#!/bin/bash\nrm $1\n", "hack/a:2:4: note: Double quote to prevent globbing "
                                          "and word splitting. [SC2086]")

    def test_bash(self):
        self.seed("#!/bin/bash\nif true\n", "hack/a:1: bash does not accept it")

    def test_python(self):
        self.seed("#!/usr/bin/env python3\ndef\n",
                  "hack/a:2: python does not accept it: invalid syntax")

    def test_executable(self):
        self.seed("#!/bin/sh\n", "hack/a:1: has #! and is not executable", mode=0o644)


class Format(tree.CheckTest):
    def test_format(self):
        self.assert_catches("format", "src/base/x.h:1: not formatted: use --fix",
                            files={"src/base/x.h": "int  x;\n"})


if __name__ == "__main__":
    unittest.main()

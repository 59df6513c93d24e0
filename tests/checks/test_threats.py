"""docs/security.md is whole: every threat has a defence in words and a test by name.

That the tests are there is looked at by `hack/check.sh --only docs`.
"""
import re
import unittest

import tree

THREATS = 19
NAMED = re.compile(r"`[\w./-]+(?:_test\.cc|test_\w+\.py)::[\w.]+(?:\[[^\]`]+\])?`")


class Threats(unittest.TestCase):
    def setUp(self):
        page = (tree.REPOSITORY / "docs/security.md").read_text()
        parts = re.split(r"^## (.+)$", page, flags=re.MULTILINE)
        self.sections = dict(zip(parts[1::2], parts[2::2]))

    def section(self, number):
        found = [text for title, text in self.sections.items()
                 if title.startswith(f"T{number}: ")]
        self.assertEqual(len(found), 1, f"T{number}")
        return found[0]

    def test_are_all_there(self):
        told = [title for title in self.sections if re.match(r"T\d+: \w", title)]
        self.assertEqual(len(told), THREATS)

    def test_have_a_test_each(self):
        for number in range(1, THREATS + 1):
            self.assertTrue(NAMED.search(self.section(number)), f"T{number} has no test")

    def test_are_named_in_a_form_that_the_check_reads(self):
        """What looks like a test and is not read as one would never be missed."""
        for title, text in self.sections.items():
            for word in re.findall(r"`([^`\n]*::[^`\n]*)`", text):
                self.assertTrue(NAMED.fullmatch(f"`{word}`"), f"{title}: {word}")

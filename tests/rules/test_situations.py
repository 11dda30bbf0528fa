# SPDX-License-Identifier: Apache-2.0
"""test_situations.py -- Each of the field's troubles in tests/README.md names tests that exist and are run."""
import re

import tree

TESTS = "\n".join((tree.ROOT / name).read_text(encoding="utf-8")
                  for name in tree.files(".c", ".py") if name.startswith(("tests/unit/", "tests/system/")))


def exists(name):
    """A cmocka test (the compiler refuses one that is not in its program's list), a Python test, or a program."""
    return re.search(rf"^static void {name}\(void \*\*state\)", TESTS, re.M) or re.search(
        rf"^    def {name}\(self\)", TESTS, re.M) or (tree.ROOT / "tests" / name).is_file()


def violations():
    table = [line for line in (tree.ROOT / "tests/README.md").read_text(encoding="utf-8").splitlines()
             if line.startswith("| ") and "`" in line and not line.startswith("| `")]
    if len(table) < 15:
        yield "tests/README.md: the table of situations is not there"
    for line in table:
        for name in re.findall(r"`([\w/]+)`", line):
            if not exists(name):
                yield f"tests/README.md: no test `{name}`"


tree.report("situations", list(violations()))

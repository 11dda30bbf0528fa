# SPDX-License-Identifier: Apache-2.0
"""test_files.py -- What every source file has: a licence line, a purpose, the house's format; and what none has."""
import re
import subprocess

import tree

MARKS = re.compile(r"\b(TODO|FIXME|XXX)\b")
# Waits that hope, processes ended by name, macros with undefined shifts.
UNWANTED = [(re.compile(r"\busleep\("), "wait for what is awaited"),
            (re.compile(r"\b(killall|pkill)\b"), "end processes by pid"),
            (re.compile(r"MODBUS_GET_INT(32|64)"), "decode in drivers/register_decode.c"),
            (re.compile(r"modbus_write|modbus_mask_write"), "nothing is ever written to a meter"),
            (re.compile(r"BEGIN [A-Z ]*PRIVATE KEY"), "tests make their own keys")]


def heads():
    for name in tree.files(".c", ".h"):
        lines = (tree.ROOT / name).read_text(encoding="utf-8").splitlines()
        if not lines or lines[0] != "/* SPDX-License-Identifier: Apache-2.0 */":
            yield f"{name}:1: the first line is the licence: /* SPDX-License-Identifier: Apache-2.0 */"
        if not re.search(rf"\b{re.escape(name.split('/')[-1])} -- \S", "\n".join(lines[:4])):
            yield f"{name}:2: the first comment says what the file is for: {name.split('/')[-1]} -- ..."
    for name in tree.files(".py", ".sh", ".cmake", "CMakeLists.txt"):
        if "SPDX-License-Identifier: Apache-2.0" not in "\n".join(
                (tree.ROOT / name).read_text(encoding="utf-8").splitlines()[:3]):
            yield f"{name}:1: no SPDX line"


def words():
    for name in tree.files(".c", ".h", ".py", ".sh", ".cmake", "CMakeLists.txt"):
        if name.startswith("tests/rules/"):
            continue
        for number, line in enumerate((tree.ROOT / name).read_text(encoding="utf-8").splitlines(), 1):
            if MARKS.search(line):
                yield f"{name}:{number}: {MARKS.search(line).group()}: finish it or leave it out"
            for pattern, instead in UNWANTED:
                if pattern.search(line):
                    yield f"{name}:{number}: {pattern.search(line).group()}: {instead}"


def formatting():
    names = tree.files(".c", ".h")
    out = subprocess.run(["clang-format", "--dry-run", "--Werror", "--ferror-limit=1", *names], cwd=tree.ROOT,
                         capture_output=True, text=True)
    return [line for line in out.stderr.splitlines() if "error:" in line] if out.returncode else []


tree.report("files", [*heads(), *words(), *formatting()])

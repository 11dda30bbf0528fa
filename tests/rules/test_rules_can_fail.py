# SPDX-License-Identifier: Apache-2.0
"""test_rules_can_fail.py -- Each rule goes red when it is broken: a violation planted in a small tree is found."""
import pathlib
import subprocess
import sys
import tempfile
import unittest

HERE = pathlib.Path(__file__).parent
HEAD = "/* SPDX-License-Identifier: Apache-2.0 */\n/*\n * {0} -- A planted file.\n */\n"
FUNCTION = "int planted({0});\nint planted({0})\n{{\n{1}\treturn 0;\n}}\n"


def judge(rule, name, text):
    """Exit status and output of a rule on a tree of one file (and the format file)."""
    with tempfile.TemporaryDirectory() as folder:
        target = pathlib.Path(folder, name)
        target.parent.mkdir(parents=True)
        target.write_text(text, encoding="utf-8")
        pathlib.Path(folder, ".clang-format").write_text((HERE.parents[1] / ".clang-format").read_text())
        run = subprocess.run([sys.executable, "-B", HERE / rule, folder], capture_output=True, text=True)
        return run.returncode, run.stdout + run.stderr


class RulesCanFail(unittest.TestCase):
    def planted(self, rule, name, text, said):
        status, output = judge(rule, name, text)
        self.assertEqual(status, 1, output)
        self.assertIn(said, output)

    def test_a_clean_file_passes_every_rule(self):
        text = HEAD.format("clean.c") + FUNCTION.format("void", "")
        for rule in ("test_includes.py", "test_length.py", "test_files.py"):
            status, output = judge(rule, "config/clean.c", text)
            self.assertEqual(status, 0, f"{rule}: {output}")

    def test_an_include_against_the_flow_is_found(self):
        for name, header in (("config/a.c", "drivers/bus.h"), ("drivers/a.c", "gateway/store.h"),
                             ("drivers/a.c", "config/site_config.h"), ("city/a.c", "gateway/store.h"),
                             ("gateway/core/a.c", "gateway/store.h"), ("gateway/core/a.c", "config/site_config.h")):
            self.planted("test_includes.py", name, f'#include "{header}"\n', header)

    def test_a_library_header_in_a_second_file_is_found(self):
        for header in ("modbus.h", "sqlite3.h", "mosquitto.h", "libfyaml.h", "libpq-fe.h"):
            for folder in ("gateway", "city"):
                self.planted("test_includes.py", f"{folder}/other.c", f"#include <{header}>\n", header)

    def test_a_clock_or_a_thread_in_the_core_is_found(self):
        for header in ("time.h", "pthread.h", "unistd.h"):
            self.planted("test_includes.py", "gateway/core/a.c", f"#include <{header}>\n", "pure")

    def test_a_long_function_is_found(self):
        self.planted("test_length.py", "config/a.c", FUNCTION.format("void", "\t;\n" * 67), "71 lines")

    def test_a_function_of_seventy_lines_passes(self):
        status, output = judge("test_length.py", "config/a.c", FUNCTION.format("void", "\t;\n" * 66))
        self.assertEqual(status, 0, output)

    def test_a_long_file_is_found(self):
        self.planted("test_length.py", "config/a.c", "\n" * 501, "501 lines")

    def test_five_parameters_are_found(self):
        self.planted("test_length.py", "config/a.c", FUNCTION.format("int a, int b, int c, int d, int e", ""),
                     "5 parameters")

    def test_a_missing_licence_purpose_or_format_is_found(self):
        self.planted("test_files.py", "config/a.c", "int a;\n", "licence")
        self.planted("test_files.py", "config/a.c", "/* SPDX-License-Identifier: Apache-2.0 */\nint a;\n", "what the file is for")
        self.planted("test_files.py", "config/a.c", HEAD.format("a.c") + "int   a;\n", "error")

    def test_a_mark_left_behind_is_found(self):
        self.planted("test_files.py", "config/a.c", HEAD.format("a.c") + "/* TODO */\n", "TODO")


if __name__ == "__main__":
    unittest.main()

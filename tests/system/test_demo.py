# SPDX-License-Identifier: Apache-2.0
"""test_demo.py -- ./demo as somebody runs it: the whole chain, a summary, and nothing left behind, also twice at once,
and when it is interrupted."""
import os
import pathlib
import re
import signal

import rig

DEMO = rig.ROOT / "demo"
BUILD_S = 300  # the first run builds


def start(folder, *words):
    return rig.Process(["bash", DEMO, *words], env={"TMPDIR": str(folder)}, cwd="/")


def left_behind(folder):
    """Processes that still have the demo's folder on their command line, and files in it."""
    found = [pid for pid in os.listdir("/proc") if pid.isdigit() and int(pid) != os.getpid()
             and str(folder) in command_of(pid)]
    return found + [entry.name for entry in pathlib.Path(folder).iterdir()]


def command_of(pid):
    try:
        return pathlib.Path(f"/proc/{pid}/cmdline").read_text(errors="replace")
    except OSError:
        return ""


class Demo(rig.Case):
    def check_summary(self, text):
        self.assertRegex(text, r"\d+ messages, .*: [1-9]\d* intervals, [1-9]\d* events, [1-9]\d* trends")
        self.assertIn("0 gaps (0 rows), 0 duplicates, 0 unreadable", text)
        for meter in ("main", "heat", "pv", "chargers", "lighting"):
            self.assertRegex(text, rf"\n{meter} +\w+ +[0-9.]+ (kWh|m³) +[1-9]")

    def test_two_at_once_end_by_themselves_with_a_summary(self):
        folders = [self.folder(), self.folder()]
        runs = [self.use(start(folder, "--for", "16")) for folder in folders]
        for run, folder in zip(runs, folders):
            self.assertEqual(run.wait(BUILD_S), 0, run.err)
            self.check_summary(run.out)
            self.assertEqual(left_behind(folder), [])

    def test_an_interrupt_ends_all_of_it(self):
        folder = self.folder()
        run = self.use(start(folder))
        run.wait_for("interval", BUILD_S)
        run.signal(signal.SIGINT)
        self.assertEqual(run.wait(), 130, run.err)
        self.assertEqual(left_behind(folder), [])

    def test_wrong_words_are_refused_with_what_is_allowed(self):
        for words, said in ((["--fro", "20"], "'--fro' is not an option"), (["--for", "soon"], "a whole number"),
                            (["--for"], "needs a number")):
            done = rig.run(["bash", DEMO, *words])
            self.assertEqual(done.returncode, 2)
            self.assertIn(said, done.stderr)
        self.assertRegex(rig.run(["bash", DEMO, "--help"]).stdout, re.escape("--for SECONDS"))


if __name__ == "__main__":
    rig.main()

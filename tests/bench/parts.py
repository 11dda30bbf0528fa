# SPDX-License-Identifier: Apache-2.0
"""parts.py -- What the benchmarks of scale share: the release build, and processes with their processor time."""
import os
import pathlib
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
BUILD = ROOT / "build" / "release"
os.environ["BYPORT_BUILD"] = str(BUILD)
sys.path.insert(0, str(HERE.parent / "system"))


def build(*targets):
    """The release preset's targets, up to date; ends the program when they cannot be built."""
    for command in (["cmake", "--preset", "release"], ["cmake", "--build", "--preset", "release", "--target", *targets]):
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            sys.exit(done.stdout + done.stderr)


def run_with_input(command, text):
    """Run to the end, with a text as its standard input."""
    return subprocess.run([str(word) for word in command], input=text, text=True, capture_output=True, check=False)


def cpu_s(*pids):
    """Processor time of processes so far, all their threads; one that has ended counts nothing."""
    total = 0.0
    for path in (path for pid in pids for path in pathlib.Path(f"/proc/{pid}/task").glob("*/schedstat")):
        try:
            total += int(path.read_text().split()[0]) / 1e9
        except OSError:
            pass
    return total


def family(pid):
    """A process and its children."""
    found = [pid]
    for path in pathlib.Path("/proc").glob("[0-9]*/stat"):
        try:
            parent = int(path.read_text().rsplit(")", 1)[1].split()[1])
        except OSError:
            continue
        if parent == pid:
            found.append(int(path.parent.name))
    return found

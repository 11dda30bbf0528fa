# SPDX-License-Identifier: Apache-2.0
"""test_store_kill.py -- The store survives SIGKILL at any instant and a full
disk: what was said to be committed is there once, ids have no hole, and the sum
of the intervals is the register's own difference."""

import os
import pathlib
import random
import shutil
import sqlite3
import subprocess
import tempfile
import time
import unittest

import rig

KILLS = 40
MINUTES = 100000  # more than a child lives to see
QUARTER = 15
T0_MS = 1767225600000
TOOL = rig.BUILD / "tests" / "keep_counter"


def register(minute):
    """What the tool's meter shows (keep_counter.c)."""
    return 5000000000 + 1234 * minute + 100 * (minute % 7)


def newest_rows(database):
    """Newest revision of each interval, in order of time: (start minute, end minute, energy, quality)."""
    return database.execute(
        "SELECT (start_ms - ?) / 60000, (start_ms + length_ms - ?) / 60000, energy, quality, max(revision)"
        " FROM interval GROUP BY start_ms, length_ms ORDER BY start_ms",
        (T0_MS, T0_MS),
    ).fetchall()


class Store(unittest.TestCase):
    def setUp(self):
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="byport-store-"))
        self.addCleanup(shutil.rmtree, self.directory)

    def check(self, database):
        """Conserved, without overlap, hole or null; returns the last minute covered."""
        ids = [row[0] for row in database.execute("SELECT id FROM interval UNION ALL SELECT id FROM event ORDER BY 1")]
        self.assertEqual(ids, list(range(1, len(ids) + 1)))
        rows = newest_rows(database)
        for before, after in zip(rows, rows[1:]):
            self.assertEqual(before[1], after[0])
        self.assertNotIn(None, [row[2] for row in rows])
        last = database.execute("SELECT reading_end FROM interval ORDER BY start_ms DESC, revision DESC").fetchone()[0]
        self.assertEqual(sum(row[2] for row in rows), last - register(rows[0][0]))
        return rows[-1][1]

    def run_until_killed(self, first_minute, seconds):
        """Run, kill, return the last id that was said to be committed."""
        child = subprocess.Popen(
            [TOOL, self.directory, str(first_minute), str(MINUTES)], stdout=subprocess.PIPE, text=True
        )
        time.sleep(seconds)  # the instant of the kill is what is random here, nothing is waited for
        child.kill()
        lines = child.communicate()[0].splitlines()
        committed = [line for line in lines if line.startswith("committed ") and len(line) > 10]
        self.assertEqual(len(lines), len(committed), lines)
        return int(committed[-1].split()[1]) if committed else 0

    def test_nothing_is_lost_or_doubled_when_it_is_killed_again_and_again(self):
        seed = int(os.environ.get("BYPORT_SEED", time.time()))
        print(f"seed {seed}")
        chance = random.Random(seed)
        minute = 0
        for _ in range(KILLS):
            committed = self.run_until_killed(minute, chance.uniform(0.02, 0.2))
            database = sqlite3.connect(self.directory / "store.db")
            if database.execute("SELECT count(*) FROM sqlite_schema").fetchone()[0] == 0:
                database.close()
                self.assertEqual(committed, 0)
                continue
            newest = database.execute("SELECT coalesce(max(id), 0) FROM interval").fetchone()[0]
            self.assertGreaterEqual(newest, committed)
            if newest:
                self.assertEqual(database.execute("PRAGMA integrity_check").fetchone()[0], "ok")
                minute = self.check(database) + chance.randrange(1, 60)
            database.close()
        self.assertGreater(minute, 0)
        subprocess.run([TOOL, self.directory, str(minute), "100"], check=True, stdout=subprocess.DEVNULL)
        with sqlite3.connect(self.directory / "store.db") as database:
            end = self.check(database)
            last = database.execute("SELECT reading_end FROM interval ORDER BY start_ms DESC").fetchone()[0]
            self.assertEqual(last, register(end))

    def test_a_full_disk_loses_nothing_once_there_is_room_again(self):
        script = """
            set -eu
            mount -t tmpfs -o size=8m none "$1"
            head -c 5500000 /dev/zero > "$1/filler"
            "$2" "$1" 0 20000 | while read -r line; do
                case $line in full:*|failed:*) test ! -e "$1/filler" || { echo "$line"; rm "$1/filler"; } ;; esac
            done
            cp "$1/store.db" "$3"
        """
        outside = tempfile.mkdtemp(prefix="byport-store-")
        self.addCleanup(shutil.rmtree, outside)
        copy = pathlib.Path(outside) / "store.db"
        unshare = ["unshare", "--user", "--map-root-user", "--mount"]
        if subprocess.run(unshare + ["mount", "-t", "tmpfs", "none", "/mnt"], capture_output=True).returncode:
            self.skipTest("no mount namespace here")
        ran = subprocess.run(
            unshare + ["sh", "-c", script, "sh", self.directory, TOOL, copy], capture_output=True, text=True, timeout=60
        )
        self.assertEqual(ran.returncode, 0, ran.stderr)
        self.assertIn("full: database or disk is full", ran.stdout)
        with sqlite3.connect(copy) as database:
            self.assertEqual(self.check(database), 19999 // QUARTER * QUARTER)


if __name__ == "__main__":
    unittest.main(verbosity=2)

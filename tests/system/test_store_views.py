# SPDX-License-Identifier: Apache-2.0
"""test_store_views.py -- A person with plain sqlite3 can read the store: named
columns, readable times, kWh; and docs/store.md names what is there."""

import pathlib
import re
import shutil
import sqlite3
import subprocess
import tempfile
import unittest

import rig

TOOL = rig.BUILD / "tests" / "keep_counter"


class Views(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.directory = pathlib.Path(tempfile.mkdtemp(prefix="byport-views-"))
        run = [TOOL, cls.directory]
        # Two runs with a silence between: rows of the second revise nothing, some are estimated.
        subprocess.run(run + ["0", "121"], check=True, stdout=subprocess.DEVNULL)
        subprocess.run(run + ["180", "1441"], check=True, stdout=subprocess.DEVNULL)
        cls.path = cls.directory / "store.db"

    @classmethod
    def tearDownClass(cls):
        shutil.rmtree(cls.directory)

    def query(self, sql):
        database = sqlite3.connect(self.path)
        database.row_factory = sqlite3.Row
        try:
            return database.execute(sql).fetchall()
        finally:
            database.close()

    def test_energy_is_in_kwh_with_readable_times(self):
        row = self.query("SELECT * FROM energy ORDER BY start_utc LIMIT 1")[0]
        self.assertEqual(row["meter"], "main")
        self.assertEqual(row["quantity"], "active_energy_import")
        self.assertEqual(row["unit"], "kWh")
        self.assertEqual(row["start_utc"], "2026-01-01T00:00:00Z")
        self.assertEqual(row["end_utc"], "2026-01-01T00:15:00Z")
        self.assertEqual(row["quality"], "measured")
        self.assertEqual(row["clock"], "synchronised")
        # 15 minutes of 1234 mWh, and 100 for the remainder 15 mod 7 = 1
        self.assertAlmostEqual(row["energy"], 0.01861, places=12)
        self.assertAlmostEqual(row["reading_start"], 5000, places=9)
        self.assertAlmostEqual(row["reading_end"], 5000.01861, places=9)

    def test_a_silence_is_named_as_estimated(self):
        rows = self.query("SELECT * FROM energy WHERE quality = 'estimated'")
        self.assertGreater(len(rows), 0)
        self.assertEqual({row["method"] for row in rows}, {"even"})

    def test_a_day_adds_up(self):
        day = self.query("SELECT * FROM energy_by_day ORDER BY day_utc")[0]
        self.assertEqual(day["day_utc"], "2026-01-01")
        self.assertEqual(day["intervals"], 96)
        self.assertEqual(day["measured"] + day["estimated"], 96)
        self.assertEqual(day["without_value"], 0)
        self.assertAlmostEqual(day["energy"], (1234 * 1440 + 100 * (1440 % 7)) / 1e6, places=9)

    def test_trends_are_in_watts(self):
        row = self.query("SELECT * FROM trends ORDER BY start_utc LIMIT 1")[0]
        self.assertEqual((row["quantity"], row["unit"], row["count"]), ("active_power", "W", 6))
        self.assertAlmostEqual(row["mean"], 74.04)

    def test_what_waits_for_the_broker_is_counted(self):
        waiting = {row["stream"]: row["rows_waiting"] for row in self.query("SELECT * FROM waiting")}
        self.assertEqual(waiting["energy"], self.query("SELECT count(*) FROM interval")[0][0])
        self.assertEqual(waiting["trends"], 121 + 1441)

    def test_the_command_line_shell_reads_it_too(self):
        rig.need("sqlite3")
        shown = subprocess.run(
            ["sqlite3", "-readonly", self.path, "SELECT start_utc, energy, unit FROM energy LIMIT 1"],
            check=True, capture_output=True, text=True,
        )
        self.assertEqual(shown.stdout, "2026-01-01T00:00:00Z|0.01861|kWh\n")

    def test_flags_are_words_and_a_correction_is_the_newest_row(self):
        rig.need("sqlite3")
        copy = self.directory / "flagged.db"
        source, target = sqlite3.connect(self.path), sqlite3.connect(copy)
        source.backup(target)
        source.close()
        # The third quarter of an hour again, with two findings, and by a person's act; its revision
        # number is no larger than the first one's: the later row is the newer one all the same.
        target.execute(
            "INSERT INTO interval SELECT (SELECT max(id) FROM interval) + 1, series, start_ms, length_ms, energy,"
            " reading_start, reading_end, quality, method, revision, (1 << 1) | (1 << 7), clock, 1"
            " FROM interval WHERE start_ms = 1767225600000 + 30 * 60000"
        )
        target.commit()
        target.close()
        shown = subprocess.run(
            ["sqlite3", "-readonly", copy, "SELECT substr(start_utc, 12, 5), flags, correction FROM energy LIMIT 4"],
            check=True, capture_output=True, text=True,
        )
        self.assertEqual(shown.stdout, "00:00||0\n00:15||0\n00:30|spike,frozen|1\n00:45||0\n")
        shown = subprocess.run(
            ["sqlite3", "-readonly", copy,
             "SELECT flags, correction FROM intervals WHERE start_utc = '2026-01-01T00:30:00Z' ORDER BY id;"
             "SELECT intervals, measured + estimated FROM energy_by_day WHERE day_utc = '2026-01-01'"],
            check=True, capture_output=True, text=True,
        )
        self.assertEqual(shown.stdout, "|0\nspike,frozen|1\n96|96\n")

    def test_every_table_view_and_column_is_in_the_manual(self):
        manual = (rig.ROOT / "docs" / "store.md").read_text(encoding="utf-8")
        named = set(re.findall(r"`([a-z_]+)`", manual))
        for table in self.query("SELECT name FROM sqlite_schema WHERE type IN ('table', 'view')"):
            self.assertIn(table["name"], named)
            for column in self.query(f"PRAGMA table_info({table['name']})"):
                self.assertIn(column["name"], named, table["name"])

    def test_no_index_stands_over_the_hot_tables(self):
        self.assertEqual(
            self.query("SELECT name FROM sqlite_schema WHERE type = 'index' AND tbl_name IN ('interval', 'trend')"), []
        )

    def test_a_row_takes_the_bytes_the_manual_says(self):
        pages = {
            row["name"]: row["bytes"]
            for row in self.query("SELECT name, sum(pgsize) AS bytes FROM dbstat GROUP BY name")
        }
        for table, bytes_max in (("interval", 64), ("trend", 56)):
            count = self.query(f"SELECT count(*) FROM {table}")[0][0]
            self.assertLessEqual(pages[table] - 8192, count * bytes_max, table)


if __name__ == "__main__":
    unittest.main(verbosity=2)

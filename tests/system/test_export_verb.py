# SPDX-License-Identifier: Apache-2.0
"""test_export_verb.py -- `byport export` writes every interval once, exactly: what it writes adds up to what sqlite3
itself adds up; hours and finality are the site's; the Norwegian kind can be read by a Norwegian spreadsheet."""
import csv
import datetime
import decimal
import io
import json
import pathlib
import shutil
import sqlite3
import subprocess
import tempfile
import unittest
import zoneinfo

import rig

QUARTER, HOUR = 900, 3600
MEASURED, ESTIMATED, REJECTED, MISSING = range(4)
IMPORT, HEAT, VOLUME = "active_energy_import", "heat_energy", "volume"
SPIKE, FROZEN = 1 << 1, 1 << 7
OSLO = zoneinfo.ZoneInfo("Europe/Oslo")
CONFIG = """
site: {{city: drammen, id: school, timezone: Europe/Oslo}}
gateway: {{id: main, data_directory: {directory}}}
broker: {{host: localhost, tls: no}}
buses: [{{id: cellar, port: /dev/ttyUSB0, baud: 9600, parity: N, stop_bits: 1}}]
meters: [{{id: main, bus: cellar, address: 1, model: eastron-sdm630, quantities: [active_energy_import]}}]
"""
# What sqlite3 adds up: the newest revision of each interval is the row with the largest id.
SUMS = """
SELECT s.meter, s.quantity, count(*), sum(energy), sum(energy IS NULL) FROM
 (SELECT series, energy, max(id) FROM interval GROUP BY series, start_ms, length_ms) i
 JOIN series s ON s.number = i.series GROUP BY s.number ORDER BY s.number"""


def utc(text):
    return int(datetime.datetime.fromisoformat(text).replace(tzinfo=datetime.timezone.utc).timestamp())


def at(text):
    """The second of an instant with an offset or a Z."""
    return int(datetime.datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp())


class Export(unittest.TestCase):
    """October 2018, in which a local day has 25 hours; and yesterday, which is not final."""

    @classmethod
    def setUpClass(cls):
        if not pathlib.Path("/usr/share/zoneinfo/Europe/Oslo").exists():
            rig.skip("no time zones on this machine (Debian: tzdata)")
        cls.directory = pathlib.Path(tempfile.mkdtemp(prefix="byport-export-"))
        now = int(datetime.datetime.now().timestamp())
        cls.yesterday = now - now % QUARTER - 24 * HOUR
        subprocess.run([rig.BUILD / "tests" / "keep_rows", cls.directory], input=cls.rows(), text=True, check=True,
                       timeout=60)
        (cls.directory / "configuration.yaml").write_text(CONFIG.format(directory=cls.directory))
        with sqlite3.connect(f"file:{cls.directory}/store.db?mode=ro", uri=True) as db:
            cls.sums = db.execute(SUMS).fetchall()

    @classmethod
    def rows(cls):
        start, end = utc("2018-09-30T22:00"), utc("2018-10-31T23:00")
        cls.gap, cls.spike = utc("2018-10-05T10:15"), utc("2018-10-06T10:00")
        cls.hole = utc("2018-10-09T03:30")
        rows = []
        for t in range(start, end, QUARTER):
            if t == cls.hole:  # nobody wrote anything
                continue
            if t == cls.gap:
                rows.append(("main", IMPORT, t, t + QUARTER, 0, REJECTED, 0, 0))
            else:
                rows.append(("main", IMPORT, t, t + QUARTER, 1_234_567 + t // QUARTER % 11, MEASURED, 0, 0))
            if t == cls.spike + 24 * HOUR:
                rows.append(("main", IMPORT, cls.spike, cls.spike + QUARTER, 7_000_001, ESTIMATED, 1, SPIKE | FROZEN))
                rows.append(("main", IMPORT, cls.spike, cls.spike + QUARTER, 3_000_003, ESTIMATED, 2, SPIKE | FROZEN))
            if t % HOUR == 0:
                rows.append(("heat", HEAT, t, t + HOUR, 10_000_000, MEASURED, 0, 0))
                rows.append(("heat", VOLUME, t, t + HOUR, 123_456, MEASURED, 0, 0))
        for t in range(cls.yesterday, cls.yesterday + 4 * HOUR, QUARTER):
            rows.append(("main", IMPORT, t, t + QUARTER, 1_000_000, MEASURED, 0, 0))
        return "".join(f"{m} {q} {s * 1000} {e * 1000} {v} {ql} {r} {f}\n" for m, q, s, e, v, ql, r, f in rows)

    @classmethod
    def tearDownClass(cls):
        shutil.rmtree(cls.directory)

    def export(self, *words, directory=None):
        return subprocess.run([rig.program("byport"), "export", *map(str, words), directory or self.directory],
                              capture_output=True, text=True, timeout=60)

    def written(self, *words):
        done = self.export(*words)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        return done.stdout

    def table(self, *words, **dialect):
        return list(csv.DictReader(io.StringIO(self.written(*words)), **dialect))

    def lines(self, *words):
        return [json.loads(line, parse_float=decimal.Decimal) for line in self.written("--json", *words).splitlines()]

    def assert_sums(self, rows, number):
        """Count, energy and nulls of each series, as sqlite3 has them."""
        found = []
        for meter, quantity in dict.fromkeys((row["meter"], row["quantity"]) for row in rows):
            values = [row["value"] for row in rows if (row["meter"], row["quantity"]) == (meter, quantity)]
            known = [number(value) for value in values if value not in ("", None)]
            found.append((meter, quantity, len(values), int(sum(known) * 10**6), len(values) - len(known)))
        self.assertEqual(found, self.sums)

    def test_what_is_written_adds_up_to_what_sqlite_adds_up(self):
        self.assert_sums(self.table(), decimal.Decimal)
        self.assert_sums(self.lines(), decimal.Decimal)
        self.assert_sums(self.table("--csv", "nb", delimiter=";"),
                         lambda text: decimal.Decimal(text.replace(",", ".")))
        # 31 days of quarter hours, one hour more, one quarter less, and four hours of yesterday
        self.assertEqual(self.sums[0][2], (31 * 24 + 1) * 4 - 1 + 16)

    def test_each_line_says_where_its_value_is_from(self):
        rows = {at(row["start"]): row for row in self.table("--meter", "main")}
        spike, gap = rows[self.spike], rows[self.gap]
        self.assertEqual({name: spike[name] for name in ("unit", "end", "value", "quality", "flags", "revision",
                                                         "clock", "correction", "final")},
                         {"unit": "kWh", "end": "2018-10-06T10:15:00Z", "value": "3.000003", "quality": "estimated",
                          "flags": "spike frozen", "revision": "2", "clock": "synchronised", "correction": "no",
                          "final": "yes"})
        self.assertEqual((gap["value"], gap["quality"], gap["reading_end"], gap["final"]), ("", "rejected", "", "no"))
        (line,) = [line for line in self.lines("--meter", "main") if line["start"] == "2018-10-06T10:00:00Z"]
        self.assertEqual((line["flags"], line["method"], line["final"]), (["spike", "frozen"], None, True))
        self.assertEqual(line["reading_end"] - line["reading_start"], line["value"])
        (line,) = [line for line in self.lines("--meter", "main") if line["quality"] == "rejected"]
        self.assertIsNone(line["value"])

    def test_the_norwegian_kind_has_local_time_with_its_offset(self):
        text = self.written("--csv", "nb", "--meter", "main", "--from", "2018-10-28", "--to", "2018-10-28")
        self.assertIn(";2018-10-28T02:45:00+02:00;2018-10-28T02:00:00+01:00;1,2345", text)
        self.assertIn(";2018-10-28T02:45:00+01:00;2018-10-28T03:00:00+01:00;1,2345", text)
        self.assertEqual(len(text.splitlines()), 1 + 100)
        self.assertEqual(text.splitlines()[0].split(";"), list(self.table("--meter", "main")[0]))

    def test_hours_are_local_and_whole_or_without_a_value(self):
        hours = self.table("--hourly", "--meter", "main", "--from", "2018-10", "--to", "2018-10")
        self.assertEqual(len(hours), 31 * 24 + 1)
        by_start = {at(row["start"]): row for row in hours}
        quarters = {at(row["start"]): row for row in self.table("--meter", "main")}
        for start, hour in by_start.items():
            parts = [quarters.get(start + i * QUARTER, {"value": ""})["value"] for i in range(4)]
            whole = "" if "" in parts else sum(map(decimal.Decimal, parts))
            self.assertEqual(hour["value"] and decimal.Decimal(hour["value"]), whole, hour["start"])
        gap, spike = by_start[self.gap - QUARTER], by_start[self.spike]
        self.assertEqual((gap["value"], gap["quality"], gap["coverage"], gap["final"]), ("", "rejected", "0.75", "no"))
        hole = by_start[self.hole - 2 * QUARTER]
        self.assertEqual((hole["value"], hole["quality"], hole["coverage"], hole["final"]), ("", "missing", "0.75", "no"))
        self.assertEqual((spike["quality"], spike["flags"], spike["coverage"]), ("estimated", "spike frozen", "1"))
        whole = decimal.Decimal(spike["value"])
        self.assertEqual(decimal.Decimal(spike["estimated"]), int(decimal.Decimal("3.000003") / whole * 1000) / decimal.Decimal(1000))

    def test_only_what_is_final_is_written_where_that_is_asked(self):
        whole, final = self.table("--meter", "main"), self.table("--meter", "main", "--final")
        left_out = [row for row in whole if row not in final]
        self.assertEqual([row for row in whole if row["final"] == "yes"], final)
        self.assertEqual([at(row["start"]) for row in left_out],
                         [self.gap, *range(self.yesterday, self.yesterday + 4 * HOUR, QUARTER)])

    def test_a_range_is_of_local_days_months_and_years(self):
        def starts(*words):
            return [at(row["start"]) for row in self.table("--meter", "main", "--quantity", IMPORT, *words)]
        first = int(datetime.datetime(2018, 10, 7, tzinfo=OSLO).timestamp())
        self.assertEqual(starts("--from", "2018-10-07", "--to", "2018-10-08"), list(range(first, first + 48 * HOUR, QUARTER)))
        self.assertEqual(starts("--to", "2018"), [t for t in starts() if t < self.yesterday])
        self.assertEqual(starts("--from", "2019"), list(range(self.yesterday, self.yesterday + 4 * HOUR, QUARTER)))
        self.assertEqual({row["quantity"] for row in self.table("--quantity", VOLUME)}, {VOLUME})
        self.assertEqual({row["unit"] for row in self.table("--quantity", VOLUME)}, {"m³"})

    def test_wrong_words_are_told_with_what_is_allowed(self):
        for words, status, text in (
                (("--csv", "de"), 2, '--csv "de"; allowed: en, nb'),
                (("--csv", "nb", "--json"), 2, "one of --csv and --json"),
                (("--quantity", "voltage"), 2, '--quantity "voltage" is nothing that is counted; allowed: active_energy'),
                (("--quantity", "kWh"), 2, '--quantity "kWh" is nothing that is counted'),
                (("--from", "yesterday"), 2, 'byport export: --from "yesterday" is no date; allowed: 2026-11-23, 2026-11'),
                (("--from", "2018-11", "--to", "2018-10"), 2, "--from 2018-11 is not before 2018-10"),
                (("--meter", "attic"), 1, 'a meter "attic"; there are: main heat'),
                (("--meter", "main", "--quantity", HEAT), 1, "the store has no intervals of heat_energy of main; there are: main heat"),
                (("--config", "/nowhere.yaml"), 1, "/nowhere.yaml"),
                (("--by", "hour"), 2, "--by"),
                (("one",), 2, "one word too many")):
            done = self.export(*words)
            self.assertEqual((done.returncode, done.stdout), (status, ""), (words, done.stderr))
            self.assertIn(text, done.stderr, words)
        done = self.export(directory="/nowhere")
        self.assertEqual(done.returncode, 3)
        self.assertRegex(done.stderr, r"byport export: no store to look into at /nowhere.*name its directory")

    def test_what_cannot_be_written_is_told(self):
        with open("/dev/full", "w", encoding="utf-8") as full:
            done = subprocess.run([rig.program("byport"), "export", self.directory], stdout=full,
                                  stderr=subprocess.PIPE, text=True, timeout=60)
        self.assertEqual(done.returncode, 3)
        self.assertIn("not all of it could be written", done.stderr)

    def test_the_store_is_left_as_it_was_and_needs_no_lock(self):
        before = (self.directory / "store.db").read_bytes()
        with sqlite3.connect(self.directory / "store.db", isolation_level=None) as writer:
            writer.execute("BEGIN IMMEDIATE")
            self.assert_sums(self.table(), decimal.Decimal)
            writer.execute("ROLLBACK")
        self.assertEqual((self.directory / "store.db").read_bytes(), before)
        self.assertFalse((self.directory / "store.db-wal").exists() and (self.directory / "store.db-wal").stat().st_size)


if __name__ == "__main__":
    rig.main()

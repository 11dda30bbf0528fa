# SPDX-License-Identifier: Apache-2.0
"""test_history_verb.py -- `byport history` adds up what the store keeps, in local days of 23, 24 and 25 hours, each
interval once; says what is missing, and what is allowed when it is asked for something else."""
import datetime
import json
import pathlib
import shutil
import subprocess
import tempfile
import unittest

import rig

QUARTER, HOUR = 900, 3600
MEASURED, ESTIMATED, REJECTED, MISSING = range(4)
IMPORT = "active_energy_import"
CONFIG = """
site: {{city: drammen, id: school, timezone: Europe/Oslo}}
gateway: {{id: main, data_directory: {directory}}}
broker: {{host: localhost, tls: no}}
totals: {{peak_rule: {rule}, peak_count: 3}}
buses: [{{id: cellar, port: /dev/ttyUSB0, baud: 9600, parity: N, stop_bits: 1}}]
meters:
- {{id: main, bus: cellar, address: 1, model: eastron-sdm630, quantities: [active_energy_import]}}
- {{id: lights, bus: cellar, address: 2, model: eastron-sdm630, use: lighting, parent: main, quantities: [active_energy_import]}}
- {{id: cars, bus: cellar, address: 3, model: eastron-sdm630, use: mobile, parent: main, quantities: [active_energy_import]}}
- {{id: heat, bus: cellar, address: 4, model: kamstrup-multical-603, use: heating, energy_unit: kWh}}
"""


def utc(text):
    return int(datetime.datetime.fromisoformat(text).replace(tzinfo=datetime.timezone.utc).timestamp())


def quarters(meter, start, end, mwh, quantity=IMPORT):
    """A measured row for each quarter hour: energy mwh, or mwh(start)."""
    for at in range(utc(start), utc(end), QUARTER):
        yield meter, quantity, at, at + QUARTER, mwh(at) if callable(mwh) else mwh, MEASURED, 0, 0


class History(unittest.TestCase):
    """Whole months of March and October 2018; in November, two days: a gap, revisions, a spike."""

    @classmethod
    def setUpClass(cls):
        if not pathlib.Path("/usr/share/zoneinfo/Europe/Oslo").exists():
            rig.skip("no time zones on this machine (Debian: tzdata)")
        cls.directory = pathlib.Path(tempfile.mkdtemp(prefix="byport-history-"))
        rows = []
        for start, end in (("2018-02-28T23:00", "2018-03-31T22:00"), ("2018-09-30T22:00", "2018-10-31T23:00")):
            rows += quarters("main", start, end, lambda at: 1_000_000 + at % 7)
            rows += quarters("lights", start, end, 300_000)
            rows += quarters("cars", start, end, 200_000)
            rows += quarters("heat", start, end, 2_000_000, "heat_energy")
        rows += cls.november()
        rows.sort(key=lambda row: (row[3] if row[6] == 0 else row[3] + 30 * 86400))
        text = "".join(f"{m} {q} {s * 1000} {e * 1000} {v} {ql} {r} {f}\n" for m, q, s, e, v, ql, r, f in rows)
        subprocess.run([rig.BUILD / "tests" / "keep_rows", cls.directory], input=text, text=True, check=True, timeout=60)
        cls.config = cls.directory / "configuration.yaml"
        cls.config.write_text(CONFIG.format(directory=cls.directory, rule="mean_of_days"))

    @classmethod
    def november(cls):
        start, end = "2018-10-31T23:00", "2018-11-02T23:00"
        gap, spike = utc("2018-11-01T11:00"), utc("2018-11-02T07:00")
        rows = [row for row in quarters("main", start, end, 1_000_000) if row[2] not in (gap, gap + QUARTER)]
        # Missing, then one of the two estimated; and a rejected quarter that stays null.
        rows += [("main", IMPORT, gap, gap + QUARTER, 0, MISSING, 0, 0),
                 ("main", IMPORT, gap, gap + QUARTER, 500_000, ESTIMATED, 1, 0),
                 ("main", IMPORT, gap + QUARTER, gap + 2 * QUARTER, 0, REJECTED, 0, 0)]
        # An hour of 4 kW that stands, one of 40 kW that was flagged later, one of 6 kW.
        for number, mwh, flags in ((0, 1_500_000, 0), (1, 10_000_000, 2)):
            hour = spike + number * HOUR
            rows += [("main", IMPORT, at, at + QUARTER, mwh, MEASURED, 1, flags)
                     for at in range(hour, hour + HOUR, QUARTER)]
        rows += quarters("lights", start, end, 300_000)
        rows += quarters("cars", start, end, 200_000)
        return rows + list(quarters("heat", start, end, 2_000_000, "heat_energy"))

    @classmethod
    def tearDownClass(cls):
        shutil.rmtree(cls.directory)

    def history(self, *words, directory=None):
        return subprocess.run([rig.program("byport"), "history", *map(str, words), directory or self.directory],
                              capture_output=True, text=True, timeout=60)

    def told(self, *words):
        done = self.history("--json", *words)
        self.assertEqual(done.returncode, 0, done.stderr)
        return json.loads(done.stdout)

    # ---- spans ----

    def test_local_days_have_23_and_25_hours(self):
        for day, hours in (("2018-03-25", 23), ("2018-10-28", 25), ("2018-10-29", 24)):
            told = self.told("--meter", "lights", "--by", "hour", "--from", day, "--to", day)
            self.assertEqual(len(told["spans"]), hours, day)
            self.assertTrue(all(span["energy"] == 1.2 and span["coverage"] == 1 for span in told["spans"]))
            self.assertAlmostEqual(told["total"]["energy"], 1.2 * hours, places=9)
            (one,) = self.told("--meter", "lights", "--by", "day", "--from", day, "--to", day)["spans"]
            self.assertAlmostEqual(one["energy"], 1.2 * hours, places=9)
            self.assertEqual((one["coverage"], one["final"]), (1, True))

    def test_the_hour_that_comes_twice_is_two_lines(self):
        done = self.history("--meter", "lights", "--by", "hour", "--from", "2018-10-28", "--to", "2018-10-28")
        self.assertRegex(done.stdout, r"2018-10-28 02:00 \+02:00 +1\.200")
        self.assertRegex(done.stdout, r"2018-10-28 02:00 \+01:00 +1\.200")
        self.assertTrue(all(len(line) <= 80 for line in done.stdout.splitlines()), done.stdout)

    def test_weeks_months_and_years_add_up_to_the_same(self):
        whole = sum(1_000_000 + at % 7 for at in range(utc("2018-09-30T22:00"), utc("2018-10-31T23:00"), QUARTER))
        by = {span: self.told("--meter", "main", "--by", span, "--from", "2018-10", "--to", "2018-10")
              for span in ("hour", "day", "month")}
        for span, told in by.items():
            self.assertAlmostEqual(told["total"]["energy"], whole / 1e6, places=9, msg=span)
            self.assertAlmostEqual(sum(one["energy"] for one in told["spans"]), whole / 1e6, places=6, msg=span)
        self.assertEqual(len(by["hour"]["spans"]), 31 * 24 + 1)
        weeks = self.told("--meter", "main", "--by", "week", "--from", "2018-10-08", "--to", "2018-10-14")
        self.assertEqual([week["label"] for week in weeks["spans"]], ["2018-W41"])
        (year,) = self.told("--meter", "lights", "--by", "year", "--from", "2018", "--to", "2018")["spans"]
        self.assertIsNone(year["energy"])
        self.assertAlmostEqual(year["at_least"], 0.3 * (4 * (62 * 24 + 48)), places=6)

    # ---- structure ----

    def test_only_meters_without_a_parent_add_and_cars_are_subtracted(self):
        day = ("--from", "2018-10-29", "--to", "2018-10-29")
        main = self.told("--meter", "main", *day)["total"]["energy"]
        self.assertAlmostEqual(main, (96_000_000 + sum(at % 7 for at in range(
            utc("2018-10-28T23:00"), utc("2018-10-29T23:00"), QUARTER))) / 1e6, places=9)
        for words, expected in (((), main + 192 - 19.2), (("--gateway",), main + 192 - 19.2),
                                (("--carrier", "electricity"), main - 19.2), (("--carrier", "district-heat"), 192),
                                (("--carrier", "district_heat"), 192), (("--use", "lighting"), 28.8),
                                (("--use", "mobile"), 19.2)):
            self.assertAlmostEqual(self.told(*words, *day)["total"]["energy"], expected, places=6, msg=words)

    def test_a_part_that_is_missing_leaves_a_bound_and_is_named(self):
        done = self.history("--from", "2018-11-01", "--to", "2018-11-01")
        # 94 quarters of 1 kWh and one of 0.5; 96 of heat; 96 of cars
        self.assertRegex(done.stdout, r"2018-11-01 +- +98\.9 % .* no +at least 267\.300")
        self.assertIn("missing: import of main: intervals without a value", done.stdout)

    def test_a_revision_takes_the_place_of_what_it_revises(self):
        (hour,) = self.told("--meter", "main", "--by", "hour", "--from", "2018-11-02", "--to", "2018-11-02")[
            "spans"][8:9]
        self.assertEqual((hour["energy"], hour["estimated"]), (6, 0))
        noon = self.told("--meter", "main", "--by", "hour", "--from", "2018-11-01", "--to", "2018-11-01")["spans"][12]
        self.assertEqual((noon["energy"], noon["at_least"], noon["coverage"]), (None, 2.5, 0.75))
        self.assertEqual(noon["estimated"], 0.2)

    # ---- peaks ----

    def test_peaks_are_those_of_good_hours(self):
        (november,) = [peak for peak in self.told("--peaks", "--meter", "main", "--from", "2018-11", "--to", "2018-11")]
        # 6 kW on the 2nd (40 kW is flagged), 4 kW on the 1st
        self.assertEqual([hour["power"] for hour in november["peaks"]], [6, 4])
        self.assertEqual((november["peak_power"], november["peak_span"]), (5, "hour"))
        self.assertEqual(november["peaks"][0]["start"], "2018-11-02T07:00:00Z")

    def test_the_rule_is_the_configurations(self):
        with tempfile.TemporaryDirectory() as folder:
            for rule, power in (("highest_hour", 6), ("mean_of_months", (6 + 2 * 4.000012) / 3)):
                path = pathlib.Path(folder) / "site.yaml"
                path.write_text(CONFIG.format(directory=self.directory, rule=rule))
                (told,) = self.told("--config", path, "--peaks", "--meter", "main", "--from", "2018-11", "--to",
                                    "2018-11")
                self.assertAlmostEqual(told["peak_power"], power, places=4, msg=rule)
        done = self.history("--peaks", "--from", "2018-10", "--to", "2018-11")
        self.assertRegex(done.stdout, r"2018-10 +main +4\.0000?\d* +hour")
        self.assertRegex(done.stdout, r"2018-11 +heat +8\.000 +")
        self.assertNotRegex(done.stdout, r"lights")

    # ---- without a configuration, and wrong words ----

    def test_without_a_configuration_single_meters_are_shown(self):
        with tempfile.TemporaryDirectory() as folder:
            shutil.copy(self.directory / "store.db", folder)
            done = self.history("--meter", "lights", "--from", "2018-10-29", "--to", "2018-10-29", directory=folder)
            self.assertRegex(done.stdout, r"meter-lights, local time of UTC")
            self.assertRegex(done.stdout, r"2018-10-29 +28\.800 +100\.0 %")
            done = self.history(directory=folder)
            self.assertEqual(done.returncode, 1)
            self.assertIn("--meter ID", done.stderr)
            self.assertRegex(done.stderr, r"there are:.* lights")

    def test_wrong_words_are_told_with_what_is_allowed(self):
        for words, status, text in (
                (("--by", "minute"), 2, "hour, day, week, month, year"),
                (("--from", "yesterday"), 2, '--from "yesterday" is no date; allowed: 2026-11-23, 2026-11, 2026'),
                (("--from", "2018-06-31"), 2, '"2018-06-31" is no date'),
                (("--to", "2018-13"), 2, '"2018-13" is no date'),
                (("--from", "2018-11", "--to", "2018-10"), 2, "--from 2018-11 is not before 2018-10"),
                (("--from", "2010", "--by", "hour"), 2, "more than 9000 hours"),
                (("--meter", "attic"), 1, "there are: main lights cars heat"),
                (("--carrier", "lpg"), 1, "there are: electricity district-heat"),
                (("--use", "cooling"), 1, "there are: total heating lighting mobile"),
                (("--meter", "main", "--gateway"), 2, "one of --meter, --carrier, --use and --gateway"),
                (("--config", "/nowhere.yaml"), 1, "/nowhere.yaml"),
                (("one",), 2, "one word too many")):
            done = self.history(*words)
            self.assertEqual(done.returncode, status, (words, done.stderr))
            self.assertIn(text, done.stderr, words)
        done = self.history(directory="/nowhere")
        self.assertEqual(done.returncode, 3)
        self.assertRegex(done.stderr, r"no store to look into at /nowhere.*name its directory")

    def test_the_store_is_left_as_it_was(self):
        before = (self.directory / "store.db").read_bytes()
        self.history("--from", "2018-10")
        self.assertEqual((self.directory / "store.db").read_bytes(), before)


if __name__ == "__main__":
    rig.main()

# SPDX-License-Identifier: Apache-2.0
"""test_settle_verb.py -- `byport settle` and `valid_from` against the real daemon: a person's decisions arrive to the
step, with who and why, and what cannot be meant is refused in words."""
import datetime
import json
import re
import time

import gateway
import meters
import rig

WHO = ["--reason", "meter exchanged, protocol 4711", "--by", "Kari Holm"]


def mwh(number):
    return round(number * 1_000_000)


class Settle(rig.Case):
    def setUp(self):
        self.meter = meters.Meter()
        self.tcp = self.use(meters.TcpMeters({1: self.meter}))
        self.broker = self.use(rig.Broker())
        self.collector = self.use(rig.Collector(self.broker, "byport/#"))
        self.models = self.use(rig.Folder()).path
        for model in meters.MODELS.glob("*.yaml"):
            (self.models / model.name).write_text(model.read_text())
        self.buses = [gateway.bus_tcp("net", self.tcp)]
        self.daemon = self.use(gateway.Gateway(self.broker, self.buses, [gateway.meter("kitchen", "net", 1)], False))
        self.configure()
        self.daemon.start()
        rig.wait_until(lambda: len(self.rows()) >= 2, 40, "intervals")

    def configure(self, **more):
        self.daemon.configure(self.buses, [gateway.meter("kitchen", "net", 1, **more)],
                              lambda head: head.replace(str(meters.MODELS), str(self.models)))

    def rows(self):
        return gateway.intervals_of(self.collector, "kitchen")

    def settle(self, *words):
        return self.daemon.verb("settle", "kitchen", *words)

    def exchange(self):
        """The old device's last reading in Wh; the new one begins at 7 kWh."""
        self.meter.mute = True
        rig.wait_until(lambda: self.daemon.status()["meters"][0]["state"] == "silent", 40, "silence")
        closing = self.meter.energy_wh()
        self.meter.start_wh, self.meter.began, self.meter.serial = 7000, time.monotonic(), 4712
        self.meter.mute = False
        self.daemon.process.wait_for("the device was exchanged", 60)
        return closing

    def nulls(self):
        return [row for row in self.rows() if row["value"] is None]

    def wait_for_closed_span(self):
        def closed():
            rows = self.rows()
            return self.nulls() and rows[-1]["value"] is not None and rows[-2]["value"] is not None
        rig.wait_until(closed, 60, "intervals after the exchange")

    def test_an_exchange_is_settled_to_the_step(self):
        closing = self.exchange()
        self.wait_for_closed_span()
        words = ["--closing", f"{closing / 1000:.3f}", "--opening", "7", *WHO]
        dry = self.settle(*words, "--dry-run")
        self.assertEqual(dry.returncode, 0, dry.stderr)
        self.assertIn("Nothing has been changed.", dry.stdout)
        self.assertTrue(self.nulls())
        done = self.settle(*words, "--json")
        self.assertEqual(done.returncode, 0, done.stderr)
        answer = json.loads(done.stdout)
        self.assertEqual((answer["unit"], answer["quantity"], answer["before"]), ("kWh", "heat_energy", None))
        self.assertTrue(answer["kept"])
        rig.wait_until(lambda: not self.nulls(), 20, "the revisions at the broker")
        rows = self.rows()
        total = sum(mwh(row["value"]) for row in rows)
        self.assertEqual(total, closing * 1000 - mwh(rows[0]["reading_start"])
                         + mwh(rows[-1]["reading_end"]) - 7_000_000)
        event = [row for row in gateway.rows_by_id(self.collector, "energy").values() if row.get("kind") == "settled"]
        self.assertEqual(len(event), 1)
        for part in ("protocol 4711", "Kari Holm", "uid"):
            self.assertIn(part, event[0]["text"])
        again = self.settle(*words)
        self.assertEqual(again.returncode, 1)
        self.assertIn("refused: there is nothing to settle", again.stderr)

    def test_a_closing_that_nobody_knows_is_estimated(self):
        self.exchange()
        self.wait_for_closed_span()
        done = self.settle("--closing", "unknown", *WHO)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertRegex(done.stdout, r"quantity +before +after +unit +intervals")
        self.assertIn("closing unknown", done.stdout)
        rig.wait_until(lambda: not self.nulls(), 20, "the revisions at the broker")
        self.assertIn("estimated", {row["quality"] for row in self.rows()})

    def test_a_multiplier_holds_from_an_instant_on(self):
        rows = self.rows()
        from_row = rows[1]
        done = self.settle("--multiplier", "10", "--from", from_row["start"], *WHO, "--json")
        self.assertEqual(done.returncode, 0, done.stderr)
        answer = json.loads(done.stdout)
        volume = [change for change in answer["changes"] if change["quantity"] == "volume"]
        self.assertEqual(len(volume), 1)  # no transformer: all its counters
        self.assertEqual(mwh(answer["after"]), 10 * mwh(answer["before"]))
        count = len(self.rows())
        rig.wait_until(lambda: len(self.rows()) > count + 2, 30, "later intervals")
        after = self.rows()
        self.assertEqual(after[0], rows[0])
        self.assertEqual(mwh(after[1]["value"]), 10 * mwh(from_row["value"]))
        gateway.assert_conserved(after[1:])
        for row in after[1:]:  # 1 kWh a second, in 2 s
            self.assertAlmostEqual(row["value"], 20, delta=1)

    def test_wrong_combinations_are_named(self):
        for words, status, text in [
                ([], 2, "what is decided?"),
                (["--closing", "5"], 2, "`--closing` wants `--opening`"),
                (["--opening", "5"], 2, "`--opening` wants `--closing`"),
                (["--multiplier", "5"], 2, "`--multiplier` wants `--from`"),
                (["--from", "2026-01-01"], 2, "`--from` wants `--multiplier`"),
                (["--accept", "--closing", "unknown"], 2, "`--accept` does not go with `--closing`"),
                (["--accept"], 2, "`--reason` is missing"),
                (["--accept", "--reason", "x"], 2, "`--by` is missing"),
                (["--accept", *WHO], 1, "nothing to settle"),
                (["--accept", "--quantity", "pulses", *WHO], 1, "no counter \"pulses\""),
                (["--multiplier", "x", "--from", "2026-01-01", *WHO], 1, "allowed: a number above 0"),
                (["--multiplier", "2", "--from", "2999-01-01", *WHO], 1, "in the future"),
                (["--multiplier", "2", "--from", "soon", *WHO], 1, "no date and no instant"),
                (["--multiplier", "2", "--from", "2026-01-01", "--reason", "x" * 81, "--by", "y"], 1, "too long")]:
            done = self.settle(*words)
            self.assertEqual(done.returncode, status, (words, done.stderr))
            self.assertIn(text, done.stderr)
        done = self.daemon.verb("settle", "attic", "--accept", *WHO)
        self.assertEqual(done.returncode, 1)
        self.assertIn("there is no such meter", done.stderr)
        self.assertEqual(self.daemon.verb("settle").returncode, 2)
        self.assertEqual(rig.run([rig.program("byport"), "settle", "--socket", "/nowhere", "kitchen", "--accept",
                                  *WHO]).returncode, 3)

    def test_another_scale_without_a_date_is_refused_at_its_place_and_with_one_revised(self):
        model = self.models / "test-wh64.yaml"
        model.write_text(model.read_text().replace("scale: 1/1000,", "scale: 1/100,"))
        done = self.daemon.verb("reload")
        self.assertEqual(done.returncode, 1)
        line = next(n for n, text in enumerate(self.daemon.path.read_text().splitlines(), 1)
                    if text.startswith("meters:"))
        self.assertRegex(done.stderr, rf'site\.yaml:{line}:\d+: error: meters: "kitchen": a step of its heat_energy '
                                      r"is worth 10/1 times what it was.*valid_from: \d{4}-\d\d-\d\d")
        count = len(self.rows())
        rig.wait_until(lambda: len(self.rows()) > count + 1, 30, "intervals go on")
        self.assertLess(self.rows()[-1]["value"], 4)

        rows = self.rows()
        self.configure(valid_from=rows[1]["start"])
        done = self.daemon.verb("reload")
        self.assertEqual(done.returncode, 0, done.stderr)
        count = len(self.rows())
        rig.wait_until(lambda: len(self.rows()) > count + 2, 30, "intervals go on")
        after = self.rows()
        self.assertEqual(after[0], rows[0])
        gateway.assert_conserved(after[1:])
        for row in after[1:]:
            self.assertAlmostEqual(row["value"], 20, delta=2)
        self.assertIn("another scale", self.daemon.log)

        self.daemon.start()  # it is known after a restart too
        count = len(self.rows())
        rig.wait_until(lambda: len(self.rows()) > count + 2, 40, "intervals go on")
        gateway.assert_conserved(self.rows()[1:])
        today = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(days=2)
        self.configure(valid_from=today.strftime("%Y-%m-%d"))
        done = self.daemon.verb("reload")
        self.assertEqual(done.returncode, 1)
        self.assertTrue(re.search("valid_from: .* is in the future", done.stderr), done.stderr)


if __name__ == "__main__":
    rig.main()

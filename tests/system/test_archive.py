# SPDX-License-Identifier: Apache-2.0
"""test_archive.py -- byport-city archive against a real Mosquitto, on SQLite and on PostgreSQL: what is committed gets
its receipt, what is missing is asked for, what is wrong is put aside and stops nobody."""
import json
import signal
import unittest

import archive
import rig

ROOT = "byport/1/oslo/skole/gw1"
HOUR = "2026-11-23T%02d:%02d:00Z"


def status(store="s1", generation=1, state="online"):
    return json.dumps({"state": state, "version": "0.1.0", "store": store, "generation": generation,
                       "clock": "synchronised", "started": "2026-11-23T09:00:00Z", "at": "2026-11-23T09:00:00Z",
                       "boot": None, "session": 1})


def row(number, value=1.25, meter="main"):
    return {"id": number, "meter": meter, "quantity": "active_energy_import", "unit": "kWh",
            "start": HOUR % (number // 60, number % 60), "end": HOUR % ((number + 1) // 60, (number + 1) % 60),
            "quality": "measured", "value": value, "method": None, "flags": [], "revision": 0,
            "reading_start": value * (number - 1), "reading_end": value * number, "clock": "synchronised"}


def stream(first, last, store="s1", generation=1, **more):
    return json.dumps({"store": store, "generation": generation, "stream": "energy", "after": first - 1,
                       "rows": [row(number, **more) for number in range(first, last + 1)], "through": last})


class OnSqlite(rig.Case):
    base_type = archive.Sqlite

    def setUp(self):
        self.broker = self.use(rig.Broker())
        self.base = self.use(self.base_type())
        self.collector = self.use(rig.Collector(self.broker, "byport/#"))

    def archive(self, **more):
        return self.use(archive.Archive(self.broker, self.base, **more))

    def send(self, payload, topic="intervals", root=ROOT):
        self.broker.publish(f"{root}/{topic}", payload)

    def wait_for_receipt(self, through, stream_name="energy"):
        rig.wait_until(lambda: archive.receipts(self.collector).get(stream_name) == through,
                       what=f"a receipt through {through}")

    def test_what_is_committed_gets_a_retained_receipt(self):
        keeper = self.archive()
        self.send(stream(1, 3))
        self.wait_for_receipt(3)
        self.assertEqual(keeper.number("SELECT count(*) FROM energy"), 3)
        late = self.use(rig.Collector(self.broker, "byport/#"))
        kept = late.wait_for_topic("receipt/oslo")
        self.assertTrue(kept.retain)
        self.assertEqual(kept.properties["content-type"], "application/json")
        self.assertEqual((kept.json["archive"], kept.json["store"]), ("oslo", "s1"))
        self.send(stream(2, 4))
        self.wait_for_receipt(4)
        self.assertEqual(keeper.number("SELECT count(*) FROM intervals"), 4)
        keeper.process.signal(signal.SIGTERM)
        self.assertEqual(keeper.process.wait(), 0)

    def test_what_is_missing_is_named_and_wanted_until_it_comes(self):
        self.archive()
        self.send(stream(1, 2))
        self.send(stream(5, 6))
        named = self.collector.wait_for(
            lambda m: m.topic.endswith("receipt/oslo") and m.json["streams"][0]["missing"])
        self.assertEqual(named.json["streams"][0]["missing"], [{"after": 2, "through": 4}])
        self.assertEqual(archive.receipts(self.collector)["energy"], 2)
        self.send(json.dumps({"store": "s1", "generation": 1, "stream": "energy", "after": 2, "gone": True,
                              "rows": [], "through": 3}))
        self.wait_for_receipt(3)
        self.send(stream(4, 4))
        self.wait_for_receipt(6)

    def test_another_content_under_the_same_id_stops_the_receipt_and_nobody_else(self):
        keeper = self.archive()
        self.send(stream(1, 4))
        self.wait_for_receipt(4)
        self.send(stream(3, 3, value=7))
        keeper.process.wait_for("CONFLICT")
        self.wait_for_receipt(2)
        self.send(stream(5, 5))
        self.send(stream(1, 2, store="other"), root=ROOT.replace("gw1", "gw2"))
        self.collector.wait_for(lambda m: "gw2/receipt" in m.topic and m.json["streams"][0]["through"] == 2)
        self.assertEqual(archive.receipts(self.use(rig.Collector(self.broker, f"{ROOT}/#")))["energy"], 2)
        self.assertEqual(keeper.number("SELECT energy FROM intervals WHERE gateway = 1 AND id = 3"), 1_250_000)
        self.assertEqual(keeper.number("SELECT count(*) FROM quarantine WHERE kind = 'conflict'"), 1)

    def test_what_the_schema_refuses_is_put_aside_with_its_reason(self):
        keeper = self.archive()
        self.send(stream(1, 1).replace("kWh", "kW"))
        self.send("nonsense \x1b\u00e9")
        self.send(stream(1, 2).replace('"id": 2', '"id": 1'))
        self.send(stream(1, 1))
        self.wait_for_receipt(1)
        reasons = [text for (text,) in keeper.rows("SELECT reason FROM quarantine ORDER BY arrived_ms, reason")]
        self.assertEqual(len(reasons), 3, reasons)
        for words in ("rows[0].unit", "not JSON", "not in order"):
            self.assertTrue(any(words in text for text in reasons), (words, reasons))

    def test_killed_between_the_rows_and_their_receipt_it_gives_it_when_it_is_back(self):
        keeper = self.archive()
        self.broker.publish(f"{ROOT}/status", status(), retain=True)
        self.send(stream(1, 5))
        self.wait_for_receipt(5)
        keeper.process.kill()
        self.broker.publish(f"{ROOT}/receipt/oslo", "", retain=True)
        keeper.start()
        kept = self.use(rig.Collector(self.broker, f"{ROOT}/receipt/#"))
        rig.wait_until(lambda: archive.receipts(kept).get("energy") == 5, what="the receipt again")

    def test_an_archive_from_a_backup_takes_its_word_back(self):
        keeper = self.archive()
        self.broker.publish(f"{ROOT}/status", status(), retain=True)
        self.send(stream(1, 5))
        self.wait_for_receipt(5)
        keeper.process.kill()
        self.base.execute("DELETE FROM intervals WHERE id > 3")
        self.base.execute("UPDATE stream SET through = 3, newest = 3")
        keeper.start()
        self.wait_for_receipt(3)

    def test_a_new_board_is_told_where_the_counters_stood(self):
        keeper = self.archive()
        self.broker.publish(f"{ROOT}/status", status())
        self.send(stream(1, 8))
        self.wait_for_receipt(8)
        self.broker.publish(f"{ROOT}/status", status("s2", 9))
        told = self.collector.wait_for_topic("anchor/oslo").json
        self.assertEqual((told["store"], told["generation"]), ("s2", 1))
        self.assertEqual(told["counters"], [{"meter": "main", "quantity": "active_energy_import", "unit": "kWh",
                                             "at": row(8)["end"], "reading": 10}])
        self.broker.publish(f"{ROOT}/status", status("s2", 9))
        self.send(stream(1, 9, store="s2", generation=9))
        self.wait_for_receipt(9)
        self.broker.publish(f"{ROOT}/status", status("s2", 9))
        rig.wait_until(lambda: keeper.number("SELECT anchored FROM store WHERE id = 's2'") == 1, what="a note of it")
        self.assertEqual(len(self.collector.messages(end="anchor/oslo")), 1)

    def test_a_new_board_is_told_until_its_rows_go_on_from_there(self):
        keeper = self.archive()
        told = lambda: len(self.collector.messages(end="anchor/oslo"))
        self.send(stream(1, 8))
        self.wait_for_receipt(8)
        self.broker.publish(f"{ROOT}/status", status("s2", 9))
        rig.wait_until(lambda: told() == 1, what="the anchor")
        self.send(stream(20, 20, store="s2", generation=9))
        rig.wait_until(lambda: keeper.number("SELECT count(*) FROM intervals") == 9, what="a row that begins later")
        keeper.process.kill()
        keeper.start()
        self.broker.publish(f"{ROOT}/status", status("s2", 9))
        rig.wait_until(lambda: told() == 2, what="the anchor again")
        self.assertEqual(keeper.number("SELECT anchored FROM store WHERE id = 's2'"), 0)
        self.send(stream(9, 9, store="s2", generation=9))
        rig.wait_until(lambda: keeper.number("SELECT count(*) FROM intervals") == 10, what="the row that lacked")
        self.broker.publish(f"{ROOT}/status", status("s2", 9))
        rig.wait_until(lambda: keeper.number("SELECT anchored FROM store WHERE id = 's2'") == 1, what="a note of it")
        self.assertEqual(told(), 2)

    def test_two_workers_share_the_rows_and_say_the_same(self):
        workers = [self.archive(), self.archive()]
        for first in range(1, 401, 10):
            self.send(stream(first, first + 9))
        self.wait_for_receipt(400)
        self.assertEqual(workers[0].number("SELECT count(*) FROM intervals"), 400)
        workers[0].process.kill()
        self.send(stream(401, 410))
        self.wait_for_receipt(410)

    def gateways(self, keeper, *options):
        done = keeper.verb("gateways", *options)
        return done.returncode, done.stdout + done.stderr

    def test_gateways_tells_people_and_monitors_how_each_is(self):
        keeper = self.archive()
        self.broker.publish(f"{ROOT}/status", status())
        self.send(stream(1, 4))
        self.wait_for_receipt(4)
        code, text = self.gateways(keeper, "--json")
        self.assertEqual(code, 0, text)
        told = json.loads(text)
        self.assertEqual((told["gateway"], told["level"], told["state"], told["version"], told["clock"], told["store"]),
                         ("oslo/skole/gw1", "ok", "online", "0.1.0", "synchronised", "s1"))
        self.assertEqual(told["streams"][0], {"stream": "energy", "expected": 4, "arrived": 4})
        self.send(stream(7, 8))
        rig.wait_until(lambda: "2 rows missing" in self.gateways(keeper)[1], what="the missing rows")
        self.assertEqual(self.gateways(keeper)[0], 1)
        self.send(stream(2, 2, value=9))
        rig.wait_until(lambda: self.gateways(keeper)[0] == 2, what="the conflict")
        self.assertIn("1 conflicts", self.gateways(keeper)[1])
        self.assertEqual(self.gateways(keeper, "--gateway", "oslo/skole/gw9")[0], 3)
        self.assertEqual(self.gateways(keeper, "--warning", "x")[0], 3)
        keeper.process.kill()
        self.send(stream(9, 9), root=ROOT.replace("gw1", "gw2"))
        rig.wait_until(lambda: "not seen for" in self.gateways(keeper, "--critical", "1")[1], what="its silence")

    def test_a_conflict_is_looked_at_and_settled_by_a_person(self):
        keeper = self.archive()
        self.send(stream(1, 4))
        self.wait_for_receipt(4)
        self.assertEqual(keeper.verb("quarantine").returncode, 0)
        self.send(stream(2, 2, value=9))
        self.send("no JSON \x1b[2J")
        rig.wait_until(lambda: keeper.number("SELECT count(*) FROM quarantine") == 2, what="both put aside")
        self.wait_for_receipt(1)
        listed = keeper.verb("quarantine")
        self.assertEqual(listed.returncode, 1, listed.stderr)
        self.assertIn("conflict", listed.stdout)
        self.assertIn("refused", listed.stdout)
        told = {entry["kind"]: entry for entry in map(json.loads, keeper.verb("quarantine", "--json").stdout.splitlines())}
        self.assertEqual((told["conflict"]["store"], told["conflict"]["stream"], told["conflict"]["id"]), ("s1", "energy", 2))
        self.assertIsNone(told["refused"]["id"])
        key = told["conflict"]["entry"]
        for words, code, text in ((("--settle", key), 2, "--why"), (("--settle", "ffff", "--why", "x"), 1, "no entry"),
                                  (("--settle", key, "--why", "x", "--gateway", "oslo/skole/gw9"), 1, "of oslo/skole/gw9")):
            done = keeper.verb("quarantine", *words)
            self.assertEqual(done.returncode, code, done.stderr)
            self.assertIn(text, done.stderr)
        done = keeper.verb("quarantine", "--settle", key, "--why", "a test board", "--author", "anna")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.send(stream(5, 5))
        self.wait_for_receipt(5)
        self.assertEqual(keeper.number("SELECT count(*) FROM energy WHERE steps = 9000000"), 0)
        self.assertIn("anna: a test board", keeper.rows("SELECT text FROM log WHERE kind = 'settled'")[0][0])
        self.assertIn("settled already", keeper.verb("quarantine", "--settle", key, "--why", "again").stderr)
        self.assertNotIn("conflict", keeper.verb("quarantine").stdout)
        self.assertIn("settled", keeper.verb("quarantine", "--all").stdout)

    def test_what_is_forgotten_is_gone_and_does_not_come_back(self):
        keeper = self.archive()
        self.send(stream(1, 5))
        self.send(stream(1, 5, meter="main"), root=ROOT.replace("gw1", "gw2"))
        self.collector.wait_for(lambda m: "gw2/receipt" in m.topic and m.json["streams"][0]["through"] == 5)
        self.wait_for_receipt(5)
        for words, code, text in ((("main",), 2, "--before are needed"), (("main", "--before", "2026-02-30"), 2, "a day"),
                                  (("main", "--before", "2026-11-24"), 1, "several gateways"),
                                  (("oslo/skole/gw1/attic", "--before", "2026-11-24"), 1, "no meter")):
            done = keeper.verb("forget", *words)
            self.assertEqual(done.returncode, code, done.stderr)
            self.assertIn(text, done.stderr)
        done = keeper.verb("forget", "oslo/skole/gw1/main", "--before", "2026-11-24", "--author", "anna")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.send(stream(4, 6))
        self.wait_for_receipt(6)
        self.assertEqual(keeper.rows("SELECT gateway, count(*) FROM energy GROUP BY gateway"), [("oslo/skole/gw2", 5)])
        self.assertIn("anna", keeper.rows("SELECT text FROM log WHERE kind = 'forgotten'")[0][0])


class OnPostgres(OnSqlite):
    base_type = archive.Postgres

    def test_a_data_base_that_goes_away_stops_nothing_but_receipts(self):
        keeper = self.archive()
        self.send(stream(1, 2))
        self.wait_for_receipt(2)
        self.base.stop()
        self.send(stream(3, 4))
        keeper.process.wait_for("the data base does not take rows")
        self.assertEqual(archive.receipts(self.collector)["energy"], 2)
        self.base.start()
        self.wait_for_receipt(4)
        self.assertEqual(keeper.log.count("the data base does not take rows"), 1)


class CommandLine(unittest.TestCase):
    def test_what_cannot_work_is_said(self):
        for options, status_, text in ((["--id", "Oslo/1"], 2, "1 to 32 of a-z"), (["--city", "+"], 2, "1 to 32"),
                                       (["x"], 2, "only options"),
                                       (["--store", "/nowhere/a.db"], 3, "unable to open database file"),
                                       (["--store", "host=/nowhere user=x"], 3, "/nowhere")):
            done = rig.run([rig.program("byport-city"), "archive", *options])
            self.assertEqual(done.returncode, status_, options)
            self.assertIn(text, done.stderr)

    def test_asking_makes_no_archive(self):
        folder = rig.Folder()
        self.addCleanup(folder.close)
        for verb in (["gateways"], ["forget", "main", "--before", "2026-11-24"]):
            done = rig.run([rig.program("byport-city"), *verb], cwd=folder.path)
            self.assertEqual(done.returncode, 3, done.stderr)
        self.assertEqual(list(folder.path.iterdir()), [])


if __name__ == "__main__":
    rig.main()

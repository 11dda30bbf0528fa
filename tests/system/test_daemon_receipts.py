# SPDX-License-Identifier: Apache-2.0
"""test_daemon_receipts.py -- The real gateway, a real broker, a small archive: what the archive has a receipt for is
delivered, what it lacks comes again, whatever is lost, killed, restored or copied."""
import shutil
import sqlite3

import gateway
import meters
import rig
import small_archive


class Receipts(rig.Case):
    def setUp(self):
        self.kitchen = meters.Meter()
        self.tcp = self.use(meters.TcpMeters({1: self.kitchen}))
        self.broker = self.use(rig.Broker(persistence=True))
        self.archive = self.use(small_archive.SmallArchive(self.broker))
        self.daemon = self.use(gateway.Gateway(
            self.broker, [gateway.bus_tcp("net", self.tcp)], [gateway.meter("kitchen", "net", 1)]))

    def stream(self, name="energy"):
        return next(stream for stream in self.daemon.status()["store"]["streams"] if stream["stream"] == name)

    def store(self):
        return self.daemon.status()["store"]["id"]

    def wait_for_rows(self, store, count):
        rig.wait_until(lambda: self.archive.through(store) >= count, 40, f"{count} rows")

    def start_again(self):
        """Until it is connected and hears: what is not retained would pass it by."""
        before = len(self.archive.events("started"))
        self.daemon.start()
        rig.wait_until(lambda: len(self.archive.events("started")) > before, 40, "the gateway's first rows")

    def assert_conserved(self):
        """Newest (generation, revision) of each interval, over all stores the archive knows."""
        newest = {}
        for body in self.archive.messages():
            for row in body["rows"]:
                if row.get("quantity") != "heat_energy" or "start" not in row:
                    continue
                key, version = (row["start"], row["end"]), (body["generation"], row["revision"])
                if key not in newest or newest[key][0] <= version:
                    newest[key] = (version, row)
        gateway.assert_conserved([newest[key][1] for key in sorted(newest)])

    def test_a_receipt_delivers_and_is_shown(self):
        store = self.store()
        self.wait_for_rows(store, 4)
        self.assertIsNone(self.stream()["delivered"])
        self.assertIsNone(self.stream()["undelivered"])
        self.archive.receipt(store, through=3, missing=[], streams=["energy"])
        rig.wait_until(lambda: self.stream()["delivered"] == 3, what="the receipt")
        shown = self.stream()
        self.assertEqual(shown["undelivered"], shown["last"] - 3)
        self.assertIsNone(self.stream("trends")["delivered"])
        self.assertRegex(self.daemon.verb("status").stdout, r"energy: \d+ rows wait to be sent, \d+ have no receipt")
        self.archive._collector.wait_for(
            lambda m: m.topic.endswith("/health") and m.json["undelivered_energy"] is not None
            and m.json["undelivered_trends"] is None)
        self.daemon.process.wait_for("archive oslo gives receipts: it has energy through 3")
        self.daemon.process.terminate()
        self.daemon.start()  # and it is kept
        self.assertGreaterEqual(self.stream()["delivered"], 3)

    def test_what_the_archive_lacks_comes_again(self):
        store = self.store()
        self.wait_for_rows(store, 9)
        self.archive.forget(store, [3, 4, 7])
        self.assertEqual(self.archive.missing(store), [{"after": 2, "through": 4}, {"after": 6, "through": 7}])
        self.archive.receipt(store)
        self.wait_for_rows(store, 9)
        again = [body for body in self.archive.messages() if body["stream"] == "energy"
                 and [row["id"] for row in body["rows"]] in ([3], [4], [3, 4], [7])]
        self.assertTrue(again)
        self.archive.replay(store, 0, 2)
        rig.wait_until(lambda: sum(1 for body in self.archive.messages() if body["stream"] == "energy"
                                   and any(row["id"] == 1 for row in body["rows"])) == 2, what="row 1 again")

    def test_a_person_sends_rows_again_that_a_dashboard_missed(self):
        store = self.store()
        self.wait_for_rows(store, 6)

        def times(number):
            return sum(any(row["id"] == number for row in body["rows"]) for body in self.archive.messages()
                       if body["stream"] == "energy" and body["store"] == store)

        for words, code, text in (([], 2, "--from T"), (["--after", "x"], 2, "whole number"),
                                  (["--from", "soon"], 1, "no date"), (["--after", "1000000"], 1, "nothing was sent"),
                                  (["--after", "0", "--stream", "live"], 1, "known are energy, trends")):
            done = self.daemon.verb("replay", *words)
            self.assertEqual(done.returncode, code, done.stderr)
            self.assertIn(text, done.stderr)
        done = self.daemon.verb("replay", "--after", "2", "--through", "4")
        self.assertEqual((done.returncode, done.stdout),
                         (0, "energy after id 2 through 4 goes again: 2 rows at most, 200 a second\n"))
        rig.wait_until(lambda: times(3) == times(4) == 2, what="rows 3 and 4 again")
        self.assertEqual((times(2), times(5)), (1, 1))
        self.assertEqual(self.daemon.verb("replay", "--from", "2020-01-01").returncode, 0)
        rig.wait_until(lambda: times(1) == 2, what="all again")
        self.daemon.process.wait_for("control: `replay` by ")

    def test_an_archive_restored_from_a_backup_gets_it_all_again(self):
        store = self.store()
        self.wait_for_rows(store, 8)
        had = self.archive.through(store)
        self.archive.receipt(store)
        rig.wait_until(lambda: (self.stream()["delivered"] or 0) >= had, what="the receipt")
        self.archive.forget(store, range(3, 10000))
        self.archive.receipt(store, streams=["energy"])
        self.wait_for_rows(store, had)
        rig.wait_until(lambda: self.archive.events("receipt_lower"), what="the event")
        self.daemon.process.wait_for("archive oslo has energy through 2 only")

    def test_killed_while_rows_go_again_nothing_is_lost(self):
        store = self.store()
        self.wait_for_rows(store, 8)
        self.archive.forget(store, range(1, 9))
        self.daemon.process.kill()
        self.archive.receipt(store)
        self.daemon.start()  # the retained receipt names what lacks
        self.wait_for_rows(store, 8)
        self.broker.kill()
        self.broker.start()
        self.wait_for_rows(store, self.stream()["last"])
        self.assert_conserved()

    def test_what_is_gone_is_said(self):
        store = self.store()
        self.wait_for_rows(store, 8)
        self.daemon.process.terminate()
        with sqlite3.connect(self.daemon.data / "store.db") as file:
            file.execute("DELETE FROM interval WHERE id <= 4")
            file.execute("DELETE FROM event WHERE id <= 4")
        file.close()
        self.start_again()
        self.archive.forget(store, range(1, 7))
        self.archive.replay(store, 0, 6)
        self.wait_for_rows(store, 6)
        self.assertEqual([i for i, row in self.archive.rows(store).items() if row is None], [1, 2, 3, 4])
        gone = [body for body in self.archive.messages() if body.get("gone")]
        self.assertEqual([(body["after"], body["through"], body["rows"]) for body in gone], [(0, 4, [])])

    def test_a_new_store_goes_on_from_the_archives_anchor(self):
        store = self.store()
        self.wait_for_rows(store, 8)
        generation = self.daemon.status()["store"]["generation"]
        self.daemon.process.terminate()
        shutil.rmtree(self.daemon.data)
        self.start_again()
        new = self.store()
        self.archive.anchor(new, generation + 1000, self.archive.rows(store).values())
        rig.wait_until(lambda: self.archive.events("gap_bridged"), 40, "the bridge")
        self.assertEqual(self.daemon.status()["store"]["generation"], generation + 1001)
        rig.wait_until(lambda: len([row for row in self.archive.rows(new).values()
                                    if row and row.get("quantity") == "heat_energy" and "start" in row]) >= 4, 40,
                       "intervals of the new store")
        self.assert_conserved()

    def test_an_old_copy_of_the_store_gets_a_new_id(self):
        store = self.store()
        self.wait_for_rows(store, 4)
        self.daemon.process.terminate()
        copy = self.daemon.folder.path / "copy"
        shutil.copytree(self.daemon.data, copy)
        self.daemon.start()
        self.wait_for_rows(store, 14)
        self.archive.receipt(store)
        self.daemon.process.terminate()
        shutil.rmtree(self.daemon.data)
        copy.rename(self.daemon.data)
        self.daemon.start()
        self.daemon.process.wait_for("this is an old copy of it (a card restored, or in use twice)")
        new = self.daemon.status()["store"]
        self.assertNotEqual(new["id"], store)
        self.wait_for_rows(new["id"], 8)
        self.assertTrue(self.archive.events("store_copied"))
        self.archive.receipt(new["id"])
        rig.wait_until(lambda: (self.stream()["delivered"] or 0) >= 8, what="the new store's receipt")
        rig.wait_until(lambda: self.daemon.status()["store"]["generation"] == new["generation"], what="one generation")
        self.assert_conserved()

    def test_words_that_are_wrong_change_nothing(self):
        store = self.store()
        self.wait_for_rows(store, 3)
        for payload in ("", "{", "[1]", '{"archive":"oslo"}', "x" * 70000, "{" * 2000):
            for kind in ("receipt", "replay", "anchor"):
                self.broker.publish(f"{gateway.ROOT_TOPIC}/{kind}/oslo", payload)
        self.archive.say("receipt", {"archive": "oslo", "at": small_archive.AT, "store": "another", "generation": 1,
                                     "streams": [{"stream": "energy", "through": 10**15, "missing": []}]})
        for kind in ("receipt", "replay", "anchor"):
            self.daemon.process.wait_for(f"its `{kind}` is not taken, and changes nothing")
        self.wait_for_rows(store, self.archive.through(store) + 3)
        self.assertEqual(self.store(), store)
        self.assertIsNone(self.stream()["delivered"])
        for kind in ("receipt", "replay", "anchor"):
            self.assertEqual(self.daemon.log.count(f"its `{kind}` is not taken"), 1)


if __name__ == "__main__":
    rig.main()

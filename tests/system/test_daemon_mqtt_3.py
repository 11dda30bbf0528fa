# SPDX-License-Identifier: Apache-2.0
"""test_daemon_mqtt_3.py -- The real gateway in MQTT 3.1.1, where a broker acknowledges what its access rules refuse:
nothing is taken for delivered that the archive has no receipt for, and when the rules are mended all of it arrives."""
import os
import signal

import archive
import gateway
import meters
import rig

OPEN = "topic readwrite byport/#\ntopic readwrite rig/#\n"
NO_INTERVALS = OPEN + "topic deny byport/1/+/+/+/intervals\n"


class ReaderOf311:
    """A broker as rig.Collector sees it, read in MQTT 3.1.1."""

    def __init__(self, broker):
        self._broker = broker
        self.publish = broker.publish

    def client(self, name):
        return ["mqttv311" if word == "mqttv5" else word for word in self._broker.client(name)]


class Mqtt3(rig.Case):
    def setUp(self):
        self.kitchen = meters.Meter()
        self.tcp = self.use(meters.TcpMeters({1: self.kitchen}))

    def start(self, acl):
        self.broker = self.use(rig.Broker(acl=acl))
        self.reader = self.use(rig.Collector(ReaderOf311(self.broker), "byport/#"))
        self.daemon = self.use(gateway.Gateway(self.broker, [], [], start=False))
        self.daemon.configure([gateway.bus_tcp("net", self.tcp)], [gateway.meter("kitchen", "net", 1)],
                              lambda head: head.replace("tls: no", "tls: no, mqtt: v3.1.1, delivery: receipt"))
        self.daemon.start()

    def mend(self, acl):
        """As an administrator does: the file, and SIGHUP."""
        (self.broker.folder / "acl").write_text(acl)
        os.kill(self.broker.pid, signal.SIGHUP)

    def stream(self):
        return next(row for row in self.daemon.status()["store"]["streams"] if row["stream"] == "energy")

    def test_what_a_broker_refuses_without_a_word_is_not_delivered_and_arrives_when_the_rules_are_mended(self):
        self.start(NO_INTERVALS)
        base = self.use(archive.Sqlite())
        keeper = self.use(archive.Archive(self.broker, base))
        def intervals():
            return [row["id"] for row in self.daemon.rows("interval")]
        rig.wait_until(lambda: len(intervals()) >= 6 and self.stream()["sent"] >= intervals()[5], 60,
                       "six intervals that the broker has acknowledged")
        first = intervals()[0]
        self.assertEqual(gateway.intervals_of(self.reader, "kitchen"), [])
        self.assertEqual(keeper.number("SELECT count(*) FROM intervals") or 0, 0)
        self.assertLess(self.stream()["delivered"] or 0, first)  # events before it were let through

        self.mend(OPEN)
        wanted = self.stream()["last"]
        rig.wait_until(lambda: (self.stream()["delivered"] or 0) >= wanted, 60, "receipts of all of it")
        rows = gateway.rows_by_id(self.reader, "energy")
        self.assertEqual(sorted(i for i in rows if i <= wanted), list(range(1, wanted + 1)))
        made = [row for row in gateway.intervals_of(self.reader, "kitchen") if row["value"] is not None]
        gateway.assert_conserved(made)
        kept = keeper.rows(f"SELECT id FROM intervals WHERE id <= {wanted} ORDER BY id")
        self.assertEqual([row[0] for row in kept], [i for i in intervals() if i <= wanted])
        self.assertEqual(keeper.number("SELECT count(*) FROM quarantine"), 0)

    def test_nothing_says_ok_after_the_gateway_has_died(self):
        self.start(OPEN)
        for topic in ("live/kitchen", "health", "about"):
            message = self.reader.wait_for_topic(f"/{topic}", 30)
            self.assertEqual(message.properties, {})
        self.daemon.process.kill()
        self.reader.wait_for(lambda m: m.topic.endswith("/status") and m.json["state"] == "offline")
        late = self.use(rig.Collector(ReaderOf311(self.broker), "byport/#"))
        late.wait_for(lambda m: m.topic.endswith("/status") and m.retain and m.json["state"] == "offline")
        late.wait_for(lambda m: m.topic.endswith("/about") and m.retain)
        kinds = {message.topic.split("/")[5] for message in late.messages()}
        self.assertTrue(kinds <= {"status", "about", "totals"}, kinds)

    def test_check_wants_receipts_beside_it(self):
        daemon = self.use(gateway.Gateway(self.use(rig.Broker()), [], [], start=False))
        daemon.configure([gateway.bus_tcp("net", self.tcp)], [gateway.meter("kitchen", "net", 1)],
                         lambda head: head.replace("tls: no", "tls: no, mqtt: v3.1.1"))
        done = rig.run([rig.program("byport"), "check", daemon.path])
        self.assertEqual(done.returncode, 1)
        self.assertRegex(done.stderr + done.stdout, r"site\.yaml:3:\d+: .*only an archive's receipt tells what has "
                                                    r"arrived; allowed: delivery: receipt beside it, or mqtt: v5")


if __name__ == "__main__":
    rig.main()

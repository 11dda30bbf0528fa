# SPDX-License-Identifier: Apache-2.0
"""test_daemon_dwelling.py -- The real gateway with a dwelling's meter, a real broker and everything that arrives there:
nothing finer than a UTC day, and the day is what the meter counted."""
import time

import gateway
import meters
import rig
from test_daemon_tls import clock_at

MIDNIGHT_S = 1_795_564_800  # 2026-11-25T00:00:00Z
DAY_S = 86400


class Dwelling(rig.Case):
    def setUp(self):
        self.flat, self.hall = meters.Meter(serial=1), meters.Meter(energy_wh=9_000, serial=2)
        self.tcp = self.use(meters.TcpMeters({1: self.flat, 2: self.hall}))
        self.broker = self.use(rig.Broker(persistence=True))
        self.seen = self.use(rig.Collector(gateway.DurableSession(self.broker), "#"))
        self.daemon = self.use(gateway.Gateway(self.broker, [], [], start=False))
        self.configure("yes")

    def configure(self, dwelling):
        self.daemon.configure([gateway.bus_tcp("net", self.tcp)],
                              [gateway.meter("flat", "net", 1, dwelling=dwelling), gateway.meter("hall", "net", 2)],
                              lambda head: head.replace("length: 2 s", "length: 5 s"))
        # JSON's quotes make a text of it
        self.daemon.path.write_text(self.daemon.path.read_text().replace(f'"dwelling": "{dwelling}"',
                                                                         f'"dwelling": {dwelling}'))

    def run_past(self, midnight_s):
        """A board that is on from seconds before a midnight until seconds after."""
        self.daemon.start(env=clock_at(midnight_s - 6))
        after = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(midnight_s))
        rig.wait_until(lambda: [row for row in gateway.intervals_of(self.seen, "hall") if row["start"] >= after], 60,
                       f"an interval of the hall after {after}")
        self.daemon.process.terminate()

    def of_flat(self):
        """(topic's end, row) of whatever names it."""
        rows = []
        for message in self.seen.messages(start=gateway.ROOT_TOPIC):
            kind = message.topic[len(gateway.ROOT_TOPIC) + 1:]
            body = message.json if message.text else {}
            rows += [(kind, row) for row in body.get("rows", []) if row.get("meter") == "flat"]
            if "flat" in kind and message.text:
                rows.append((kind, body))
        return rows

    def test_nothing_finer_than_a_day_arrives_and_the_day_is_exact(self):
        self.run_past(MIDNIGHT_S)
        self.assertEqual([row for kind, row in self.of_flat() if kind == "intervals"], [])
        self.run_past(MIDNIGHT_S + DAY_S)
        rig.wait_until(lambda: gateway.intervals_of(self.seen, "flat"), 30, "the day")
        kinds = {kind for kind, _ in self.of_flat()}
        self.assertTrue(kinds <= {"intervals", "events", "totals/meter-flat/month", "totals/meter-flat/year"}, kinds)
        day, = gateway.intervals_of(self.seen, "flat")
        self.assertEqual((day["start"], day["end"]), ("2026-11-25T00:00:00Z", "2026-11-26T00:00:00Z"))
        self.assertEqual(day["quality"], "measured")
        gateway.assert_conserved([day])
        gateway.assert_conserved(gateway.intervals_of(self.seen, "flat", "volume"))
        self.assertEqual([row["amount"] for kind, row in self.of_flat() if kind == "events" and row["amount"]], [])
        gateway.assert_no_hole(self.seen, "energy")
        gateway.assert_no_hole(self.seen, "trends")
        self.assertTrue(self.seen.messages(end="/live/hall"))
        about = self.seen.messages(end="/about")[-1].json
        self.assertEqual([meter.get("dwelling") for meter in about["meters"]], [True, None])

    def test_made_a_dwelling_it_is_not_live_any_more(self):
        self.configure("no")
        self.daemon.start()
        self.seen.wait_for(lambda m: m.topic.endswith("/live/flat") and m.text, 30)
        rig.wait_until(lambda: gateway.intervals_of(self.seen, "flat"), 30, "a first interval")
        self.configure("yes")
        done = self.daemon.verb("reload")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.seen.wait_for(lambda m: m.topic.endswith("/live/flat") and not m.text, 30)
        before = len(self.seen.messages(end="/live/flat"))
        hall = len(self.seen.messages(end="/live/hall"))
        rig.wait_until(lambda: len(self.seen.messages(end="/live/hall")) > hall + 3, 30, "live of the hall")
        self.assertEqual(len(self.seen.messages(end="/live/flat")), before)


if __name__ == "__main__":
    rig.main()

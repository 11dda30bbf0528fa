# SPDX-License-Identifier: Apache-2.0
"""test_daemon_reload.py -- Another configuration while running: what did not change is not touched, what has errors
is refused whole."""
import signal

import gateway
import meters
import rig


class Reload(rig.Case):
    def setUp(self):
        self.kitchen, self.hall = meters.Meter(), meters.Meter(serial=42)
        self.first = self.use(meters.TcpMeters({1: self.kitchen}))
        self.second = self.use(meters.TcpMeters({1: self.hall}))
        self.broker = self.use(rig.Broker())
        self.collector = self.use(rig.Collector(self.broker, "byport/#"))
        self.buses = [gateway.bus_tcp("one", self.first), gateway.bus_tcp("two", self.second)]
        self.meters = [gateway.meter("kitchen", "one", 1), gateway.meter("hall", "two", 1)]
        self.daemon = self.use(gateway.Gateway(self.broker, self.buses, self.meters))
        self.collector.wait_for_topic("live/kitchen")
        self.collector.wait_for_topic("live/hall")

    def events(self):
        return [row for row in gateway.rows_by_id(self.collector, "energy").values()
                if row.get("kind") == "configuration"]

    def test_what_did_not_change_goes_on(self):
        sessions = self.daemon.status()["broker"]["sessions"]
        del self.buses[1], self.meters[1]
        self.daemon.configure(self.buses, self.meters)
        done = self.daemon.verb("reload")
        self.assertEqual((done.returncode, done.stdout), (0, "taken over\n"), done.stderr)
        self.collector.wait_for(lambda m: m.topic.endswith("live/hall") and m.text in (None, ""))
        about = self.collector.wait_for(
            lambda m: m.topic.endswith("/about") and [x["id"] for x in m.json["meters"]] == ["kitchen"])
        self.assertTrue(about)
        asked = self.kitchen.requests
        rig.wait_until(lambda: self.kitchen.requests > asked + 5, what="polling")
        rig.wait_until(lambda: [b["id"] for b in self.daemon.status()["buses"]] == ["one"], what="one bus")
        self.assertEqual(self.first.connections, 1)  # never closed
        self.assertEqual(self.daemon.status()["broker"]["sessions"], sessions)
        asked = self.hall.requests
        rig.wait_until(lambda: self.kitchen.requests > asked, what="polling")
        rig.wait_until(lambda: "taken over" in str(self.events()), what="the event")
        self.assertEqual((self.daemon.data / "configuration.yaml").read_text(), self.daemon.path.read_text())
        gateway.assert_conserved(gateway.intervals_of(self.collector, "kitchen") or [self.wait_interval()])

    def wait_interval(self):
        rig.wait_until(lambda: gateway.intervals_of(self.collector, "kitchen"), 40, "an interval")
        return gateway.intervals_of(self.collector, "kitchen")[0]

    def test_energy_goes_on_through_a_reload_of_its_own_bus(self):
        self.wait_interval()
        self.buses[0]["response_timeout_min"] = "60 ms"
        self.daemon.configure(self.buses, self.meters)
        self.daemon.process.signal(signal.SIGHUP)
        self.daemon.process.wait_for("configuration taken over (asked by a signal)")
        rig.wait_until(lambda: self.first.connections == 2, what="the new connection")
        self.assertEqual(self.second.connections, 1)
        before = len(gateway.intervals_of(self.collector, "kitchen"))
        rig.wait_until(lambda: len(gateway.intervals_of(self.collector, "kitchen")) > before + 3, 40, "intervals")
        gateway.assert_conserved(gateway.intervals_of(self.collector, "kitchen"))

    def test_a_meter_can_be_added(self):
        self.meters.append(gateway.meter("kitchen-2", "one", 1) | {"address": 2})
        self.first.meters[2] = meters.Meter(serial=99)
        self.daemon.configure(self.buses, self.meters)
        self.assertEqual(self.daemon.verb("reload").returncode, 0)
        self.collector.wait_for_topic("live/kitchen-2")
        self.assertEqual(self.second.connections, 1)

    def test_a_file_with_errors_is_refused_and_nothing_changes(self):
        good = self.daemon.path.read_text()
        self.daemon.path.write_text(good.replace("test-wh64", "no-such-model"))
        done = self.daemon.verb("reload")
        self.assertEqual(done.returncode, 1)
        self.assertRegex(done.stderr, r"site\.yaml:\d+:\d+: error: .*no-such-model")
        self.assertIn("refused", self.daemon.log)
        asked = self.kitchen.requests
        rig.wait_until(lambda: self.kitchen.requests > asked + 3, what="polling")
        self.assertEqual((self.first.connections, self.second.connections), (1, 1))
        rig.wait_until(lambda: "refused" in str(self.events()), what="the event")
        for text in ("", "{", "a: [\n"):
            self.daemon.path.write_text(text)
            self.assertEqual(self.daemon.verb("reload").returncode, 1, text)
        self.daemon.path.write_text(good)
        self.assertEqual(self.daemon.verb("reload").returncode, 0)

    def test_what_cannot_change_while_running_is_named(self):
        good = self.daemon.path.read_text()
        self.daemon.path.write_text(good.replace("id: main", "id: second", 1))
        done = self.daemon.verb("reload")
        self.assertEqual(done.returncode, 1)
        self.assertIn("`gateway: id` cannot change while the gateway runs", done.stderr)

    def test_another_broker_is_connected_to(self):
        other = self.use(rig.Broker())
        collector = self.use(rig.Collector(other, "byport/#"))
        self.daemon.broker = other
        self.daemon.configure(self.buses, self.meters)
        self.assertEqual(self.daemon.verb("reload").returncode, 0)
        collector.wait_for_topic("live/kitchen")
        self.assertEqual((self.first.connections, self.second.connections), (1, 1))

    def test_a_changed_id_warns_that_a_new_series_begins(self):
        self.meters[0]["id"] = "canteen"
        self.daemon.configure(self.buses, self.meters)
        done = self.daemon.verb("reload")
        self.assertEqual(done.returncode, 0)
        self.assertRegex(done.stderr, "warning: .*canteen")


if __name__ == "__main__":
    rig.main()

# SPDX-License-Identifier: Apache-2.0
"""test_daemon_delivery.py -- From meters to a real broker: everything arrives, once, in order and adding up, whatever
the broker does, and also when the daemon is killed in the middle."""
import time

import gateway
import meters
import rig


class Delivery(rig.Case):
    def setUp(self):
        self.kitchen, self.hall = meters.Meter(), meters.Meter(energy_wh=1_000, power_w=36_000_000)
        self.tcp = self.use(meters.TcpMeters({1: self.kitchen}))
        self.line = self.use(meters.Line({7: self.hall}))
        self.broker = self.use(rig.Broker(persistence=True))
        self.buses = [gateway.bus_tcp("net", self.tcp), gateway.bus_line("cellar", self.line)]
        self.meters = [gateway.meter("kitchen", "net", 1), gateway.meter("hall", "cellar", 7)]

    def collector(self):
        return self.use(rig.Collector(gateway.DurableSession(self.broker), "byport/#"))

    def gateway(self, **more):
        return self.use(gateway.Gateway(self.broker, self.buses, self.meters, **more))

    def wait_for_intervals(self, collector, count):
        rig.wait_until(lambda: all(len(gateway.intervals_of(collector, meter)) >= count
                                   for meter in ("kitchen", "hall")), 40, f"{count} intervals")

    def assert_all_adds_up(self, collector):
        for meter in ("kitchen", "hall"):
            gateway.assert_conserved(gateway.intervals_of(collector, meter))
            gateway.assert_conserved(gateway.intervals_of(collector, meter, "volume"))
        gateway.assert_no_hole(collector, "energy")

    def test_all_topics_arrive_and_energy_adds_up(self):
        collector = self.collector()
        self.gateway()
        self.wait_for_intervals(collector, 3)
        self.assert_all_adds_up(collector)
        for topic in ("status", "about", "live/kitchen", "live/hall", "health", "events"):
            collector.wait_for_topic(f"{gateway.ROOT_TOPIC}/{topic}")
        live = collector.messages(end="live/kitchen")[-1]
        self.assertLess(int(live.properties["message-expiry-interval"]), 60)
        reading = live.json["values"]["heat_energy"]["value"]
        self.assertAlmostEqual(reading, self.kitchen.energy_wh() / 1000, delta=10)
        about = {meter["id"]: meter for meter in collector.messages(end="about")[0].json["meters"]}
        self.assertEqual(set(about), {"kitchen", "hall"})

    def test_a_broker_absent_at_the_start_gets_everything(self):
        self.broker.stop()
        daemon = self.gateway()
        daemon.process.wait_for("polling goes on, rows are stored")
        rig.wait_until(lambda: daemon.status()["store"]["streams"][0]["backlog"] >= 8, 40, "a backlog")
        self.broker.start()
        collector = self.collector()
        self.wait_for_intervals(collector, 4)
        self.assert_all_adds_up(collector)
        self.assertEqual(min(gateway.rows_by_id(collector, "energy")), 1)
        self.assertEqual(daemon.log.count("polling goes on, rows are stored"), 1)

    def test_a_broker_restarted_in_the_middle_misses_nothing(self):
        collector = self.collector()
        daemon = self.gateway()
        self.wait_for_intervals(collector, 2)
        before = len(gateway.intervals_of(collector, "kitchen"))
        requests = self.kitchen.requests
        self.broker.stop()
        rig.wait_until(lambda: daemon.status()["store"]["streams"][0]["backlog"] >= 8, 40, "a backlog")
        self.assertGreater(self.kitchen.requests, requests + 10)  # polling never waited
        self.broker.start()
        self.wait_for_intervals(collector, before + 5)
        self.assert_all_adds_up(collector)

    def test_killed_in_the_middle_of_an_outage_nothing_is_lost(self):
        collector = self.collector()
        daemon = self.gateway()
        self.wait_for_intervals(collector, 2)
        self.broker.stop()
        rig.wait_until(lambda: daemon.status()["store"]["streams"][0]["backlog"] >= 6, 40, "a backlog")
        daemon.process.kill()
        daemon.start()
        rig.wait_until(lambda: daemon.status()["store"]["streams"][0]["backlog"] >= 12, 40, "a larger backlog")
        self.broker.start()
        self.wait_for_intervals(collector, 8)
        self.assert_all_adds_up(collector)
        ids = sorted(gateway.rows_by_id(collector, "energy"))
        self.assertEqual(ids, list(range(1, len(ids) + 1)))

    def test_status_goes_offline_when_the_daemon_is_killed(self):
        collector = self.collector()
        daemon = self.gateway()
        collector.wait_for(lambda m: m.topic.endswith("/status") and m.json["state"] == "online")
        daemon.process.kill()
        offline = collector.wait_for(lambda m: m.topic.endswith("/status") and m.json["state"] == "offline", 40)
        self.assertIsNone(offline.json["at"])  # the broker's word, not the gateway's

    def test_a_dead_meter_does_not_slow_the_others(self):
        self.meters.append(gateway.meter("dead", "net", 9))
        collector = self.collector()
        daemon = self.gateway()
        self.wait_for_intervals(collector, 2)
        daemon.process.wait_for("no answer from meter dead (unit 9 on net)")
        before, start = self.kitchen.requests, time.monotonic()
        self.wait_for_intervals(collector, 4)
        polls = (self.kitchen.requests - before) / (time.monotonic() - start)
        self.assertGreater(polls, 3)  # of 5 a second
        self.assertEqual(daemon.log.count("no answer from meter dead"), 1)
        states = {meter["id"]: meter["state"] for meter in daemon.status()["meters"]}
        self.assertEqual(states, {"kitchen": "ok", "hall": "ok", "dead": "silent"})

    def test_a_topic_that_is_denied_is_said_once_and_arrives_when_it_is_allowed(self):
        acl = "topic readwrite #\n"
        self.broker.close()
        self.broker = self.use(rig.Broker(
            persistence=True,
            acl="user gateway\ntopic write byport/+/+/+/+/status\ntopic write byport/+/+/+/+/live/#\n"
                "user all\n" + acl, users={"all": "all", "gateway": "secret"}))
        collector = self.collector()
        daemon = self.gateway(start=False)
        password = daemon.folder.path / "password"
        password.write_text("secret\n")
        password.chmod(0o600)
        daemon.configure(self.buses, self.meters, lambda head: head.replace(
            "tls: no", f"tls: no, user: gateway, password_file: {password}"))
        daemon.start()
        daemon.process.wait_for("broker refuses energy")
        daemon.process.wait_for("broker refuses `about`")
        collector.wait_for_topic("live/kitchen")
        self.assertEqual(gateway.rows_by_id(collector, "energy"), {})
        self.broker.stop()
        self.broker._acl = acl + "user gateway\n" + acl + "user all\n" + acl
        self.broker.start()
        self.wait_for_intervals(collector, 3)
        self.assert_all_adds_up(collector)
        self.assertEqual(daemon.log.count("broker refuses energy"), 1)


if __name__ == "__main__":
    rig.main()

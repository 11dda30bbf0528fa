# SPDX-License-Identifier: Apache-2.0
"""test_daemon_stop.py -- The daemon ends within a second, with everything stored, also in the worst case: the broker
away, a bus waiting for a dead meter, a connection that never comes about."""
import signal
import socket
import time

import gateway
import meters
import rig

END_S = 1.0


class MuteHost:
    """Takes connections and says nothing; as a broker, and as a Modbus TCP device."""

    def __init__(self):
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.host, self.port = self.listener.getsockname()

    def close(self):
        self.listener.close()


class Stop(rig.Case):
    def setUp(self):
        self.meter = meters.Meter()
        self.tcp = self.use(meters.TcpMeters({1: self.meter}))

    def end(self, daemon, number=signal.SIGTERM):
        began = time.monotonic()
        daemon.process.signal(number)
        self.assertEqual(daemon.process.wait(10), 0)
        return time.monotonic() - began

    def readings(self, daemon):
        """Readings at the ends of the intervals stored so far, kWh."""
        return [row["reading_end"] for row in daemon.rows("intervals") if row["reading_end"] is not None]

    def test_with_the_broker_there(self):
        for number in (signal.SIGTERM, signal.SIGINT):
            broker = self.use(rig.Broker())
            collector = self.use(rig.Collector(broker, "byport/#"))
            daemon = self.use(gateway.Gateway(
                broker, [gateway.bus_tcp("net", self.tcp)], [gateway.meter("kitchen", "net", 1)]))
            collector.wait_for_topic("/intervals")
            self.assertLess(self.end(daemon, number), END_S)
            goodbye = collector.wait_for(lambda m: m.topic.endswith("/status") and m.json["state"] == "offline")
            self.assertIsNotNone(goodbye.json["version"])
            kinds = [row["kind"] for row in gateway.rows_by_id(collector, "energy").values() if "kind" in row]
            self.assertIn("stopped", kinds)  # the last row arrived before the end

    def test_in_the_worst_case(self):
        mute = self.use(MuteHost())
        dead = meters.Meter()
        dead.mute = True
        line = self.use(meters.Line({7: dead}))
        daemon = self.use(gateway.Gateway(
            mute, [gateway.bus_tcp("net", self.tcp), {"id": "mute", "tcp": f"127.0.0.1:{mute.port}"},
                   {**gateway.bus_line("cellar", line), "response_timeout_max": "10 s"}],
            [gateway.meter("kitchen", "net", 1), gateway.meter("silent", "mute", 1),
             gateway.meter("dead", "cellar", 7)]))
        rig.wait_until(lambda: self.readings(daemon), 40, "an interval in the store")
        asked = dead.requests
        rig.wait_until(lambda: dead.requests > asked, 40, "a request to the dead meter")
        served = self.meter.energy_wh()
        self.assertLess(self.end(daemon), END_S)
        events = [row["kind"] for row in daemon.rows("events")]
        self.assertEqual(events[-1], "stopped")
        # The last closed interval is there: one is 2 s and 2 kWh, another may be open, one may wait for its reading.
        self.assertGreater(max(self.readings(daemon)) * 1000, served - 3 * 2000)

    def test_a_second_start_goes_on_where_the_first_ended(self):
        broker = self.use(rig.Broker())
        collector = self.use(rig.Collector(broker, "byport/#"))
        daemon = self.use(gateway.Gateway(
            broker, [gateway.bus_tcp("net", self.tcp)], [gateway.meter("kitchen", "net", 1)]))
        for _ in range(3):
            before = len(gateway.intervals_of(collector, "kitchen"))
            rig.wait_until(lambda: len(gateway.intervals_of(collector, "kitchen")) >= before + 2, 40, "intervals")
            self.end(daemon)
            daemon.start()
        before = len(gateway.intervals_of(collector, "kitchen"))
        rig.wait_until(lambda: len(gateway.intervals_of(collector, "kitchen")) >= before + 2, 40, "intervals")
        gateway.assert_conserved(gateway.intervals_of(collector, "kitchen"))
        gateway.assert_no_hole(collector, "energy")


if __name__ == "__main__":
    rig.main()

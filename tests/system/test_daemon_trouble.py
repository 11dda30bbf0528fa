# SPDX-License-Identifier: Apache-2.0
"""test_daemon_trouble.py -- What can be wrong with files, ports and disks: a clear message, once; the other meters go
on; nothing is lost."""
import os
import re
import resource

import gateway
import meters
import rig


class Trouble(rig.Case):
    def setUp(self):
        self.meter = meters.Meter()
        self.tcp = self.use(meters.TcpMeters({1: self.meter}))
        self.broker = self.use(rig.Broker())
        self.buses = [gateway.bus_tcp("net", self.tcp)]
        self.meters = [gateway.meter("kitchen", "net", 1)]

    def collector(self):
        return self.use(rig.Collector(self.broker, "byport/#"))

    def gateway(self, **more):
        return self.use(gateway.Gateway(self.broker, self.buses, self.meters, **more))

    def run_with(self, path):
        return rig.run([rig.program("byport"), "run", path], timeout_s=20)

    def test_a_configuration_that_is_none_is_refused_in_words(self):
        folder = self.folder()
        for name, text in (("broken.yaml", "a: [1, 2\n"), ("empty.yaml", ""), ("text.yaml", "just words\n")):
            (folder / name).write_text(text)
            done = self.run_with(folder / name)
            self.assertEqual(done.returncode, 78, name)
            self.assertRegex(done.stderr, rf"{re.escape(name)}(:\d+:\d+)?: .+")
        for path in (folder, folder / "absent.yaml"):
            done = self.run_with(path)
            self.assertEqual(done.returncode, 78, path)
            self.assertIn(str(path), done.stderr)

    def test_an_unreadable_configuration_is_refused_in_words(self):
        if os.geteuid() == 0:
            self.skipTest("root reads everything")
        path = self.folder() / "site.yaml"
        path.write_text("a: b\n")
        path.chmod(0)
        self.assertIn("Permission denied", self.run_with(path).stderr)

    def test_a_second_daemon_on_the_same_directory_is_refused(self):
        first = self.gateway()
        done = self.run_with(first.path)
        self.assertEqual(done.returncode, 3)
        self.assertIn(f"another byport uses the data directory {first.data}", done.stderr)
        asked = self.meter.requests
        rig.wait_until(lambda: self.meter.requests > asked + 3, what="the first one polling")
        self.assertEqual(first.verb("status").returncode in (0, 1), True)

    def test_a_data_directory_that_cannot_be_made_is_named(self):
        daemon = self.gateway(start=False)
        daemon.data = "/proc/byport"
        daemon.configure(self.buses, self.meters)
        done = self.run_with(daemon.path)
        self.assertEqual(done.returncode, 3)
        self.assertIn("/proc/byport", done.stderr)

    def test_a_port_that_is_not_there_is_said_once_and_used_when_it_comes(self):
        line = self.use(meters.Line({7: meters.Meter()}))
        line.unplug()
        self.buses.append(gateway.bus_line("cellar", line))
        self.meters.append(gateway.meter("hall", "cellar", 7))
        collector = self.collector()
        daemon = self.gateway()
        daemon.process.wait_for("bus cellar: ")
        collector.wait_for_topic("live/kitchen")
        line.plug()
        collector.wait_for_topic("live/hall", 40)
        self.assertEqual(daemon.log.count("its meters wait, it is tried again"), 1)

    def test_a_port_that_vanishes_and_comes_back_loses_nothing(self):
        hall = meters.Meter()
        line = self.use(meters.Line({7: hall}))
        self.buses.append(gateway.bus_line("cellar", line))
        self.meters.append(gateway.meter("hall", "cellar", 7))
        collector = self.collector()
        daemon = self.gateway()
        rig.wait_until(lambda: len(gateway.intervals_of(collector, "hall")) >= 2, 40, "intervals")
        line.unplug()
        daemon.process.wait_for("bus cellar: ")
        asked = self.meter.requests
        rig.wait_until(lambda: self.meter.requests > asked + 20, what="the other meter polled")
        line.plug()
        daemon.process.wait_for("bus cellar: open again", 40)
        before = len(gateway.intervals_of(collector, "hall"))
        rig.wait_until(lambda: len(gateway.intervals_of(collector, "hall")) >= before + 2, 40, "intervals")
        rows = gateway.intervals_of(collector, "hall")
        gateway.assert_conserved(rows)
        self.assertIn("estimated", {row["quality"] for row in rows})  # the gap is said
        kinds = [row["kind"] for row in gateway.rows_by_id(collector, "energy").values() if "kind" in row]
        self.assertIn("bus_lost", kinds)
        self.assertIn("bus_back", kinds)

    def test_a_full_disk_stops_nothing_and_loses_nothing(self):
        collector = self.collector()
        daemon = self.gateway()
        rig.wait_until(lambda: len(gateway.intervals_of(collector, "kitchen")) >= 2, 40, "intervals")
        pid, full = daemon.process.pid, (8192, resource.RLIM_INFINITY)  # more than the log, less than the store
        limits = resource.prlimit(pid, resource.RLIMIT_FSIZE, full)
        rig.wait_until(lambda: daemon.status()["store"]["state"] != "ok", 40, "the store in trouble")
        asked = self.meter.requests
        rig.wait_until(lambda: self.meter.requests > asked + 20, what="polling")
        live = len(collector.messages(end="live/kitchen"))
        rig.wait_until(lambda: len(collector.messages(end="live/kitchen")) > live + 2, what="live")
        resource.prlimit(pid, resource.RLIMIT_FSIZE, limits)
        daemon.process.wait_for("store: writing again", 40)
        before = len(gateway.intervals_of(collector, "kitchen"))
        rig.wait_until(lambda: len(gateway.intervals_of(collector, "kitchen")) >= before + 2, 40, "intervals")
        gateway.assert_conserved(gateway.intervals_of(collector, "kitchen"))
        gateway.assert_no_hole(collector, "energy")
        self.assertEqual(daemon.log.count("trends are not kept"), 1)

    def test_another_serial_number_after_a_silence_is_an_exchange(self):
        collector = self.collector()
        daemon = self.gateway()
        rig.wait_until(lambda: daemon.status()["meters"][0]["serial_number"] == "4711", what="the serial number")
        self.meter.mute = True
        daemon.process.wait_for("no answer from meter kitchen", 40)
        self.meter.serial, self.meter.start_wh, self.meter.mute = 4712, 1000, False
        daemon.process.wait_for("serial number 4711 before, 4712 now", 60)
        collector.wait_for(lambda m: m.topic.endswith("/events") and "meter_exchanged" in m.text)


if __name__ == "__main__":
    rig.main()

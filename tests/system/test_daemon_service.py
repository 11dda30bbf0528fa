# SPDX-License-Identifier: Apache-2.0
"""test_daemon_service.py -- The daemon as a service: what it tells its manager (sd_notify(3)), what the log looks
like in the journal, and how much memory it takes."""
import os
import pathlib
import signal
import socket
import time

import gateway
import meters
import rig


class Service(rig.Case):
    def setUp(self):
        self.tcp = self.use(meters.TcpMeters({number: meters.Meter(serial=number) for number in range(1, 17)}))
        self.broker = self.use(rig.Broker())
        self.buses = [gateway.bus_tcp("net", self.tcp)]

    def gateway(self, count=1):
        return self.use(gateway.Gateway(
            self.broker, self.buses, [gateway.meter(f"meter-{n}", "net", n) for n in range(1, count + 1)], start=False))

    def start(self, daemon, **env):
        daemon.process = rig.Process([rig.program("byport"), "run", daemon.path], env=env)

    def told(self, manager, wanted):
        """All that was told until `wanted` was."""
        states = []
        while not any(state.startswith(wanted) for state in states):
            states.append(manager.recv(4096).decode())
        return states

    def test_the_manager_is_told(self):
        for name in (str(self.folder() / "notify"), f"\0byport-test-{os.getpid()}"):
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
                manager.bind(name)
                manager.settimeout(20)
                daemon = self.gateway()
                self.start(daemon, NOTIFY_SOCKET=name.replace("\0", "@"))
                self.assertEqual(self.told(manager, "READY=1"), ["READY=1"])
                self.told(manager, "WATCHDOG=1")
                before = time.monotonic_ns() // 1000
                daemon.process.signal(signal.SIGHUP)
                reloading = self.told(manager, "RELOADING=1")[-1].splitlines()
                at = int(reloading[1].removeprefix("MONOTONIC_USEC="))
                self.assertTrue(before - 2000 <= at <= time.monotonic_ns() // 1000, reloading)
                self.told(manager, "READY=1")
                daemon.process.signal(signal.SIGTERM)
                self.told(manager, "STOPPING=1")
                self.assertEqual(daemon.process.wait(), 0)

    def test_lines_in_the_journal_begin_with_their_level(self):
        daemon = self.gateway()
        journal = self.folder() / "journal"
        with open(journal, "wb") as stream:
            about = os.fstat(stream.fileno())
            daemon.process = rig.Process(
                ["sh", "-c", 'exec "$0" run "$1" 2>>"$2"', rig.program("byport"), daemon.path, journal],
                env={"JOURNAL_STREAM": f"{about.st_dev}:{about.st_ino}"})
            rig.wait_until(lambda: "connected" in journal.read_text(), what="the log")
        for line in journal.read_text().splitlines():
            self.assertRegex(line, r"^<[3-6]>")

    def test_sixteen_meters_take_little_memory(self):
        if b"__asan_init" in pathlib.Path(rig.program("byport")).read_bytes():
            self.skipTest("sanitizers take memory of their own")
        daemon = self.gateway(count=16)
        daemon.start()
        collector = self.use(rig.Collector(self.broker, "byport/#"))
        rig.wait_until(lambda: all(gateway.intervals_of(collector, f"meter-{n}") for n in range(1, 17)), 60, "intervals")
        taken = {line.split(":")[0]: int(line.split()[1])
                 for line in pathlib.Path(f"/proc/{daemon.process.pid}/status").read_text().splitlines()
                 if line.startswith(("VmRSS", "RssAnon"))}
        print(f"16 meters: {taken}")
        self.assertLess(taken["RssAnon"], 4096)
        self.assertLess(taken["VmRSS"], 8192)


if __name__ == "__main__":
    rig.main()

# SPDX-License-Identifier: Apache-2.0
"""test_city_live.py -- byport-city live against a real Mosquitto: what arrives is
shown, counted once, and missing stays missing; it ends when told, on a terminal
and off one."""

import json
import os
import pty
import select
import signal
import subprocess
import time

import rig

ROOT = "byport/1/oslo/skole/gw1"
STATUS = {"state": "online", "version": "0.1.0", "store": "s1", "generation": 1, "clock": "synchronised",
          "started": "2026-11-23T09:00:00Z", "at": "2026-11-23T09:00:00Z", "boot": None, "session": 1}
LIVE = {"meter": "main", "values": {
    "active_power": {"value": 1234.5, "unit": "W", "at": "2026-11-23T09:15:00Z"},
    "active_energy_import": {"value": 48213.6, "unit": "kWh", "at": "2026-11-23T09:15:00Z"}}}


def interval(number, value=1.25):
    return {"id": number, "meter": "main", "quantity": "active_energy_import", "unit": "kWh",
            "start": f"2026-11-23T09:{number:02d}:00Z", "end": f"2026-11-23T09:{number + 1:02d}:00Z",
            "quality": "missing" if value is None else "measured", "value": value, "method": None, "flags": [],
            "revision": 0, "reading_start": None, "reading_end": None, "clock": "synchronised"}


def stream(after, *rows):
    return json.dumps({"store": "s1", "generation": 1, "stream": "energy", "after": after, "rows": rows,
                       "through": rows[-1]["id"]})


class LiveView(rig.Case):
    def setUp(self):
        self.broker = self.use(rig.Broker())
        self.broker.publish(f"{ROOT}/status", json.dumps(STATUS), retain=True)

    def live(self, *options):
        return self.use(rig.Process([rig.program("byport-city"), "live", "--plain", "--broker", self.broker.address, *options]))

    def test_rows_arrive_as_lines_and_the_summary_counts_each_once(self):
        city = self.live("--summary")
        city.wait_for("status online")
        self.broker.publish(f"{ROOT}/intervals", stream(0, interval(1), interval(2)))
        self.broker.publish(f"{ROOT}/intervals", stream(0, interval(1), interval(2)))
        self.broker.publish(f"{ROOT}/intervals", stream(5, interval(6, None)))
        city.wait_for("interval 6 main active_energy_import 2026-11-23T09:06:00Z..2026-11-23T09:07:00Z null kWh missing")
        city.signal(signal.SIGTERM)
        self.assertEqual(city.wait(), 0)
        self.assertIn("3 intervals, 0 events, 0 trends", city.out)
        self.assertIn("1 gaps (3 rows), 2 duplicates, 0 unreadable", city.out)
        self.assertRegex(city.out, r"main +active_energy_import +2\.5 kWh +2 +0 +0 +1")

    def test_each_message_is_one_line_of_json(self):
        city = self.live("--json")
        city.wait_for("/status")
        self.broker.publish(f"{ROOT}/live/main", json.dumps(LIVE, indent=1))
        self.broker.publish(f"{ROOT}/health", "nonsense \x1b[2J")
        city.wait_for("/health")
        status, live, health = [json.loads(line) for line in city.out.splitlines()]
        self.assertEqual(status, {"topic": f"{ROOT}/status", "retained": True, "payload": STATUS})
        self.assertEqual(live, {"topic": f"{ROOT}/live/main", "retained": False, "payload": LIVE})
        self.assertIn("not JSON", health["error"])
        self.assertNotIn("\x1b", city.out)

    def test_only_the_gateway_asked_for_is_shown(self):
        city = self.live("--gateway", "gw2")
        self.broker.publish("byport/1/oslo/skole/gw2/status", json.dumps(STATUS), retain=True)
        city.wait_for("oslo/skole/gw2 status")
        self.assertNotIn("gw1", city.out)

    def test_it_goes_on_after_the_broker_restarts(self):
        city = self.live()
        city.wait_for("status online")
        self.broker.restart()
        city.wait_for("next try in")
        def shown():
            self.broker.publish(f"{ROOT}/live/main", json.dumps(LIVE))
            return "active_power=1234.5W" in city.out
        rig.wait_until(shown, what="a message after the restart")

    def test_it_ends_by_itself_and_says_when_no_broker_was_there(self):
        begin = time.monotonic()
        self.assertEqual(self.live("--for", "1").wait(), 0)
        self.assertLess(time.monotonic() - begin, 10)
        self.broker.stop()
        city = self.live("--for", "1")
        self.assertEqual(city.wait(), 3)
        self.assertIn("refused: no broker listens there", city.err)

    def test_a_command_line_not_understood_says_what_is_allowed(self):
        for options, text in (
                (["--for", "soon"], "`soon`: a whole number from 1"), (["--broker", "a:99999"], "1 to 65535"),
                (["--broker", "[::1"], "stands in [ ]"), (["--plain", "--ca-file", "a"], "parts of TLS"),
                (["--nonsense"], "nonsense"), (["x"], "only options")):
            done = rig.run([rig.program("byport-city"), "live", *options])
            self.assertEqual(done.returncode, 2, options)
            self.assertIn(text, done.stderr)

    def screen(self, seconds_max, until, **environment):
        """The program on an 80-column terminal of our own; what it drew until `until` stood there."""
        master, slave = pty.openpty()
        self.addCleanup(os.close, master)
        child = subprocess.Popen([rig.program("byport-city"), "live", "--plain", "--broker", self.broker.address],
                                 stdin=slave, stdout=slave, stderr=slave, env={**os.environ, **environment})
        os.close(slave)
        drawn, end = b"", time.monotonic() + seconds_max
        while until.encode() not in drawn and time.monotonic() < end:
            if select.select([master], [], [], 0.2)[0]:
                drawn += os.read(master, 65536)
        child.send_signal(signal.SIGINT)
        self.assertEqual(child.wait(rig.STOP_S), 0)
        self.assertIn(until, drawn.decode())
        return drawn.decode()

    def test_a_terminal_gets_a_screen_drawn_in_place(self):
        self.broker.publish(f"{ROOT}/live/main", json.dumps(LIVE), retain=True)
        drawn = self.screen(rig.WAIT_S, "1.23 kW", NO_COLOR="", TERM="xterm")
        self.assertIn("48213.60 kWh", drawn)
        self.assertIn("\x1b[H", drawn)
        self.assertNotIn("\x1b[1;32m", drawn)
        self.assertLessEqual(max(len(line.split("\x1b[K")[0]) for line in drawn.split("\x1b[H")[-1].splitlines()), 80)


class Schema(rig.Case):
    def test_each_kind_has_a_schema_and_no_other_has(self):
        for kind in ("status", "about", "live", "intervals", "events", "trends", "health", "totals"):
            done = rig.run([rig.program("byport-city"), "schema", kind])
            self.assertEqual(json.loads(done.stdout)["type"], "object")
        done = rig.run([rig.program("byport-city"), "schema", "weather"])
        self.assertEqual(done.returncode, 2)
        self.assertIn("intervals", done.stderr)


if __name__ == "__main__":
    rig.main()

# SPDX-License-Identifier: Apache-2.0
"""test_city_gateways.py -- `byport-city gateways` beside a real archive and broker: what people see on a terminal and in
a file, what monitors are told, and that no text from MQTT moves the cursor."""
import datetime
import fcntl
import json
import os
import pty
import re
import select
import struct
import subprocess
import termios

import archive
import rig

ROOT = "byport/1/oslo/skole/gw1"
CLEAR = "\x1b[2J\x1b[H"


def status(**more):
    return json.dumps({"state": "online", "version": "0.1.0", "store": "s1", "generation": 1, "clock": "synchronised",
                       "started": None, "at": None, "boot": None, "session": 1, **more})


def health(**more):
    """As the gateway of this version says it; what `more` does not tell is null."""
    return json.dumps({"at": None, "uptime_s": 1, "clock": "synchronised", "backlog_energy": 12, "backlog_trends": 345,
                       "undelivered_energy": None, "undelivered_trends": None, "store_bytes": 1 << 20, "buses": [],
                       "meters": [], **more})


BOARD = {"store_bytes_max": 256 << 20, "written_bytes_day": 3 << 20, "written_bytes_per_row": 97,
         "device_bytes_day": 11 << 20, "device_bytes_per_row": 410, "card_life_left": 70, "card_reserve": "normal"}


def in_days(days, hours=1):
    then = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(days=days, hours=hours)
    return then.strftime("%Y-%m-%dT%H:%M:%SZ")


def without_colour(text):
    """Without what our own tables bring; nothing else is taken away."""
    return re.sub("\x1b\\[(0|1|31|32|33)m", "", text)


class Gateways(rig.Case):
    def setUp(self):
        self.broker = self.use(rig.Broker())
        self.base = self.use(archive.Sqlite())
        self.keeper = self.use(archive.Archive(self.broker, self.base))

    def say(self, topic, payload, gateway="gw1"):
        self.broker.publish(f"{ROOT.replace('gw1', gateway)}/{topic}", payload)

    def told(self, *options):
        """(exit status, what --json has of each gateway)"""
        done = self.keeper.verb("gateways", "--json", *options)
        return done.returncode, {one["gateway"]: one for one in map(json.loads, done.stdout.splitlines())}

    def wait_for(self, key, wanted, gateway="gw1"):
        rig.wait_until(lambda: self.told()[1].get(f"oslo/skole/{gateway}", {}).get(key) == wanted, what=f"{key} {wanted}")

    def on_terminal(self, columns, *options):
        controller, terminal = pty.openpty()
        fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
        environment = {key: value for key, value in os.environ.items() if key != "NO_COLOR"}
        subprocess.run([rig.program("byport-city"), "gateways", "--store", self.base.where, *options], stdout=terminal,
                       stdin=subprocess.DEVNULL, timeout=rig.WAIT_S, check=False, env=environment)
        os.close(terminal)
        text = b""
        while select.select([controller], [], [], 0.2)[0]:
            try:
                text += os.read(controller, 65536)
            except OSError:  # the other end is closed and empty
                break
        os.close(controller)
        return text.decode().replace("\r\n", "\n")

    def test_monitors_are_told_all_there_is_and_null_where_nothing_is_known(self):
        self.say("status", status())
        self.say("health", health(**BOARD, certificate_end=in_days(100)))
        self.wait_for("card_life_left", 70)
        code, told = self.told()
        one = told["oslo/skole/gw1"]
        self.assertEqual((code, one["level"]), (0, "ok"), one)
        self.assertEqual({key: one[key] for key in BOARD}, BOARD)
        self.assertEqual((one["store_bytes"], one["backlog_trends"], one["certificate_days_left"]), (1 << 20, 345, 100))
        self.say("health", health(), "old")  # an older gateway, which knows nothing of these
        self.wait_for("store_bytes", 1 << 20, "old")
        code, told = self.told("--gateway", "oslo/skole/old")
        one = told["oslo/skole/old"]
        self.assertEqual((code, one["level"]), (0, "ok"), one)
        for key in (*BOARD, "certificate_end", "certificate_days_left", "why"):
            self.assertIsNone(one[key], key)
        self.assertEqual(self.base.rows("SELECT count(*) FROM quarantine"), [(0,)])

    def test_certificate_and_card_have_levels_that_can_be_set(self):
        self.say("health", health(**{**BOARD, "card_life_left": 20}, certificate_end=in_days(12)))
        self.wait_for("why", "certificate ends in 12 days")
        for options, code, why in (
                ((), 1, "certificate ends in 12 days"), (("--expiry-warning", "12"), 0, None),
                (("--expiry-critical", "13"), 2, "certificate ends in 12 days"),
                (("--expiry-warning", "5", "--card-warning", "20"), 1, "card has 20 % life left"),
                (("--card-warning", "19", "--expiry-warning", "1"), 0, None)):
            told = self.told(*options)
            self.assertEqual((told[0], told[1]["oslo/skole/gw1"]["why"]), (code, why), options)
        for options, allowed in ((("--expiry-warning", "0"), "1 to 3650"), (("--card-warning", "101"), "1 to 100")):
            done = self.keeper.verb("gateways", *options)
            self.assertEqual(done.returncode, 3)
            self.assertIn(allowed, done.stderr)

    def trouble(self):
        self.say("status", status(clock="unknown", version=f"0.1{CLEAR}\x9b2J"))
        self.say("health", health(**{**BOARD, "card_life_left": 0, "card_reserve": "urgent"}, certificate_end=in_days(3)))
        self.say("intervals", "no JSON at all")
        self.wait_for("refused", 1)
        self.wait_for("certificate_days_left", 3)
        self.wait_for("clock", "unknown")
        self.say("status", status(), "a-gateway-of-a-long-name-of-32xx")
        self.wait_for("clock", "synchronised", "a-gateway-of-a-long-name-of-32xx")

    REASONS = ("does not know the time", "1 messages refused", "certificate ends in 3 days",
               "card has 0 % life left", "card's reserve is low")

    def test_a_terminal_of_80_columns_has_a_line_a_reason(self):
        self.trouble()
        text = self.on_terminal(80, "--gateway", "oslo/skole/gw1")
        plain = without_colour(text)
        self.assertNotIn("\x1b", plain)
        lines = plain.splitlines()
        self.assertLessEqual(max(map(len, lines)), 80, plain)
        self.assertRegex(lines[0], r"^level +gateway +seen +backlog +arrived +why$")
        self.assertRegex(lines[1], r"^critical +oslo/skole/gw1 +\d+(\.\d)? s +12\+345 +0/0 +does not know the time$")
        self.assertEqual([line.strip() for line in lines[1:]], [lines[1].strip(), *self.REASONS[1:]])
        self.assertEqual(len({line.index(reason) for line, reason in zip(lines[1:], self.REASONS)}), 1, plain)

    def test_what_would_be_cut_stands_below_the_gateways_name(self):
        self.trouble()
        text = without_colour(self.on_terminal(80))
        lines = text.splitlines()
        self.assertRegex(lines[0], r"gateway +seen +backlog +arrived")
        self.assertNotIn("why", lines[0])
        self.assertRegex(lines[1], r"oslo/skole/a-gateway-of-a-long-name-of-32xx .* 0/0")
        self.assertEqual([line.strip() for line in lines[3:]], list(self.REASONS), text)
        self.assertEqual(len({line.index(reason) for line, reason in zip(lines[3:], self.REASONS)}), 1, text)

    def test_a_wide_terminal_and_a_file_have_all_columns(self):
        self.trouble()
        wide = self.on_terminal(200)
        self.assertRegex(wide, r"1\.0/256 MiB +11\.0 MiB +0 % +3 d")
        self.assertIn("\x1b[31mcritical\x1b[0m", wide)
        for text in (wide, self.keeper.verb("gateways").stdout):
            for control in (CLEAR, "\x1b[2J", "\x1b[H", "\x9b"):
                self.assertNotIn(control, text)
            self.assertIn("0.1?[2J?[H??2J", text)

    def test_lines_of_a_file_are_not_cut(self):
        self.trouble()
        text = self.keeper.verb("gateways").stdout
        self.assertNotIn("\x1b", text)
        self.assertIn(", ".join(self.REASONS) + "\n", text)
        self.assertEqual(len(text.splitlines()), 3, text)


if __name__ == "__main__":
    rig.main()

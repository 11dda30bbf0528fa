# SPDX-License-Identifier: Apache-2.0
"""test_scan_verb.py -- `byport scan`: which devices are on a line, which meters they are, and how they get into the
configuration; on a line of its own, and on the running gateway's, whose meters lose nothing by it."""
import json
import re

import gateway
import meters
import rig
import simulator

CONFIG = """\
# the school's cellar
site: {{city: oslo, id: school}}
gateway: {{id: main}}
broker: {{host: localhost, tls: no}}
buses:
  - id: cellar   # behind the stairs
    port: {port}
    baud: 19200
    parity: N
meters:
    - id: kitchen
      bus: cellar
      address: 5
      model: eastron-sdm630

    # more to come
intervals: {{length: 15 min}}
"""


def scan(*words, timeout_s=60, **more):
    return rig.run([rig.program("byport"), "scan", *words], timeout_s=timeout_s, **more)


def found(done):
    return {row["address"]: row for row in map(json.loads, done.stdout.splitlines())}


class OwnLine(rig.Case):
    def setUp(self):
        self.line = self.use(simulator.Simulator("--device", "eastron-sdm630@5", "--device", "abb-b23@7",
                                                 "--device", "kamstrup-multical-603@9", "--pty"))
        self.port = ["--port", self.line.path(), "--parity", "N"]
        self.folder = self.use(rig.Folder()).path

    def config(self, line_end="\n"):
        path = self.folder / "site.yaml"
        path.write_bytes(CONFIG.format(port=self.line.path()).replace("\n", line_end).encode())
        return path

    def test_each_device_is_named_with_its_serial_number(self):
        done = scan(*self.port, "--addresses", "4-10", "--timeout", "100", "--json")
        self.assertEqual(done.returncode, 0, done.stderr)
        rows = found(done)
        self.assertEqual(sorted(rows), [5, 7, 9])
        self.assertEqual((rows[5]["models"], rows[5]["confidence"]), (["eastron-sdm630"], "certain"))
        self.assertEqual((rows[7]["models"], rows[7]["confidence"]), (["abb-b23"], "certain"))
        self.assertIn("kamstrup-multical-603", rows[9]["models"])
        self.assertIn(rows[9]["confidence"], ("possible", "likely"))
        said = {device["address"]: device.get("serial") for device in self.line.line()["devices"]}
        self.assertEqual((rows[5]["serial_number"], rows[7]["serial_number"]), (said[5], said[7]))
        self.assertIsNone(rows[9]["serial_number"])

    def test_what_it_prints_is_a_configuration(self):
        done = scan(*self.port, "--addresses", "5-9", "--timeout", "100")
        self.assertNotIn("\033", done.stdout)
        self.assertLessEqual(max(map(len, done.stdout.splitlines())), 80)
        snippet = done.stdout[done.stdout.index("buses:"):]
        path = self.folder / "site.yaml"
        path.write_text("site: {city: oslo, id: school}\ngateway: {id: main}\nbroker: {host: localhost, tls: no}\n"
                        + snippet)
        checked = rig.run([rig.program("byport"), "check", path], timeout_s=30)
        self.assertEqual(checked.returncode, 0, checked.stderr + path.read_text())

    def test_save_puts_the_new_ones_behind_the_others_and_touches_nothing_else(self):
        for line_end in ("\n", "\r\n"):
            path = self.config(line_end)
            before = path.read_bytes()
            path.chmod(0o640)
            done = scan(*self.port, "--addresses", "5-7", "--timeout", "100", "--save", path)
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertIn("kitchen", done.stdout)
            after = path.read_bytes()
            new = re.search(rb" {4}- id: cellar-7.*?serial: [^\r\n]*\r?\n", after, re.DOTALL).group()
            self.assertEqual(after.replace(new, b""), before)
            self.assertEqual(new.count(line_end.encode()), 5)
            self.assertTrue(after.index(new) < after.index(b"intervals:"))
            self.assertEqual(path.stat().st_mode & 0o777, 0o640)
            checked = rig.run([rig.program("byport"), "check", path], timeout_s=30)
            self.assertEqual(checked.returncode, 0, checked.stderr)
            again = scan(*self.port, "--addresses", "7", "--timeout", "100", "--save", path)
            self.assertIn("as it was", again.stderr)
            self.assertEqual(path.read_bytes(), after)

    def test_a_model_that_is_not_certain_is_shown_and_not_saved(self):
        path = self.config()
        before = path.read_bytes()
        done = scan(*self.port, "--addresses", "9", "--timeout", "100", "--save", path)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("  - id: cellar-9\n", done.stdout)
        self.assertIn("as it was", done.stderr)
        self.assertEqual(path.read_bytes(), before)

    def test_what_answers_at_another_speed_than_the_bus_has_is_not_put_on_it(self):
        path = self.config()
        before = path.read_bytes()
        done = scan(*self.port, "--baud", "9600", "--addresses", "7", "--timeout", "100", "--save", path)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("1 answer at other settings", done.stderr)
        self.assertEqual(path.read_bytes(), before)

    def test_save_goes_where_a_link_leads(self):
        path = self.config()
        link = self.folder / "link.yaml"
        link.symlink_to(path)
        done = scan(*self.port, "--addresses", "7", "--timeout", "100", "--save", link)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertTrue(link.is_symlink())
        self.assertIn("id: cellar-7", path.read_text())
        self.assertEqual(sorted(file.name for file in self.folder.iterdir()), ["link.yaml", "site.yaml"])

    def test_a_list_that_nothing_can_be_put_into_is_left_alone(self):
        path = self.config()
        head = path.read_text()[:path.read_text().index("meters:")]
        path.write_text(head + "meters: [{id: kitchen, bus: cellar, address: 5, model: eastron-sdm630}]\n")
        before = path.read_bytes()
        done = scan(*self.port, "--addresses", "7", "--timeout", "100", "--save", path)
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("site.yaml:10: `meters`", done.stderr)
        self.assertEqual(path.read_bytes(), before)
        path.write_text(head)  # a new board
        done = scan(*self.port, "--addresses", "7", "--timeout", "100", "--save", path)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("meters:\n  - id: cellar-7\n", path.read_text())

    def test_other_speeds_are_tried_after_the_lines_own(self):
        done = scan(*self.port, "--addresses", "20", "--timeout", "20", "--all-speeds")
        self.assertEqual(done.returncode, 1)
        self.assertIn("Nobody answered", done.stdout)
        self.assertIn("Asking 19 addresses", done.stderr)

    def test_ctrl_c_shows_what_was_found(self):
        running = self.use(rig.Process([rig.program("byport"), "scan", *self.port, "--addresses", "5-247"]))
        rig.wait_until(lambda: self.line.statistics()["requests"] > 60, what="some requests")
        running.terminate(10)
        self.assertIn("eastron-sdm630", running.out)
        self.assertIn("Ended before the last address", running.err)

    def test_what_is_not_allowed_is_said(self):
        for words, said in ((["--addresses", "0-5"], "1 to 247"), (["--addresses", "9-5"], "1 to 247"),
                            (["--timeout", "7"], "20 to 5000"), (["--parity", "X"], "N, E or O"),
                            (["--baud", "fast"], "--baud"), (["cellar"], "a BUS of the configuration, or one of")):
            done = scan(*self.port, *words)
            self.assertEqual(done.returncode, 2, words)
            self.assertIn(said, done.stderr)
        done = scan("--port", "/dev/not-there", "--parity", "N")
        self.assertEqual(done.returncode, 3)
        self.assertIn("/dev/not-there", done.stderr)
        done = scan(*self.port, "--save", self.folder / "none.yaml")
        self.assertEqual(done.returncode, 3)
        self.assertIn("none.yaml", done.stderr)


class Doubtful(rig.Case):
    """What is no clear answer."""

    def test_two_devices_on_one_address_are_recognised(self):
        for twin in ("after", "over"):
            meter = meters.Meter()
            meter.twin = twin
            line = self.use(meters.Line({7: meter}))
            done = scan("--port", line.path, "--parity", "N", "--addresses", "6-8", "--timeout", "100", "--json")
            self.assertEqual(list(found(done)), [7], done.stderr)
            self.assertIn("two devices", found(done)[7]["why"])

    def test_a_device_that_does_not_look_at_the_address_is_one_device(self):
        meter = meters.Meter()
        tcp = self.use(meters.TcpMeters({address: meter for address in range(1, 248)}))
        done = scan("--tcp", f"127.0.0.1:{tcp.port}", "--timeout", "200", "--json")
        self.assertEqual(list(found(done)), [1])
        self.assertIn("any address", found(done)[1]["why"])

    def test_units_behind_a_tcp_gateway_are_found_one_by_one(self):
        tcp = self.use(meters.TcpMeters({3: meters.Meter(), 5: meters.Meter()}))
        done = scan("--tcp", f"127.0.0.1:{tcp.port}", "--timeout", "50", "--addresses", "1-6", "--json",
                    "--models", meters.MODELS)
        self.assertEqual(sorted(found(done)), [3, 5], done.stderr)


class LiveLine(rig.Case):
    def setUp(self):
        self.metered = {address: meters.Meter(serial=address) for address in (2, 3, 4)}
        self.line = self.use(meters.Line({**self.metered, 9: meters.Meter(serial=9)}))
        self.broker = self.use(rig.Broker())
        self.daemon = self.use(gateway.Gateway(
            self.broker, [gateway.bus_line("cellar", self.line)],
            [gateway.meter(f"m{address}", "cellar", address) for address in self.metered]))
        rig.wait_until(lambda: {m["state"] for m in self.daemon.status()["meters"]} == {"ok"}, what="the meters")

    def test_a_scan_finds_strangers_and_costs_the_meters_no_period(self):
        before = self.daemon.status()["meters"]
        done = self.daemon.verb("scan", "cellar", "--addresses", "1-12", "--timeout", "100", "--json")
        self.assertEqual(done.returncode, 0, done.stderr)
        rows = found(done)
        self.assertEqual(sorted(rows), [2, 3, 4, 9])
        self.assertEqual([rows[address]["meter"] for address in (2, 9)], ["m2", None])
        after = self.daemon.status()["meters"]
        self.assertEqual([m["skipped"] for m in after], [m["skipped"] for m in before])
        self.assertEqual([m["errors"] for m in after], [{}] * 3)

    def test_other_speeds_are_not_tried_on_a_live_line(self):
        done = self.daemon.verb("scan", "cellar", "--all-speeds")
        self.assertEqual(done.returncode, 3)
        self.assertIn("its meters would be silent", done.stderr)

    def test_a_bus_that_is_not_there_is_named_with_those_that_are(self):
        done = self.daemon.verb("scan", "attic")
        self.assertEqual(done.returncode, 1)
        self.assertRegex(done.stderr, r"`attic` is no bus of .*; it has cellar")


if __name__ == "__main__":
    rig.main()

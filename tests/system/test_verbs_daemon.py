# SPDX-License-Identifier: Apache-2.0
"""test_verbs_daemon.py -- The verbs as people and scripts use them: with a daemon, without one, and wrongly."""
import json
import os
import pty
import select
import time

import gateway
import meters
import rig


def byport(*words, env=None):
    return rig.run([rig.program("byport"), *words], timeout_s=40, env={**os.environ, **(env or {})})


class WithoutADaemon(rig.Case):
    def setUp(self):
        self.meter = meters.Meter()
        self.tcp = self.use(meters.TcpMeters({1: self.meter}))
        self.line = self.use(meters.Line({7: meters.Meter(serial=77)}))
        self.nowhere = self.folder() / "control"




    def test_help_and_version(self):
        top = byport("--help")
        self.assertEqual(top.returncode, 0)
        for verb in ("run", "check", "read", "watch", "status", "reload"):
            self.assertRegex(top.stdout, rf"(?m)^  {verb} ")
            done = byport(verb, "--help")
            self.assertEqual((done.returncode, done.stderr), (0, ""))
            self.assertIn(f"usage: byport {verb}", done.stdout)
        self.assertRegex(byport("--version").stdout, r"^byport \d+\.\d+")

    def test_misuse_says_what_is_allowed(self):
        for words, part in ((["dance"], "`dance` is no verb"), (["read"], "a METER is needed"),
                            (["read", "--dance"], "`--dance` is no option"), (["read", "--tcp"], "needs a HOST"),
                            (["read", "--registers", "9:0:1", "--tcp", "h"], "function 1 to 4"),
                            (["watch", "--interval", "0"], "1 to 3600 seconds"), (["run"], "one CONFIG is needed"),
                            (["status", "kitchen"], "nothing is expected here"), (["reload", "--x=1"], "no option")):
            done = byport(*words)
            self.assertEqual(done.returncode, 2, words)
            self.assertIn(part, done.stderr)
        self.assertEqual(byport().returncode, 2)

    def test_no_daemon_is_said(self):
        for verb in ("status", "watch", "reload"):
            done = byport(verb, "--socket", self.nowhere)
            self.assertEqual(done.returncode, 3, verb)
            self.assertIn(f"no daemon runs at {self.nowhere}", done.stderr)

    def test_read_a_model_on_tcp(self):
        done = byport("read", "--model", "test-wh64", "--models", meters.MODELS, "--json",
                      "--tcp", f"127.0.0.1:{self.tcp.port}", "--address", 1)
        self.assertEqual(done.returncode, 0, done.stderr)
        body = json.loads(done.stdout)
        values = {value["quantity"]: value for value in body["values"]}
        self.assertAlmostEqual(values["heat_energy"]["value"], self.meter.energy_wh() / 1000, delta=20)
        self.assertEqual((values["heat_energy"]["unit"], values["heat_energy"]["status"]), ("kWh", "ok"))
        self.assertEqual((body["serial_number"], body["borrowed"]), ("4711", False))

    def test_read_a_model_on_a_line(self):
        done = byport("read", "--model", "test-wh64", "--models", meters.MODELS,
                      "--port", self.line.path, "--address", 7)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertRegex(done.stdout, r"heat_energy +5\d{3}\.\d* +kWh")
        self.assertIn("serial number 77", done.stdout)

    def test_the_address_is_1_where_nothing_else_is_said(self):
        line = self.use(meters.Line({1: meters.Meter(serial=11)}))
        done = byport("read", "--model", "test-wh64", "--models", meters.MODELS, "--port", line.path)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("serial number 11", done.stdout)

    def test_read_bare_registers(self):
        done = byport("read", "--registers", "3:100:2", "--tcp", f"127.0.0.1:{self.tcp.port}", "--json")
        self.assertEqual(json.loads(done.stdout)["words"], [0, 4711])
        done = byport("read", "--registers", "3:100:2", "--port", self.line.path, "--address", 7)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertRegex(done.stdout, r"(?m)^ *101 +004d +77 ")

    def test_a_silent_or_refusing_device_is_said(self):
        target = ("--tcp", f"127.0.0.1:{self.tcp.port}")
        done = byport("read", "--registers", "3:500:1", *target)
        self.assertEqual(done.returncode, 1)
        self.assertIn("unit 1: illegal data address", done.stderr)
        self.meter.mute = True
        done = byport("read", "--registers", "3:0:1", *target)
        self.assertEqual(done.returncode, 1)

    def test_a_port_that_is_not_there_is_said(self):
        done = byport("read", "--registers", "3:0:1", "--port", "/dev/no-such-port")
        self.assertEqual(done.returncode, 3)
        self.assertIn("/dev/no-such-port", done.stderr)

    def test_an_unknown_model_is_said(self):
        done = byport("read", "--model", "no-such", "--tcp", "localhost")
        self.assertEqual(done.returncode, 1)
        self.assertIn("no-such", done.stderr)


class WithADaemon(gateway.WithTwoMeters):
    def test_status_is_a_table_and_says_whether_all_is_well(self):
        rig.wait_until(lambda: self.daemon.status()["broker"]["connected"], what="the broker")
        done = self.daemon.verb("status")
        self.assertEqual(done.returncode, 0, done.stdout)
        self.assertRegex(done.stdout, r"(?m)^kitchen +ok ")
        self.assertNotIn("\033", done.stdout)
        self.hall.mute = True
        rig.wait_until(lambda: self.daemon.verb("status").returncode == 1, 40, "something not well")
        self.assertRegex(self.daemon.verb("status").stdout, r"(?m)^hall +silent ")

    def test_read_borrows_the_running_daemons_line(self):
        done = self.daemon.verb("read", "--json", "hall")
        self.assertEqual(done.returncode, 0, done.stderr)
        body = json.loads(done.stdout)
        values = {value["quantity"]: value["value"] for value in body["values"]}
        self.assertAlmostEqual(values["heat_energy"], self.hall.energy_wh() / 1000, delta=20)
        self.assertEqual((body["borrowed"], body["serial_number"]), (True, "77"))
        done = self.daemon.verb("read", "--registers", "3:100:2", "--port", self.line.path, "--address", 7, "--json")
        self.assertEqual(json.loads(done.stdout)["words"], [0, 77])
        self.assertTrue(json.loads(done.stdout)["borrowed"])

    def test_of_two_buses_at_one_host_the_right_one_is_borrowed(self):
        other = self.use(meters.TcpMeters({1: meters.Meter(serial=88)}))
        self.daemon.configure([gateway.bus_tcp("net", self.tcp), gateway.bus_tcp("other", other)],
                              [gateway.meter("kitchen", "net", 1), gateway.meter("shed", "other", 1)])
        self.assertEqual(self.daemon.verb("reload").returncode, 0)
        rig.wait_until(lambda: {m["state"] for m in self.daemon.status()["meters"]} == {"ok"}, what="the meters")
        for server, serial in ((self.tcp, "4711"), (other, "88")):
            done = self.daemon.verb("read", "--json", "--model", "test-wh64", "--models", meters.MODELS,
                                    "--tcp", f"127.0.0.1:{server.port}")
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertEqual((json.loads(done.stdout)["serial_number"], json.loads(done.stdout)["borrowed"]), (serial, True))

    def test_read_of_an_unknown_meter_names_those_there_are(self):
        done = self.daemon.verb("read", "attic")
        self.assertEqual(done.returncode, 1)
        self.assertIn("it has kitchen, hall", done.stderr)

    def test_watch_prints_lines_where_there_is_no_terminal(self):
        done = self.daemon.verb("watch", "--count", 2, "kitchen")
        self.assertEqual(done.returncode, 0, done.stderr)
        lines = [line.split() for line in done.stdout.splitlines()]
        self.assertEqual(len(lines), 4)  # two quantities, twice
        self.assertEqual(lines[0][1:3], ["kitchen", "heat_energy"])
        self.assertNotIn("\033", done.stdout)

    def test_watch_refreshes_in_place_on_a_terminal(self):
        master, slave = pty.openpty()
        watching = rig.subprocess.Popen([rig.program("byport"), "watch", "--socket", self.daemon.socket], stdout=slave,
                                        stdin=slave, close_fds=True)
        os.close(slave)
        seen, end = b"", time.monotonic() + 20
        try:
            while seen.count(b"\033[H") < 2 and time.monotonic() < end:
                if select.select([master], [], [], 0.5)[0]:
                    seen += os.read(master, 4096)
            watching.send_signal(rig.signal.SIGINT)
            self.assertEqual(watching.wait(10), 0)
        finally:
            watching.kill()
            watching.wait(10)
            os.close(master)
        text = seen.decode()
        self.assertGreaterEqual(text.count("\033[H"), 2)
        self.assertIn("kitchen", text)

    def test_json_is_json(self):
        for words in (("status", "--json"), ("watch", "--json", "--count", 1), ("reload", "--json")):
            json.loads(self.daemon.verb(*words).stdout)


if __name__ == "__main__":
    rig.main()

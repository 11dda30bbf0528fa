# SPDX-License-Identifier: Apache-2.0
"""test_control_daemon.py -- The control socket of the real daemon, as docs/control.md has it: what it answers, what
it refuses, and that no client can make it wait."""
import json
import os
import socket

import gateway
import meters
import rig


class Client:
    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(20)
        self.socket.connect(str(path))
        self.lines = self.socket.makefile("rb")

    def say(self, text):
        self.socket.sendall(text if isinstance(text, bytes) else text.encode())

    def ask(self, request, **fields):
        self.say(json.dumps({"request": request, **fields}) + "\n")
        return self.hear()

    def hear(self):
        line = self.lines.readline()
        return json.loads(line) if line else None

    def close(self):
        self.lines.close()
        self.socket.close()


class Control(rig.Case):
    def setUp(self):
        self.meter = meters.Meter()
        self.tcp = self.use(meters.TcpMeters({1: self.meter}))
        self.broker = self.use(rig.Broker())
        self.daemon = self.use(gateway.Gateway(
            self.broker, [gateway.bus_tcp("net", self.tcp)], [gateway.meter("kitchen", "net", 1)]))
        rig.wait_until(lambda: self.daemon.status()["meters"][0]["state"] == "ok", what="the meter")

    def client(self, suffix=""):
        return self.use(Client(str(self.daemon.socket) + suffix))

    def test_status_tells_what_was_written_to_the_card(self):
        """Where the folder lies on a block device, the kernel's own counters; else null, and no line."""
        device = os.stat(self.daemon.path.parent).st_dev
        counts = os.path.exists(f"/sys/dev/block/{os.major(device)}:{os.minor(device)}/stat")
        flash = self.client().ask("status")["flash"]
        table = rig.run([rig.program("byport"), "status", "--config", self.daemon.path]).stdout
        self.assertEqual(flash["written"]["bytes"] is not None, counts, flash)
        self.assertEqual(flash["device"]["bytes"] is not None, counts, flash)
        self.assertEqual(" MiB by the gateway, " in table, counts, table)
        self.assertEqual((flash["written"]["bytes_day"], flash["device"]["bytes_day"]), (None, None))

    def test_status_tells_of_all(self):
        status = self.client().ask("status")
        self.assertEqual(status["configuration"], str(self.daemon.path))
        self.assertEqual(status["pid"], self.daemon.process.pid)
        self.assertEqual(status["clock"]["state"], "trusted")
        self.assertEqual([bus["open"] for bus in status["buses"]], [True])
        meter = status["meters"][0]
        self.assertEqual((meter["id"], meter["address"], meter["serial_number"]), ("kitchen", 1, "4711"))
        self.assertLess(meter["last_reading_age_s"], 5)

    def test_values_of_one_meter_and_of_none(self):
        client = self.client(".read")
        values = {v["quantity"]: v for v in client.ask("values", meter="kitchen")["meters"][0]["values"]}
        self.assertAlmostEqual(values["heat_energy"]["value"], self.meter.energy_wh() / 1000, delta=10)
        self.assertEqual(values["heat_energy"]["status"], "ok")
        self.assertIn("there is no such meter", client.ask("values", meter="attic")["error"])

    def test_a_loan_is_answered_between_polls(self):
        answer = self.client().ask("lend", bus="net", address=1, function=3, register=100, count=2)
        self.assertEqual((answer["status"], answer["words"]), (0, [0, 4711]))
        refused = self.client().ask("lend", bus="net", address=1, function=3, register=500)
        self.assertEqual((refused["status"], refused["exception"]), (3, 2))
        silent = self.client().ask("lend", bus="net", address=77, function=3, register=0, timeout_ms=100)
        self.assertEqual(silent["status"], 1)

    def test_nothing_is_ever_written(self):
        asked = self.tcp.connections
        for function in (5, 6, 15, 16, 22, 23):
            answer = self.client().ask("lend", bus="net", address=1, function=function, register=0)
            self.assertIn("never written to", answer["error"])
        self.assertEqual(self.tcp.connections, asked)

    def test_the_reading_socket_does_not_act(self):
        client = self.client(".read")
        for request in ("reload", "settle", "lend"):
            self.assertIn("only reads", client.ask(request)["error"])
        self.assertIn("version", client.ask("status"))

    def test_an_act_is_logged_with_its_user(self):
        self.client().ask("reload")
        self.daemon.process.wait_for("control: `reload` by ")
        for _ in range(5):
            self.client().ask("lend", bus="net", address=1, function=3, register=100)
        self.daemon.process.wait_for("control: `lend` of bus net by ")
        self.assertEqual(self.daemon.log.count("`lend`"), 1)  # one act, however many requests
        self.assertRegex(self.daemon.log, r"configuration taken over \(asked by \S+ \(uid \d+\)\)")

    def test_bad_input_is_answered_in_words(self):
        client = self.client()
        for text in ("x\n", "[]\n", "{}\n", '{"request": 5}\n', '{"request": "dance"}\n', b"\xff\xfe\n", "\n",
                     '{"request": "settle"}\n', '{"request": "settle", "meter": 5}\n',
                     '{"request": "settle", "meter": "kitchen", "accept": "yes"}\n',
                     '{"request": "settle", "meter": "kitchen", "closing": true, "opening": 1}\n',
                     '{"request": "settle", "meter": "kitchen", "closing": 1e30, "opening": 1, "reason": "r", "by": "b"}\n',
                     '{"request": "lend"}\n', '{"request": "lend", "bus": "net", "address": "one"}\n',
                     '{"request": "lend", "bus": "net", "address": 1, "function": 3, "register": 70000}\n',
                     '{"request": "lend", "bus": "net", "address": 1, "function": 3, "register": 0, "count": 126}\n'):
            client.say(text)
            self.assertIn("error", client.hear(), text)
        self.assertIn("version", client.ask("status"))

    def test_a_field_of_another_type_is_not_taken_for_none(self):
        for field, wrong in (("meter", 5), ("quantity", True), ("from", 2026), ("at", {}), ("reason", 1), ("by", []),
                             ("closing", True), ("opening", []), ("multiplier", {}), ("accept", "yes"), ("dry_run", 1)):
            error = self.client().ask("settle", **{field: wrong})["error"]
            self.assertIn(f'"{field}" is ', error)

    def test_clients_that_do_nothing_and_clients_that_do_not_read_hinder_nobody(self):
        idle = [self.client() for _ in range(8)]
        idle[0].say('{"request": "sta')
        deaf = self.client()
        for _ in range(2000):
            try:
                deaf.socket.settimeout(0.2)
                deaf.say('{"request": "status"}\n' * 20)
            except OSError:
                break
        asked = self.meter.requests
        self.assertIn("version", self.client().ask("status"))
        rig.wait_until(lambda: self.meter.requests > asked + 5, what="polling")

    def test_too_many_clients_are_told_so(self):
        clients = [self.client() for _ in range(16)]
        for client in clients:
            self.assertIn("version", client.ask("status"))
        self.assertIn("too many clients", self.client().hear()["error"])


if __name__ == "__main__":
    rig.main()

# SPDX-License-Identifier: Apache-2.0
"""test_simulate_verb.py -- `byport simulate` before clients that are not ours (mbpoll, pymodbus), its commands, its
log, its CSV, its paced lines; what is refused, and how it ends."""
import json
import os
import re
import signal
import socket
import struct
import sys
import time
import types

import meters
import rig
import simulator
from simulator import read, rtu

SDM630 = "eastron-sdm630@3,voltage_l1=231.5,active_power=-4200.25,frequency=49.96"
EM340 = "carlo-gavazzi-em340@5,active_energy_import=12345.6"


def mbpoll(*words):
    """{reference: text} of one poll."""
    rig.need("mbpoll")
    done = rig.run(["mbpoll", "-0", "-1", "-o", 2, *words])
    if done.returncode != 0:
        raise AssertionError(done.stdout + done.stderr)
    return {int(a): b for a, b in re.findall(r"^\[(\d+)\]:\s+(\S+)", done.stdout, re.M)}


class MbpollReads(rig.Case):
    def check(self, *where):
        floats = mbpoll("-a", 3, "-t", "3:float", "-B", "-r", 0, "-c", 1, *where)
        self.assertAlmostEqual(float(floats[0]), 231.5)
        power = mbpoll("-a", 3, "-t", "3:float", "-B", "-r", 52, "-c", 1, *where)
        self.assertAlmostEqual(float(power[52]), -4200.25)
        energy = mbpoll("-a", 5, "-t", "3:int", "-r", 52, "-c", 1, *where)  # EM340: low word first, 0.1 kWh
        self.assertEqual(energy[52], "123456")

    def test_the_same_figures_over_rtu(self):
        simulation = self.use(simulator.Simulator("--device", SDM630, "--device", EM340))
        self.check("-m", "rtu", "-b", 19200, "-P", "none", simulation.path())

    def test_the_same_figures_over_tcp(self):
        simulation = self.use(simulator.Simulator("--tcp", "127.0.0.1:0", "--device", SDM630, "--device", EM340))
        self.check("-m", "tcp", "-p", simulation.port(), "127.0.0.1")

    def test_a_paced_line_is_read_too(self):
        simulation = self.use(simulator.Simulator(
            "--baud", "19200", "--answer-ms", "5..20", "--device", SDM630, "--device", EM340))
        self.check("-m", "rtu", "-b", 19200, "-P", "none", simulation.path())


class PymodbusReads(rig.Case):
    def client(self, kind, *words, **options):
        # its package imports an asynchronous serial client that needs python3-serial-asyncio; the others do not
        sys.modules.setdefault("serial_asyncio", types.SimpleNamespace(create_serial_connection=None))
        try:
            from pymodbus import client as clients
        except ImportError as why:
            self.skipTest(f"python3-pymodbus: {why}")
        client = getattr(clients, kind)(*words, timeout=3, **options)
        self.assertTrue(client.connect())
        self.addCleanup(client.close)
        return client

    def check(self, client):
        answer = client.read_input_registers(0, 2, slave=3)
        self.assertEqual(struct.unpack(">f", struct.pack(">HH", *answer.registers))[0], 231.5)
        answer = client.read_input_registers(52, 2, slave=5)
        self.assertEqual(answer.registers, [123456 & 0xFFFF, 123456 >> 16])
        refused = client.read_holding_registers(52, 2, slave=3)
        self.assertEqual(refused.exception_code, 2)

    def test_over_tcp(self):
        simulation = self.use(simulator.Simulator("--tcp", "127.0.0.1:0", "--device", SDM630, "--device", EM340))
        self.check(self.client("ModbusTcpClient", "127.0.0.1", port=simulation.port()))

    def test_over_rtu(self):
        simulation = self.use(simulator.Simulator("--device", SDM630, "--device", EM340))
        self.check(self.client("ModbusSerialClient", port=simulation.path(), baudrate=19200, parity="N"))

    def test_rtu_frames_through_a_serial_server(self):
        simulation = self.use(simulator.Simulator("--rtu-over-tcp", "127.0.0.1:0", "--device", SDM630, "--device", EM340))
        with socket.create_connection(("127.0.0.1", simulation.port()), 5) as client:
            client.sendall(rtu(3, read(4, 0, 2)))
            client.settimeout(5)
            self.assertEqual(client.recv(100), rtu(3, b"\x04\x04" + struct.pack(">f", 231.5)))


class PacedLines(rig.Case):
    """19200 baud, 11 bits: a request is 4.58 ms, an answer of 4 registers 7.45 ms, the silence 2.005 ms."""

    def setUp(self):
        self.simulator = self.use(simulator.Simulator(
            "--baud", "19200", "--answer-ms", "5", "--models", meters.MODELS, "--device", "test-wh64@7,values=fixed"))
        self.client = self.use(simulator.RtuClient(self.simulator.path()))
        self.frame = rtu(7, read(3, 0, 4))

    def test_an_answer_takes_its_time_on_the_wire(self):
        for _ in range(5):
            began = time.monotonic()
            os.write(self.client._fd, self.frame)
            came = b""
            while len(came) < 13:
                came += os.read(self.client._fd, 100)
            self.assertGreaterEqual(time.monotonic() - began, 0.004583 + 0.005 + 0.007447)
            time.sleep(0.01)
        counted = self.simulator.statistics()
        self.assertEqual((counted["requests"], counted["replies"], counted["early"]), (5, 5, 0))
        # four exchanges are over: frames, answer times and silences
        self.assertAlmostEqual(counted["least_us"], 4 * (4583 + 5000 + 7447 + 2005), delta=20)
        self.assertGreater(counted["idle_us"], 4 * 8000)
        self.assertEqual(counted["span_us"], counted["least_us"] + counted["idle_us"])

    def test_requests_inside_the_silence_are_counted(self):
        os.write(self.client._fd, self.frame)
        came = b""
        while len(came) < 13:
            came += os.read(self.client._fd, 100)
        os.write(self.client._fd, self.frame)  # at once
        self.client.receive()
        counted = self.simulator.statistics()
        self.assertEqual((counted["requests"], counted["early"], counted["overlapping"]), (2, 1, 0))
        self.assertLess(counted["silence_us_min"], 2005)
        os.write(self.client._fd, self.frame)
        time.sleep(0.006)  # while the device thinks
        os.write(self.client._fd, self.frame)
        self.client.receive()
        self.assertEqual(self.simulator.statistics()["early"], 2)
        self.assertEqual(self.simulator.tell("clear"), {"ok": True})
        self.assertEqual(self.simulator.statistics()["requests"], 0)


class Commands(rig.Case):
    def setUp(self):
        self.simulator = self.use(simulator.Simulator("--paused", "--device", "eastron-sdm630@3,name=main"))

    def test_values_are_held_and_let_go(self):
        before = self.simulator.tell("get main active_power")
        self.assertEqual(before["unit"], "W")
        self.assertEqual(self.simulator.tell("set main active_power 4200.5"), {"ok": True})
        self.assertEqual(self.simulator.tell("get line1/main active_power")["value"], 4200.5)
        self.simulator.tell("free main active_power")
        self.assertEqual(self.simulator.tell("get main active_power"), before)

    def test_time_stands_and_runs(self):
        first = self.simulator.tell("time")["simulated"]
        self.assertEqual(self.simulator.tell("time")["simulated"], first)
        self.simulator.tell("speed 3600")
        self.simulator.tell("run")
        rig.wait_until(lambda: self.simulator.tell("time")["simulated"] > first, what="time")
        self.simulator.tell("pause")
        stands = self.simulator.tell("time")["simulated"]
        self.assertEqual(self.simulator.tell("time")["simulated"], stands)

    def test_what_is_not_understood_is_said(self):
        for text, says in (("dance", "`dance` is no command; there are fault set"),
                           ("set main active_power", "`set` takes DEVICE QUANTITY VALUE"),
                           ("set main active_power 1 2", "`set` takes DEVICE QUANTITY VALUE"),
                           ("set attic active_power 1", "no device `attic`"),
                           ("set main joy 1", "`joy` is no quantity"),
                           ("set main active_power much", "`much` is not a number of W with at most 3 decimals"),
                           ("set main heat_energy 1", "eastron-sdm630 has no heat_energy of its own"),
                           ("speed fast", "speed: `fast`; allowed is 0 to"),
                           ("fault main sad", "`sad` is no fault"),
                           ("time now", "`time` takes nothing")):
            self.assertIn(says, self.simulator.tell(text).get("error", "(done)"), text)

    def test_quit_ends_it(self):
        self.assertEqual(self.simulator.tell("quit"), {"ok": True})
        self.assertEqual(self.simulator.child.wait(5), 0)

    def test_a_control_socket_takes_the_same(self):
        path = self.folder() / "control"
        other = self.use(simulator.Simulator("--control", path, "--device", "eastron-sdm630@3"))
        with socket.socket(socket.AF_UNIX) as control:
            control.settimeout(5)
            control.connect(str(path))
            control.sendall(b'{"command": "set 3 frequency 49.5"}\n{"command": "get 3 frequency"}\n{"order": 1}\n')
            lines = control.makefile()
            self.assertEqual(json.loads(lines.readline()), {"ok": True})
            self.assertEqual(json.loads(lines.readline())["value"], 49.5)
            self.assertIn("`command` is missing", lines.readline())
        other.terminate()
        self.assertFalse(path.exists())


class ReadingsOfACsv(rig.Case):
    def setUp(self):
        self.path = self.folder() / "readings.csv"
        self.path.write_text("utc,kwh,m3\n2019-01-01T00:00:00Z,22946.733,100.5\n2019-01-01T01:00:00Z,22950.001,101\n"
                             "2019-01-01T02:00:00Z,22960,102\n")

    def simulate(self, *options):
        return self.use(simulator.Simulator(
            "--models", meters.MODELS, "--model", "test-wh64", "--address", 7, "--csv", self.path, "--column",
            "kwh=heat_energy", "--column", "m3=volume", "--paused", *options))

    def wh(self, simulation):
        client = simulator.RtuClient(simulation.path())
        came = client.exchange(7, read(3, 0, 8))
        client.close()
        return struct.unpack(">QQ", came[3:19])

    def test_time_begins_at_the_first_reading(self):
        self.assertEqual(self.wh(self.simulate()), (22946733, 100500000))

    def test_each_reading_is_served_from_its_instant_on_and_not_before(self):
        for start, expected in (("2019-01-01T00:59:59.999Z", 22946733), ("2019-01-01T01:00:00Z", 22950001),
                                ("2019-01-01T01:59:59.999Z", 22950001), ("2019-01-01T02:00:00Z", 22960000),
                                ("2025-01-01T00:00:00Z", 22960000), ("2018-01-01T00:00:00Z", 22946733)):
            simulation = self.simulate("--start", start)
            self.assertEqual(self.wh(simulation)[0], expected, start)

    def test_readings_can_be_joined_by_straight_lines(self):
        simulation = self.simulate("--interpolate", "--start", "2019-01-01T01:30:00Z")
        self.assertEqual(self.wh(simulation), (22955000, 101500000))  # 22955.0005: whole Wh, half to even

    def test_a_bad_csv_is_refused_with_its_line(self):
        self.path.write_text("utc,kwh,m3\n2019-01-01T00:00:00Z,1,2\n2019-01-01T00:00:00Z,1,2\n")
        done = rig.run([rig.program("byport"), "simulate", "--models", meters.MODELS, "--model", "test-wh64", "--csv",
                        self.path, "--column", "kwh=heat_energy"])
        self.assertEqual(done.returncode, 3)
        self.assertIn(f"{self.path}:3: `2019-01-01T00:00:00Z` is not after the reading before it", done.stderr)


class TheLog(rig.Case):
    def test_its_words_are_those_that_were_served(self):
        path = self.folder() / "served"
        simulation = self.use(simulator.Simulator(
            "--models", meters.MODELS, "--log", path, "--speed", 3600, "--seed", 3, "--device", "test-wh64@7,name=heat",
            "--device", "eastron-sdm630@3,name=main"))
        client = self.use(simulator.RtuClient(simulation.path()))
        served = []
        for i in range(20):
            if i == 10:
                simulation.tell("fault heat torn*3")
            came = client.exchange(7, read(3, 0, 8), 2)
            served += [("heat", "heat_energy", came[3:11].hex()), ("heat", "volume", came[11:19].hex())]
            came = client.exchange(3, read(4, 0x34, 2), 2)
            served.append(("main", "active_power", came[3:7].hex()))
        self.assertEqual(client.exchange(7, read(3, 0, 3), 2)[1], 3)  # a part of a value is none
        self.assertEqual(simulation.tell("sync"), {"ok": True})
        rows = [json.loads(line) for line in path.read_text().splitlines()]
        self.assertEqual([(row["device"], row["quantity"], row["words"]) for row in rows], served)
        self.assertGreater(len(set(row["words"] for row in rows)), 20)
        for row in rows:
            if row["device"] == "heat" and row["quantity"] == "heat_energy" and row["value"] is not None:
                self.assertRegex(row["simulated"], r"^\d{4}-\d\d-\d\dT.*Z$")


class TheSchool(rig.Case):
    def test_its_configuration_is_accepted_and_ten_meters_answer(self):
        folder = self.folder()
        link = folder / "rs485"
        simulation = self.use(simulator.Simulator(
            "--scenario", "school", "--link", link, "--write-config", folder / "o'site", "--broker", "127.0.0.1:1883",
            "--time-of-day", "08:00", "--speed", 60))
        self.assertEqual(sum(len(line["devices"]) for line in simulation.ready["lines"]), 10)
        config = folder / "o'site" / "fjell-skole.yaml"
        done = rig.run([rig.program("byport"), "check", config])
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        for name in ("main", "heat", "pv"):
            quantity = "heat_energy" if name == "heat" else "active_energy_import"
            self.assertGreater(simulation.tell(f"get {name} {quantity}")["value"], 0)

    def test_the_same_seed_shows_the_same(self):
        values = []
        for seed in (1, 1, 2):
            simulation = self.use(simulator.Simulator(
                "--scenario", "school", "--paused", "--start", "2026-11-23T09:00:00Z", "--seed", seed))
            values.append(simulation.tell("get main active_power")["value"])
            simulation.terminate()
        self.assertEqual(values[0], values[1])
        self.assertNotEqual(values[0], values[2])


class ScenarioFiles(rig.Case):
    def test_a_file_of_lines_and_devices_is_simulated(self):
        path = self.folder() / "scenario.yaml"
        path.write_text("lines:\n  - tcp: 127.0.0.1:0\n    name: cellar\n    devices:\n"
                        "      - {model: eastron-sdm630, address: 9, voltage_l2: 228.25}\n")
        simulation = self.use(simulator.Simulator("--scenario", path))
        client = self.use(simulator.TcpClient(simulation.port()))
        self.assertEqual(client.exchange(9, read(4, 2, 2))[9:], struct.pack(">f", 228.25))
        self.assertEqual(simulation.line()["name"], "cellar")

    def test_errors_stand_with_line_and_column(self):
        path = self.folder() / "scenario.yaml"
        path.write_text("lines:\n  - tcp: 127.0.0.1:0\n    devices:\n      - {model: eastron-sdm630, address: 900}\n")
        done = rig.run([rig.program("byport"), "simulate", "--scenario", path])
        self.assertEqual(done.returncode, 1)
        self.assertRegex(done.stderr, r"scenario.yaml:4:\d+: .*address: `900`; allowed is a number from 0 to 255")


class WhatIsRefused(rig.Case):
    def refused(self, status, says, *options):
        done = rig.run([rig.program("byport"), "simulate", *options], timeout_s=20)
        self.assertIn(says, done.stderr, options)
        self.assertEqual(done.returncode, status, done.stderr)
        self.assertEqual(done.stdout, "")

    def test_options_that_are_not_understood_exit_2(self):
        for says, *options in (
                ("nothing to simulate: name a --model, a --device or a --scenario",),
                ("`--colour` is no option", "--colour"),
                ("`extra` is one word too many", "--model", "eastron-sdm630", "extra"),
                ("--address 3: name the device first", "--address", "3"),
                ("--address 300: address: `300`; allowed is a number from 0 to 255", "--model", "x", "--address", "300"),
                ("--fault tired: fault: `tired` is no fault", "--model", "x", "--fault", "tired"),
                ("--tcp nowhere: listen: `nowhere`; allowed is HOST:PORT", "--tcp", "nowhere"),
                ("--baud 10: baud: `10`", "--baud", "10"),
                ("--speed x: allowed are whole numbers", "--speed", "x"),
                ("--seed -1: allowed are whole numbers", "--seed", "-1"),
                ("--start noon: allowed is an instant", "--start", "noon"),
                ("--time-of-day 25:00: allowed is HH:MM", "--time-of-day", "25:00"),
                ("--for 0: allowed is a number of seconds", "--for", "0"),
                ("--scenario brings its own lines", "--scenario", "school", "--model", "eastron-sdm630"),
                ("--write-config goes with --scenario school", "--model", "eastron-sdm630", "--write-config", "/tmp/x"),
                ("link: `/tmp/x`; allowed is", "--link", "/tmp/x", "--tcp", ":0", "--model", "eastron-sdm630"),
                ("`--model` needs a MODEL behind it", "--model")):
            self.refused(2, says, *options)

    def test_what_cannot_be_had_exits_3(self):
        folder = self.folder()
        file = folder / "file"
        file.write_text("mine")
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = taken.getsockname()[1]
            for says, *options in (
                    ("no such model; `byport models` lists them", "--model", "nosuch"),
                    ("is there and is no symbolic link; it is left alone", "--link", file, "--model", "eastron-sdm630"),
                    (f"cannot listen on 127.0.0.1:{port}: Address already in use", "--tcp", f"127.0.0.1:{port}",
                     "--model", "eastron-sdm630"),
                    ("another device of this line has the same address", "--model", "eastron-sdm630", "--model",
                     "eastron-sdm120"),
                    ("the serial number does not fit", "--device", "eastron-sdm630@1,serial=A12"),
                    ("the model has no option; `MWh` was given", "--device", "eastron-sdm630@1,option=MWh"),
                    ("`kWs` is no choice of energy_unit", "--device", "kamstrup-multical-603@1,option=kWs"),
                    ("cannot write /nowhere/log", "--model", "eastron-sdm630", "--log", "/nowhere/log"),
                    ("/nowhere/x.csv: No such file", "--model", "eastron-sdm630", "--csv", "/nowhere/x.csv",
                     "--column", "a=active_power")):
                self.refused(3, says, *options)
        self.assertEqual(file.read_text(), "mine")

    def test_a_scenario_that_is_not_there_is_named(self):
        done = rig.run([rig.program("byport"), "simulate", "--scenario", "/nowhere/school.yaml"])
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("/nowhere/school.yaml", done.stderr)


class TheEnd(rig.Case):
    def test_sigterm_and_sigint_end_it_cleanly_and_take_the_link_along(self):
        for number in (signal.SIGTERM, signal.SIGINT):
            link = self.folder() / "tty"
            simulation = self.use(simulator.Simulator("--link", link, "--model", "eastron-sdm630"))
            self.assertTrue(link.is_symlink())
            simulation.signal(number)
            self.assertEqual(simulation.child.wait(5), 0)
            self.assertFalse(link.is_symlink())
            self.assertEqual(simulation.err, "")

    def test_it_ends_by_itself_after_the_time_given(self):
        began = time.monotonic()
        done = rig.run([rig.program("byport"), "simulate", "--model", "eastron-sdm630", "--for", 1])
        self.assertEqual(done.returncode, 0)
        self.assertGreaterEqual(time.monotonic() - began, 1)
        self.assertIn("ready\n", done.stdout)

    def test_closing_its_stdin_ends_the_commands_and_not_the_meters(self):
        simulation = self.use(simulator.Simulator("--device", SDM630))
        simulation.child.stdin.close()
        client = self.use(simulator.RtuClient(simulation.path()))
        self.assertEqual(client.exchange(3, read(4, 0, 2)), rtu(3, b"\x04\x04" + struct.pack(">f", 231.5)))
        simulation.child.stdin = None


if __name__ == "__main__":
    rig.main()

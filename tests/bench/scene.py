# SPDX-License-Identifier: Apache-2.0
"""scene.py -- What the benchmarks stand on: simulated meters, a real Mosquitto, a subscriber that counts what arrives,
and the program under test, with its CPU time and memory from /proc."""
import json
import os
import pathlib
import time

import parts
import rig
import simulator

MODELS = parts.HERE / "models"
BAUD = 19200
RTU_VALUES, TCP_VALUES = 12, 20
RTU_REQUESTS = 3  # blocks a meter

SITE = """\
site: {{city: drammen, id: bench}}
gateway: {{id: main, clock: trust, data_directory: {data}, control_socket: {socket}, models_directory: {models}}}
broker: {{host: 127.0.0.1, port: {port}, tls: no}}
intervals: {{fast: {period}, slow: {period}, live: 100 ms}}
buses: {buses}
meters: {meters}
"""


def memory_kib(pid):
    fields = dict(line.split(":", 1) for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines())
    return {name: int(fields[name].split()[0]) for name in ("VmRSS", "RssAnon")}


class Subscriber:
    """mosquitto_sub; counts messages and the values in them."""

    def __init__(self, broker):
        command = broker.client("mosquitto_sub")
        self._process = rig.Process([*command, "-q", 0, "-F", "%t %p", "-t", "byport/1/+/+/+/live/+", "-t", "bare/live/+"])
        self._file = open(pathlib.Path(self._process.folder, "stdout"), "rb")

    def lines(self):
        """Those that came since the last call, [topic, payload]."""
        found = []
        while True:
            at = self._file.tell()
            line = self._file.readline()
            if not line.endswith(b"\n"):
                self._file.seek(at)
                return found
            found.append(line.split(b" ", 1))

    def values(self):
        """How many values have come since the last call."""
        return sum(len(json.loads(payload)["values"]) for _, payload in self.lines())

    def close(self):
        self._file.close()
        self._process.close()


class Measured:
    """What one program did in one window."""

    def __init__(self, line, values, cpu_s, memory, seconds):
        self.line, self.values, self.memory, self.seconds = line, values, memory, seconds
        self.cpu_s = cpu_s

    @property
    def cycle_ratio(self):
        return self.line["span_us"] / self.line["least_us"]

    @property
    def cpu_s_per_1000(self):
        return self.cpu_s / self.values * 1000 if self.values else float("nan")

    def cycle_ms(self, requests=RTU_REQUESTS, leave_out=()):
        """Mean time of a cycle of the devices that answer."""
        live = [d for d in self.line["devices"] if d["name"] not in leave_out]
        return self.line["span_us"] / 1000 / (sum(d["requests"] for d in live) / len(live) / requests)


class Scene:
    """A broker, simulated meters and a subscriber; programs take turns on them."""

    def __init__(self, options):
        self.folder = rig.Folder()
        self.broker = rig.Broker()
        self.simulation = simulator.Simulator("--models", MODELS, *options)
        self.subscriber = Subscriber(self.broker)
        self.lines = self.simulation.ready["lines"]

    def site(self, period, buses, meters):
        """A configuration with a store of its own."""
        folder = self.folder.path / f"site{time.monotonic_ns()}"
        folder.mkdir()
        path = folder / "site.yaml"
        path.write_text(SITE.format(data=folder, socket=folder / "control", models=MODELS, port=self.broker.port,
                                    period=period, buses=json.dumps(buses), meters=json.dumps(meters)))
        return path

    def measure(self, command, settle_s, seconds, statistics):
        """Run a program, let it settle, and watch it for a while. statistics(answer of `stats`): what to keep."""
        program = rig.Process(command)
        try:
            self._wait_for_all(program)
            time.sleep(settle_s)
            self.subscriber.values()
            self.simulation.tell("clear")
            began, cpu = time.monotonic(), parts.cpu_s(program.pid)
            time.sleep(seconds)
            answer = self.simulation.tell("stats")
            spent, ended = parts.cpu_s(program.pid) - cpu, time.monotonic()
            memory = memory_kib(program.pid)
            return Measured(statistics(answer), self.subscriber.values(), spent, memory, ended - began)
        finally:
            program.close()

    def _wait_for_all(self, program):
        """Until something of it has arrived."""
        self.subscriber.lines()
        rig.wait_until(lambda: self.subscriber.lines() or not program.running(), 60, f"a value from {program.command[0]}")
        if not program.running():
            raise AssertionError(f"{program.command} ended:\n{program.out}{program.err}")

    def close(self):
        for part in (self.subscriber, self.simulation, self.broker, self.folder):
            part.close()


def rtu_options(addresses, link, dead=()):
    """The simulator's options for a paced line of bench-12."""
    options = ["--link", link, "--baud", BAUD, "--answer-ms", "5..20"]
    for address in addresses:
        fault = ",fault=silent" if address in dead else ""
        options += ["--device", f"bench-12@{address},values=building{fault}"]
    return options


def rtu_site(scene, link, addresses):
    """Two stop bits stand for the parity that a pseudo-terminal does not have: 11 bits a character. The period is the
    shortest that `check` allows: a little more than the wire needs for the bytes alone, so the polls are back to back."""
    bus = {"id": "line", "port": str(link), "baud": BAUD, "parity": "N", "stop_bits": 2}
    meters = [{"id": f"m{a}", "bus": "line", "address": a, "model": "bench-12"} for a in addresses]
    return scene.site("1150 ms", [bus], meters)


def tcp_options(count):
    options = []
    for number in range(1, count + 1):
        options += ["--tcp", "127.0.0.1:0", "--device", f"bench-20@1,values=building,name=m{number}"]
    return options


def tcp_site(scene):
    buses = [{"id": f"b{i}", "tcp": f"127.0.0.1:{line['port']}"} for i, line in enumerate(scene.lines)]
    meters = [{"id": f"m{i}", "bus": f"b{i}", "address": 1, "model": "bench-20"} for i in range(len(buses))]
    return scene.site("1 s", buses, meters)

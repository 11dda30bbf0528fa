# SPDX-License-Identifier: Apache-2.0
"""gateway.py -- The real daemon for system tests: a configuration of quick intervals, its directory, its verbs, and
what its rows at the broker must add up to."""
import contextlib
import json
import socket
import sqlite3

import meters
import rig

ROOT_TOPIC = "byport/1/drammen/school/main"

CONFIG = """\
site: {{city: drammen, id: school, name: Test school}}
gateway: {{id: main, clock: trust, data_directory: {data}, control_socket: {socket}, models_directory: {models}}}
broker: {{host: {host}, port: {port}, tls: no}}
intervals: {{length: 2 s, gap_limit: 2 s, fast: 200 ms, slow: 200 ms, live: 1 s, trends: 2 s, health: 2 s, commit: 1 s}}
"""


def bus_tcp(name, server):
    return {"id": name, "tcp": f"127.0.0.1:{server.port}"}


def bus_line(name, line):
    """A pseudo-terminal knows no parity."""
    return {"id": name, "port": line.path, "parity": "N", "response_timeout_max": "500 ms"}


def meter(name, bus, address, **more):
    return {"id": name, "bus": bus, "address": address, "model": "test-wh64", **more}


class Gateway:
    """The daemon in a folder of its own; start() and stop() as often as the test wants. `within`: beginning of the
    command line (a network namespace)."""

    def __init__(self, broker, buses, meters_, start=True):
        self.within = []
        self.folder = rig.Folder()
        self.data = self.folder.path / "data"
        self.socket = self.folder.path / "control"
        self.path = self.folder.path / "site.yaml"
        self.broker = broker
        self.configure(buses, meters_)
        self.process = None
        if start:
            self.start()

    def configure(self, buses, meters_, extra=None):
        head = CONFIG.format(data=self.data, socket=self.socket, models=meters.MODELS, host=self.broker.host,
                             port=self.broker.port)
        if extra:
            head = extra(head)
        # JSON is YAML
        self.path.write_text(head + f"buses: {json.dumps(buses)}\nmeters: {json.dumps(meters_)}\n")

    def launch(self, env=None):
        """Without waiting until it answers."""
        if self.process:
            self.process.close()
        self.process = rig.Process([*self.within, rig.program("byport"), "run", self.path], env=env)

    def start(self, env=None):
        self.launch(env)
        rig.wait_until(lambda: self._listens() or not self.process.running(), what="the control socket")
        return self

    def _listens(self):
        """Somebody does; a file may be left from a daemon that was killed."""
        with socket.socket(socket.AF_UNIX) as probe:
            return probe.connect_ex(str(self.socket)) == 0

    @property
    def log(self):
        return self.process.err

    def verb(self, name, *words):
        return rig.run([rig.program("byport"), name, "--socket", self.socket, *words], timeout_s=30)

    def status(self):
        return json.loads(self.verb("status", "--json").stdout)

    def _store(self):
        return contextlib.closing(sqlite3.connect(f"file:{self.data}/store.db?mode=ro", uri=True))

    def ask(self, sql):
        """Rows of a query of the store, as tuples."""
        with self._store() as store:
            return store.execute(sql).fetchall()

    def rows(self, table):
        """Rows of a table of the store, as a person with sqlite3 would see them."""
        with self._store() as store:
            store.row_factory = sqlite3.Row
            return store.execute(f"SELECT * FROM {table}").fetchall()

    def close(self):
        if self.process:
            self.process.close()
        self.folder.close()


class WithTwoMeters(rig.Case):
    """A daemon at work: the meter `kitchen` over TCP, `hall` on a line."""

    def setUp(self):
        self.kitchen, self.hall = meters.Meter(), meters.Meter(serial=77)
        self.tcp = self.use(meters.TcpMeters({1: self.kitchen}))
        self.line = self.use(meters.Line({7: self.hall}))
        self.broker = self.use(rig.Broker())
        self.daemon = self.use(Gateway(self.broker, [bus_tcp("net", self.tcp), bus_line("cellar", self.line)],
                                       [meter("kitchen", "net", 1), meter("hall", "cellar", 7)]))
        rig.wait_until(lambda: {m["state"] for m in self.daemon.status()["meters"]} == {"ok"}, what="the meters")


class DurableSession:
    """A broker as rig.Collector sees it, whose subscriber has a session that outlives connections: what a real archive
    does. With a persistent broker nothing is lost to it while it comes back after a restart."""

    def __init__(self, broker):
        self._broker = broker
        self.publish = broker.publish

    def client(self, name):
        durable = ["-c", "-i", "collector", "-x", "3600"] if name == "mosquitto_sub" else []
        return self._broker.client(name) + durable


def stream(collector, name):
    """Messages of a stream, in the order of arrival."""
    found = []
    for message in collector.messages():
        if message.topic.split("/")[-1] in ("intervals", "events", "trends"):
            body = message.json
            if body["stream"] == name:
                found.append(body)
    return found


def rows_by_id(collector, name):
    """{id: row} of a stream; a row that came twice must be the same."""
    rows = {}
    for body in stream(collector, name):
        for row in body["rows"]:
            assert rows.setdefault(row["id"], row) == row, f"id {row['id']} came with other content"
    return rows


def assert_no_hole(collector, name):
    """Every message follows on from what was there before: ids from 1 on, none missing."""
    through = 0
    for body in stream(collector, name):
        assert body["after"] <= through, f"{name}: after {body['after']}, but only {through} had come"
        through = max(through, body["through"])
    return through


def intervals_of(collector, meter_id, quantity="heat_energy"):
    """Newest revision of each interval of a series, in time order."""
    newest = {}
    for _, row in sorted(rows_by_id(collector, "energy").items()):
        if row.get("meter") == meter_id and row.get("quantity") == quantity and "start" in row:
            newest[(row["start"], row["end"])] = row
    return [newest[key] for key in sorted(newest)]


def assert_conserved(rows):
    """Values sum exactly to the difference of the readings, and each interval begins where the one before ended."""
    wh = lambda number: round(number * 1_000_000)  # mWh
    assert rows, "no interval has come"
    nulls = [row for row in rows if row["value"] is None]
    assert not nulls, nulls
    for before, after in zip(rows, rows[1:]):
        assert before["end"] == after["start"], f"hole between {before['end']} and {after['start']}"
        assert wh(before["reading_end"]) == wh(after["reading_start"]), (before, after)
    total = sum(wh(row["value"]) for row in rows)
    assert total == wh(rows[-1]["reading_end"]) - wh(rows[0]["reading_start"]), "the sum is not the difference"
    return total

# SPDX-License-Identifier: Apache-2.0
"""test_real_readings.py -- A year of a real district-heating meter's readings, through the whole chain, sums exact.

A simulated line serves the readings of ../shared/data/dk_heat_meter_registers_2019.csv (Schaffer et al., Sci Data
2022, doi 10.1038/s41597-022-01502-3, CC BY 4.0), a year in half a minute, every limit scaled with it: (a) as 64-bit
Wh and mL, (b) as the MULTICAL 603's 32-bit floats in MWh and m³. The gateway polls over a pseudo-terminal, a real
Mosquitto carries and is stopped and started once in the middle, mosquitto_sub receives; this script does the sums
on its own, in exact decimals.
"""
import csv
import fractions
import json
import struct
import subprocess
import unittest
from decimal import Decimal

import gateway
import rig

CSV = "data/dk_heat_meter_registers_2019.csv"
SPEED = 1_000_000  # simulated seconds a second: the year's 8,760 hours in 32 s
YEAR_S = 8760 * 3600
WAIT_S = 90
CONFIG = """
site: {{city: aalborg, id: house, timezone: Europe/Copenhagen}}
gateway: {{id: gw, clock: trust, data_directory: '{folder}', control_socket: '{folder}/control.sock',
          models_directory: '{models}'}}
broker: {{host: 127.0.0.1, port: {port}, tls: no}}
intervals: {{length: 1 s, gap_limit: 1 s, fast: 1 s, slow: 200 ms, live: 1 s, trends: 1 s, health: 5 s, commit: 1 s}}
buses:
  - {{id: line, port: '{pty}', baud: 115200, parity: N}}
meters:
  - {{id: exact, bus: line, address: 1, model: test-wh64, use: heating}}
  - {{id: multical, bus: line, address: 2, model: kamstrup-multical-603, use: heating, energy_unit: MWh}}
"""


def served_mwh(words):
    """A float of the MULTICAL's as the gateway must read it: MWh to whole mWh, half to even, from its exact value."""
    exact = fractions.Fraction(struct.unpack(">f", bytes.fromhex(words))[0]) * 10**9
    return round(exact)


class Chain:
    """Simulator, broker, gateway and collector, with the interval rows that arrived."""

    def __init__(self, case):
        self.folder = case.folder()
        self.broker = case.use(rig.Broker(persistence=True))
        self.collector = case.use(rig.Collector(gateway.DurableSession(self.broker), "byport/1/#"))
        self.log = self.folder / "served.jsonl"
        self.meters = case.use(self._meters())
        self.meters.wait_for('"ready":true')
        pty = json.loads(self.meters.out.splitlines()[0])["lines"][0]["path"]
        config = self.folder / "site.yaml"
        config.write_text(CONFIG.format(folder=self.folder, port=self.broker.port, pty=pty,
                                        models=rig.ROOT / "tests" / "system" / "models"))
        self.gateway = case.use(rig.Process([rig.program("byport"), "run", config]))

    def _meters(self):
        columns = "csv={},column=heat_kwh_register=heat_energy,column=volume_m3_register=volume".format(rig.shared(CSV))
        return rig.Process([rig.program("byport"), "simulate", "--pty", "--paused", "--json", "--commands",
                            "--speed", SPEED, "--log", self.log, "--models", rig.ROOT / "tests" / "system" / "models",
                            "--device", f"test-wh64@1,name=exact,values=fixed,{columns}",
                            "--device", f"kamstrup-multical-603@2,name=multical,values=fixed,{columns}"],
                           stdin=subprocess.PIPE)

    def rows(self, meter, quantity):
        """Newest revision of each interval, by start; ids as they came."""
        newest = {}
        for message in self.collector.messages(end="/intervals"):
            for row in json.loads(message.text, parse_float=Decimal)["rows"]:
                key = (row["meter"], row["quantity"], row["start"], row["end"])
                if (row["meter"], row["quantity"]) == (meter, quantity) and (
                        key not in newest or newest[key]["revision"] <= row["revision"]):
                    newest[key] = row
        return [newest[key] for key in sorted(newest)]

    def wait_for_flat(self, meter, quantity, count, value=None):
        """Until the last `count` intervals stand still (at a reading, where given)."""
        def flat():
            rows = self.rows(meter, quantity)[-count:]
            return len(rows) == count and all(row["value"] == 0 for row in rows) and (
                value is None or rows[-1]["reading_end"] == value)
        rig.wait_until(flat, WAIT_S, f"{count} intervals at rest of {meter} {quantity}")


class RealReadings(rig.Case):
    @classmethod
    def setUpClass(cls):
        with open(rig.shared(CSV), newline="") as file:
            lines = list(csv.DictReader(file))
        cls.first, cls.last = lines[0], lines[-1]

    def test_a_year_of_readings_is_conserved_to_the_step_through_a_broker_that_went_away(self):
        chain = Chain(self)
        expected = {"heat_energy": "heat_kwh_register", "volume": "volume_m3_register"}
        for quantity in expected:
            for meter in ("exact", "multical"):
                chain.wait_for_flat(meter, quantity, 2)
        chain.meters.send("run\n")
        rig.wait_until(lambda: len(chain.rows("exact", "heat_energy")) > 12, WAIT_S, "a third of the year")
        chain.broker.stop()
        stored = chain.gateway.running()
        rig.wait_until(lambda: chain.log.read_text().count("exact") > 100, WAIT_S, "polling without a broker")
        chain.broker.start()
        self.assertTrue(stored and chain.gateway.running(), chain.gateway.err)
        for quantity, column in expected.items():
            chain.wait_for_flat("exact", quantity, 2, Decimal(self.last[column]))
            self.check_sum(chain.rows("exact", quantity), Decimal(self.first[column]), Decimal(self.last[column]))
        self.check_floats(chain)
        self.check_delivery(chain)

    def check_sum(self, rows, first, last):
        """No null, no hole, and the sum is exactly the difference of the first and the last reading."""
        self.assertEqual([row["end"] for row in rows[:-1]], [row["start"] for row in rows[1:]])
        self.assertEqual({row["quality"] for row in rows} - {"measured", "estimated"}, set())
        self.assertEqual(rows[0]["reading_start"], first)
        self.assertEqual(rows[-1]["reading_end"], last)
        self.assertEqual(sum(row["value"] for row in rows), last - first)
        self.assertGreater(sum(1 for row in rows if row["value"] > 0), 20)

    def check_floats(self, chain):
        """The MULTICAL's energy: exactly the difference of the floats it served, each rounded once to mWh."""
        lines = chain.log.read_text().split("\n")[:-1]  # a line being written is not one yet
        served = [json.loads(line) for line in lines]
        readings = [served_mwh(entry["words"]) for entry in served
                    if entry["device"] == "multical" and entry["quantity"] == "heat_energy"]
        last = Decimal(readings[-1]).scaleb(-6)
        chain.wait_for_flat("multical", "heat_energy", 2, last)
        self.check_sum(chain.rows("multical", "heat_energy"), Decimal(readings[0]).scaleb(-6), last)

    def check_delivery(self, chain):
        """Ids of the stream rise without a hole; what came twice is the same."""
        seen = {}
        for message in chain.collector.messages(end="/intervals") + chain.collector.messages(end="/events"):
            for row in message.json["rows"]:
                self.assertEqual(seen.setdefault(row["id"], row), row)
        self.assertEqual(sorted(seen), list(range(1, max(seen) + 1)))


if __name__ == "__main__":
    rig.main()

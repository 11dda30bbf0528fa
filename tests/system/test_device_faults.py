# SPDX-License-Identifier: Apache-2.0
"""test_device_faults.py -- Whatever one device sends, the gateway says it once, counts it by kind, goes on with the
others, takes no wrong answer for a right one, and loses no energy: each fault of a simulated SDM630 on a line with a
healthy one, on a pseudo-terminal and on Modbus TCP."""
import json
import subprocess

import gateway
import rig

WAIT_S = 20
ANSWERS = 2  # spoiled of each kind; at three in a row the meter would count as silent
# fault: what it is counted as (None: the values are no values)
LINE_FAULTS = {
    "silent": "timeout", "late:700": "timeout", "late-other:700": "timeout", "bad-crc": "crc", "short:3": None,
    "wrong-address": "wrong_address", "wrong-function": "wrong_function", "exception:4": "exception",
    "babble:300": None, "nan": None, "ones": None, "inf": None,
}
TCP_FAULTS = {
    "silent": "timeout", "wrong-address": "wrong_address", "wrong-function": "wrong_function", "exception:6": "exception",
    "old-transaction": "wrong_transaction", "close": None, "babble:300": None,
}


class Site:
    """Two simulated SDM630s, `sick` and `well`, with held counters, and the gateway that reads them."""

    def __init__(self, case, tcp):
        lines = ["--tcp", "127.0.0.1:0", "--device", "eastron-sdm630@1,name=sick,values=fixed,active_energy_import=1000.5",
                 "--tcp", "127.0.0.1:0", "--device", "eastron-sdm630@1,name=well,values=fixed,active_energy_import=2000"
                 ] if tcp else [
                     "--pty", "--device", "eastron-sdm630@1,name=sick,values=fixed,active_energy_import=1000.5",
                     "--device", "eastron-sdm630@2,name=well,values=fixed,active_energy_import=2000"]
        self.devices = case.use(rig.Process([rig.program("byport"), "simulate", "--json", "--commands", *lines],
                                            stdin=subprocess.PIPE))
        self.devices.wait_for('"ready":true')
        ready = json.loads(self.devices.out.splitlines()[0])["lines"]
        if tcp:
            buses = [{"id": name, "tcp": f"127.0.0.1:{line['port']}", "response_timeout_max": "500 ms"}
                     for name, line in zip(("sick", "well"), ready)]
            where = {"sick": ("sick", 1), "well": ("well", 1)}
        else:
            buses = [{"id": "line", "port": ready[0]["path"], "parity": "N", "baud": 115200,
                      "response_timeout_max": "500 ms"}]
            where = {"sick": ("line", 1), "well": ("line", 2)}
        self.broker = case.use(rig.Broker())
        self.collector = case.use(rig.Collector(self.broker, "byport/#"))
        self.gateway = case.use(gateway.Gateway(self.broker, buses, [
            gateway.meter(name, bus, address, model="eastron-sdm630", fast="200 ms", slow="200 ms",
                          quantities=["active_energy_import", "active_power"])
            for name, (bus, address) in where.items()]))
        case.assertTrue(self.gateway.process.running(), self.gateway.log)
        self.wait_ok()

    def meter(self, name):
        """What the gateway's status says of a meter."""
        return next(m for m in self.gateway.status()["meters"] if m["id"] == name)

    def requests(self):
        """How often the sick device was asked, by its own count."""
        lines = len(self.devices.out.splitlines())
        self.devices.send("stats\n")
        counted = rig.wait_until(lambda: [line for line in self.devices.out.split("\n")[lines:-1] if '"replies"' in line],
                                 WAIT_S, "statistics")
        return next(device["requests"] for line in json.loads(counted[0])["lines"] for device in line["devices"]
                    if device["name"] == "sick")

    def fault(self, fault):
        self.devices.send(f"fault sick {fault}\n")

    def wait_ok(self):
        rig.wait_until(lambda: self.meter("sick")["state"] == "ok" and self.meter("sick")["last_reading_age_s"] is not None
                       and self.meter("sick")["last_reading_age_s"] < 1, WAIT_S, "sick to be well")


class DeviceFaults(rig.Case):
    def suffer(self, site, fault, kind):
        before = site.meter("sick")
        site.fault(f"{fault}*{ANSWERS}")
        if kind:
            count = before["errors"].get(kind, 0)
            rig.wait_until(lambda: site.meter("sick")["errors"].get(kind, 0) > count, WAIT_S, f"{fault}: a {kind}")
        else:
            asked = site.requests()
            rig.wait_until(lambda: site.requests() > asked + ANSWERS, WAIT_S, f"{fault}: answers spoiled")
        self.assertLess(site.meter("well")["last_reading_age_s"], 2, f"{fault}: the other goes on")
        site.wait_ok()

    def check(self, site, faults):
        for fault, kind in faults.items():
            with self.subTest(fault=fault):
                self.suffer(site, fault, kind)
        site.devices.send("set sick active_energy_import 1500.5\n")
        rig.wait_until(lambda: self.total(site) == 500, 60, "the energy of all that time")
        values = [m.json["values"]["active_energy_import"]["value"] for m in site.collector.messages(end="live/sick")]
        self.assertLessEqual(set(values) - {None}, {1000.5, 1500.5}, "a wrong answer was taken for a right one")
        rows = gateway.intervals_of(site.collector, "sick", "active_energy_import")
        self.assertTrue(all(row["value"] is None or row["value"] >= 0 for row in rows))

    def total(self, site):
        """Energy published so far for the sick meter."""
        rows = gateway.intervals_of(site.collector, "sick", "active_energy_import")
        return sum(row["value"] or 0 for row in rows)

    def test_on_a_line(self):
        site = Site(self, tcp=False)
        self.check(site, LINE_FAULTS)
        self.assertNotIn("no answer from meter", site.gateway.log)  # two in a row are nothing to tell people
        site.fault("silent")
        site.gateway.process.wait_for("no answer from meter sick", WAIT_S)
        site.fault("none")
        site.gateway.process.wait_for("meter sick (unit 1 on line) answers again", WAIT_S)
        self.assertEqual(site.gateway.log.count("no answer from meter sick"), 1)
        self.assertNotIn("meter well (", site.gateway.log)

    def test_on_tcp(self):
        site = Site(self, tcp=True)
        self.check(site, TCP_FAULTS)
        self.assertNotIn("meter well (", site.gateway.log)


if __name__ == "__main__":
    rig.main()

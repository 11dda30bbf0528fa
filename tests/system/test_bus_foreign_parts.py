# SPDX-License-Identifier: Apache-2.0
"""test_bus_foreign_parts.py -- Parts that are not ours at the other end of the wire: the daemon polls a pymodbus
server that holds an SDM630's registers, and mbpoll reads our simulator. What each says, the other must have held."""
import json
import re
import struct
import subprocess
import sys
import threading
import types

import gateway
import rig

try:
    import serial_asyncio
except ImportError:
    # pymodbus.server imports it for its serial server, which is not used here; Debian only recommends it.
    serial_asyncio = sys.modules["serial_asyncio"] = types.ModuleType("serial_asyncio")
    serial_asyncio.create_serial_connection = None
try:
    from pymodbus.datastore import ModbusSequentialDataBlock, ModbusServerContext, ModbusSlaveContext
    from pymodbus.server import StartTcpServer
    from pymodbus.transaction import ModbusRtuFramer
except ImportError as error:
    rig.skip(f"python3-pymodbus is not installed: {error}")

ADDRESS = 11
SERIAL_NUMBER = 20471123
# Wire address of the float: value; from the facts, not from our model's file.
SDM630 = {0x00: 230.5, 0x02: 231.25, 0x04: 229.75, 0x06: 5.5, 0x34: 3712.5, 0x46: 50.0, 0x48: 48213.625}
EXPECTED = {"voltage_l1": 230.5, "voltage_l2": 231.25, "voltage_l3": 229.75, "current_l1": 5.5,
            "active_power": 3712.5, "frequency": 50.0, "active_energy_import": 48213.625}


class PymodbusMeter:
    """An SDM630 by pymodbus, behind a serial server that passes RTU frames through TCP."""

    def __init__(self):
        inputs = [0] * 0x200
        for address, value in SDM630.items():
            inputs[address:address + 2] = struct.unpack(">HH", struct.pack(">f", value))
        holding = ModbusSequentialDataBlock(0xFC00, [SERIAL_NUMBER >> 16, SERIAL_NUMBER & 0xFFFF, 112])
        store = ModbusSlaveContext(ir=ModbusSequentialDataBlock(0, inputs), hr=holding, zero_mode=True)
        self.port = rig.free_port()
        threading.Thread(target=StartTcpServer, daemon=True, kwargs={
            "context": ModbusServerContext(slaves={ADDRESS: store}, single=False),
            "framer": ModbusRtuFramer, "address": (rig.LOOPBACK, self.port)}).start()


class ForeignParts(rig.Case):
    def test_the_daemon_polls_a_pymodbus_server(self):
        rig.need("mosquitto", "mosquitto_sub")
        meter = PymodbusMeter()
        broker = self.use(rig.Broker())
        collector = self.use(rig.Collector(broker, "byport/#"))
        bus = {"id": "foreign", "rtu_over_tcp": f"{rig.LOOPBACK}:{meter.port}"}
        self.use(gateway.Gateway(broker, [bus], [
            {"id": "main", "bus": "foreign", "address": ADDRESS, "model": "eastron-sdm630",
             "fast": "2 s", "slow": "2 s", "quantities": sorted(EXPECTED)}]))

        def all_there():
            for message in collector.messages(end="live/main"):
                if {quantity: sample["value"] for quantity, sample in message.json["values"].items()} == EXPECTED:
                    return True
            return False
        rig.wait_until(all_there, what="every value that the pymodbus server holds")
        rig.wait_until(lambda: any(str(SERIAL_NUMBER) in str(message.json)
                                   for message in collector.messages(end="about")), what="the serial number")

    def test_mbpoll_reads_the_simulator(self):
        rig.need("mbpoll")
        simulator = self.use(rig.Process([rig.program("byport"), "simulate", "--model", "eastron-sdm630",
                                          "--address", ADDRESS, "--tcp", f"{rig.LOOPBACK}:0", "--paused", "--json"]))
        rig.wait_until(lambda: simulator.out.count("\n") > 0, what="the simulator's word where it is")
        place = str(json.loads(simulator.out.splitlines()[0])["lines"][0]["port"])
        ours = subprocess.run([rig.program("byport"), "read", "--registers", "4:0:6", "--json", "--tcp",
                               f"{rig.LOOPBACK}:{place}", "--address", str(ADDRESS)],
                              capture_output=True, text=True, timeout=30, check=False)
        self.assertEqual(ours.returncode, 0, ours.stderr)
        words = json.loads(ours.stdout)["words"]
        theirs = subprocess.run([rig.tool("mbpoll"), "-m", "tcp", "-p", place, "-a", str(ADDRESS), "-t", "3:hex",
                                 "-0", "-r", "0", "-c", "6", "-1", rig.LOOPBACK],
                                capture_output=True, text=True, timeout=30, check=False)
        self.assertEqual(theirs.returncode, 0, theirs.stdout + theirs.stderr)
        read = [int(word, 16) for word in re.findall(r"\]:\s+0x([0-9A-Fa-f]{4})", theirs.stdout)]
        self.assertEqual(len(read), 6)
        self.assertEqual(read, words)
        voltage = struct.unpack(">f", struct.pack(">HH", *read[:2]))[0]
        self.assertTrue(180 < voltage < 260, voltage)


if __name__ == "__main__":
    rig.main()

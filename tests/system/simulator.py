# SPDX-License-Identifier: Apache-2.0
"""simulator.py -- `byport simulate` as a part of a system test: started, told commands, stopped; and a Modbus client
written from the specification, so that bytes are judged by something that is not ours."""
import json
import os
import select
import socket
import struct
import subprocess
import termios
import time
import tty

import meters
import rig

SILENT_S = 0.6  # nothing came: nothing comes


class Simulator(rig.Process):
    """Options of the verb; `ready` is what it said of itself."""

    def __init__(self, *options):
        super().__init__([rig.program("byport"), "simulate", "--json", "--commands", *options], stdin=subprocess.PIPE)
        self._answers = 1
        rig.wait_until(lambda: "\n" in self.out or not self.running(), what="the simulator")
        if not self.running():
            raise AssertionError(f"the simulator ended: {self.err}")
        self.ready = json.loads(self.out.split("\n")[0])

    def line(self, index=0):
        return self.ready["lines"][index]

    def path(self, index=0):
        return self.line(index)["path"]

    def port(self, index=0):
        return self.line(index)["port"]

    def tell(self, text):
        """The answer, an object."""
        self._answers += 1
        self.send(text + "\n")
        lines = rig.wait_until(lambda: self._lines(self._answers), what=f"the answer to {text}")
        return json.loads(lines[self._answers - 1])

    def _lines(self, count):
        lines = self.out.split("\n")[:-1]
        return lines if len(lines) >= count else None

    def statistics(self, index=0):
        return self.tell("stats")["lines"][index]


class RtuClient:
    """An RS-485 master on a pseudo-terminal."""

    def __init__(self, path):
        self._fd = os.open(path, os.O_RDWR | os.O_NOCTTY)
        tty.setraw(self._fd, termios.TCSANOW)

    def exchange(self, address, pdu, wait_s=SILENT_S):
        """All that comes back until the line is silent."""
        frame = bytes([address]) + pdu
        os.write(self._fd, frame + meters.crc(frame))
        return self.receive(wait_s)

    def receive(self, wait_s=SILENT_S):
        came, end = b"", time.monotonic() + wait_s
        while True:
            ready, _, _ = select.select([self._fd], [], [], max(0, end - time.monotonic()))
            if not ready:
                return came
            data = os.read(self._fd, 4096)
            if not data:
                raise OSError("the port is gone")
            came += data
            end = time.monotonic() + 0.15

    def close(self):
        os.close(self._fd)


class TcpClient:
    """A Modbus TCP client; transaction ids count from 100."""

    def __init__(self, port):
        self._socket = socket.create_connection(("127.0.0.1", port), 5)
        self._transaction = 99

    def exchange(self, address, pdu, wait_s=SILENT_S):
        self._transaction += 1
        self._socket.sendall(struct.pack(">HHHB", self._transaction, 0, len(pdu) + 1, address) + pdu)
        return self.receive(wait_s)

    def receive(self, wait_s=SILENT_S):
        """All that came; None: hung up."""
        came, end = b"", time.monotonic() + wait_s
        while True:
            ready, _, _ = select.select([self._socket], [], [], max(0, end - time.monotonic()))
            if not ready:
                return came
            try:
                data = self._socket.recv(4096)
            except ConnectionError:
                data = b""
            if not data:
                return came or None
            came += data
            end = time.monotonic() + 0.15

    def close(self):
        self._socket.close()


def read(function, first, count):
    """The PDU that asks."""
    return struct.pack(">BHH", function, first, count)


def rtu(address, pdu):
    frame = bytes([address]) + pdu
    return frame + meters.crc(frame)

# SPDX-License-Identifier: Apache-2.0
"""meters.py -- Meters for system tests, written from the Modbus specifications and not with our own code: registers
of the model tests/system/models/test-wh64.yaml behind Modbus TCP or an RS-485 line on a pseudo-terminal.

They count by the monotonic clock, so that what a reading should be is known at any instant, and can be mute, refuse,
or be cut off while the test runs."""
import os
import pathlib
import select
import socket
import struct
import tempfile
import threading
import time
import tty

MODELS = pathlib.Path(__file__).resolve().parent / "models"


def crc(data):
    """Modbus over Serial Line 1.02, section 6.2.2."""
    value = 0xFFFF
    for byte in data:
        value ^= byte
        for _ in range(8):
            value = value >> 1 ^ 0xA001 if value & 1 else value >> 1
    return struct.pack("<H", value)


class Meter:
    """One device: energy climbs at power_w, times `speed`; Wh at 0, mL at 4, serial number at 100."""

    def __init__(self, energy_wh=5_000_000, power_w=3_600_000, serial=4711):
        self.start_wh, self.power_w, self.serial = energy_wh, power_w, serial
        self.began = time.monotonic()
        self.mute = False
        self.exception = None
        self.twin = None  # another device on the same address: "after" it answers too, or "over" it
        self.requests = 0

    def energy_wh(self):
        return self.start_wh + int((time.monotonic() - self.began) * self.power_w / 3600)

    def registers(self):
        energy = self.energy_wh()
        words = {0: energy >> 48, 1: energy >> 32, 2: energy >> 16, 3: energy}
        volume = energy * 20
        words |= {4: volume >> 48, 5: volume >> 32, 6: volume >> 16, 7: volume}
        words |= {100: self.serial >> 16, 101: self.serial}
        return {address: word & 0xFFFF for address, word in words.items()}

    def answer(self, pdu):
        """The PDU that answers one; None: nothing."""
        self.requests += 1
        if self.mute:
            return None
        function = pdu[0]
        if self.exception:
            return bytes([function | 0x80, self.exception])
        if function not in (3, 4) or len(pdu) != 5:
            return bytes([function | 0x80, 1])
        first, count = struct.unpack(">HH", pdu[1:])
        words = self.registers()
        if any(address not in words for address in range(first, first + count)):
            return bytes([function | 0x80, 2])
        payload = struct.pack(f">{count}H", *(words[a] for a in range(first, first + count)))
        return bytes([function, len(payload)]) + payload


class _Served:
    """A thread that serves until close()."""

    def __init__(self):
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def close(self):
        self._ending.set()
        self._thread.join(5)


class TcpMeters(_Served):
    """Meters by unit id behind one Modbus TCP port of the kernel's choice."""

    def __init__(self, meters, address=("127.0.0.1", 0)):
        self.meters = meters
        self.connections = 0
        self._listener = socket.create_server(address)
        self.port = self._listener.getsockname()[1]
        self._clients = {}
        super().__init__()

    def _serve(self):
        while not self._ending.is_set():
            ready, _, _ = select.select([self._listener, *self._clients], [], [], 0.05)
            for one in ready:
                if one is self._listener:
                    self._clients[one.accept()[0]] = b""
                    self.connections += 1
                else:
                    self._read(one)
        for client in [self._listener, *self._clients]:
            client.close()

    def _read(self, client):
        try:
            data = client.recv(1024)
        except OSError:
            data = b""
        if not data:
            del self._clients[client]
            client.close()
            return
        self._clients[client] += data
        while len(self._clients[client]) >= 6:
            held = self._clients[client]
            length = struct.unpack(">H", held[4:6])[0]
            if len(held) < 6 + length:
                return
            self._clients[client] = held[6 + length:]
            meter = self.meters.get(held[6])
            pdu = meter.answer(held[7:6 + length]) if meter else None
            if pdu:
                self._send(client, held[:4] + struct.pack(">HB", len(pdu) + 1, held[6]) + pdu)

    @staticmethod
    def _send(client, answer):
        """Who asked may be gone; reading will tell."""
        try:
            client.sendall(answer)
        except OSError:
            pass


class Line(_Served):
    """Meters by address on an RS-485 line: a pseudo-terminal behind a link that can vanish; `path` names it."""

    def __init__(self, meters, path=None):
        self.meters = meters
        self._folder = None if path else tempfile.TemporaryDirectory(prefix="byport-line-")
        self.path = path or os.path.join(self._folder.name, "ttyTEST")
        self._master = self._slave = None
        self.plug()
        super().__init__()

    def plug(self):
        master, slave = os.openpty()
        tty.setraw(slave)
        os.symlink(os.ttyname(slave), self.path)
        self._master, self._slave = master, slave

    def unplug(self):
        """As an adapter pulled out: the name is gone, and reads fail."""
        os.unlink(self.path)
        master, slave, self._master = self._master, self._slave, None
        os.close(slave)
        os.close(master)

    def _serve(self):
        held, last = b"", 0.0
        while not self._ending.is_set():
            master = self._master
            if master is None:
                time.sleep(0.01)
                continue
            try:
                ready, _, _ = select.select([master], [], [], 0.02)
                data = os.read(master, 256) if ready else b""
            except (OSError, ValueError):
                held = b""
                continue
            if data and time.monotonic() - last > 0.1:
                held = b""
            held, last = held + data, time.monotonic() if data else last
            if len(held) >= 8:
                self._answer(master, held[:8])
                held = b""

    def _answer(self, master, frame):
        meter = self.meters.get(frame[0])
        if meter is None or crc(frame[:-2]) != frame[-2:]:
            return
        pdu = meter.answer(frame[1:-2])
        if pdu:
            reply = frame[:1] + pdu
            reply += crc(reply)
            if meter.twin:
                other = bytes([frame[0], frame[1] | 0x80, 2])
                other += crc(other)
                # bits that meet are 0 where either sends one
                reply = reply + other if meter.twin == "after" else bytes(map(int.__and__, reply, other)) + reply[len(other):]
            try:
                os.write(master, reply)
            except OSError:
                pass

    def close(self):
        super().close()
        if self._master is not None:
            self.unplug()
        if self._folder:
            self._folder.cleanup()

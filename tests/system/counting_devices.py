# SPDX-License-Identifier: Apache-2.0
"""counting_devices.py -- Devices as a process of their own, to be killed, stopped and cut off: two heat meters behind a
Modbus TCP port, one on an RS-485 line.

    counting_devices.py FOLDER PORT ADDRESS FROM_S

What their registers show is a function of the monotonic clock, which all processes share: the judge knows it for every
instant, and a device that was dead has counted on, as real ones do. They stand still before FROM_S (seconds of that
clock) and after the instant in FOLDER/until, which may be written while they run. The line is FOLDER/line; the instant
of each answer with the counters is a line of FOLDER/<meter>.answers."""
import math
import os
import pathlib
import signal
import sys
import time

import meters

VOLUME_ML = 20  # of a Wh, in meters.Meter
# meter: (bus, address there, reading at first in Wh, mean Wh a second)
PLAN = {
    "kitchen": ("net", 1, 5_000_000, 1_000),
    "gym": ("net", 2, 0, 37),
    "hall": ("cellar", 7, 123_456_789_000, 9_001),  # fifteen digits in kWh
}


def until_s(folder):
    """When the counters stop; inf: nobody has said so."""
    try:
        return float((folder / "until").read_text())
    except FileNotFoundError:
        return math.inf


def reading_wh(meter, at_s, span_s):
    """What the register of a meter shows at an instant of the monotonic clock. It climbs by waves: what is read off a
    straight line between two readings is not what it showed there. span_s: between which instants it counts."""
    _, address, first_wh, rate = PLAN[meter]
    passed_s = min(max(at_s, span_s[0]), span_s[1]) - span_s[0]
    waves = math.sin(passed_s / 3 + address) - math.sin(address)
    return first_wh + int(rate * (passed_s + 2.7 * waves))  # the slope is never below a tenth of the rate


class Device(meters.Meter):
    """One of PLAN, which writes down when it answered."""

    def __init__(self, meter, from_s, folder):
        super().__init__(serial=4711 + PLAN[meter][1])
        self._meter, self._from_s, self._folder = meter, from_s, folder
        self._answers = os.open(folder / f"{meter}.answers", os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)

    def energy_wh(self):
        return reading_wh(self._meter, time.monotonic(), (self._from_s, until_s(self._folder)))

    def answer(self, pdu):
        reply = super().answer(pdu)
        if reply and len(reply) > 8:  # the counters, not the serial number or an exception
            os.write(self._answers, f"{time.monotonic():.3f}\n".encode())
        return reply


def main():
    folder, port, address = pathlib.Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
    from_s = float(sys.argv[4])
    on = {bus: {PLAN[meter][1]: Device(meter, from_s, folder) for meter in PLAN if PLAN[meter][0] == bus}
          for bus in ("net", "cellar")}
    line = folder / "line"
    line.unlink(missing_ok=True)  # of one that was killed
    served = [meters.TcpMeters(on["net"], (address, port)), meters.Line(on["cellar"], line)]
    print("devices answer", flush=True)
    signal.pause()
    del served


if __name__ == "__main__":
    main()

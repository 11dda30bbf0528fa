# SPDX-License-Identifier: Apache-2.0
"""four_way_scene.py -- Devices, gateway, broker and archive as real processes, and what may happen to each of them:
killed, stopped for a while, ended and started, cut off, its memory lost."""
import collections
import contextlib
import pathlib
import signal
import sqlite3
import sys
import time

import archive
import cables
import counting_devices
import gateway
import rig

FIELD, UPLINK, CITY = 1, 2, 3  # cables: gateway to devices, gateway to broker, archive to broker
STILL_S = 5  # the counters stand at first, so that the first interval begins with a reading that is known
FIRST_ROWS = "SELECT count(DISTINCT series) FROM intervals WHERE energy IS NOT NULL"
AUTOSAVE_S = 5  # of the broker: killed, it has forgotten that much
END_AHEAD_S = 0.5
END_S = 20  # for a process that is told to end

Place = collections.namedtuple("Place", "host port address")


def _place(host, port):
    return Place(host, port, f"{host}:{port}")


class Devices:
    """counting_devices.py as a process."""

    def __init__(self, folder, listens, from_s):
        self.folder, self.port, self.from_s = folder, rig.free_port(), from_s
        self._listens = listens
        self.process = None
        self.launch()
        self.process.wait_for("devices answer")

    def launch(self):
        if self.process:
            self.process.close()
        self.process = rig.Process([sys.executable, "-B", counting_devices.__file__, self.folder, self.port,
                                    self._listens, self.from_s])

    def let_counters_end(self):
        """They stand soon, for good."""
        said = self.folder / "until.new"
        said.write_text(str(time.monotonic() + END_AHEAD_S))
        said.rename(self.folder / "until")

    def reading_wh(self, meter, mono_s):
        """What its register truly shows at an instant."""
        return counting_devices.reading_wh(meter, mono_s, (self.from_s, counting_devices.until_s(self.folder)))

    def answers(self, meter):
        """Instants of the monotonic clock, in seconds, at which its counters were told."""
        return [float(line) for line in (self.folder / f"{meter}.answers").read_text().split()]

    def close(self):
        self.process.close()


class Broker(rig.Broker):
    """Started and killed as the others are."""

    @property
    def process(self):
        return self._process

    launch = rig.Broker.start


class Scene:
    """All four, at work. no_networks: why none of them can be cut off; "": they can."""

    def __init__(self, use, no_networks):
        self.networks = not no_networks
        self.folder = use(rig.Folder()).path
        listens = "0.0.0.0" if self.networks else rig.LOOPBACK
        self.board = use(cables.Elsewhere([FIELD, UPLINK])) if self.networks else None
        self.hall = use(cables.Elsewhere([CITY])) if self.networks else None
        self.wall_less_mono_s = time.time() - time.monotonic()
        self.devices = use(Devices(self.folder, listens, time.monotonic() + STILL_S))
        self.broker = use(Broker(persistence=True, listens=listens, extra=f"autosave_interval {AUTOSAVE_S}"))
        self.base = use(archive.Sqlite())
        self.backup = pathlib.Path(self.base.where + ".backup")
        self.archive = use(archive.Archive(self._broker_from(CITY), self.base, start=False))
        self.gateway = use(self._gateway())
        if self.networks:
            self.archive.within, self.gateway.within = self.hall.within, self.board.within
        self.archive.start()
        self.gateway.start()
        series = 2 * len(counting_devices.PLAN)
        rig.wait_until(lambda: self.archive.number(FIRST_ROWS) == series, 60, "a first row of each at the archive")
        self.back_up()

    def _host(self, cable):
        return cables.near(cable) if self.networks else rig.LOOPBACK

    def _broker_from(self, cable):
        return _place(self._host(cable), self.broker.port)

    def _gateway(self):
        buses = [{"id": "net", "tcp": f"{self._host(FIELD)}:{self.devices.port}"},
                 {"id": "cellar", "port": str(self.folder / "line"), "parity": "N", "response_timeout_max": "500 ms"}]
        metered = [gateway.meter(name, bus, address)
                   for name, (bus, address, _, _) in counting_devices.PLAN.items()]
        return gateway.Gateway(self._broker_from(UPLINK), buses, metered, start=False)

    def part(self, name):
        """devices, gateway, broker or archive: what has process and launch()."""
        return getattr(self, name)

    # ---- what may happen ----

    def kill(self, name):
        self._unplug(name)
        self.part(name).process.kill()

    def launch(self, name):
        self.part(name).launch()

    def terminate(self, name):
        self._unplug(name)
        self.part(name).process.terminate(END_S)

    def stop(self, name):
        self.part(name).process.signal(signal.SIGSTOP)

    def go_on(self, name):
        self.part(name).process.signal(signal.SIGCONT)

    def _unplug(self, name):
        """A pseudo-terminal's number may soon be another test's; the name must not lead there."""
        if name == "devices":
            (self.folder / "line").unlink(missing_ok=True)

    def delete_store(self, name):
        """The gateway's board is dead; another takes its place."""
        self.kill(name)
        for file in self.gateway.data.glob("store.db*"):
            file.unlink()

    def back_up(self, name="archive"):
        del name
        self.backup.unlink(missing_ok=True)
        with contextlib.closing(sqlite3.connect(self.base.where, timeout=10)) as now:
            with contextlib.closing(sqlite3.connect(self.backup)) as then:
                now.backup(then)

    def restore(self, name):
        """The archive knows what it knew at the last back_up()."""
        self.kill(name)
        for suffix in ("-wal", "-shm"):
            pathlib.Path(self.base.where + suffix).unlink(missing_ok=True)
        pathlib.Path(self.base.where).write_bytes(self.backup.read_bytes())

    def pull(self, cable):
        cables.Elsewhere.pull(cable)

    def plug(self, cable):
        cables.Elsewhere.plug(cable)

    def start_all_again(self):
        """So that nobody waits for long before he tries again."""
        for name in ("broker", "devices", "archive", "gateway"):
            self.kill(name)
            self.launch(name)

    def mono_s(self, wall_ms):
        return wall_ms / 1000 - self.wall_less_mono_s

# SPDX-License-Identifier: Apache-2.0
"""failing.py -- System calls that fail: a run of gateway and archive in which one kind of call of one of the two fails
from one call on, and what must be true of it afterwards (tests/preload/failing_calls.c)."""
import collections
import contextlib
import errno
import mmap
import os
import struct
import time

import archive
import four_way_judge as judges
import gateway
import meters
import rig

KINDS = ("open", "socket", "events", "write", "sync", "names", "thread")  # enum kind
HEAD = "<4q"
SIZE = struct.calcsize(HEAD) + 8 * len(KINDS)

# What each kind of call fails with where a disk is full, broken or read-only, or descriptors are used up.
ERRORS = {"open": (errno.EMFILE, errno.ENFILE, errno.EIO, errno.EROFS), "socket": (errno.EMFILE, errno.ENFILE),
          "events": (errno.EMFILE, errno.ENFILE), "write": (errno.ENOSPC, errno.EIO), "sync": (errno.EIO, errno.ENOSPC),
          "names": (errno.EROFS, errno.EIO), "thread": (errno.EAGAIN,)}
VICTIMS = ("gateway", "archive")
ONCE, AGAIN_AND_AGAIN = 1, 25  # calls that fail, one after the other
SERIES = 4  # two counters of each of two meters
ROWS_S = 25  # until rows go on
END_S = 20

Fault = collections.namedtuple("Fault", "victim kind error at times")  # times 0: nothing fails


def words(fault):
    return (f"{fault.victim}: {errno.errorcode[fault.error]} at {fault.kind} {fault.at}"
            f"{'' if fault.times == 1 else f' and the {fault.times - 1} after it'}")


class Calls:
    """The file that the preloaded library looks at."""

    def __init__(self, path, fault):
        path.write_bytes(struct.pack(HEAD, KINDS.index(fault.kind), fault.error, fault.at, fault.times)
                         + bytes(8 * len(KINDS)))
        self.path = path
        self.environment = {"LD_PRELOAD": rig.program("failing_calls.so"), "FAILING_CALLS": str(path),
                            "ASAN_OPTIONS": "verify_asan_link_order=0"}

    def counts(self):
        with open(self.path, "rb") as file, mmap.mmap(file.fileno(), SIZE, prot=mmap.PROT_READ) as shared:
            return dict(zip(KINDS, struct.unpack_from(f"<{len(KINDS)}q", shared, struct.calcsize(HEAD))))


class Run:
    """Two meters, broker, gateway and archive; one of the two has the fault from its start on."""

    def __init__(self, fault):
        self.fault = fault
        self.hurt = fault.victim  # who is started with the fault
        self.wrong = []
        self._stack = contextlib.ExitStack()
        self.folder = self._use(rig.Folder()).path
        tcp = self._use(meters.TcpMeters({1: meters.Meter(serial=1)}))
        line = self._use(meters.Line({2: meters.Meter(energy_wh=7_000, serial=2)}))
        broker = self._use(rig.Broker(persistence=True))
        self.archive = self._use(archive.Archive(broker, archive.Sqlite(), start=False))
        self._use(self.archive.base)
        self.gateway = self._use(gateway.Gateway(
            broker, [gateway.bus_tcp("net", tcp), gateway.bus_line("cellar", line)],
            [gateway.meter("kitchen", "net", 1), gateway.meter("hall", "cellar", 2)], start=False))
        self.calls = Calls(self.folder / "calls", fault)

    def _use(self, part):
        self._stack.callback(part.close)
        return part

    def close(self):
        self._stack.close()

    def _rows(self):
        """Of the series that has fewest."""
        counts = self.archive.rows("SELECT count(*) FROM intervals WHERE energy IS NOT NULL GROUP BY series")
        return min(number for number, in counts) if len(counts) == SERIES else 0

    def _launch(self, name):
        part = getattr(self, name)
        part.launch(self.calls.environment if name == self.hurt else None)
        return part

    def _until(self, seen, timeout_s, victim):
        """True when it was seen; False when the victim has ended, or the time is over."""
        end = time.monotonic() + timeout_s
        while time.monotonic() < end:
            if seen():
                return True
            if not victim.process.running():
                return False
            time.sleep(0.1)
        return False

    def _judge_end(self, victim, status):
        text = victim.process.err
        if status < 0 or "Sanitizer" in text or "runtime error" in text:
            self.wrong.append(f"it crashed ({status}):\n{text[-2000:]}")
        elif status not in (0, 1, 3, 78):
            self.wrong.append(f"exit status {status}:\n{text[-500:]}")
        elif status != 0 and not text.strip():
            self.wrong.append(f"exit status {status} and not a word")

    def _with_fault(self):
        """The script: start, rows, reload, rows, stop."""
        victim = getattr(self, self.fault.victim)
        for name in VICTIMS:
            self._launch(name)
        if self._until(lambda: self._rows() >= 1, ROWS_S, victim):
            if victim is self.gateway:
                self.gateway.verb("reload")
            before = self._rows()
            self._until(lambda: self._rows() >= before + 1, ROWS_S, victim)
        for name in VICTIMS:
            part = getattr(self, name)
            self._judge_end(part, part.process.terminate(END_S))

    def _without_fault(self):
        """All goes on as if nothing had been; what is on the disk is true."""
        self.hurt = None
        before = self._rows()
        for name in VICTIMS:
            self._launch(name)
        if not self._until(lambda: self._rows() >= before + 1, ROWS_S, self.gateway):
            self.wrong.append(f"it does not go on:\n{self.gateway.log[-1500:]}\n{self.archive.log[-1500:]}")
        self._until(self._all_there, ROWS_S, self.gateway)
        self.gateway.process.terminate(END_S)
        self._compare()

    def _stored(self):
        identity = self.gateway.ask("SELECT id FROM identity")[0][0]
        delivered = self.gateway.ask("SELECT delivered FROM stream WHERE name = 'energy'")[0][0]
        made = {row[0]: row[1:] for row in self.gateway.ask(archive.STORE_ROWS) if row[0] <= delivered}
        return made, {row[0]: row[1:] for row in self.archive.rows(archive.ARCHIVE_ROWS.format(store=identity))}

    def _all_there(self):
        made, kept = self._stored()
        return made and all(kept.get(number) == row for number, row in made.items())

    def _compare(self):
        made, kept = self._stored()
        lost = [number for number in made if kept.get(number) != made[number]]
        if lost or not made:
            self.wrong.append(f"rows that the gateway says are delivered are not there or are others: {lost[:5]} of {len(made)}")
        for meter in ("kitchen", "hall"):
            self._chain(meter)
        put_aside = self.archive.rows("SELECT kind, reason FROM quarantine")
        if put_aside:
            self.wrong.append(f"put aside: {put_aside[:3]}")

    def _chain(self, meter):
        """Each interval is what its readings say, and begins where the one before ended."""
        rows = judges.newest(self).get((meter, "heat_energy"), [])
        for before, after in zip(rows, rows[1:]):
            if before.end != after.start or before.reading_end != after.reading_start:
                self.wrong.append(f"{meter}: {before} and {after} do not follow on from each other")
        untrue = [row for row in rows if row.energy is None or row.energy != row.reading_end - row.reading_start]
        if untrue or not rows:
            self.wrong.append(f"{meter}: {len(rows)} intervals; not what their readings say: {untrue[:3]}")

    def judge(self):
        """Sentences: what is not as it must be."""
        self._with_fault()
        if self.fault.times:
            self._without_fault()
        return self.wrong


def calls_of(victim):
    """How often each kind is called in a run in which nothing fails."""
    wrong, counts = run(Fault(victim, KINDS[0], 0, 0, 0))
    assert not wrong, wrong
    return counts


def run(fault):
    """(what is wrong, how often each kind was called)."""
    scene = Run(fault)
    try:
        return scene.judge(), scene.calls.counts()
    finally:
        scene.close()

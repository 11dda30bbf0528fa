# SPDX-License-Identifier: Apache-2.0
"""four_way_judge.py -- What the archive holds at the end against what the devices' registers truly showed.

It trusts neither gateway nor archive with anything: what is newest it works out itself from all revisions, what was
measured it judges by the instants at which the devices answered."""
import bisect
import collections
import math
import time

import archive
import counting_devices
import rig

STEPS_A_WH = {"heat_energy": 1000, "volume": counting_devices.VOLUME_ML}  # mWh, mL
GAP_LIMIT_S = 2  # gateway.CONFIG: between the readings around a boundary of what is called measured
SLACK_S = 0.5  # an answer's way, and clocks read at two places
TELL_MAX = 10

ROWS = """SELECT series.meter, series.quantity, start_ms, end_ms, store.generation, revision, energy, quality,
 reading_start, reading_end FROM intervals
 JOIN series ON series.gateway = intervals.gateway AND series.series = intervals.series
 JOIN store ON store.gateway = intervals.gateway AND store.store = intervals.store
 ORDER BY start_ms, generation, revision"""
Row = collections.namedtuple("Row", "start end energy quality reading_start reading_end")


def newest(scene):
    """{(meter, quantity): newest rows in time order}: of a key the largest (generation, revision)."""
    found = collections.defaultdict(dict)
    for meter, quantity, start, end, _, _, *rest in scene.archive.rows(ROWS):
        found[(meter, quantity)][(start, end)] = Row(start, end, *rest)
    return {series: [rows[key] for key in sorted(rows)] for series, rows in found.items()}


class Judge:
    """Faults are sentences in `faults`; figures in `figures`."""

    def __init__(self, scene):
        self.scene = scene
        self.faults = []
        self.figures = collections.Counter()
        self._answers = {}

    def fault(self, sentence):
        self.faults.append(sentence)

    def _true_steps(self, series, mono_s):
        meter, quantity = series
        return self.scene.devices.reading_wh(meter, mono_s) * STEPS_A_WH[quantity]

    def _true_total(self, series):
        return self._true_steps(series, math.inf) - self._true_steps(series, 0)

    # ---- when is it time ----

    def why_not_yet(self):
        """What is still on its way; "": all has arrived."""
        rows = newest(self.scene)
        for series in self.all_series():
            steps = self._true_steps(series, math.inf)
            if not rows.get(series):
                return f"{series}: nothing"
            if rows[series][-1].reading_end != steps:
                return f"{series}: its last reading is {rows[series][-1].reading_end}, and not {steps}"
            holes = [row for row in rows[series] if row.energy is None]
            if holes:
                return f"{series}: {len(holes)} intervals without a value"
            if any(a.end < b.start for a, b in zip(rows[series], rows[series][1:])):
                return f"{series}: intervals lack"
        holes = self.scene.archive.rows(f"SELECT * FROM missing WHERE store = '{self.identity()}'")
        return f"rows are missing: {holes[:3]}" if holes else ""

    def identity(self):
        """Of the gateway's store."""
        return self.scene.gateway.ask("SELECT id FROM identity")[0][0]

    @staticmethod
    def all_series():
        return [(meter, quantity) for meter in counting_devices.PLAN for quantity in STEPS_A_WH]

    # ---- the judgement ----

    def judge(self):
        """After the gateway has ended and all it sent has been taken."""
        by_series = newest(self.scene)
        self._answers = {meter: self.scene.devices.answers(meter) for meter in counting_devices.PLAN}
        for series in self.all_series():
            self._series(series, by_series.get(series, []))
        self._same_rows()
        put_aside = self.scene.archive.rows("SELECT kind, reason FROM quarantine")
        if put_aside:
            self.fault(f"put aside at the archive: {put_aside[:3]}")
        return self

    def _series(self, series, rows):
        name = " ".join(series)
        if not rows:
            self.fault(f"{name}: no rows")
            return
        for before, after in zip(rows, rows[1:]):
            if before.end > after.start:
                self.figures["counted twice"] += 1
                self.fault(f"{name}: [{before.start}, {before.end}) and [{after.start}, {after.end}) overlap")
            if before.end < after.start:
                self.figures["lost"] += (after.start - before.end) // (after.end - after.start)
                self.fault(f"{name}: nothing from {before.end} to {after.start}")
            if before.reading_end != after.reading_start:
                self.fault(f"{name}: at {before.end} {before.reading_end} is not {after.reading_start}")
        for row in rows:
            self._row(series, row)
        total = sum(row.energy or 0 for row in rows)
        self.figures["steps off"] += abs(total - self._true_total(series))
        if total != self._true_total(series):
            self.fault(f"{name}: the archive has {total} steps, the device counted {self._true_total(series)}")
        shown = self.scene.archive.number(f"SELECT sum(steps) FROM energy WHERE meter = '{series[0]}'"
                                          f" AND quantity = '{series[1]}'")
        if shown != total:
            self.fault(f"{name}: the view `energy` adds up to {shown}, its rows to {total}")

    def _row(self, series, row):
        name = f"{' '.join(series)} [{row.start}, {row.end})"
        self.figures["intervals"] += 1
        self.figures[row.quality] += 1
        if row.energy is None:
            self.figures["lost"] += 1
            self.fault(f"{name}: {row.quality}, without a value")
        elif row.energy != row.reading_end - row.reading_start or row.energy < 0:
            self.fault(f"{name}: {row.energy} is not what its readings say")
        if row.quality == "measured":
            for wall_ms, reading in ((row.start, row.reading_start), (row.end, row.reading_end)):
                self._measured(series, name, (self.scene.mono_s(wall_ms), reading))

    def _measured(self, series, name, boundary):
        """Between two readings as close as is said, and what the register showed then."""
        at_s, reading = boundary
        reach = GAP_LIMIT_S + SLACK_S
        # an answer that left just before the boundary may have arrived just after it
        gap_s = min(self._silence_s(series[0], at_s + shift_s) for shift_s in (-SLACK_S, 0, SLACK_S))
        if gap_s > reach:
            self.fault(f"{name}: called measured, but the device was silent for {gap_s:.1f} s around {at_s:.1f}")
        least, most = self._true_steps(series, at_s - reach), self._true_steps(series, at_s + reach)
        if not least <= reading <= most:
            self.fault(f"{name}: called measured with {reading} at a boundary, truly between {least} and {most}")

    def _silence_s(self, meter, at_s):
        """How long the device gave no answer around an instant."""
        answers = self._answers[meter]
        after = bisect.bisect_left(answers, at_s)
        return answers[after] - answers[after - 1] if 0 < after < len(answers) else math.inf

    def _same_rows(self):
        """Every row of the gateway's store is there as it is here, and no other under its id."""
        made = dict(self._by_id(self.scene.gateway.ask(archive.STORE_ROWS)))
        kept = dict(self._by_id(self.scene.archive.rows(archive.ARCHIVE_ROWS.format(store=self.identity()))))
        delivered = self.scene.gateway.ask("SELECT delivered FROM stream WHERE name = 'energy'")[0][0]
        self.figures["rows of the store"] = len(made)
        lost = [number for number in made if number <= delivered and number not in kept]
        self.figures["lost"] += len(lost)
        if lost:
            self.fault(f"{len(lost)} rows of the store are not at the archive: {lost[:5]} ...")
        other = [number for number in kept if kept[number] != made.get(number)]
        if other:
            self.fault(f"{len(other)} rows of the archive are not as the store has them: {other[:5]} ...")

    @staticmethod
    def _by_id(rows):
        return ((row[0], row[1:]) for row in rows)

    def report(self):
        figures = ", ".join(f"{name} {number}" for name, number in sorted(self.figures.items()))
        return "\n".join([figures, *self.faults[:TELL_MAX],
                          *([f"... and {len(self.faults) - TELL_MAX} more"] if len(self.faults) > TELL_MAX else [])])


def at_the_end(scene, timeout_s):
    """A Judge who has judged, when all has arrived or the time is over. The counters must have been told to end."""
    judge, why = Judge(scene), ["nothing"]
    def arrived():
        why[0] = judge.why_not_yet()
        return why[0] == ""
    began = time.monotonic()
    try:
        rig.wait_until(arrived, timeout_s, "the last rows", every_s=0.5)
    except AssertionError:
        judge.fault(f"after {timeout_s} s still not all had arrived: {why[0]}")
    judge.figures["seconds until all had arrived"] = round(time.monotonic() - began)
    scene.terminate("gateway")
    return judge.judge()

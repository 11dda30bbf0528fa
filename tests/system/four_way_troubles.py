# SPDX-License-Identifier: Apache-2.0
"""four_way_troubles.py -- What befalls devices, gateway, broker, archive and the cables between them, at random from a
seed: the plan is made beforehand, so that the same seed is the same plan."""
import collections
import heapq
import random
import time

import four_way_scene as scenes

FIRST_S = 2  # the first trouble begins by then
QUIET_S = (0.2, 4)  # between two troubles of one part
SHORT_S, LONG_S, LONG_SHARE = 1.5, 9, 0.4  # how long one lasts: at most; this share may be long

Kind = collections.namedtuple("Kind", "begin end")
# begin and end: methods of Scene. What stands twice comes twice as often.
KINDS = {
    "killed": Kind("kill", "launch"),
    "stopped": Kind("stop", "go_on"),
    "restarted": Kind("terminate", "launch"),
    "another board": Kind("delete_store", "launch"),
    "backed up": Kind("back_up", None),
    "restored": Kind("restore", "launch"),
    "pulled": Kind("pull", "plug"),
}
LANES = {
    "devices": ("killed", "stopped", "restarted"),
    "gateway": ("killed", "killed", "stopped", "restarted", "another board"),
    "broker": ("killed", "stopped", "restarted"),
    "archive": ("killed", "stopped", "restarted", "backed up", "restored"),
    scenes.FIELD: ("pulled",),
    scenes.UPLINK: ("pulled",),
    scenes.CITY: ("pulled",),
}
CABLES = {scenes.FIELD: "cable to the devices", scenes.UPLINK: "cable to the broker", scenes.CITY: "archive's cable"}

Trouble = collections.namedtuple("Trouble", "at_s lasts_s lane kind")


def _lane(lane, chance, seconds):
    """Troubles of one part, one after the other."""
    at_s = chance.uniform(0, FIRST_S)
    while True:
        kind = chance.choice(LANES[lane])
        lasts_s = chance.uniform(0, LONG_S if chance.random() < LONG_SHARE else SHORT_S)
        if at_s + lasts_s > seconds:
            return
        yield Trouble(at_s, lasts_s, lane, kind)
        at_s += lasts_s + chance.uniform(*QUIET_S)


def plan(seed, seconds):
    """Everything that will happen within so many seconds."""
    return sorted(trouble for lane in LANES for trouble in _lane(lane, random.Random(f"{seed} {lane}"), seconds))


def cause(scene, troubles, tell):
    """Begin and end each in its time. tell(sentence): what is happening. Returns {what: how often}."""
    began = time.monotonic()
    count = collections.Counter()
    steps = []  # (when, number, lane, method, sentence)
    for number, trouble in enumerate(troubles):
        if trouble.lane in CABLES and not scene.networks:
            continue
        who = CABLES.get(trouble.lane, trouble.lane)
        begin, end = KINDS[trouble.kind]
        count[f"{who} {trouble.kind}"] += 1
        steps.append((trouble.at_s, number, trouble.lane, begin, f"{who} {trouble.kind} for {trouble.lasts_s:.1f} s"))
        if end:
            steps.append((trouble.at_s + trouble.lasts_s, number, trouble.lane, end, f"{who} back"))
    heapq.heapify(steps)
    while steps:
        at_s, _, lane, method, sentence = heapq.heappop(steps)
        time.sleep(max(0, began + at_s - time.monotonic()))  # the instant is what is random, nothing is waited for
        tell(f"{time.monotonic() - began:7.1f} s  {sentence}")
        getattr(scene, method)(lane)
    return count


def kill_again_and_again(scene, names, times, chance):
    """SIGKILL, each of them so many times in any order, at any instant of its work, its start and its coming back
    included; started again at once. Yields the number of kills so far after each."""
    order = [name for name in names for _ in range(times)]
    chance.shuffle(order)
    for number, name in enumerate(order, 1):
        wait_s = chance.choice((chance.uniform(0, 0.3), chance.uniform(0.2, 2)))
        time.sleep(wait_s / len(names))  # the instant is what is random
        if not scene.part(name).process.running():
            raise AssertionError(f"{name} ended by itself:\n{scene.part(name).process.err[-3000:]}")
        scene.kill(name)
        scene.launch(name)
        yield number

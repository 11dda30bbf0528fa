# SPDX-License-Identifier: Apache-2.0
"""cables.py -- A network of the test's own, in which cables can be pulled: namespaces joined by veth pairs, never
seen by the machine's own network and gone with the test, however that ends.

    why = cables.own_network()          # once, at the start; then everything on loopback is the test's own, too
    there = rig.use(cables.Elsewhere([1, 2]))
    rig.Process([*there.within, "program"])   # reaches us as cables.near(1) and cables.near(2)
    there.pull(1); there.plug(1)
"""
import ctypes
import os

import rig

CLONE_NEWNET = 0x40000000


def near(number):
    """Our end of a cable."""
    return f"10.77.{number}.1"


def _far(number):
    return f"10.77.{number}.2"


def _ip(*words, within=()):
    done = rig.run([*within, rig.tool("ip"), *words])
    if done.returncode != 0:
        raise AssertionError(done.stderr)


def own_network():
    """Move into a network namespace of our own; "" or why that is not possible here."""
    if rig.tool("ip") is None or rig.tool("nsenter") is None or rig.tool("unshare") is None:
        return "ip, nsenter and unshare are not all installed"
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(CLONE_NEWNET) != 0:
        return f"no network namespace: {os.strerror(ctypes.get_errno())}"
    _ip("link", "set", "lo", "up")
    probe = rig.run([rig.tool("ip"), "link", "add", "probe", "type", "veth", "peer", "name", "eborp"])
    if probe.returncode != 0:
        return f"no veth: {probe.stderr.strip()}"
    _ip("link", "delete", "probe")
    return ""


class Elsewhere:
    """Another network namespace, reached by the cables of these numbers (1 to 255) alone."""

    def __init__(self, numbers):
        self._numbers = numbers
        self._holder = rig.Process(["unshare", "--net", "sleep", "infinity"])
        self.within = ["nsenter", f"--net=/proc/{self._holder.pid}/ns/net"]
        ours = os.readlink("/proc/self/ns/net")
        rig.wait_until(lambda: os.readlink(f"/proc/{self._holder.pid}/ns/net") != ours, what="a network namespace")
        _ip("link", "set", "lo", "up", within=self.within)
        for number in numbers:
            _ip("link", "add", f"near{number}", "type", "veth", "peer", "name", f"far{number}", "netns",
                self._holder.pid)
            _ip("address", "add", f"{near(number)}/24", "dev", f"near{number}")
            _ip("address", "add", f"{_far(number)}/24", "dev", f"far{number}", within=self.within)
            _ip("link", "set", f"far{number}", "up", within=self.within)
            self.plug(number)

    @staticmethod
    def pull(number):
        """Nothing passes and nobody is told."""
        _ip("link", "set", f"near{number}", "down")

    @staticmethod
    def plug(number):
        _ip("link", "set", f"near{number}", "up")

    def close(self):
        for number in self._numbers:
            _ip("link", "delete", f"near{number}")
        self._holder.close()

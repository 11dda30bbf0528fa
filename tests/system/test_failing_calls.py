# SPDX-License-Identifier: Apache-2.0
"""test_failing_calls.py -- A gateway and an archive whose descriptors are used up, whose disk is full, broken or read-only
for a moment or a while: they end with a word or go on, never crash, and say nothing that is not so. All calls, one after
the other: tests/system/failing_calls."""
import errno

import failing
import rig


class FailingCalls(rig.Case):
    def assert_overcome(self, *fault):
        fault = failing.Fault(*fault)
        wrong, counts = failing.run(fault)
        self.assertGreaterEqual(counts[fault.kind], fault.at, "the call did not come")
        self.assertFalse(wrong, failing.words(fault))

    def test_no_descriptors_for_signals_is_said(self):
        for victim in failing.VICTIMS:
            self.assert_overcome(victim, "events", errno.EMFILE, 1, failing.ONCE)

    def test_a_disk_that_is_broken_for_a_while_is_lived_through(self):
        self.assert_overcome("gateway", "write", errno.EIO, 60, failing.AGAIN_AND_AGAIN)
        self.assert_overcome("archive", "sync", errno.EIO, 12, failing.AGAIN_AND_AGAIN)


if __name__ == "__main__":
    rig.main()

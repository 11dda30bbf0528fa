# SPDX-License-Identifier: Apache-2.0
"""link.py -- The link (gateway/mqtt_link.h) on a command line, tests/tools/link_probe.c, for the tests of it."""
import re
import subprocess

import rig


class LinkCase(rig.Case):
    def probe(self, port, env=None, **settings):
        words = [f"{key}={text}" for key, text in {"port": port, **settings}.items()]
        return self.use(rig.Process([rig.program("link_probe"), *words], stdin=subprocess.PIPE, env=env))

    def stop(self, probe, wait_ms):
        """How many milliseconds stopping took."""
        probe.send(f"stop {wait_ms}\n")
        probe.wait_for("stopped")
        return int(re.search(r"stopped (\d+)", probe.out).group(1))

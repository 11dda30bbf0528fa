# SPDX-License-Identifier: Apache-2.0
"""test_firmware.py -- The unit file is one that systemd accepts and that allows little; the udev rule is whole."""
import pathlib
import re
import subprocess
import tempfile
import unittest

FIRMWARE = pathlib.Path(__file__).parents[2] / "firmware"
EXPOSURE_MAX = 2.0  # systemd's own scale, 0 (closed) to 10 (open); "OK" ends at 5


def run(*command):
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    return done.returncode, done.stdout + done.stderr


class Unit(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.unit = pathlib.Path(self.folder.name, "byport.service")
        text = (FIRMWARE / "byport.service").read_text()
        # Verified without an installed byport: any program that exists will do in its place.
        self.unit.write_text(text.replace("/usr/bin/byport run", "/bin/true run").replace("Documentation=", "#"))

    def test_systemd_verifies_the_unit(self):
        status, output = run("systemd-analyze", "verify", "--man=no", str(self.unit))
        ours = [line for line in output.splitlines() if "byport" in line]
        self.assertEqual((status, ours), (0, []), output)

    def test_a_misspelt_setting_would_be_seen(self):
        self.unit.write_text(self.unit.read_text().replace("ProtectHome", "ProtectHoome"))
        self.assertIn("ProtectHoome", run("systemd-analyze", "verify", "--man=no", str(self.unit))[1])

    def test_the_service_is_exposed_to_little(self):
        output = run("systemd-analyze", "security", "--offline=true", "--no-pager", str(self.unit))[1]
        exposure = float(re.search(r"exposure level for byport.service: ([0-9.]+)", output).group(1))
        self.assertLessEqual(exposure, EXPOSURE_MAX, output)


class UdevRule(unittest.TestCase):
    def test_every_goto_has_its_label_and_every_key_is_known(self):
        text = (FIRMWARE / "60-byport-serial.rules").read_text()
        self.assertEqual(set(re.findall(r'GOTO="(\w+)"', text)), set(re.findall(r'LABEL="(\w+)"', text)))
        keys = set(re.findall(r'(?:^|, )([A-Z]+)(?:\{[^}]*\})?[=!+]', text, re.M))
        self.assertLessEqual(keys, {"ACTION", "SUBSYSTEM", "KERNEL", "DRIVER", "ATTR", "ENV", "IMPORT", "SYMLINK",
                                    "GROUP", "MODE", "GOTO", "LABEL"})

    def test_the_latency_timer_is_one_millisecond(self):
        self.assertIn('ATTR{latency_timer}="1"', (FIRMWARE / "60-byport-serial.rules").read_text())


if __name__ == "__main__":
    unittest.main()

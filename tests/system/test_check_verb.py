# SPDX-License-Identifier: Apache-2.0
"""test_check_verb.py -- `byport check` as a user runs it: what it prints, where, and how it exits."""

import json
import os
import pathlib
import pty
import re
import subprocess

import rig

BYPORT = rig.program("byport")
SCHOOL = rig.ROOT / "config" / "examples" / "school.yaml"
ANNOTATED = rig.ROOT / "config" / "examples" / "annotated.yaml"
ERROR_LINE = re.compile(r"^(?P<file>[^:]+):(?P<line>\d+):(?P<column>\d+): (error|warning): .+$")

SITE = """\
site: {{city: drammen, id: {site}}}
gateway: {{id: {gateway}, data_directory: {data}}}
broker: {{host: mqtt.example.org}}
buses: [{{id: cellar, port: /dev/ttyUSB0}}]
meters:
  - {{id: {meter}, bus: cellar, address: 1, model: eastron-sdm630}}
"""


def check(*arguments):
    return rig.run([BYPORT, "check", *arguments])


class Folder(rig.Case):
    def setUp(self):
        self.path = pathlib.Path(self.folder())

    def write(self, name, text):
        path = self.path / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    def site(self, name, site="fjell", gateway="main", meter="main"):
        return self.write(name, SITE.format(site=site, gateway=gateway, meter=meter, data=self.path))


class AGoodFile(Folder):
    def test_the_plan_is_printed_and_nothing_else(self):
        done = check(SCHOOL)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(done.stderr, "")
        self.assertRegex(done.stdout, r"cellar +6 +\d+ in \d+ ms +10 s +\d+ in \d+ ms +1 min +[\d.]+% +[\d.]+% +19200 8E1")
        self.assertRegex(done.stdout, r"heat-room +1 .*192\.168\.10\.21:502")
        self.assertRegex(done.stdout, r"ventilation +eastron-sdm630 +cellar +2 ")
        self.assertRegex(done.stdout, r"About [\d.]+ MB a month to the broker")

    def test_the_plan_fits_a_terminal_of_80_columns(self):
        controller, terminal = pty.openpty()
        subprocess.run([BYPORT, "check", str(SCHOOL)], stdout=terminal, stdin=subprocess.DEVNULL,
                       timeout=rig.WAIT_S, check=True, env={**os.environ, "NO_COLOR": "1"})
        os.close(terminal)
        text = read_terminal(controller)
        self.assertIn("19200 8E1", text)
        for line in text.splitlines()[1:]:
            self.assertLessEqual(len(line), 80, line)

    def test_colour_is_for_terminals(self):
        bad = self.write("bad.yaml", "hello\n")
        self.assertNotIn("\033", check(bad).stderr)
        controller, terminal = pty.openpty()
        subprocess.run([BYPORT, "check", str(bad)], stderr=terminal, stdin=subprocess.DEVNULL,
                       timeout=rig.WAIT_S, env={k: v for k, v in os.environ.items() if k != "NO_COLOR"})
        os.close(terminal)
        self.assertIn("\033[", read_terminal(controller))

    def test_json_says_what_the_table_says(self):
        done = check("--json", SCHOOL)
        told = json.loads(done.stdout)
        self.assertEqual((done.returncode, told["errors"], told["warnings"]), (0, 0, 0))
        (file,) = told["files"]
        self.assertTrue(file["good"])
        self.assertEqual([meter["id"] for meter in file["meters"]][:3], ["main", "ventilation", "kitchen"])
        cellar = file["buses"][0]
        self.assertEqual((cellar["id"], cellar["devices"], cellar["line"]), ("cellar", 6, "19200 8E1"))
        expected = 100 * (cellar["fast_wire_ms"] / 10000 + cellar["slow_wire_ms"] / 60000)
        self.assertAlmostEqual(cellar["wire_load_percent"], expected, delta=0.1 * expected)
        self.assertGreater(cellar["expected_load_percent"], cellar["wire_load_percent"])
        traffic = file["megabytes_a_month"]
        parts = sum(traffic[part] for part in ("live", "trends", "intervals", "health", "totals"))
        self.assertAlmostEqual(traffic["total"], parts, delta=0.01)

    def test_a_store_that_holds_less_than_90_days_is_refused_with_the_size_that_does(self):
        plain = self.site("x").read_text()
        def of_size(mib):
            return check("--json", self.write("store.yaml", plain.replace("gateway: {", f"gateway: {{store_size: {mib} MiB, ")))
        told = json.loads(of_size(64).stdout)
        self.assertGreater(told["files"][0]["store_days"], 90)
        done = check(self.write("store.yaml", plain.replace("gateway: {", "gateway: {store_size: 1 MiB, ")))
        self.assertEqual(done.returncode, 1)
        found = re.search(r"store.yaml:\d+:\d+: error: store_size: 1 MiB holds (\d+) days of energy that cannot be "
                          r"delivered \(\d+ counters every 900 s\); allowed: 90 days or more, here (\d+) MiB", done.stderr)
        self.assertTrue(found, done.stderr)
        self.assertLess(int(found[1]), 90)
        enough = int(found[2])
        self.assertEqual((of_size(enough).returncode, of_size(enough - 1).returncode), (0, 1))
        self.assertRegex(check(SCHOOL).stdout, r"The store \(512 MiB\) holds \d+ days of energy that cannot be delivered;\nwhat is delivered it "
                         r"condenses, and reaches back about \d+ years in days\.")

    def test_the_network_sheet_names_every_connection(self):
        done = check("--network", SCHOOL)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertRegex(done.stdout, r"outbound +MQTT 5 over TLS +mqtt\.example\.org +8883/tcp")
        self.assertRegex(done.stdout, r"outbound +DNS .*53/udp")
        self.assertRegex(done.stdout, r"outbound +NTP .*123/udp")
        for host in ("192.168.10.21", "192.168.10.22", "192.168.10.23", "192.168.10.24"):
            self.assertRegex(done.stdout, rf"building +Modbus TCP +{re.escape(host)} +502/tcp")
        self.assertIn("inbound: none", done.stdout)

    def test_the_network_sheet_names_no_resolver_where_nothing_needs_one(self):
        path = self.write("plain.yaml", self.site("x").read_text().replace(
            "host: mqtt.example.org", "host: 10.1.2.3, tls: no"))
        done = check("--network", path)
        self.assertRegex(done.stdout, r"MQTT 5, plain text +10\.1\.2\.3 +1883/tcp")
        self.assertNotIn("DNS", done.stdout)


class ABadFile(Folder):
    def test_every_error_has_its_place_and_the_status_is_1(self):
        path = self.write("bad.yaml", self.site("x").read_text()
                          .replace("id: fjell", "id: Fjell")
                          .replace("host:", "hots:")
                          .replace("eastron-sdm630", "eastron-sdm630, adress: 1"))
        done = check(path)
        self.assertEqual(done.returncode, 1)
        self.assertEqual(done.stdout, "")
        lines = done.stderr.splitlines()
        for line in lines[:-1]:
            self.assertRegex(line, ERROR_LINE)
        self.assertEqual(lines[0], f'{path}:1:27: error: id: "Fjell" is not understood; allowed: '
                         "lower-case letters a-z, digits and '-', at most 32 characters")
        self.assertIn(f'{path}:3:10: error: broker: unknown key "hots"; did you mean "host"?', lines)
        self.assertIn('unknown key "adress"; did you mean "address"?', done.stderr)
        self.assertEqual(lines[-1], "4 errors, 0 warnings in 1 file")

    def test_a_key_that_is_neither_ours_nor_the_models_is_refused(self):
        path = self.write("bad.yaml", self.site("x").read_text().replace(
            "eastron-sdm630", "eastron-sdm630, adress: 1"))
        done = check(path)
        self.assertEqual(done.returncode, 1)
        self.assertIn(f'{path}:6:64: error: meters: unknown key "adress"; did you mean "address"?', done.stderr)

    def test_what_is_no_configuration_is_told_clearly(self):
        cases = [
            ("text.yaml", "hello\n", r":1:1: error: a single value stands here; a configuration begins with \"site:\""),
            ("empty.yaml", "", r": error: the file is empty"),
            ("comment.yaml", "# nothing\n", r": error: the file is empty"),
            ("binary.yaml", b"\x7fELF\x02\x01\x01\x00\x00", r":1:1: error: byte 0x7f is no UTF-8 text"),
            ("latin.yaml", "site: {name: Bærum}\n".encode("latin-1"), r":1:15: error: byte 0xe6 is no UTF-8 text"),
            ("brace.yaml", "site: {city: a\n", r":2:1: error: not YAML: .*a ',' or the closing bracket is missing"),
            ("tab.yaml", "site:\n\tcity: a\n", r":2:1: error: the line is indented with a tab; YAML wants spaces"),
            ("twice.yaml", "site: {}\nsite: {}\n", r":2:1: error: key \"site\" stands here a second time; the first is in line 1"),
            ("large.yaml", "#" * (1 << 20) + "\n", r": error: is larger than 1 MiB"),
        ]
        for name, text, wanted in cases:
            with self.subTest(name):
                path = self.write(name, text)
                done = check(path)
                self.assertEqual(done.returncode, 1)
                self.assertRegex(done.stderr, "^" + re.escape(str(path)) + wanted)
                self.assertTrue(done.stderr.endswith("1 error, 0 warnings in 1 file\n"))

    def test_a_file_that_cannot_be_read_is_told_clearly(self):
        locked = self.site("locked.yaml")
        locked.chmod(0)
        cases = [(self.path, "is a directory; a YAML file is wanted"),
                 (self.path / "none.yaml", "cannot be opened: No such file or directory")]
        if os.geteuid() != 0:
            cases.append((locked, "cannot be opened: Permission denied"))
        for path, wanted in cases:
            with self.subTest(path.name):
                done = check(path)
                self.assertEqual(done.returncode, 1)
                self.assertIn(f"{path}: error: {wanted}", done.stderr)

    def test_json_carries_the_same_diagnostics(self):
        path = self.write("bad.yaml", self.site("x").read_text().replace("id: fjell", "id: Fjell"))
        done = check("--json", path)
        told = json.loads(done.stdout)
        self.assertEqual((done.returncode, done.stderr, told["errors"]), (1, "", 1))
        (item,) = told["diagnostics"]
        self.assertEqual((item["severity"], item["file"], item["line"], item["column"]),
                         ("error", str(path), 1, 27))
        self.assertIn('"Fjell"', item["message"])
        self.assertEqual(told["files"], [{"file": str(path), "good": False}])


class ManyMistakes(Folder):
    def test_what_the_file_and_what_the_models_tell_come_in_one_go(self):
        path = self.folder() / "site.yaml"
        path.write_text("""\
site: {city: drammen, id: school}
gateway: {id: Main}
broker: {host: 127.0.0.1}
buses: [{id: cellar, port: /dev/ttyUSB0}]
meters:
  - {id: a, bus: cellar, address: 300, model: eastron-sdm630, main_fuze: 63}
  - {id: b, bus: attic, address: 2, model: eastron-sdm630, quantities: [active_powr]}
  - {id: c, bus: cellar, address: 3, model: eastorn-sdm630}
""")
        done = check(path)
        self.assertEqual(done.returncode, 1)
        places = [line.split(": error: ")[0].removeprefix(f"{path}:") for line in done.stderr.splitlines()[:-1]]
        for said in ('"Main"', '"300"', '"main_fuze"; did you mean "main_fuse"?', '"attic"', '"eastorn-sdm630"'):
            self.assertIn(said, done.stderr)
        self.assertEqual(places, sorted(places, key=lambda place: [int(part) for part in place.split(":")]))


class SeveralFiles(Folder):
    def test_what_two_gateways_must_not_share_is_found(self):
        first = self.site("first.yaml")
        same_gateway = self.site("second.yaml", meter="other")
        same_meter = self.site("third.yaml", gateway="annex")
        done = check(first, same_gateway, same_meter)
        self.assertEqual(done.returncode, 1)
        self.assertIn(f'{same_gateway}:2:15: error: gateway "main" of site "fjell" in "drammen" is in '
                      f"{first}:2 too", done.stderr)
        self.assertIn(f'{same_meter}:6:10: error: id: meter "main" of site "fjell" is in {first}:6 too',
                      done.stderr)
        self.assertIn("2 errors, 0 warnings in 3 files", done.stderr)

    def test_boards_of_their_own_may_have_the_same_port_and_names(self):
        done = check(self.site("first.yaml"), self.site("second.yaml", site="strand"))
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertIn("gateway drammen/fjell/main", done.stdout)
        self.assertIn("gateway drammen/strand/main", done.stdout)

    def test_a_bad_file_does_not_hide_a_good_ones_plan(self):
        done = check(self.write("bad.yaml", "x\n"), self.site("good.yaml"))
        self.assertEqual(done.returncode, 1)
        self.assertIn("gateway drammen/fjell/main", done.stdout)


class AnIdThatChanged(Folder):
    WARNING = 'warning: id: the meter here was "old" and is "new" now: a new series begins'

    def test_it_is_told_against_a_previous_file(self):
        previous = self.site("previous.yaml", meter="old")
        now = self.site("now.yaml", meter="new")
        done = check("--previous", previous, now)
        self.assertEqual(done.returncode, 0, "a warning is no error")
        self.assertIn(f"{now}:6:10: {self.WARNING}", done.stderr)
        self.assertEqual(check(now).stderr, "")

    def test_it_is_told_against_what_the_gateway_ran_last(self):
        self.site("configuration.yaml", meter="old")
        self.assertIn(self.WARNING, check(self.site("now.yaml", meter="new")).stderr)
        self.assertEqual(check(self.site("elsewhere.yaml", site="strand", meter="new")).stderr, "")

    def test_a_damaged_copy_of_the_last_run_is_passed_over(self):
        self.write("configuration.yaml", b"\xff\xfe")
        done = check(self.site("now.yaml"))
        self.assertEqual((done.returncode, done.stderr), (0, ""))

    def test_a_previous_file_that_cannot_be_read_is_an_error(self):
        done = check("--previous", self.path / "none.yaml", self.site("now.yaml"))
        self.assertEqual(done.returncode, 1)
        self.assertIn("none.yaml: error: cannot be opened", done.stderr)


class HelpAndUsage(Folder):
    def test_every_setting_is_in_help_config(self):
        done = check("--help-config")
        schema = json.loads(check("--schema").stdout)
        self.assertEqual(done.returncode, 0)
        for name, section in schema["properties"].items():
            self.assertRegex(done.stdout, rf"(?m)^{name}:")
            for key in section.get("items", section)["properties"]:
                self.assertRegex(done.stdout, rf"(?m)^  {key}( |$)")

    def test_the_annotated_example_is_in_the_tree_and_passes(self):
        printed = check("--example").stdout
        self.assertEqual(ANNOTATED.read_text().split("\n", 1)[1], printed,
                         "byport check --example > config/examples/annotated.yaml, below its first line")
        done = check(ANNOTATED)
        self.assertEqual((done.returncode, done.stderr), (0, ""))

    def test_what_is_not_understood_exits_2(self):
        path = self.site("a.yaml")
        for arguments in ([], ["--no-such-option", path], ["--previous"], ["--previous", path, path, path]):
            with self.subTest(arguments):
                done = check(*arguments)
                self.assertEqual((done.returncode, done.stdout), (2, ""))
                self.assertTrue(done.stderr)

    def test_help_exits_0(self):
        done = check("--help")
        self.assertEqual(done.returncode, 0)
        for option in ("--json", "--network", "--previous", "--help-config", "--example", "--schema"):
            self.assertIn(option, done.stdout)


def read_terminal(controller):
    chunks = []
    while True:
        try:
            chunk = os.read(controller, 65536)
        except OSError:  # the other end is closed
            break
        if not chunk:
            break
        chunks.append(chunk)
    os.close(controller)
    return b"".join(chunks).decode()


if __name__ == "__main__":
    rig.main()

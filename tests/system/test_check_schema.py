# SPDX-License-Identifier: Apache-2.0
"""test_check_schema.py -- The JSON Schema and the parser come from one table: what one refuses of a
file's form, the other refuses, and what both must allow, both allow.

An editor sees YAML 1.2's core schema (12 is a number, yes is a text), so that is what the schema is
asked about here. Bounds of durations, and what settings demand of each other, are the parser's alone.
"""

import copy
import json
import re

import jsonschema
import rig
import yaml

BYPORT = rig.program("byport")


class CoreLoader(yaml.SafeLoader):
    """YAML 1.2, core schema (yaml.org/spec/1.2.2, 10.3.2)."""
    yaml_implicit_resolvers = {}


for tag, pattern in (("null", r"~|null|Null|NULL|"), ("bool", r"true|True|TRUE|false|False|FALSE"),
                     ("int", r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+"),
                     ("float", r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?|[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)")):
    CoreLoader.add_implicit_resolver(f"tag:yaml.org,2002:{tag}", re.compile(f"^(?:{pattern})$"), None)

GOOD = """\
site: {city: drammen, id: fjell}
gateway: {id: main}
broker: {host: mqtt.example.org}
intervals: {length: 15 min}
totals: {peak_rule: highest_hour, peak_count: 3}
flags: {spike_factor: 10}
buses:
  - {id: cellar, port: /dev/ttyUSB0, baud: 9600, parity: N, stop_bits: 1}
  - {id: roof, tcp: 10.0.0.1}
meters:
  - {id: main, bus: cellar, address: 1, model: eastron-sdm630}
  - {id: heat, bus: roof, model: kamstrup-multical-603}
"""

# A place in the file above and the YAML that stands there instead; None: the key is taken out.
ALLOWED = [
    ("site.city", "a"), ("site.city", "a-1"), ("site.city", "12"), ("site.city", "a" * 32),
    ("site.name", "'Fjell skole, bygg æøå'"), ("site.name", "12"), ("site.name", "'yes'"), ("site.name", "yes"),
    ("site.name", "true"), ("site.name", "1.50"), ("site.timezone", "Europe/Oslo"),
    ("gateway.clock", "trust"), ("gateway.data_directory", "/x y"), ("gateway.store_size", "256 MiB"),
    ("gateway.store_size", "2GiB"),
    ("broker.port", "1"), ("broker.port", "65535"), ("broker.tls", "no"), ("broker.tls", "true"),
    ("broker.host", "10.1.2.3"), ("broker.host", "fe80::1"), ("broker.host", "localhost"),
    ("broker.alpn", "mqtt"), ("broker.socks5", "proxy.local"), ("broker.socks5", "proxy.local:1080"),
    ("broker.user", "0301"), ("broker.keep_alive", "1 min"), ("broker.keep_alive", "60s"),
    ("intervals.length", "1 d"), ("intervals.fast", "500 ms"), ("intervals", None),
    ("totals.peak_rule", "mean_of_days"), ("totals.peak_count", "12"), ("totals", None),
    ("site.lang", "nb"), ("flags", None), ("flags.reject", "[spike]"), ("flags.reject", "[spike, largest_power]"),
    ("totals", None), ("totals.peak_rule", "highest_hour"),
    ("flags.frozen_after", "60 d"), ("flags.heat_factor", "1050"), ("meters.1.heat_factor", "1050"),
    ("buses.0.parity", "E"), ("buses.0.baud", "115200"), ("buses.0.stop_bits", "2"),
    ("buses.0.rts", "low_sends"), ("buses.0.answer_time", "0 ms"),
    ("buses.1.tcp", "meter.local:1502"), ("buses.1.tcp", "'[fe80::1]:502'"), ("buses.1.tcp", "fe80::1"),
    ("meters.0.address", "247"), ("meters.0.name", "'7'"), ("meters.0.serial", "0301"),
    ("meters.0.valid_from", "2026-11-23"), ("meters.0.valid_from", "'2026-11-23T10:00:00.5+01:00'"),
    ("meters.0.labels", "{room: 012, a: yes, b: 1.5}"), ("meters.0.use", "mobile"),
    ("meters.0.carrier", "water"), ("meters.0.main_fuse", "63 A"), ("meters.0.main_fuse", "63A"),
    ("meters.0.quantities", "[active_power]"), ("meters.0.fast", "30 s"),
    ("meters.1.energy_unit", "GJ"), ("meters.1.parent", "main"),
]
REFUSED = [
    ("site", None), ("meters", None), ("buses", None), ("broker", None), ("gateway", None),
    ("site", "x"), ("site", "[a]"), ("buses", "{id: a}"), ("meters", "[]"), ("meters", "[x]"), ("buses", "[]"),
    ("sites", "{}"), ("site.town", "a"), ("broker.hots", "x"), ("buses.0.prot", "x"), ("intervals.fats", "1 s"),
    ("site.city", None), ("site.city", ""), ("site.city", "~"), ("site.city", "A"), ("site.city", "-a"),
    ("site.city", "a-"), ("site.city", "a_b"), ("site.city", "æ"), ("site.city", "a" * 33), ("site.city", "1.5"),
    ("site.city", "-1"), ("site.city", "[a]"), ("site.city", "{a: b}"),
    ("site.name", ""), ("site.name", "a" * 101), ("site.name", "[a]"), ("site.name", "null"),
    ("gateway.clock", "sync"), ("gateway.clock", ""), ("gateway.store_size", "256"), ("gateway.store_size", "1 GB"),
    ("gateway.control_socket", "/" + "a" * 107),
    ("broker.port", "0"), ("broker.port", "65536"), ("broker.port", "'1883'"), ("broker.port", "x"),
    ("broker.port", "1.5"), ("broker.port", "-1"), ("broker.tls", "perhaps"), ("broker.tls", "1"),
    ("broker.host", None), ("broker.host", "mqtt://x"), ("broker.host", "a b"), ("broker.host", "a:1"),
    ("broker.alpn", ""), ("broker.alpn", "a" * 33), ("broker.socks5", "socks5://proxy"), ("broker.password", "secret"),
    ("broker.keep_alive", "60"), ("broker.keep_alive", "1 minute"), ("broker.keep_alive", "1.5 min"),
    ("totals.peak_rule", "lowest_hour"), ("totals.peak_count", "0"), ("totals.peak_count", "13"),
    ("broker.keep_alive", "-1 s"), ("intervals.length", "15"), ("intervals.length", "15 m"), ("intervals.length", "015 s"),
    ("site.lang", "no"), ("flags.reject", "[]"), ("flags.reject", "spike"), ("flags.reject", "[spikes]"),
    ("flags.reject", "[doubled_hour]"), ("flags.reject", "[spike, spike]"), ("flags.spikes", "3"), ("totals.peak_rule", "hour"), ("totals.peak_count", "13"),
    ("flags.spike_factor", "1"), ("flags.frozen_after", "14"),
    ("buses.0.baud", "9601"), ("buses.0.baud", "'9600'"), ("buses.0.parity", "e"), ("buses.0.parity", "X"),
    ("buses.0.stop_bits", "3"), ("buses.0.port", "COM3"), ("buses.0.port", None), ("buses.0.tcp", "10.0.0.9"),
    ("buses.0.id", None), ("buses.0.rts", "yes"), ("buses.1.tcp", "10.0.0.1:x"), ("buses.1.tcp", "tcp://10.0.0.1"),
    ("buses.1.tcp", "10.0.0.1:0"), ("buses.1.tcp", "'[10.0.0.1:502'"),
    ("meters.0.address", "256"), ("meters.0.address", "-1"), ("meters.0.address", "x"), ("meters.0.address", "'1'"),
    ("meters.0.channel", "0"), ("meters.0.channel", "33"), ("meters.0.bus", None), ("meters.0.model", None),
    ("meters.0.id", None), ("meters.0.model", "A B"), ("meters.0.use", "heatin"), ("meters.0.carrier", "coal"),
    ("meters.0.ct", "300"), ("meters.0.ct", "300/0"), ("meters.0.ct", "0/5"), ("meters.0.ct_in_meter", "maybe"),
    ("meters.0.main_fuse", "63"), ("meters.0.main_fuse", "63 kA"), ("meters.0.serial", ""),
    ("meters.0.valid_from", "23.11.2026"), ("meters.0.valid_from", "'2026-11-23T10:00:00'"),
    ("meters.0.quantities", "active_power"), ("meters.0.quantities", "[]"), ("meters.0.quantities", "[a, a]"),
    ("meters.0.quantities", "[[a]]"), ("meters.0.labels", "[a]"), ("meters.0.labels", "{}"), ("meters.0.labels", "{a: }"),
    ("meters.0.labels", "{a: [b]}"), ("meters.1.energy_unit", "[GJ]"), ("meters.1.energy_unit", ""),
]


def base():
    return yaml.load(GOOD, yaml.BaseLoader)


def changed(place, text):
    """The good file with one place changed, as YAML text in which every scalar stands as written."""
    tree = base()
    *path, last = place.split(".")
    node = tree
    for step in path:
        node = node[int(step)] if isinstance(node, list) else node[step]
    if text is None:
        del node[last]
    else:
        node[last] = Raw(text)
    return flow(tree)


class Raw(str):
    """YAML that is copied as it is."""


def flow(node):
    if isinstance(node, dict):
        return "{" + ", ".join(f"{key}: {flow(value)}" for key, value in node.items()) + "}"
    if isinstance(node, list):
        return "[" + ", ".join(flow(value) for value in node) + "]"
    return node


class TheSchemaAndTheParser(rig.Case):
    @classmethod
    def setUpClass(cls):
        schema = json.loads(rig.run([BYPORT, "check", "--schema"]).stdout)
        jsonschema.Draft202012Validator.check_schema(schema)
        cls.schema = schema
        cls.validator = jsonschema.Draft202012Validator(schema)

    def schema_allows(self, text):
        return self.validator.is_valid(yaml.load(text, CoreLoader))

    def parser_verdicts(self, texts):
        """For each text whether `byport check` takes it, and what it said; in runs of some files."""
        folder = self.folder()
        paths = []
        for number, text in enumerate(texts):
            path = f"{folder}/{number}.yaml"
            with open(path, "w", encoding="utf-8") as file:
                file.write(text)
            paths.append(path)
        verdicts = []
        for first in range(0, len(paths), 20):
            told = json.loads(rig.run([BYPORT, "check", "--json", *paths[first:first + 20]]).stdout)
            for file in told["files"]:
                said = [item["message"] for item in told["diagnostics"] if item["file"] == file["file"]]
                verdicts.append((file["good"], said))
        return verdicts

    def judge(self, samples, wanted):
        texts = [changed(place, text) for place, text in samples]
        for sample, text, (good, said) in zip(samples, texts, self.parser_verdicts(texts)):
            with self.subTest(sample):
                self.assertEqual(self.schema_allows(text), wanted, f"the schema, of {text}")
                self.assertEqual(good, wanted, f"the parser, of {text}: {said}")

    def test_both_allow_what_is_good(self):
        self.judge(ALLOWED, True)

    def test_both_refuse_what_is_bad(self):
        self.judge(REFUSED, False)

    def test_the_parser_refuses_whatever_the_schema_refuses_of_each_single_setting(self):
        samples = []
        for section, rows in self.schema["properties"].items():
            for key in rows.get("items", rows)["properties"]:
                place = f"{section}.0.{key}" if "items" in rows else f"{section}.{key}"
                samples += [(place, text) for text in
                            ("", "null", "[x]", "{x: y}", "-7", "99999999999", "'§'", "1.5", "true", "\"a b\"")]
        texts = [changed(place, text) for place, text in samples]
        refused = 0
        for sample, text, (good, said) in zip(samples, texts, self.parser_verdicts(texts)):
            with self.subTest(sample):
                if not self.schema_allows(text):
                    refused += 1
                    self.assertFalse(good, f"{text}: {said}")
        self.assertGreater(refused, 300)

    def test_the_schema_lists_the_same_keys_as_the_annotated_example(self):
        example = rig.run([BYPORT, "check", "--example"]).stdout
        for section, rows in self.schema["properties"].items():
            self.assertIn(f"\n{section}:\n", example)
            for key in rows.get("items", rows)["properties"]:
                self.assertRegex(example, rf"(?m)^ +(- |# )?{key}: ")

    def test_both_take_the_good_file_itself(self):
        self.assertTrue(self.schema_allows(GOOD))
        self.assertEqual(self.parser_verdicts([GOOD])[0], (True, []))
        self.assertTrue(self.schema_allows(flow(copy.deepcopy(base()))))


if __name__ == "__main__":
    rig.main()

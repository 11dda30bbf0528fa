# SPDX-License-Identifier: Apache-2.0
"""test_models_verb.py -- `byport models` as a technician runs it: lists, explains, and judges a file of one's own."""
import json
import unittest
from fractions import Fraction

import yaml

import rig

MODELS = rig.ROOT / "drivers" / "meters"


def models(*arguments):
    return rig.run([rig.program("byport"), "models", *arguments])


class TheVerb(rig.Case):
    def test_every_shipped_model_is_listed_with_what_it_is_in_80_columns(self):
        listed = json.loads(models("--json").stdout)
        self.assertEqual([m["name"] for m in listed], sorted(f.stem for f in MODELS.glob("*.yaml")))
        lines = models().stdout.splitlines()
        self.assertEqual(len(lines), len(listed) + 1)
        for model, line in zip(listed, lines[1:]):
            self.assertTrue(line.startswith(model["name"] + " "), line)
            self.assertIn(f" {model['title']} ", line)
            self.assertTrue(line.endswith(model["carrier"]), line)
            self.assertLessEqual(len(line), 80, line)

    def test_a_model_is_explained_with_its_sum_of_registers(self):
        done = models("siemens-pac2200")
        self.assertEqual(done.returncode, 0)
        self.assertRegex(done.stdout, r"active_energy_import +input +801 \(0x0321\) \+ 805 \(0x0325\) +f64 +0.001 kWh")
        self.assertIn("sources", done.stdout)

    def test_json_tells_of_every_value_what_its_file_says(self):
        for listed in json.loads(models("--json").stdout):
            written = yaml.safe_load((MODELS / f"{listed['name']}.yaml").read_text())
            told = {(v["quantity"], v["channel"]): v for v in listed["values"]}
            for value in written["values"]:
                got = told.pop((value["quantity"], value.get("channel", 1)))
                addresses = value["address"] if isinstance(value["address"], list) else [value["address"]]
                self.assertEqual(got["addresses"], addresses)
                self.assertEqual(got["encoding"], value.get("encoding", written["reading"]["encoding"]))
                self.assertEqual(Fraction(got["step_numerator"], got["step_denominator"]),
                                 Fraction(str(value.get("scale", 1))) * 10 ** got["decimals"])
                self.assertEqual(got["scale_register"], value.get("scale_register"))
                self.assertEqual(got["group"], "slow" if got["kind"] == "counter" else "fast")
            self.assertEqual(told, {})

    def test_an_option_stands_beside_the_values_it_scales(self):
        self.assertRegex(models("kamstrup-multical-603").stdout, r"heat_energy +input +20 \(0x0014\) +f32 +1 kWh × energy_unit")

    def test_a_scale_register_stands_beside_the_values_it_scales(self):
        self.assertRegex(models("sunspec-203").stdout, r"active_power +holding +18 \(0x0012\) +i16 +1 W × 10\^register 22")

    def test_an_unknown_name_gets_the_nearest_one(self):
        done = models("eastorn-sdm630")
        self.assertEqual(done.returncode, 1)
        self.assertIn('no model "eastorn-sdm630"; did you mean eastron-sdm630?', done.stderr)

    def test_ones_own_file_is_judged_with_its_place(self):
        good = MODELS / "abb-b23.yaml"
        own = self.folder() / "own.yaml"
        own.write_text(good.read_text().replace("encoding: u64", "encoding: u65", 1))
        done = models("check", str(good), str(own))
        self.assertEqual(done.returncode, 1)
        self.assertIn(f"{good}: a good model", done.stdout)
        self.assertRegex(done.stderr, rf"{own}:\d+:\d+: error: .*u65")

    def test_a_directory_of_ones_own_adds_a_model_and_replaces_one(self):
        folder = self.folder()
        text = (MODELS / "abb-b23.yaml").read_text()
        (folder / "abb-b23.yaml").write_text(text.replace("maker: ABB", "maker: Ours"))
        (folder / "acme-em9.yaml").write_text(text)
        listed = {m["name"]: m["maker"] for m in json.loads(models("--json", "--models", str(folder)).stdout)}
        self.assertEqual((listed["abb-b23"], listed["acme-em9"]), ("Ours", "ABB"))

    def test_words_that_are_not_understood_end_with_status_2(self):
        for arguments in (["--jsno"], ["abb-b23", "eastron-sdm120"], ["check"]):
            self.assertEqual(models(*arguments).returncode, 2, arguments)
        self.assertEqual(models("--models", "/no/such/folder").returncode, 3)


if __name__ == "__main__":
    rig.main()

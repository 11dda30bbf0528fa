# SPDX-License-Identifier: Apache-2.0
"""test_library_errors.py -- What other people's tables of these meters have wrong stays out of ours.

Protected: the errors found in public sources while the facts were gathered. A
model corrected after such a source, in good faith, fails here and says why.
"""
import os
import sys

import yaml

from test_models_against_facts import AWAITED, MODELS

# model, quantity, its address, the wrong one, where that one comes from
ADDRESSES = [
    ("carlo-gavazzi-em24-rtu", "active_energy_import", 0x003E, 0x0042, "mbmd: the partial counter"),
    ("siemens-pac2200", "frequency", 55, 46, "mbmd"),
    ("bgetech-ds100", "active_energy_export", 0x0118, 0x118A, "mbmd: digits changed places"),
    ("weidmueller-energy-meter-525-750", "active_energy_export", 19076, 190076, "OpenEMS: a digit too many"),
    ("carlo-gavazzi-em111-em112-et112", "active_energy_export", 0x0020, 0x0022, "OmniCoreST"),
    ("carlo-gavazzi-em111-em112-et112", "reactive_energy_export", 0x0022, 0x0024, "OmniCoreST"),
    ("finder-7m24", "voltage_l1", 2500, 2499, "OmniCoreST: one too low"),
    ("finder-7m38", "voltage_l1", 2500, 2499, "star.ke.st: one too low"),
    ("iskra-mc-mt", "voltage_l1", 2500, 2499, "star.ke.st: one too low"),
    ("schneider-pm5560", "voltage_l1", 3027, 3028, "star.ke.st: counted from 1"),
    ("schneider-pm5560", "active_energy_import", 3203, 3204, "star.ke.st: counted from 1"),
    ("socomec-diris-a40", "active_energy_import", 50770, 10769, "aggsoft: number - 40001"),
    ("socomec-countis-e24-e34-e44", "voltage_l1", 50520, 10519, "aggsoft: number - 40001"),
    ("abb-m4m", "voltage_l1", 0x5B02, 0x5B00, "taken for an EQ meter"),
    ("abb-m4m", "active_power", 0x5B1A, 0x5B14, "taken for an EQ meter"),
    ("schneider-iem3155", "active_energy_import", 3203, 45100, "floats in Wh or kWh, as the edition has it"),
    ("chint-dtsu666", "active_energy_import", 0x101E, 0x401E, "old firmware"),
    ("chint-dtsu666", "active_energy_export", 0x1028, 0x4028, "old firmware"),
]
# model, quantity, its scale, the wrong one, where that one comes from
SCALES = [
    ("socomec-countis-e24-e34-e44", "voltage_l1", 0.01, 0.1, "bitpool"),
    ("socomec-countis-e24-e34-e44", "active_power", 10, 0.1, "bitpool"),
    ("schneider-iem3155", "active_energy_import", 0.001, 1, "i64 in Wh, taken for kWh"),
    ("bernecker-mpm3pm", "active_energy_import", 0.01, 1, "the printed documentation"),
]
# model, first and last holding register nobody may read, what stands there
UNREAD = [
    ("schneider-iem3155", 45000, 45200, "energies whose unit differs by edition"),
    ("socomec-countis-e14", 50780, 50799, "partial energies"),
    ("socomec-countis-e24-e34-e44", 50780, 50799, "partial energies"),
    ("socomec-diris-a40", 50780, 50799, "pulse counters, no energies"),
    ("orno-or-we-516-517", 0x015E, 0x015E, "mbmd: another register a second time"),
    ("eastron-sdm230", 0x001C, 0x001D, "the speed, known as a model code"),
    ("eastron-sdm630", 0x0014, 0x0015, "the address, known as a serial number"),
]


def read(name, awaited):
    """A model; None where it is still to come."""
    path = f"{MODELS}/{name}.yaml"
    if name in awaited and not os.path.exists(path):
        return None
    with open(path, encoding="utf-8") as file:
        return yaml.safe_load(file)


def value_of(model, quantity):
    return next(v for v in model["values"] if v["quantity"] == quantity)


def first_address(value):
    return value["address"][0] if isinstance(value["address"], list) else value["address"]


def places_read(model):
    """(space, address) of its values, its serial number and the registers it is known by."""
    space = model["reading"].get("space", "holding")
    places = [*model["values"], *model.get("identification", []), model.get("serial_number", {})]
    return [(place.get("space", space), first_address(place)) for place in places if "address" in place]


def wrong(name, model):
    for row in (r for r in ADDRESSES if r[0] == name):
        at = first_address(value_of(model, row[1]))
        if at != row[2]:
            yield f"{row[1]} is read at {at}; it is at {row[2]}, not {row[3]} ({row[4]})"
    for row in (r for r in SCALES if r[0] == name):
        scale = value_of(model, row[1]).get("scale", 1)
        if scale != row[2]:
            yield f"{row[1]} has the scale {scale}; it is {row[2]}, not {row[3]} ({row[4]})"
    for row in (r for r in UNREAD if r[0] == name):
        for space, at in places_read(model):
            if space == "holding" and row[1] <= at <= row[2]:
                yield f"holding register {at} is read; there stands: {row[3]}"
    if name == "chint-dtsu666" and "ct_in_meter" in model:
        yield "ct_in_meter: the meter shows secondary values; the gateway multiplies"


def main():
    names = sorted({row[0] for table in (ADDRESSES, SCALES, UNREAD) for row in table})
    found = []
    missing = []
    for name in names:
        model = read(name, AWAITED)
        if model is None:
            missing.append(name)
        else:
            found += [f"{name}: {text}" for text in wrong(name, model)]
    print("\n".join(found) if found else f"{len(names) - len(missing)} models have none of the known errors")
    if missing:
        print(f"still to come: {', '.join(missing)}")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())

# SPDX-License-Identifier: Apache-2.0
"""test_models_against_facts.py -- The shipped models against the collected facts about the devices.

Protected: no address, type, scale or unit of a shipped model was mistyped, and
what the facts say of pauses, blocks and gaps is kept. The facts (register maps
gathered from manuals and field drivers) lie beside the tree, not in it.
"""
import os
import re
import sys
from fractions import Fraction

import yaml

MODELS = "drivers/meters"
FACTS = "../shared/meters"
FILES = {
    "abb-b23": "abb-b23-b24",
    "carlo-gavazzi-em340": "carlo-gavazzi-em330-em340",
    "eastron-sdm120": "eastron-sdm120",
    "eastron-sdm630": "eastron-sdm630",
    "kamstrup-multical-603": "kamstrup-multical-403-603-803",
    "schneider-iem3155": "schneider-iem3155-iem3255-iem3355",
    "siemens-pac2200": "siemens-pac2200",
    "sunspec-203": "sunspec-meter-201-204",
}
# Our quantity, without _l1..3 and _t1..4: what the facts may call it.
NAMES = {
    "active_energy_import": "energy_active_import", "active_energy_export": "energy_active_export",
    "reactive_energy_import": "energy_reactive_import", "reactive_energy_export": "energy_reactive_export",
    "apparent_energy": "energy_apparent", "heat_energy": "energy_heat", "volume": "volume",
    "active_power": "power_active", "reactive_power": "power_reactive", "apparent_power": "power_apparent",
    "power_factor": "power_factor", "frequency": "frequency", "heat_power": "power_thermal", "flow": "flow",
    "flow_temperature": "temperature_flow", "return_temperature": "temperature_return",
    "temperature_difference": "temperature_diff", "current_neutral": "current_n",
    "voltage": "voltage_ln_avg", "current": "current_avg",
}
UNITS = {"energy_active": "kWh", "energy_reactive": "kvarh", "energy_apparent": "kVAh", "energy_heat": "kWh",
         "volume": "m3", "power_active": "W", "power_reactive": "var", "power_apparent": "VA", "power_factor": "1",
         "power_thermal": "W", "voltage": "V", "current": "A", "frequency": "Hz", "flow": "m3/h",
         "temperature_diff": "K", "temperature": "degC"}
FUNCTIONS = {"coils": 1, "discrete": 2, "holding": 3, "input": 4}
TYPES = {"acc32": "u32"}
ORDERS = {"big": "high_first", "little": "low_first"}


def fact_names(quantity):
    """The facts' names for a quantity: the name itself, and with _total."""
    match = re.fullmatch(r"(voltage|current)_(l[123])", quantity)
    if match:
        return [f"voltage_{match[2]}_n" if match[1] == "voltage" else quantity]
    if re.fullmatch(r"voltage_l\d_l\d", quantity):
        return [quantity]
    match = re.fullmatch(r"(.*?)(_[lt]\d)?", quantity)
    name = NAMES.get(match[1], match[1]) + (match[2] or "")
    return [name, name + "_total"]


def unit_of(name):
    for start in sorted(UNITS, key=len, reverse=True):
        if name.startswith(start):
            return UNITS[start]
    return None


def check_value(model, value, points, defaults):
    """Every difference between one value of a model and the point at its address."""
    quantity = value["quantity"]
    addresses = value["address"] if isinstance(value["address"], list) else [value["address"]]
    names = fact_names(quantity)
    if len(addresses) > 1:
        names = [f"{names[0]}_t{i + 1}" for i in range(len(addresses))]
    for i, address in enumerate(addresses):
        accepted = [names[i]] if len(addresses) > 1 else names
        point = next((p for p in points if p["quantity"] in accepted), None)
        if point is None:
            yield f"{quantity}: the facts have none of {accepted}"
            continue
        scale = Fraction(str(value.get("scale", 1)))
        if value.get("option"):
            scale *= Fraction(str(model["option"]["choices"][model["option"]["default"]]))
        encoding = value.get("encoding", defaults.get("encoding"))
        order = value.get("word_order", defaults.get("word_order", "high_first"))
        space = FUNCTIONS[value.get("space", defaults.get("space", "holding"))]
        pairs = [
            ("address", address, point["address"]),
            ("encoding", encoding, TYPES.get(point["type"], point["type"])),
            ("scale", scale, Fraction(str(point["scale"]))),
            ("unit", unit_of(point["quantity"]), point["unit"]),
            ("scale register", value.get("scale_register"), point.get("scale_register")),
            ("function", space, point.get("function_code", defaults["facts_function"])),
            ("word order", order, ORDERS[defaults["facts_word_order"]]),
            ("zero is unavailable", bool(value.get("zero_is_unavailable")), point["type"] == "acc32"),
        ]
        for what, ours, theirs in pairs:
            if ours != theirs:
                yield f"{quantity}: {what} is {ours}, the facts say {theirs}"
        native = re.fullmatch(r"([\d.]*) ?(k?Wh|k?varh|k?VAh)", point.get("native", ""))
        if native and "resolution" in value:
            step = Fraction(native[1] or 1) / (1 if native[2].startswith("k") else 1000)
            if Fraction(str(value["resolution"])) != step:
                yield f"{quantity}: resolution is {value['resolution']} kWh, the facts say {point['native']}"


def check_serial_number(model, facts):
    ours, theirs = model.get("serial_number"), facts.get("serial_number")
    if bool(ours) != bool(theirs):
        yield f"serial number is {ours}, the facts say {theirs}"
    elif ours:
        space = FUNCTIONS[ours.get("space", model["reading"].get("space", "holding"))]
        if (ours["address"], ours["encoding"], space) != (
                theirs["address"], theirs["type"], theirs["function_code"]):
            yield f"serial number is {ours}, the facts say {theirs}"
        if ours["encoding"] == "string" and ours["registers"] != theirs["count"]:
            yield f"serial number has {ours['registers']} registers, the facts say {theirs['count']}"


def check_reading(model, facts):
    ours, theirs = model["reading"], facts["read"]
    gaps = theirs.get("illegal_gaps") or ""
    below = re.search(r"blocks below (\d+)", gaps)
    readable = {tuple(int(end, 0) for end in re.split("-", text)) for text in ours.get("readable", [])}
    said = {tuple(int(end, 16) for end in pair)
            for pair in re.findall(r"0x([0-9A-F]+)-0x([0-9A-F]+)", gaps)}
    if ours.get("pause_ms", 0) != theirs.get("min_gap_ms", 0):
        yield f"pause_ms is {ours.get('pause_ms', 0)}, the facts say {theirs.get('min_gap_ms', 0)}"
    if ours.get("response_timeout_ms") != theirs.get("response_timeout_ms"):
        yield "response_timeout_ms differs from the facts"
    if theirs.get("max_registers") and ours["largest_block"] != theirs["max_registers"]:
        yield f"largest_block is {ours['largest_block']}, the facts say {theirs['max_registers']}"
    if below and ours["largest_block"] >= int(below[1]):
        yield f"largest_block is {ours['largest_block']}, the facts say below {below[1]}"
    if said and readable != said:
        yield f"readable is {readable}, the facts say {said}"
    if not readable and ours.get("bridging", 0) > 0:
        yield "bridging is allowed everywhere; the facts name no range that allows it"


def check_line(model, facts):
    ours, theirs = model.get("serial_line", {}), facts.get("serial") or {}
    for key, value in ours.items():
        if theirs.get(key) != value:
            yield f"serial_line {key} is {value}, the facts say {theirs.get(key)}"
    tcp = facts.get("tcp") or {}
    if model.get("tcp", {}).get("port") != tcp.get("port"):
        yield "tcp port differs from the facts"
    transports = {name for name in facts["transport"] if name in ("rtu", "tcp")}
    if set(model["transport"]) != transports:
        yield f"transport is {model['transport']}, the facts say {sorted(transports)}"


def differences(name):
    with open(f"{MODELS}/{name}.yaml", encoding="utf-8") as file:
        model = yaml.safe_load(file)
    with open(f"{FACTS}/{FILES[name]}.yaml", encoding="utf-8") as file:
        facts = yaml.safe_load(file)
    defaults = dict(model["reading"], facts_function=facts["read"]["function_code"],
                    facts_word_order=facts["encoding"]["word_order"])
    for value in model["values"]:
        yield from check_value(model, value, facts["points"], defaults)
    yield from check_serial_number(model, facts)
    yield from check_reading(model, facts)
    yield from check_line(model, facts)


def main():
    if not os.path.isdir(FACTS):
        print(f"skipped: no facts at {FACTS}")
        return 77
    shipped = {name[:-5] for name in os.listdir(MODELS) if name.endswith(".yaml")}
    wrong = [f"{name}: no facts are named for it in this test" for name in sorted(shipped - set(FILES))]
    for name in sorted(shipped & set(FILES)):
        wrong += [f"{name}: {text}" for text in differences(name)]
    print("\n".join(wrong) if wrong else f"{len(shipped)} models agree with the facts")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())

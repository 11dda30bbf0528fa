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
# Facts of a model that are not in a file of its own name.
FILES = {
    "abb-b23": "abb-b23-b24",
    "carlo-gavazzi-em340": "carlo-gavazzi-em330-em340",
    "kamstrup-multical-603": "kamstrup-multical-403-603-803",
    "schneider-iem3155": "schneider-iem3155-iem3255-iem3355",
    "sunspec-203": "sunspec-meter-201-204",
    "sunspec-213": "sunspec-meter-211-214",
}
# What the facts say of a point in words only: what a counter counts at delivery, where its exponent stands.
IN_WORDS = {
    "iskra-ie38": {"counter_1": {"quantity": "energy_active_import_total"},
                   "counter_2": {"quantity": "energy_reactive_import_total"},
                   "counter_3": {"quantity": "energy_active_export_total"},
                   "counter_4": {"quantity": "energy_reactive_export_total"}},
    **{name: {"counter_1_raw": {"quantity": "energy_active_import_total", "scale": 0.001, "unit": "kWh",
                                "scale_register": 401}} for name in ("iskra-mc-mt", "iskra-wm3")},
}
# Ranges the facts describe in words only.
READABLE_IN_WORDS = {"hager-ecr380d": {(0xB000, 0xB02D), (0xB060, 0xB067)}, "sunspec-203": {(0, 106)}}
# Facts whose models are still to come.
AWAITED = {
    "janitza-umg604-umg605-umg512",
    "janitza-umg96rm",
    "lovato-dmg",
    "moxa-iologik-e1210",
    "orno-or-we-516-517",
    "phoenix-eem-350-d-mcb",
    "phoenix-eem-mb370",
    "phoenix-empro-em3xx",
    "sbc-ale3-awd3",
    "schneider-iem3150-iem3250-iem3350",
    "schneider-pm3255",
    "schneider-pm5110-pm5330",
    "schneider-pm5560",
    "shelly-pro-3em",
    "siemens-pac1600",
    "siemens-pac3120-pac3220",
    "siemens-pac3200",
    "siemens-pac4200-pac4220",
    "sma-sunny-home-manager-2",
    "socomec-countis-e14",
    "socomec-countis-e24-e34-e44",
    "socomec-diris-a10",
    "socomec-diris-a40",
    "socomec-diris-b30",
    "sunspec-meter-211-214",
    "wago-879-3000",
    "weidmueller-energy-meter-525-750",
    "wirenboard-wb-mcm8",
}
# Points of which no model knows a quantity.
NO_QUANTITY = re.compile(
    r"energy_\w+_(net|resettable|partial|detailed|fine|inductive|capacitive|f32)|energy_\w+_sum_\w+"
    r"|energy_apparent_\w+|energy_active_export_t\d|energy_reactive_\w+_[lqt]\d|energy_active_import_t[5-9]"
    r"|energy_heat_a1|voltage_ll_avg|current_sum|power_active_(import|export)\w*|phase_angle"
    r"|temperature_(internal|t\d)|flow_v2|pressure_1|mass_m1|counter_\d_raw|supply_voltage")
# Quantities of the facts that a model leaves out, and why.
LEFT_OUT = {
    ("abb-m4m", "voltage"): "line to neutral or line to line: the sources differ",
    ("schneider-iem3155", "power_factor"): "in four quadrants, which fold lead and lag into -2 to 2",
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
         "temperature_diff": "K", "temperature": "degC", "pulse_count": "pulse"}
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


def pulse_points(points):
    """Points of a collector, in the order of its channels."""
    return sorted((p for p in points if p["quantity"].startswith("pulse_count")), key=lambda p: p["address"])


def find_point(value, names, points):
    """The point that a value with one of these names stands for; None when there is none."""
    if value["quantity"] == "pulses":
        channels = pulse_points(points)
        channel = value.get("channel", 1)
        return channels[channel - 1] if channel <= len(channels) else None
    return next((p for p in points if p["quantity"] in names), None)


def check_value(model, value, points, defaults):
    """Every difference between one value of a model and the point at its address."""
    quantity = value["quantity"]
    addresses = value["address"] if isinstance(value["address"], list) else [value["address"]]
    names = fact_names(quantity)
    if len(addresses) > 1:
        names = [f"{names[0]}_t{i + 1}" for i in range(len(addresses))]
    for i, address in enumerate(addresses):
        accepted = [names[i]] if len(addresses) > 1 else names
        point = find_point(value, accepted, points)
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
    if theirs and "not confirmed" in theirs.get("note", ""):
        theirs = None
    if bool(ours) != bool(theirs):
        yield f"serial number is {ours}, the facts say {theirs}"
    elif ours:
        space = FUNCTIONS[ours.get("space", model["reading"].get("space", "holding"))]
        if (ours["address"], ours["encoding"], space) != (
                theirs["address"], theirs["type"], theirs["function_code"]):
            yield f"serial number is {ours}, the facts say {theirs}"
        if ours["encoding"] == "string" and ours["registers"] != theirs["count"]:
            yield f"serial number has {ours['registers']} registers, the facts say {theirs['count']}"


def check_reading(name, model, facts):
    ours, theirs = model["reading"], facts["read"]
    gaps = theirs.get("illegal_gaps") or ""
    below = re.search(r"blocks below (\d+)", gaps)
    readable = {tuple(int(end, 0) for end in re.split("-", text)) for text in ours.get("readable", [])}
    said = READABLE_IN_WORDS.get(name) or {
        tuple(int(end, 0) for end in pair) for pair in re.findall(r"(0x[0-9A-F]+|\d+)-(0x[0-9A-F]+|\d+)", gaps)}
    if ours.get("pause_ms", 0) != theirs.get("min_gap_ms", 0):
        yield f"pause_ms is {ours.get('pause_ms', 0)}, the facts say {theirs.get('min_gap_ms', 0)}"
    if ours.get("response_timeout_ms") != theirs.get("response_timeout_ms"):
        yield "response_timeout_ms differs from the facts"
    if theirs.get("max_registers") and ours["largest_block"] != theirs["max_registers"]:
        yield f"largest_block is {ours['largest_block']}, the facts say {theirs['max_registers']}"
    if below and ours["largest_block"] >= int(below[1]):
        yield f"largest_block is {ours['largest_block']}, the facts say below {below[1]}"
    if readable - said:
        yield f"readable has {readable - said}, which the facts do not say"
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


def check_complete(name, model, points):
    """Every point is a value of the model, or one whose quantity nobody knows, or left out for a reason."""
    used = {a for v in model["values"] for a in (v["address"] if isinstance(v["address"], list) else [v["address"]])}
    with open("drivers/quantity.c", encoding="utf-8") as file:
        quantities = re.findall(r'= \{"(\w+)",', file.read())
    known = {fact: quantity for quantity in quantities for fact in fact_names(quantity)}
    for point in points:
        quantity = known.get(point["quantity"])
        reason = LEFT_OUT.get((name, quantity))
        if point["address"] in used:
            if reason:
                yield f"{quantity} is read, this test says that it is left out: {reason}"
        elif quantity and not reason:
            yield f"{quantity} (at {point['address']}) is left out"
        elif not quantity and not NO_QUANTITY.fullmatch(point["quantity"]):
            yield f"{point['quantity']} of the facts is neither a value nor known to have no quantity"


def differences(name):
    with open(f"{MODELS}/{name}.yaml", encoding="utf-8") as file:
        model = yaml.safe_load(file)
    with open(f"{FACTS}/{FILES.get(name, name)}.yaml", encoding="utf-8") as file:
        facts = yaml.safe_load(file)
    defaults = dict(model["reading"], facts_function=facts["read"]["function_code"],
                    facts_word_order=facts["encoding"]["word_order"])
    points = [dict(p, **IN_WORDS.get(name, {}).get(p["quantity"], {})) for p in facts["points"]]
    for value in model["values"]:
        yield from check_value(model, value, points, defaults)
    yield from check_complete(name, model, points)
    yield from check_serial_number(model, facts)
    yield from check_reading(name, model, facts)
    yield from check_line(model, facts)


def without_model(shipped):
    """Facts of confidence A or B that no shipped model is made of."""
    used = {FILES.get(name, name) for name in shipped}
    for file in os.listdir(FACTS):
        name = file.removesuffix(".yaml")
        if file.endswith(".yaml") and name not in used and name not in AWAITED:
            with open(f"{FACTS}/{file}", encoding="utf-8") as text:
                if yaml.safe_load(text)["confidence"] in ("A", "B"):
                    yield name


def main():
    if not os.path.isdir(FACTS):
        print(f"skipped: no facts at {FACTS}")
        return 77
    shipped = {name[:-5] for name in os.listdir(MODELS) if name.endswith(".yaml")}
    wrong = [f"{FACTS}/{name}.yaml: no model is made of it" for name in sorted(without_model(shipped))]
    wrong += [f"{name}: is there, and no longer AWAITED" for name in sorted(shipped & AWAITED)]
    for name in sorted(shipped):
        if os.path.exists(f"{FACTS}/{FILES.get(name, name)}.yaml"):
            wrong += [f"{name}: {text}" for text in differences(name)]
        else:
            wrong.append(f"{name}: there are no facts about it")
    print("\n".join(wrong) if wrong else f"{len(shipped)} models agree with the facts")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())

#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""mqtt_consumer.py -- A consumer in twenty lines: the newest revision of every interval, and each counter's sum.

    mosquitto_sub -V mqttv5 -h BROKER -q 1 -F '%t %p' -t 'byport/1/+/+/+/intervals' | python3 mqtt_consumer.py
"""
import collections
import json
import sys

newest = {}  # key of an interval: (generation, revision), value
for line in sys.stdin:
    topic, payload = line.split(" ", 1)
    message = json.loads(payload)
    for row in message["rows"]:
        key = (*topic.split("/")[2:5], row["meter"], row["quantity"], row["unit"], row["start"], row["end"])
        age = (message["generation"], row["revision"])
        if key not in newest or age > newest[key][0]:
            newest[key] = (age, row["value"])

sums, missing = collections.Counter(), collections.Counter()
for (city, site, gateway, meter, quantity, unit, start, end), (age, value) in newest.items():
    counter = f"{city}/{site}/{gateway}/{meter} {quantity}"
    sums[counter, unit] += value if value is not None else 0
    missing[counter, unit] += value is None
for (counter, unit), total in sorted(sums.items()):
    print(f"{counter} {round(total, 6)} {unit}, {missing[counter, unit]} intervals without a value")

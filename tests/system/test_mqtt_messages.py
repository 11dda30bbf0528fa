# SPDX-License-Identifier: Apache-2.0
"""test_mqtt_messages.py -- That what the real gateway publishes, and what docs/mqtt.md shows, is what the schema says
(strictly: no field beside it), and that the consumer of the documentation counts as its three rules say."""
import json
import re
import subprocess
import sys

import jsonschema

import gateway
import meters
import rig
import simulator

GATEWAYS = ("status", "about", "live", "intervals", "events", "trends", "health", "totals")
ARCHIVES = ("receipt", "replay", "anchor")
KINDS = GATEWAYS + ARCHIVES
# Topics of the examples that have more than the kind's name; `totals` has a second example.
EXAMPLES = {"live": "live/kitchen", "totals": "totals/gateway/month", "receipt": "receipt/oslo",
            "replay": "replay/oslo", "anchor": "anchor/oslo"}
SECOND_TOTALS = "totals/meter-main/month"


def strict(schema):
    """The published schema lets later gateways say more; this one must not."""
    if isinstance(schema, dict):
        schema = {key: strict(part) for key, part in schema.items()}
        if "properties" in schema and isinstance(schema.get("required"), list):
            schema["additionalProperties"] = False
    return schema


def schemas():
    made = {}
    for kind in KINDS:
        schema = json.loads(rig.run([rig.program("byport-city"), "schema", kind], check=True).stdout)
        jsonschema.Draft202012Validator.check_schema(schema)
        made[kind] = jsonschema.Draft202012Validator(strict(schema))
    return made


def kind_of(topic):
    return topic.split("/")[5]


class Messages(rig.Case):
    def assert_valid(self, schema, message):
        errors = [f"{error.json_path}: {error.message}" for error in schema.iter_errors(message)]
        self.assertEqual(errors, [], message)

    def test_every_message_of_the_gateway_fits_its_schema(self):
        broker = self.use(rig.Broker())
        collector = self.use(rig.Collector(broker, "byport/#"))
        dead = self.use(meters.TcpMeters({}))
        alive = self.use(simulator.Simulator("--model", "eastron-sdm120", "--tcp", "127.0.0.1:0"))
        buses = [{"id": "net", "tcp": f"127.0.0.1:{alive.port()}"}, gateway.bus_tcp("old", dead)]
        daemon = self.use(gateway.Gateway(broker, buses, [
            gateway.meter("kitchen", "net", 1, model="eastron-sdm120"), gateway.meter("dead", "old", 9)]))
        rig.wait_until(lambda: {kind_of(m.topic) for m in collector.messages()} >= set(GATEWAYS), 60, "every kind")
        daemon.process.kill()
        collector.wait_for(lambda m: m.topic.endswith("/status") and m.json["state"] == "offline")
        known = schemas()
        for message in collector.messages():
            self.assert_valid(known[kind_of(message.topic)], message.json)
            self.assertEqual(message.properties["content-type"], "application/json")
            self.assertEqual(message.properties["user-properties"], {"schema": "1"})
            self.assertEqual("message-expiry-interval" in message.properties,
                             kind_of(message.topic) in ("live", "health"), message.topic)

    def test_a_message_that_is_wrong_does_not_fit(self):
        known = schemas()
        examples = self.examples()
        for kind in KINDS:
            for key in examples[kind]:
                changed = {**examples[kind], key: [[]]}
                self.assertFalse(known[kind].is_valid(changed), (kind, key))
            self.assertFalse(known[kind].is_valid({**examples[kind], "beside": 1}), kind)

    def examples(self):
        text = (rig.ROOT / "docs" / "mqtt.md").read_text()
        found = re.findall(r"^`(([a-z]+)(?:/[a-z/-]+)?)`[^\n]*\n\n```json\n(.*?)\n```", text, re.M | re.S)
        seconds = [json.loads(example) for topic, _, example in found if topic == SECOND_TOTALS]
        first = [(topic, kind, json.loads(example)) for topic, kind, example in found if topic != SECOND_TOTALS]
        self.assertEqual([topic for topic, _, _ in first], [EXAMPLES.get(kind, kind) for kind in KINDS])
        self.assert_valid(schemas()["totals"], *seconds)
        return {kind: example for _, kind, example in first}

    def test_the_examples_of_the_documentation_fit_and_the_city_reads_them(self):
        known, broker = schemas(), self.use(rig.Broker())
        city = self.use(rig.Process([rig.program("byport-city"), "live", "--plain", "--broker", broker.address, "--json"]))
        broker.publish("byport/1/a/b/c/status", json.dumps(self.examples()["status"]), retain=True)
        city.wait_for("/status")
        for kind, example in self.examples().items():
            self.assert_valid(known[kind], example)
            broker.publish(f"byport/1/a/b/c/{EXAMPLES.get(kind, kind)}", json.dumps(example))
        city.wait_for("/anchor")
        self.assertNotIn('"error"', city.out)

    def test_what_is_gone_fits_the_schema(self):
        text = (rig.ROOT / "docs" / "mqtt.md").read_text()
        (example,) = re.findall(r"^```json\n(.*\"gone\".*)\n```", text, re.M)
        self.assert_valid(schemas()["intervals"], json.loads(example))


class Consumer(rig.Case):
    def row(self, number, value, revision=0):
        return {"id": number, "meter": "main", "quantity": "heat_energy", "unit": "kWh",
                "start": f"2026-11-23T{number:02d}:00:00Z", "end": f"2026-11-23T{number + 1:02d}:00:00Z",
                "value": value, "revision": revision}

    def test_it_keeps_the_three_rules(self):
        broker, topic = self.use(rig.Broker()), "byport/1/oslo/school/gw/intervals"
        messages = [(1, [self.row(1, 0.1), self.row(2, 0.2)]), (1, [self.row(1, 0.1)]),
                    (1, [self.row(3, None), self.row(4, None)]), (1, [self.row(4, 5, revision=1), self.row(4, None)]),
                    (2, [self.row(2, 7)]), (1, [self.row(2, 100, revision=9)])]
        command = [*broker.client("mosquitto_sub"), "-q", 1, "-F", "%t %p", "-t", "byport/1/+/+/+/intervals",
                   "-C", len(messages)]
        subscriber = self.use(rig.Process(command))
        rig.wait_until(lambda: "SUBSCRIBE" in broker.log and "Sending SUBACK" in broker.log, what="the subscription")
        for generation, rows in messages:
            broker.publish(topic, json.dumps({"generation": generation, "rows": rows}))
        subscriber.wait()
        done = subprocess.run([sys.executable, rig.ROOT / "docs" / "mqtt_consumer.py"], input=subscriber.out, text=True,
                              capture_output=True, timeout=30, check=True)
        self.assertEqual(done.stdout, "oslo/school/gw/main heat_energy 12.1 kWh, 1 intervals without a value\n")


if __name__ == "__main__":
    rig.main()

# SPDX-License-Identifier: Apache-2.0
"""small_archive.py -- An archive in a few lines, on a real broker: keeps what arrives, forgets what a test tells it to,
and says what docs/mqtt.md lets archives say."""
import json

import gateway
import rig

AT = "2026-11-23T09:16:31Z"


class SmallArchive:
    """Rows of every store by stream and id. `forget` ids are as if they had never come; they may come again."""

    def __init__(self, broker, name="oslo"):
        self.broker, self.name = broker, name
        self._collector = rig.Collector(gateway.DurableSession(broker), f"{gateway.ROOT_TOPIC}/#")
        self._forgotten = {}  # (store, stream): (how many messages had come, ids)

    def messages(self):
        """Stream messages, in order of arrival."""
        return [message.json for message in self._collector.messages()
                if message.topic.split("/")[-1] in ("intervals", "events", "trends")]

    def rows(self, store, stream="energy"):
        """{id: row or None when it is gone} of what the archive has."""
        since, forgotten = self._forgotten.get((store, stream), (0, ()))
        rows = {}
        for number, body in enumerate(self.messages()):
            if (body["store"], body["stream"]) != (store, stream):
                continue
            came = {row["id"]: row for row in body["rows"]}
            if body.get("gone"):
                came = dict.fromkeys(range(body["after"] + 1, body["through"] + 1))
            rows.update({i: row for i, row in came.items() if number >= since or i not in forgotten})
        return rows

    def forget(self, store, ids, stream="energy"):
        self._forgotten[(store, stream)] = (len(self.messages()), set(ids))

    def through(self, store, stream="energy"):
        rows, through = self.rows(store, stream), 0
        while through + 1 in rows:
            through += 1
        return through

    def missing(self, store, stream="energy"):
        """Ranges above through() that lack."""
        rows, after, ranges = self.rows(store, stream), self.through(store, stream), []
        for i in sorted(i for i in rows if i > after):
            if i > after + 1:
                ranges.append({"after": after, "through": i - 1})
            after = i
        return ranges[:16]

    def say(self, kind, body, retain=False):
        self.broker.publish(f"{gateway.ROOT_TOPIC}/{kind}/{self.name}", json.dumps(body), retain=retain)

    def receipt(self, store, through=None, missing=None, streams=("energy", "trends")):
        """By what it has, or as the test wants."""
        self.say("receipt", {"archive": self.name, "at": AT, "store": store, "generation": 1, "streams": [
            {"stream": stream, "through": self.through(store, stream) if through is None else through,
             "missing": self.missing(store, stream) if missing is None else missing} for stream in streams]}, True)

    def replay(self, store, after, through):
        self.say("replay", {"archive": self.name, "at": AT, "store": store, "stream": "energy", "after": after,
                            "through": through})

    def anchor(self, store, generation, rows):
        """From the newest interval with readings of each meter and quantity."""
        newest = {(row["meter"], row["quantity"]): row for row in rows if row and row.get("reading_end") is not None}
        self.say("anchor", {"archive": self.name, "at": AT, "store": store, "generation": generation, "counters": [
            {"meter": meter, "quantity": quantity, "unit": row["unit"], "at": row["end"], "reading": row["reading_end"]}
            for (meter, quantity), row in newest.items()]})

    def events(self, kind):
        return [row for body in self.messages() for row in body["rows"] if row.get("kind") == kind]

    def close(self):
        self._collector.close()

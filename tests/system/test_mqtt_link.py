# SPDX-License-Identifier: Apache-2.0
"""test_mqtt_link.py -- The link (gateway/mqtt_link.h) against real brokers and bad
ones: each trouble is told in words, nothing blocks, and what the broker allows is
kept to. tests/tools/link_probe.c is the link on a command line."""

import re
import socket
import struct
import threading

import link
import rig


class BadBrokers(link.LinkCase):
    def silent_listener(self):
        """Accepts TCP (in the kernel's backlog) and says nothing."""
        listener = self.use(socket.socket())
        listener.bind((rig.LOOPBACK, 0))
        listener.listen(8)
        return listener.getsockname()[1]

    def listener_that_says(self, text, reset=False):
        """Accepts TCP once, says the same whatever it is told, and closes; or resets the connection."""
        listener = self.use(socket.socket())
        listener.bind((rig.LOOPBACK, 0))
        listener.listen(8)
        def answer():
            with listener.accept()[0] as link:
                link.recv(10000)
                link.sendall(text)
                if reset:
                    link.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        threading.Thread(target=answer, daemon=True).start()
        return listener.getsockname()[1]


class WithABroker(link.LinkCase):
    def test_a_publication_arrives_with_its_properties(self):
        broker = self.use(rig.Broker())
        collector = self.use(rig.Collector(broker, "a/#"))
        probe = self.probe(broker.port)
        probe.wait_for("connected")
        probe.send('publish 7 1 1 30 a/b {"x":1}\n')
        probe.wait_for("acknowledged 7 0")
        message = collector.wait_for_topic("a/b")
        self.assertEqual(message.json, {"x": 1})
        self.assertEqual(message.properties["content-type"], "application/json")
        self.assertEqual(message.properties["user-properties"], {"schema": "1"})
        self.assertEqual(message.properties["message-expiry-interval"], 30)

    def test_a_denied_topic_and_a_packet_too_large_are_told_by_their_reason(self):
        broker = self.use(rig.Broker(acl="topic readwrite ok/#\n", packet_bytes_max=1000))
        probe = self.probe(broker.port)
        probe.wait_for("connected 20 1000")
        probe.send("publish 8 1 1 0 denied/a x\n")
        probe.wait_for("acknowledged 8 135")
        probe.send(f"publish 9 1 0 0 ok/large {'x' * 1500}\n")
        probe.wait_for("acknowledged 9 149")
        probe.send("publish 10 1 0 0 ok/a x\n")
        probe.wait_for("acknowledged 10")
        self.assertNotIn("disconnected", probe.out)

    def test_no_more_are_on_the_way_than_the_broker_takes(self):
        broker = self.use(rig.Broker(in_flight=3))
        probe = self.probe(broker.port)
        probe.wait_for("connected 3 ")
        probe.send("flood 300 100 a/flood\n")
        probe.wait_for("acknowledged 300 ")
        # Mosquitto ends a connection that sends more (reason 147)
        self.assertNotIn("disconnected", probe.out)
        self.assertEqual(len(re.findall(r"^acknowledged \d+ \d+$", probe.out, re.M)), 300)

    def test_it_subscribes_at_every_connect(self):
        broker = self.use(rig.Broker())
        probe = self.probe(broker.port, subscribe="in/#")
        probe.wait_for("connected")
        rig.wait_until(lambda: (broker.publish("in/a", "first"), "message 0 in/a first" in probe.out)[1])
        broker.restart()
        probe.wait_for("disconnected")
        rig.wait_until(lambda: (broker.publish("in/a", "second"), "message 0 in/a second" in probe.out)[1])

    def test_the_will_is_published_when_the_publisher_is_killed_and_not_when_it_says_goodbye(self):
        broker = self.use(rig.Broker())
        collector = self.use(rig.Collector(broker, "s/#"))
        polite = self.probe(broker.port, client_id="polite", will_topic="s/polite", will="gone")
        killed = self.probe(broker.port, client_id="killed", will_topic="s/killed", will="gone")
        polite.wait_for("connected")
        killed.wait_for("connected")
        self.stop(polite, 1000)
        killed.kill()
        will = collector.wait_for_topic("s/killed")
        self.assertEqual(will.text, "gone")
        late = self.use(rig.Collector(broker, "s/#"))
        self.assertTrue(late.wait_for_topic("s/killed").retain)
        self.assertEqual(will.properties["content-type"], "application/json")
        self.assertEqual(collector.messages(end="polite"), [])

    def test_what_waits_is_sent_before_the_goodbye(self):
        broker = self.use(rig.Broker())
        collector = self.use(rig.Collector(broker, "a/#"))
        probe = self.probe(broker.port, will_topic="a/will", will="gone")
        probe.wait_for("connected")
        probe.send("publish 1 1 0 0 a/last x\nstop 1000\n")
        probe.wait()
        collector.wait_for_topic("a/last")
        self.assertEqual(collector.messages(end="will"), [])

    def test_a_retained_message_expires(self):
        broker = self.use(rig.Broker())
        probe = self.probe(broker.port)
        probe.wait_for("connected")
        probe.send("publish 1 1 1 3 a/live x\n")
        probe.wait_for("acknowledged 1")
        def retained():
            return rig.run([*broker.client("mosquitto_sub"), "-t", "a/live", "-C", 1, "-W", 1]).stdout
        self.assertEqual(retained(), "x\n")
        rig.wait_until(lambda: retained() == "", what="expiry")

    def test_another_client_with_the_same_id_is_hinted_at(self):
        broker = self.use(rig.Broker())  # Mosquitto 2.0.11 takes over without a DISCONNECT
        first = self.probe(broker.port, client_id="same")
        first.wait_for("connected")
        self.probe(broker.port, client_id="same").wait_for("connected")
        first.wait_for("did not say why (two clients with one id: a card copied into two boards?)")

    def test_after_a_restart_it_comes_back_and_publishes(self):
        broker = self.use(rig.Broker())
        probe = self.probe(broker.port)
        probe.wait_for("connected")
        broker.kill()
        probe.wait_for("the broker closed the connection")
        probe.send("publish 1 1 0 0 a/b x\n")
        probe.wait_for("publish 1 not connected")
        broker.start()
        rig.wait_until(lambda: len(re.findall("^connected", probe.out, re.M)) == 2, 30)
        probe.send("publish 2 1 0 0 a/b x\n")
        probe.wait_for("acknowledged 2")


class WithMqtt3(BadBrokers):
    """MQTT 3.1.1: no properties, and no reason codes but those of CONNACK (section 3.2.2.3)."""

    def test_a_publication_arrives_bare_and_a_denied_one_is_acknowledged_all_the_same(self):
        broker = self.use(rig.Broker(acl="topic readwrite ok/#\ntopic readwrite rig/#\n"))
        collector = self.use(rig.Collector(broker, "ok/#"))
        probe = self.probe(broker.port, mqtt3=1, subscribe="ok/in")
        probe.wait_for("connected 256 0")
        probe.send('publish 7 1 1 30 ok/a {"x":1}\n')
        probe.wait_for("acknowledged 7 0")
        message = collector.wait_for_topic("ok/a")
        self.assertEqual((message.json, message.properties), ({"x": 1}, {}))
        probe.send("publish 8 1 0 0 denied/a x\n")
        probe.wait_for("acknowledged 8 0")
        broker.publish("ok/in", "word")
        probe.wait_for("message 0 ok/in word")
        probe.send("flood 300 100 ok/flood\n")
        probe.wait_for("acknowledged 300 ")
        self.assertNotIn("disconnected", probe.out)

    def test_the_will_speaks_for_a_publisher_that_is_killed_or_could_not_send_all(self):
        broker = self.use(rig.Broker())
        collector = self.use(rig.Collector(broker, "s/#"))
        names = ("polite", "killed")
        polite, killed = (self.probe(broker.port, mqtt3=1, client_id=name, will_topic=f"s/{name}", will="gone")
                          for name in names)
        for probe in (polite, killed):
            probe.wait_for("connected")
        self.stop(polite, 1000)
        killed.kill()
        collector.wait_for_topic("s/killed")
        self.assertEqual(collector.messages(end="polite"), [])

    def test_each_refusal_of_a_connection_has_its_words(self):
        for code, words in ((1, "MQTT 3.1.1 is not spoken there"), (2, "client identifier not valid"),
                            (3, "server unavailable"), (4, "bad user name or password"), (5, "not authorized"),
                            (9, "unknown reason")):
            port = self.listener_that_says(bytes([0x20, 2, 0, code]))
            self.probe(port, mqtt3=1).wait_for(f"refused: {words}; next try in")
        port = self.listener_that_says(bytes([0x20, 2, 0, 1]))  # what a broker of 3.1.1 says to MQTT 5
        self.probe(port).wait_for("refused: MQTT 5 is not spoken there (`mqtt: v3.1.1` may serve")

    def test_a_bad_password_is_refused_in_words(self):
        broker = self.use(rig.Broker(users={"gw": "right"}))
        password = self.folder() / "password"
        password.write_text("wrong")
        password.chmod(0o600)
        self.probe(broker.port, mqtt3=1, user="gw", password_file=password).wait_for("refused: not authorized")


class WithTrouble(BadBrokers):
    def test_a_broker_absent_at_start_is_told_and_found_later(self):
        broker = self.use(rig.Broker())
        broker.stop()
        probe = self.probe(broker.port)
        probe.wait_for(f"127.0.0.1:{broker.port} refused: no broker listens there; next try in")
        broker.start()
        probe.wait_for("connected", 60)

    def test_a_bad_password_is_refused_in_words(self):
        broker = self.use(rig.Broker(users={"gw": "right"}))
        password = self.folder() / "password"
        for text, expected in (("wrong", "refused: not authorized"), ("right\n", "connected")):
            password.write_text(text)
            password.chmod(0o600)
            probe = self.probe(broker.port, user="gw", password_file=password)
            probe.wait_for(expected)

    def test_a_password_file_that_is_not_there_is_refused_at_start(self):
        probe = self.probe(1883, user="gw", password_file="/nonexistent")
        self.assertEqual(probe.wait(), 1)
        self.assertIn("failed the password file cannot be read", probe.out)

    def test_a_name_that_is_not_known_is_told(self):
        probe = self.probe(1883, host="broker.invalid")
        probe.wait_for('the name "broker.invalid" is not resolved', 30)

    def test_a_broker_that_says_nothing_neither_blocks_nor_keeps_it_from_stopping(self):
        probe = self.probe(self.silent_listener())
        probe.send("publish 1 1 0 0 a/b x\n")
        probe.wait_for("publish 1 not connected", 3)
        probe.wait_for("takes the connection and says nothing for 10 s", 20)
        self.assertLess(self.stop(probe, 500), 700)

    def test_the_brokers_own_word_at_the_end_is_told(self):
        listener = self.use(socket.socket())
        listener.bind((rig.LOOPBACK, 0))
        listener.listen(1)
        probe = self.probe(listener.getsockname()[1])
        link = self.use(listener.accept()[0])
        link.recv(1000)
        link.sendall(bytes([0x20, 3, 0, 0, 0]) + bytes([0xE0, 2, 142, 0]))  # CONNACK, DISCONNECT 142
        probe.wait_for("the broker ended the connection: session taken over: another client has connected with the same id "
                       "(a card copied into two boards?)")

    def test_it_stops_in_time_while_connecting(self):
        probe = self.probe(self.silent_listener())
        self.assertLess(self.stop(probe, 300), 500)

    def test_a_port_of_the_other_kind_is_told(self):
        certificates = rig.Certificates(self.folder())
        broker = self.use(rig.Broker(certificates=certificates))
        self.probe(broker.port, tls=1, ca_file=certificates.ca).wait_for("connected")
        for reset in (False, True):
            closes = self.listener_that_says(b"", reset)
            self.probe(closes, tls=1, ca_file=certificates.ca).wait_for(
                f"127.0.0.1:{closes} closed the connection without an answer (does it speak TLS? plain text has to be chosen: `tls: no`, or --plain)")
        web = self.listener_that_says(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        self.probe(web, tls=1, ca_file=certificates.ca).wait_for(f"127.0.0.1:{web} does not speak TLS (plain text has to be chosen")
        alert = b"\x15\x03\x03\x00\x02\x02\x46"  # RFC 8446, section 6: protocol_version
        for words in (alert, b"HTTP/1.1 400 Bad Request\r\n\r\n"):
            other = self.listener_that_says(words)
            self.probe(other).wait_for(
                f"127.0.0.1:{other} does not answer in MQTT (does it want TLS? this was plain text)")
        self.probe(broker.port).wait_for(
            f"127.0.0.1:{broker.port} closed the connection without an answer (does it want TLS? this was plain text)")

    def test_a_name_with_an_address_of_ipv6_first_falls_back_to_ipv4(self):
        broker = self.use(rig.Broker())  # on 127.0.0.1 only; localhost is ::1 too where there is IPv6
        self.probe(broker.port, host="localhost").wait_for("connected")


if __name__ == "__main__":
    rig.main()

# SPDX-License-Identifier: Apache-2.0
"""test_mqtt_tls.py -- Who is let in and who is not: mutual TLS with the sample broker of config/broker, and each
refusal with a message of its own that a person can act on."""
import json
import pathlib
import socket
import ssl
import struct
import threading
import time

import authority
import link
import rig

NAME = "drammen/school/main"
ROOT = f"byport/1/{NAME}"


class TlsCase(link.LinkCase):
    def setUp(self):
        self.city = authority.Authority(self.folder(), "City authority")
        self.own = self.city.issue(NAME)

    def probe(self, port, own=None, **settings):
        own = own or self.own
        return super().probe(port, **{"tls": 1, "ca_file": self.city.ca, "certificate_file": own.certificate,
                                      "key_file": own.key, **settings})

    def shown(self, certificate, *options):
        """A port where a broker of that certificate listens."""
        return self.use(authority.Server(certificate, *options)).port


class TheSampleBroker(TlsCase):
    def setUp(self):
        super().setUp()
        self.broker = self.use(authority.SampleBroker(self.city))

    def test_a_gateway_writes_below_its_own_root_only(self):
        collector = self.use(rig.Collector(self.broker, "byport/#"))
        probe = self.probe(self.broker.port, will_topic=f"{ROOT}/status", will="gone")
        probe.wait_for("connected")
        allowed = ["status", "about", "health", "live/kitchen", "intervals", "events", "trends", "totals/gateway/day"]
        for tag, topic in enumerate(allowed, 1):
            probe.send(f"publish {tag} 1 0 0 {ROOT}/{topic} x\n")
            probe.wait_for(f"acknowledged {tag} 0")
            collector.wait_for_topic(f"{ROOT}/{topic}")
        denied = [f"{ROOT}/receipt/oslo", f"{ROOT}/replay/oslo", f"{ROOT}/anchor/oslo", f"{ROOT}/other",
                  "byport/1/drammen/school/annex/status", "byport/1/drammen/other/main/intervals", "elsewhere"]
        for tag, topic in enumerate(denied, 101):
            probe.send(f"publish {tag} 1 0 0 {topic} x\n")
            probe.wait_for(f"acknowledged {tag} 135")
        self.assertNotIn("disconnected", probe.out)
        probe.kill()
        self.assertEqual(collector.wait_for(lambda m: m.text == "gone").topic, f"{ROOT}/status")

    def test_an_archive_speaks_to_gateways_under_its_own_name_only(self):
        probe = self.probe(self.broker.port, subscribe=f"{ROOT}/+/+")
        probe.wait_for("connected")
        archive = self.probe(self.broker.port, self.broker.archive, client_id="archive")
        archive.wait_for("connected")
        for tag, topic in enumerate(("receipt/oslo", "replay/oslo", "anchor/oslo"), 1):
            archive.send(f"publish {tag} 1 0 0 {ROOT}/{topic} word-{tag}\n")
            archive.wait_for(f"acknowledged {tag} 0")
            probe.wait_for(f"message 0 {ROOT}/{topic} word-{tag}")
        for tag, topic in enumerate(("receipt/bergen", "status", "intervals"), 11):
            archive.send(f"publish {tag} 1 0 0 {ROOT}/{topic} x\n")
            archive.wait_for(f"acknowledged {tag} 135")

    def test_a_dashboard_hears_its_city_and_another_gateway_nothing(self):
        dashboard = self.probe(self.broker.port, self.city.issue("drammen-dashboard"), client_id="dashboard",
                               subscribe="byport/1/#")
        neighbour = self.probe(self.broker.port, self.city.issue("drammen/other/main"), client_id="neighbour",
                               subscribe="byport/1/#")
        far = self.probe(self.broker.port, self.city.issue("bergen/school/main"), client_id="far")
        probe = self.probe(self.broker.port)
        for each in (dashboard, neighbour, far, probe):
            each.wait_for("connected")
        self.broker.publish(f"{ROOT}/receipt/oslo", "x")  # the broker knows the subscriptions by now
        dashboard.wait_for("receipt/oslo")
        far.send("publish 1 1 0 0 byport/1/bergen/school/main/status far\n")
        far.wait_for("acknowledged 1")
        probe.send(f"publish 1 1 0 0 {ROOT}/status near\n")
        dashboard.wait_for(f"{ROOT}/status near")
        self.assertNotIn("bergen", dashboard.out)
        self.assertNotIn("message", neighbour.out)

    def test_without_a_certificate_there_is_no_way_in(self):
        link.LinkCase.probe(self, self.broker.port, tls=1, ca_file=self.city.ca).wait_for("certificate")  # as refused()

    def test_a_broker_of_tls_1_2_that_wants_a_certificate_says_less_and_is_understood(self):
        port = self.shown(self.city.issue("broker", rig.LOOPBACK), "-tls1_2", "-Verify", "1", "-CAfile", self.city.ca,
                          "-verify_return_error")
        probe = link.LinkCase.probe(self, port, tls=1, ca_file=self.city.ca)
        probe.wait_for("the broker broke off the handshake; it may ask for a certificate of ours")

    def test_the_citys_end_shows_its_certificate_too(self):
        dashboard = self.city.issue("drammen-dashboard")
        live = [rig.program("byport-city"), "live", "--broker", self.broker.address, "--ca-file", self.city.ca,
                "--json", "--for", "30"]
        watching = self.use(rig.Process([*live, "--certificate", dashboard.certificate, "--key", dashboard.key]))
        status = json.dumps({"state": "online", "version": "0.1.0", "store": "s1", "generation": 1,
                             "clock": "synchronised", "started": None, "at": None, "boot": None, "session": 1})
        rig.wait_until(lambda: (self.broker.publish(f"{ROOT}/status", status), '"online"' in watching.out)[1])
        self.use(rig.Process(live)).wait_for("certificate")  # as refused()

    def test_the_citys_end_speaks_plain_text_only_when_told_to(self):
        plain = self.use(rig.Broker())
        for words, port, reason in (
                ((), plain.port, "does it speak TLS? plain text has to be chosen: `tls: no`, or --plain"),
                (("--plain",), self.broker.port, "does it want TLS? this was plain text")):
            for verb in (("live", "--for", "30"), ("archive", "--store", str(self.folder() / "archive.db"))):
                city = self.use(rig.Process([rig.program("byport-city"), *verb, *words, "--broker",
                                             f"{rig.LOOPBACK}:{port}"]))
                city.wait_for(f"{rig.LOOPBACK}:{port} closed the connection without an answer ({reason})")

    def refused(self, own, reason):
        """By a broker of TLS 1.2, that names its reason before the handshake ends; by one of TLS 1.3 the end of the
        connection may overtake it, and then the sentence asks."""
        port = self.shown(self.city.issue("broker", rig.LOOPBACK), "-tls1_2", "-Verify", "1", "-CAfile", self.city.ca,
                          "-verify_return_error")
        self.probe(port, own).wait_for(reason)
        self.probe(self.broker.port, own, client_id="refused").wait_for("refuse")

    def test_our_certificate_by_an_authority_the_broker_does_not_know(self):
        stranger = authority.Authority(self.folder(), "Another authority").issue(NAME)
        self.refused(stranger, "the broker refused our certificate: it does not trust the authority that signed it")

    def test_our_certificate_has_expired(self):
        self.refused(self.city.issue(NAME, from_days=-9, until_days=-1),
                     "the broker refused our certificate: it has expired")

    def test_a_renewed_certificate_of_another_authority_needs_both_in_ca_file(self):
        new = authority.Authority(self.folder(), "City authority, the second")
        both = self.folder() / "both.crt"
        both.write_text(pathlib.Path(self.city.ca).read_text() + pathlib.Path(new.ca).read_text())
        self.broker.trusted, self.broker.shown = both, new.issue("broker", rig.LOOPBACK)
        self.broker.restart()
        for own in (self.own, new.issue(NAME)):
            self.probe(self.broker.port, own, ca_file=both).wait_for("connected")
        self.probe(self.broker.port).wait_for('"City authority, the second" signed it')


class Refusals(TlsCase):
    def test_a_certificate_for_another_name(self):
        for shown, asked, named in (("mqtt.example.org", "127.0.0.1", "mqtt.example.org"),
                                    (rig.LOOPBACK, "localhost", rig.LOOPBACK)):
            port = self.shown(self.city.issue("broker", shown))
            self.probe(port, host=asked).wait_for(
                f'the broker\'s certificate is not for "{asked}", but for "{named}"; next try')

    def test_an_expired_certificate(self):
        port = self.shown(self.city.issue("broker", rig.LOOPBACK, from_days=-9, until_days=-1))
        date = time.strftime("%Y-%m-%d", time.gmtime(time.time() - 86400))
        self.probe(port).wait_for(f"the broker's certificate expired on {date} ")

    def test_a_self_signed_certificate(self):
        port = self.shown(authority.self_signed(self.folder(), rig.LOOPBACK))
        self.probe(port).wait_for(
            f'the broker\'s certificate is self-signed ("a box of its own") and is not in {self.city.ca}')

    def test_a_certificate_of_another_authority_names_it(self):
        other = authority.Authority(self.folder(), "Kommune CA 2")
        for options in ((), ("-cert_chain", other.ca)):  # its root sent along, or not
            port = self.shown(other.issue("broker", rig.LOOPBACK), *options)
            self.probe(port).wait_for('the broker\'s certificate is not trusted: "Kommune CA 2" signed it and is not '
                                      f"in {self.city.ca}")

    def test_an_authority_of_the_same_name_is_another_one(self):
        other = authority.Authority(self.folder(), "City authority")
        port = self.shown(other.issue("broker", rig.LOOPBACK))
        self.probe(port).wait_for('the broker\'s certificate is not trusted: "City authority" signed it')

    def test_a_firewall_that_opens_tls_is_named(self):
        firewall = authority.Authority(self.folder(), "FortiGate CA (Drammen kommune)")
        port = self.shown(firewall.issue("broker", rig.LOOPBACK))
        self.probe(port).wait_for('TLS inspection: "FortiGate CA (Drammen kommune)" signed the certificate shown for '
                                  f"127.0.0.1; have the network department let 127.0.0.1:{port} through unopened")

    def test_a_name_in_a_certificate_cannot_write_to_the_terminal(self):
        other = authority.Authority(self.folder(), "\x1b[2Jx\"" + "y" * 50)
        port = self.shown(other.issue("broker", rig.LOOPBACK))
        self.probe(port).wait_for('"?[2Jx?yyyy')

    def test_tls_older_than_1_2(self):
        port = self.shown(self.city.issue("broker", rig.LOOPBACK), "-tls1_1", "-cipher", "ALL:@SECLEVEL=0")
        self.probe(port).wait_for("the broker speaks only TLS older than 1.2, which is not safe any more")

    def test_files_that_cannot_work_are_told_at_the_start(self):
        folder = self.folder()
        password, open_key, sealed, none = (folder / name for name in ("password", "open", "sealed", "none"))
        password.write_text("secret\n")
        password.chmod(0o604)
        open_key.write_text(pathlib.Path(self.own.key).read_text())
        open_key.chmod(0o644)
        none.write_text("nothing\n")
        none.chmod(0o600)
        authority.openssl("ec", "-in", self.own.key, "-aes128", "-passout", "pass:secret", "-out", str(sealed),
                          folder=folder)
        for settings, expected in (
                ({"key_file": open_key}, "others may read the file with our key (key_file)"),
                ({"user": "gw", "password_file": password}, "others may read the password file (password_file)"),
                ({"key_file": self.city.issue(NAME).key}, "the key (key_file) is not that of our certificate"),
                ({"key_file": sealed}, "the file with our key (key_file) holds none in PEM, or one under a passphrase"),
                ({"key_file": none}, "the file with our key (key_file) holds none in PEM, or one under a passphrase"),
                ({"certificate_file": none}, "the file with our certificate (certificate_file) holds none in PEM"),
                ({"ca_file": none}, "the file of trusted certificates (ca_file) holds no certificate in PEM"),
                ({"ca_file": folder / "absent"}, "the file of trusted certificates (ca_file) cannot be read")):
            probe = self.probe(1, **settings)
            self.assertEqual(probe.wait(), 1, expected)
            self.assertIn(f"failed {expected}", probe.out)
        for alone in ("certificate_file", "key_file"):
            path = self.own.certificate if alone == "certificate_file" else self.own.key
            probe = link.LinkCase.probe(self, 1, tls=1, ca_file=self.city.ca, **{alone: path})
            probe.wait_for("failed our certificate and its key (certificate_file, key_file) belong together")
        open_key.chmod(0o640)  # root's, and the service's group may read it
        self.probe(self.shown(self.city.issue("broker", rig.LOOPBACK)), key_file=open_key).wait_for("says nothing")


class TheTime(TlsCase):
    """A board's clock that is far behind, seen from the certificates: those here begin in years."""

    def test_certificates_are_judged_at_the_newest_time_known(self):
        self.own = self.city.issue(NAME)
        later = self.city.issue("broker", rig.LOOPBACK, from_days=4000, until_days=4100)
        broker = self.use(authority.SampleBroker(self.city, shown=later))
        behind = self.probe(broker.port, client_id="behind")
        behind.wait_for("the broker's certificate is valid from ")
        behind.wait_for("(is the clock right?)")
        for days, expected in ((4050, "connected"), (4101, "the broker's certificate expired on ")):
            self.probe(broker.port, known_wall_ms=int((time.time() + days * 86400) * 1000),
                       client_id=f"days-{days}").wait_for(expected)


class Ways(TlsCase):
    def test_alpn_is_offered(self):
        shown = self.city.issue("broker", rig.LOOPBACK)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(shown.certificate, shown.key)
        context.set_alpn_protocols(["http/1.1", "mqtt"])
        listener = self.use(socket.create_server((rig.LOOPBACK, 0)))
        selected = []
        def answer():
            with context.wrap_socket(listener.accept()[0], server_side=True) as tls:
                selected.append(tls.selected_alpn_protocol())
        threading.Thread(target=answer, daemon=True).start()
        self.probe(listener.getsockname()[1], alpn="mqtt")
        self.assertEqual(rig.wait_until(lambda: selected), ["mqtt"])

    def test_through_a_socks5_proxy(self):
        broker = self.use(authority.SampleBroker(self.city))
        proxy = self.use(Socks5({("127.0.0.1", broker.port)}))
        probe = self.probe(broker.port, socks5=proxy.port)
        probe.wait_for("connected")
        self.assertEqual(proxy.asked, [("127.0.0.1", broker.port)])
        probe.send(f"publish 1 1 0 0 {ROOT}/status x\n")
        probe.wait_for("acknowledged 1 ")

    def test_a_proxy_that_is_not_there_or_says_no_is_told(self):
        for refusal in range(1, 9):  # RFC 1928, section 6
            proxy = self.use(Socks5(set(), refusal))
            self.probe(8883, socks5=proxy.port).wait_for(
                f"the proxy 127.0.0.1:{proxy.port} does not let us through to 127.0.0.1:8883")
        absent = rig.free_port()
        self.probe(8883, socks5=absent).wait_for(f"proxy 127.0.0.1:{absent} refused: no proxy listens there")


class Socks5:
    """A proxy by RFC 1928 without authentication: lets through to `allowed` {(host, port)} and notes who was asked for."""

    def __init__(self, allowed, refusal=2):
        self._listener = socket.create_server((rig.LOOPBACK, 0))
        self.port = self._listener.getsockname()[1]
        self._allowed, self._refusal = allowed, refusal
        self.asked = []
        threading.Thread(target=self._run, daemon=True).start()

    def _run(self):
        while True:
            try:
                client = self._listener.accept()[0]
            except OSError:
                return
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    @staticmethod
    def _exactly(client, count):
        got = b""
        while len(got) < count:
            part = client.recv(count - len(got))
            if not part:
                raise OSError("closed")
            got += part
        return got

    def _serve(self, client):
        with client:
            try:
                _, methods = self._exactly(client, 2)
                self._exactly(client, methods)
                client.sendall(b"\x05\x00")
                _, _, _, kind = self._exactly(client, 4)
                if kind == 1:
                    host = socket.inet_ntoa(self._exactly(client, 4))
                else:
                    host = self._exactly(client, self._exactly(client, 1)[0]).decode()
                port = struct.unpack(">H", self._exactly(client, 2))[0]
                self.asked.append((host, port))
                allowed = (host, port) in self._allowed
                client.sendall(bytes([5, 0 if allowed else self._refusal, 0, 1, 0, 0, 0, 0, 0, 0]))
                if allowed:
                    with socket.create_connection((host, port)) as broker:
                        threading.Thread(target=self._copy, args=(broker, client), daemon=True).start()
                        self._copy(client, broker)
            except OSError:
                pass

    @staticmethod
    def _copy(source, target):
        try:
            while data := source.recv(65536):
                target.sendall(data)
            target.shutdown(socket.SHUT_WR)
        except OSError:
            pass

    def close(self):
        self._listener.close()


if __name__ == "__main__":
    rig.main()

# SPDX-License-Identifier: Apache-2.0
"""test_daemon_tls.py -- The daemon over mutual TLS with the sample broker: certificates are renewed while it runs and
nothing is lost, and a board whose clock is wrong finds its broker all the same."""
import pathlib
import shutil
import time

import authority
import gateway
import meters
import rig

NAME = "drammen/school/main"


def clock_at(wall_s):
    """What makes a daemon's wall clock begin there, with no time server."""
    return {"LD_PRELOAD": rig.program("wrong_clock.so"), "WRONG_CLOCK_S": str(wall_s),
            "ASAN_OPTIONS": "verify_asan_link_order=0"}


class OverTls(rig.Case):
    def setUp(self):
        self.kitchen = meters.Meter()
        self.net = self.use(meters.TcpMeters({1: self.kitchen}))
        self.city = authority.Authority(self.folder(), "City authority")
        self.files = self.folder()
        self.own = self.city.issue(NAME)
        self.keep(self.own, [self.city])

    def keep(self, issued, trusted):
        """As the gateway's files; renamed into place, as a renewal does."""
        for source, name, mode in ((issued.certificate, "own.crt", 0o644), (issued.key, "own.key", 0o600)):
            shutil.copy(source, self.files / "new")
            (self.files / "new").chmod(mode)
            (self.files / "new").rename(self.files / name)
        (self.files / "ca.crt").write_text("".join(pathlib.Path(each.ca).read_text() for each in trusted))

    def gateway(self, broker, clock="trust", daemon=None):
        daemon = daemon or self.use(gateway.Gateway(broker, [], [], start=False))
        tls = ", ".join(f"{key}: {self.files / name}" for key, name in (
            ("ca_file", "ca.crt"), ("certificate_file", "own.crt"), ("key_file", "own.key")))
        daemon.configure([gateway.bus_tcp("net", self.net)], [gateway.meter("kitchen", "net", 1)],
                         lambda head: head.replace("tls: no", f"tls: yes, {tls}").replace(
                             "clock: trust", f"clock: {clock}"))
        return daemon

    def wait_for_intervals(self, collector, count):
        rig.wait_until(lambda: len(gateway.intervals_of(collector, "kitchen")) >= count, 40, f"{count} intervals")

    def sessions(self, daemon):
        broker = daemon.status()["broker"]
        return broker["sessions"] if broker["connected"] else None

    def end_of_own(self):
        """What openssl says."""
        told = rig.run(["openssl", "x509", "-noout", "-enddate", "-dateopt", "iso_8601", "-in", self.files / "own.crt"],
                       check=True).stdout
        return told.strip().removeprefix("notAfter=").replace(" ", "T")

    def test_certificates_are_renewed_by_another_authority_and_nothing_is_lost(self):
        new = authority.Authority(self.folder(), "City authority, the second")
        both = self.folder() / "both.crt"
        both.write_text(pathlib.Path(self.city.ca).read_text() + pathlib.Path(new.ca).read_text())
        broker = self.use(authority.SampleBroker(self.city, trusted=both))
        broker.ca = both
        collector = self.use(rig.Collector(gateway.DurableSession(broker), "byport/#"))
        daemon = self.gateway(broker).start()
        self.wait_for_intervals(collector, 2)
        self.assertEqual(daemon.status()["broker"]["certificate_end"], self.end_of_own())

        # a mistake while renewing: the certificate without its key
        shutil.copy(new.issue(NAME).certificate, self.files / "own.crt")
        done = daemon.verb("reload")
        self.assertEqual(done.returncode, 1)
        self.assertIn("broker: the key (key_file) is not that of our certificate (certificate_file)", done.stderr)
        self.assertEqual(self.sessions(daemon), 1)  # the connection that stands is not given up for it

        self.keep(new.issue(NAME, until_days=9), [self.city, new])
        done = daemon.verb("reload")
        self.assertEqual((done.returncode, done.stdout), (0, "taken over\n"), done.stderr)
        rig.wait_until(lambda: self.sessions(daemon) == 2, what="the second session")
        rig.wait_until(lambda: collector.messages(end="/health")[-1].json["certificate_end"] == self.end_of_own(),
                       what="the new certificate's end in `health`")
        self.assertEqual(daemon.verb("reload").returncode, 0)  # nothing is new: it stays
        self.wait_for_intervals(collector, len(gateway.intervals_of(collector, "kitchen")) + 2)
        self.assertEqual(self.sessions(daemon), 2)

        broker.shown = new.issue("broker", rig.LOOPBACK)
        broker.restart()
        rig.wait_until(lambda: self.sessions(daemon) == 3, 40, what="the third session")
        self.wait_for_intervals(collector, len(gateway.intervals_of(collector, "kitchen")) + 2)
        gateway.assert_conserved(gateway.intervals_of(collector, "kitchen"))
        gateway.assert_no_hole(collector, "energy")

    def test_a_key_that_others_may_read_is_refused_until_that_is_mended_and_polling_goes_on(self):
        broker = self.use(authority.SampleBroker(self.city))
        collector = self.use(rig.Collector(broker, "byport/#"))
        key = self.files / "own.key"
        key.chmod(0o644)
        daemon = self.gateway(broker)
        done = rig.run([rig.program("byport"), "check", daemon.path])
        self.assertEqual(done.returncode, 1)
        self.assertRegex(done.stderr, rf'site.yaml:3:\d+: error: broker: key_file: others may read "{key}"; '
                                      rf"take that right from them: chmod o= {key}")
        daemon.start()
        daemon.process.wait_for("others may read the file with our key (key_file)")
        asked = self.kitchen.requests
        rig.wait_until(lambda: self.kitchen.requests > asked + 5, what="polling")
        key.chmod(0o600)
        done = rig.run([rig.program("byport"), "check", daemon.path])
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        daemon.process.close()
        daemon.start()
        collector.wait_for_topic("live/kitchen")

    def test_a_board_in_1970_that_no_time_server_answers_reaches_its_broker(self):
        broker = self.use(authority.SampleBroker(self.city))
        collector = self.use(rig.Collector(broker, "byport/#"))
        daemon = self.gateway(broker, clock="synchronised")
        daemon.start(env=clock_at(3600))
        status = collector.wait_for(lambda m: m.topic.endswith("/status") and m.json["state"] == "online")
        self.assertEqual((status.json["clock"], status.json["generation"] // 60), ("unknown", 60))  # in 1970
        collector.wait_for_topic("live/kitchen")

    def test_a_board_that_fell_back_to_1970_goes_by_its_newest_row_also_with_its_meters_dead(self):
        in_400_days = int(time.time()) + 400 * 86400
        shown = self.city.issue("broker", rig.LOOPBACK, from_days=300, until_days=500)
        broker = self.use(authority.SampleBroker(self.city, shown=shown))
        daemon = self.gateway(broker)
        daemon.start(env=clock_at(in_400_days))
        rig.wait_until(lambda: daemon.data.exists() and daemon.rows("intervals"), what="a row")
        daemon.process.close()
        self.kitchen.mute = True
        daemon = self.gateway(broker, clock="synchronised", daemon=daemon)
        daemon.start(env=clock_at(3600))
        rig.wait_until(lambda: self.sessions(daemon) == 1, what="the session")
        self.assertNotIn("valid from", daemon.log)
        self.assertEqual(daemon.status()["clock"]["state"], "unknown")


if __name__ == "__main__":
    rig.main()

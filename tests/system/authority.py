# SPDX-License-Identifier: Apache-2.0
"""authority.py -- Certificates of a test's own authorities, and the sample broker of config/broker with them.

    city = authority.Authority(self.folder(), "City authority")
    broker = self.use(authority.SampleBroker(city))
    own = city.issue("drammen/school/main")          # own.certificate, own.key
"""
import datetime
import pathlib
import re
import subprocess

import rig

CA_CONFIG = """\
[ca]
default_ca = authority
[authority]
database = index
serial = serial
new_certs_dir = .
default_md = sha256
policy = any
unique_subject = no
rand_serial = yes
[any]
commonName = supplied
"""
NEW_KEY = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-noenc"]
FROM_DAYS = 3650  # before the program was built, whenever that was
UTC = datetime.timezone.utc


def openssl(*words, folder):
    done = rig.run(["openssl", *words], cwd=folder)
    if done.returncode != 0:
        raise AssertionError(done.stderr)


def from_now(days):
    """As `openssl ca` takes it."""
    return (datetime.datetime.now(UTC) + datetime.timedelta(days=days)).strftime("%Y%m%d%H%M%SZ")


class Issued:
    """A certificate and its key; chain: what a server shows."""

    def __init__(self, stem):
        self.certificate, self.key = f"{stem}.crt", f"{stem}.key"


class Authority:
    """A root of its own in a folder of its own; its certificate is `ca`."""

    def __init__(self, folder, name):
        rig.need("openssl")
        self.folder = pathlib.Path(folder)
        self.ca = str(self.folder / "ca.crt")
        self._count = 0
        (self.folder / "index").touch()
        (self.folder / "ca.conf").write_text(CA_CONFIG)
        (self.folder / "ca.ext").write_text("basicConstraints=critical,CA:TRUE\nsubjectKeyIdentifier=hash\n")
        openssl("req", *NEW_KEY, "-subj", f"/CN={name}", "-keyout", "ca.key", "-out", "ca.csr", folder=self.folder)
        openssl("ca", "-batch", "-notext", "-config", "ca.conf", "-selfsign", "-keyfile", "ca.key", "-in", "ca.csr",
                "-out", "ca.crt", "-extfile", "ca.ext", "-startdate", from_now(-FROM_DAYS), "-enddate", from_now(36500),
                folder=self.folder)

    def issue(self, name, host=None, from_days=1 - FROM_DAYS, until_days=2):
        """A certificate for a common name; host: the name or address of a server."""
        self._count += 1
        stem = f"issued-{self._count}"
        usage = "subjectAltName=%s:%s\n" % ("IP" if host and host[0].isdigit() else "DNS", host) if host else ""
        (self.folder / f"{stem}.ext").write_text(usage + "basicConstraints=CA:FALSE\n")
        subject = name.replace("/", "\\/")
        openssl("req", *NEW_KEY, "-subj", f"/CN={subject}", "-keyout", f"{stem}.key", "-out", f"{stem}.csr",
                folder=self.folder)
        openssl("ca", "-batch", "-notext", "-config", "ca.conf", "-cert", "ca.crt", "-keyfile", "ca.key",
                "-in", f"{stem}.csr", "-out", f"{stem}.crt", "-extfile", f"{stem}.ext",
                "-startdate", from_now(from_days), "-enddate", from_now(until_days), folder=self.folder)
        return Issued(self.folder / stem)


def self_signed(folder, host):
    folder = pathlib.Path(folder)
    openssl("req", "-x509", *NEW_KEY, "-subj", "/CN=a box of its own", "-addext", f"subjectAltName=IP:{host}",
            "-keyout", "own.key", "-out", "own.crt", "-days", "2", folder=folder)
    return Issued(folder / "own")


class SampleBroker(rig.Broker):
    """Mosquitto with config/broker as it stands there: only its paths and its port are of the test, and one more user,
    "rig", who may do all: the test's own tools."""

    ARCHIVE = "oslo"

    def __init__(self, city, trusted=None, shown=None, start=True):
        """city: the authority; trusted: a file of certificates for the broker (the city's); shown: an Issued."""
        self.city = city
        self.trusted = trusted or city.ca
        self.shown = shown or city.issue("broker", rig.LOOPBACK)
        self.archive = city.issue(self.ARCHIVE)
        self.ca = city.ca  # for its clients
        self._rig = city.issue("rig")
        super().__init__(start=start)

    def _config(self):
        sample = rig.ROOT / "config" / "broker"
        text = (sample / "mosquitto.conf").read_text()
        (self.folder / "acl").write_text((sample / "byport.acl").read_text() + "\nuser rig\ntopic readwrite #\n")
        for of_system, of_test in (
                ("/etc/mosquitto/byport.acl", self.folder / "acl"),
                ("/etc/mosquitto/certs/ca.crt", self.trusted),
                ("/etc/mosquitto/certs/broker.crt", self.shown.certificate),
                ("/etc/mosquitto/certs/broker.key", self.shown.key),
                ("/var/lib/mosquitto/", f"{self.folder}/")):
            assert of_system in text, of_system
            text = text.replace(of_system, str(of_test))
        text, changed = re.subn(r"^listener 8883$", f"listener {self.port} {self.host}", text, flags=re.M)
        assert changed == 1
        return f"user {self.user()}\nlog_type all\n" + text

    def client(self, name):
        rig.need(name)
        return [name, "-V", "mqttv5", "-h", self.host, "-p", self.port, "--cafile", self.ca,
                "--cert", self._rig.certificate, "--key", self._rig.key]


class Server:
    """`openssl s_server` on loopback: shows a certificate and says nothing. options: further ones of its own."""

    def __init__(self, shown, *options):
        self.port = rig.free_port()
        self.process = rig.Process(["openssl", "s_server", "-accept", f"{rig.LOOPBACK}:{self.port}", "-cert",
                                    shown.certificate, "-key", shown.key, "-quiet", *options],
                                   stdin=subprocess.PIPE)
        rig.wait_until(lambda: self._listens() or not self.process.running(), what="openssl s_server")

    def _listens(self):
        return f"{self.port:04X}" in pathlib.Path("/proc/net/tcp").read_text().upper() and self.process.running()

    def close(self):
        self.process.close()

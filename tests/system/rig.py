# SPDX-License-Identifier: Apache-2.0
"""rig.py -- What the system tests stand on: processes that surely end, a real
Mosquitto on a port of the kernel's choice, collectors of what arrives there.

    import unittest, rig

    class TheGatewayPublishes(rig.Case):
        def test_live_values_arrive(self):
            broker = self.use(rig.Broker())
            collector = self.use(rig.Collector(broker, "byport/1/#"))
            gateway = self.use(rig.Process([rig.program("byport"), "run", ...]))
            message = collector.wait_for(lambda m: m.topic.endswith("/live/main"), 10)

    if __name__ == "__main__":
        rig.main()

Everything is bounded in time, on loopback, and ends with the test: children are
ended by their own process id, and the kernel ends them if the test is killed.
"""

import ctypes
import json
import os
import pathlib
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("BYPORT_BUILD", ROOT / "build" / "dev"))
SHARED = pathlib.Path(os.environ.get("BYPORT_SHARED", ROOT.parent / "shared"))
LOOPBACK = "127.0.0.1"
SKIPPED = 77
WAIT_S = 20  # longest a test waits for something that should happen at once; sanitizers are slow
STOP_S = 5  # grace after SIGTERM before SIGKILL
PR_SET_PDEATHSIG = 1


def skip(reason):
    """End the script as skipped."""
    print(f"skipped: {reason}")
    sys.stdout.flush()
    os._exit(SKIPPED)


def need(*programs):
    """Skip unless all these programs are installed."""
    for name in programs:
        if tool(name) is None:
            skip(f"{name} is not installed")


def tool(name):
    """Path of an installed program, also of those only root has on the PATH; None: not installed."""
    return shutil.which(name, path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")


def program(name):
    """Path of a program that was built: "byport", "byport-city", or one of tests/tools."""
    for folder in (BUILD, BUILD / "tests"):
        if (folder / name).is_file():
            return str(folder / name)
    skip(f"{name} was not built in {BUILD}")


def shared(path):
    """A file of the data beside the project; skips where it was not given."""
    if not (SHARED / path).exists():
        skip(f"{SHARED / path} is not there (set BYPORT_SHARED)")
    return SHARED / path


def free_port():
    """A TCP port nobody listens on right now."""
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        return probe.getsockname()[1]


def wait_until(condition, timeout_s=WAIT_S, what="the condition", every_s=0.02):
    """Poll until condition() is true; its value. AssertionError when the time is over."""
    end = time.monotonic() + timeout_s
    while True:
        result = condition()
        if result:
            return result
        if time.monotonic() > end:
            raise AssertionError(f"{what} did not come within {timeout_s} s")
        time.sleep(every_s)


def _end_with_the_test():
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


class Process:
    """A child with its output in files. Arguments: the command; env adds to the environment."""

    def __init__(self, command, env=None, stdin=subprocess.DEVNULL, cwd=None):
        self.command = [str(word) for word in command]
        self.folder = tempfile.mkdtemp(prefix="byport-process-")
        self._out = pathlib.Path(self.folder, "stdout")
        self._err = pathlib.Path(self.folder, "stderr")
        with open(self._out, "wb") as out, open(self._err, "wb") as err:
            self.child = subprocess.Popen(
                self.command, stdin=stdin, stdout=out, stderr=err, cwd=cwd,
                env={**os.environ, **(env or {})}, preexec_fn=_end_with_the_test)

    @property
    def pid(self):
        return self.child.pid

    @property
    def out(self):
        return self._out.read_text(errors="replace")

    @property
    def err(self):
        return self._err.read_text(errors="replace")

    def send(self, text):
        """Write to its stdin (made with stdin=subprocess.PIPE)."""
        self.child.stdin.write(text.encode())
        self.child.stdin.flush()

    def running(self):
        return self.child.poll() is None

    def wait(self, timeout_s=WAIT_S):
        """Its exit status (negative: the signal)."""
        return self.child.wait(timeout_s)

    def wait_for(self, text, timeout_s=WAIT_S):
        """Until `text` stands in its output; fails at once when it has ended without."""
        def seen():
            ended = not self.running()
            if text in self.out or text in self.err:
                return True
            if ended:
                raise AssertionError(f"{self.command[0]} ended without {text!r}:\n{self.out}{self.err}")
            return False
        return wait_until(seen, timeout_s, f"{text!r} from {self.command[0]}")

    def signal(self, number):
        self.child.send_signal(number)

    def kill(self):
        self.child.kill()
        return self.child.wait(STOP_S)

    def terminate(self, timeout_s=STOP_S):
        """SIGTERM, then SIGKILL when it does not end in time; its exit status."""
        if self.running():
            self.child.terminate()
            try:
                return self.child.wait(timeout_s)
            except subprocess.TimeoutExpired:
                return self.kill()
        return self.child.returncode

    def close(self):
        self.terminate()
        if self.child.stdin:
            self.child.stdin.close()
        shutil.rmtree(self.folder, ignore_errors=True)


def run(command, timeout_s=60, **options):
    """Run to the end, bounded; a CompletedProcess with text output."""
    return subprocess.run([str(word) for word in command], timeout=timeout_s, text=True,
                          stdin=subprocess.DEVNULL, capture_output=True, **options)


class Certificates:
    """A small authority of the test's own: ca.crt, and server.crt/server.key for `name`."""

    def __init__(self, folder, name=LOOPBACK, days=2):
        need("openssl")
        self.folder = pathlib.Path(folder)
        self.ca, self.certificate, self.key = (
            str(self.folder / name) for name in ("ca.crt", "server.crt", "server.key"))
        kind = "IP" if name[0].isdigit() else "DNS"
        (self.folder / "names").write_text(f"subjectAltName={kind}:{name}\n")
        key = "-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days %d" % days
        self._openssl(f"req -x509 {key} -subj /CN=test-authority -keyout ca.key -out ca.crt")
        self._openssl(f"req {key} -subj /CN=test-broker -keyout server.key -out server.csr")
        self._openssl("x509 -req -in server.csr -CA ca.crt -CAkey ca.key -CAcreateserial"
                      f" -days {days} -extfile names -out server.crt")

    def _openssl(self, arguments):
        done = run(["openssl", *arguments.split()], cwd=self.folder)
        if done.returncode != 0:
            raise AssertionError(done.stderr)


class Broker:
    """
    A real Mosquitto on loopback. Keeps its port over stop() and start().

    acl: text of an ACL file; users: {name: password} (no anonymous then);
    packet_bytes_max: the largest packet it takes; in_flight: how many unacknowledged
    publications (its receive maximum); persistence: keep its state over restarts;
    certificates: a Certificates, for TLS; extra: further lines of configuration;
    listens: on which address (in a network of the test's own all of them may do).
    """

    def __init__(self, acl=None, users=None, packet_bytes_max=None, in_flight=None,
                 persistence=False, certificates=None, extra="", listens=LOOPBACK, start=True):
        need("mosquitto")
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="byport-broker-"))
        self.host, self._listens = LOOPBACK, listens
        self.port = free_port()
        self._acl, self._users, self._extra = acl, users, extra
        self._packet_bytes_max, self._in_flight = packet_bytes_max, in_flight
        self._persistence, self._certificates = persistence, certificates
        self._process = None
        if start:
            self.start()

    @property
    def address(self):
        return f"{self.host}:{self.port}"

    @property
    def log(self):
        return self._process.err + self._process.out if self._process else ""

    @property
    def pid(self):
        return self._process.pid

    @staticmethod
    def user():
        """Whose rights Mosquitto keeps, also when it was started by root."""
        return pwd.getpwuid(os.getuid()).pw_name

    def _config(self):
        lines = [f"user {self.user()}", f"listener {self.port} {self._listens}",
                 f"allow_anonymous {'false' if self._users else 'true'}",
                 f"persistence {'true' if self._persistence else 'false'}",
                 f"persistence_location {self.folder}/", "max_queued_messages 1000000", "log_type all"]
        if self._acl is not None:
            (self.folder / "acl").write_text(self._acl)
            lines.append(f"acl_file {self.folder}/acl")
        if self._users:
            passwords = self.folder / "passwords"
            passwords.write_text("".join(f"{name}:{text}\n" for name, text in self._users.items()))
            run([tool("mosquitto_passwd"), "-U", passwords], check=True)
            lines.append(f"password_file {passwords}")
        if self._packet_bytes_max:
            lines.append(f"max_packet_size {self._packet_bytes_max}")
        if self._in_flight:
            lines.append(f"max_inflight_messages {self._in_flight}")
        if self._certificates:
            lines += [f"certfile {self._certificates.certificate}", f"keyfile {self._certificates.key}"]
        return "\n".join(lines) + "\n" + self._extra + "\n"

    def start(self):
        """Start, and wait until it takes connections."""
        fresh = self._process is None
        for _ in range(10):
            (self.folder / "mosquitto.conf").write_text(self._config())
            if self._process:
                self._process.close()
            self._process = Process([tool("mosquitto"), "-c", self.folder / "mosquitto.conf"])
            wait_until(lambda: self._answers() or not self._process.running(), what="Mosquitto")
            if self._process.running():
                return self
            if "Address already in use" not in self.log:
                break
            if fresh:  # another took the port in between; a restart must keep it
                self.port = free_port()
            time.sleep(0.1)
        raise AssertionError("Mosquitto does not start:\n" + self.log)

    def _answers(self):
        try:
            socket.create_connection((self.host, self.port), 1).close()
            return True
        except OSError:
            return False

    def stop(self):
        """SIGTERM: says goodbye, saves its state."""
        self._process.terminate()

    def kill(self):
        self._process.kill()

    def restart(self):
        self.stop()
        return self.start()

    def publish(self, topic, payload, qos=1, retain=False):
        command = [*self.client("mosquitto_pub"), "-q", qos, "-t", topic, "-m", payload]
        done = run(command + (["-r"] if retain else []))
        if done.returncode != 0:
            raise AssertionError(done.stderr)

    def client(self, name):
        """Beginning of a mosquitto_pub/mosquitto_sub command line."""
        need(name)
        command = [name, "-V", "mqttv5", "-h", self.host, "-p", self.port]
        if self._users:
            user, password = next(iter(self._users.items()))
            command += ["-u", user, "-P", password]
        return command + (["--cafile", self._certificates.ca] if self._certificates else [])

    def close(self):
        if self._process:
            self._process.close()
        shutil.rmtree(self.folder, ignore_errors=True)


class Message:
    """One message as it arrived: topic, text, qos, retain, properties; json on demand."""

    def __init__(self, line):
        fields = json.loads(line)
        self.topic = fields["topic"]
        self.text = fields["payload"]
        self.qos = fields["qos"]
        self.retain = bool(fields["retain"])
        self.properties = fields.get("properties", {})

    @property
    def json(self):
        return json.loads(self.text)

    def __repr__(self):
        return f"{self.topic} {self.text}"


class Collector:
    """mosquitto_sub, writing all that arrives to a file; comes back after a broker's restart."""

    def __init__(self, broker, *topics, qos=1):
        self._broker = broker
        self._command = [*broker.client("mosquitto_sub"), "-q", qos, "-F", "%j",
                         *(word for topic in topics for word in ("-t", topic)), "-t", "rig/ready/#"]
        self._process = Process(self._command)
        self._ready()

    def _ready(self):
        """Subscribed: what is published from now on is seen."""
        topic = f"rig/ready/{id(self)}"
        def published():
            self._broker.publish(topic, "ready")
            return any(message.topic == topic for message in self._all())
        wait_until(published, what="mosquitto_sub")

    def _all(self):
        lines = self._process.out.split("\n")[:-1]  # a line being written is not one yet
        return [Message(line) for line in lines]

    def messages(self, end="", start=""):
        """All so far whose topic begins and ends so."""
        return [message for message in self._all()
                if message.topic.endswith(end) and message.topic.startswith(start or "")
                and not message.topic.startswith("rig/")]

    def wait_for(self, matches, timeout_s=WAIT_S):
        """The first message for which matches(message) is true."""
        def found():
            return next((message for message in self.messages() if matches(message)), None)
        return wait_until(found, timeout_s, "the message")

    def wait_for_topic(self, end, timeout_s=WAIT_S):
        return self.wait_for(lambda message: message.topic.endswith(end), timeout_s)

    def close(self):
        self._process.close()


class Folder:
    """A temporary folder: use(Folder()).path."""

    def __init__(self):
        self.path = pathlib.Path(tempfile.mkdtemp(prefix="byport-test-"))

    def close(self):
        shutil.rmtree(self.path, ignore_errors=True)


class Case(unittest.TestCase):
    """A test case whose parts end with it, the last first."""

    maxDiff = None

    def use(self, part):
        """Have part.close() called at the end, passed or failed."""
        self.addCleanup(part.close)
        return part

    def folder(self):
        return self.use(Folder()).path


def main():
    """Run the script's tests and print how many there were."""
    outcome = unittest.main(verbosity=2, exit=False).result
    bad = len(outcome.failures) + len(outcome.errors)
    print(f"{outcome.testsRun} tests, {bad} failed, {len(outcome.skipped)} skipped")
    sys.exit(0 if outcome.wasSuccessful() and outcome.testsRun > 0 else 1)

# SPDX-License-Identifier: Apache-2.0
"""test_frames_verb.py -- `byport frames` on a real gateway with a real line and endpoint: what stood on the wire is shown,
saved for tshark, which decodes it by itself, and read again."""
import json
import subprocess

import gateway
import meters
import rig


def tshark(path, *words):
    """Rows of the fields asked for, as tshark decodes them."""
    done = rig.run(["tshark", "-r", path, "-T", "fields", "-E", "separator=,", *words], timeout_s=60)
    if done.returncode != 0:
        raise AssertionError(done.stderr)
    return [line.split(",") for line in done.stdout.splitlines()]


class Frames(gateway.WithTwoMeters):
    def setUp(self):
        super().setUp()
        self.file = self.daemon.data / "bus.pcap"

    def frames(self, *words):
        done = self.daemon.verb("frames", "--json", *words)
        self.assertEqual(done.returncode, 0, done.stderr)
        return [json.loads(line) for line in done.stdout.splitlines()]

    def test_requests_and_answers_are_shown_with_their_bytes(self):
        seen = self.frames("cellar")
        request = next(f for f in seen if f["text"] == "device 7: 2 holding registers from 100")
        answer = seen[seen.index(request) + 1]
        self.assertEqual((request["mark"], answer["mark"], answer["text"]), ("request", "answer", "device 7: 0000 004D"))
        data = bytes.fromhex(request["bytes"])
        self.assertEqual(data, b"\x07\x03\x00\x64\x00\x02" + meters.crc(b"\x07\x03\x00\x64\x00\x02"))
        self.assertLess(request["at_us"], answer["at_us"])
        text = self.daemon.verb("frames", "cellar").stdout
        self.assertRegex(text, r"(?m)^\d\d:\d\d:\d\d\.\d{6} .* > device 7: 2 holding registers from 100\n +07 03 00 64 00 02")
        self.assertNotIn("\033", text)
        self.assertLessEqual(max(map(len, text.splitlines())), 80)
        self.assertEqual(len(self.frames("cellar", "--last", "3")), 3)

    def test_silence_and_refusals_are_shown(self):
        self.hall.mute = True
        rig.wait_until(lambda: "silence" in {f["mark"] for f in self.frames("cellar")}, what="silence")
        self.hall.mute, self.hall.exception = False, 2
        rig.wait_until(lambda: "refusal" in {f["mark"] for f in self.frames("cellar")}, what="a refusal")
        self.assertIn("device 7: illegal data address (exception 2)", self.daemon.verb("frames", "cellar").stdout)

    def test_tshark_decodes_what_is_saved_as_modbus_tcp(self):
        done = self.daemon.verb("frames", "net", "--save", self.file)
        self.assertEqual(done.returncode, 0, done.stderr)
        rows = tshark(self.file, "-o", "tcp.check_checksum:TRUE", "-e", "mbtcp.unit_id", "-e", "modbus.func_code",
                      "-e", "modbus.reference_num", "-e", "tcp.checksum.status", "-e", "_ws.malformed")
        self.assertTrue(all(row[0] == "1" and row[3] == "1" and row[4] == "" for row in rows), rows)
        self.assertIn("100", {row[2] for row in rows})
        protocols = {row[0] for row in tshark(self.file, "-e", "_ws.col.Protocol")}
        self.assertEqual(protocols, {"Modbus/TCP"})

    def test_tshark_decodes_what_is_saved_as_modbus_rtu(self):
        self.assertEqual(self.daemon.verb("frames", "cellar", "--save", self.file).returncode, 0)
        rows = tshark(self.file, "-d", "tcp.port==5020,mbrtu", "-o", "mbrtu.crc_verification:TRUE", "-e", "mbrtu.unit_id",
                      "-e", "modbus.func_code", "-e", "modbus.word_cnt", "-e", "mbrtu.crc16", "-e", "_ws.malformed",
                      "-e", "_ws.expert")
        self.assertTrue(len(rows) >= 4)
        self.assertTrue(all(row[0] == "7" and row[1] == "3" and row[4] == "" for row in rows), rows)
        self.assertIn("2", {row[2] for row in rows})

    def test_what_was_saved_is_read_again(self):
        for bus in ("net", "cellar"):
            before = self.frames(bus, "--last", "4000")
            self.assertEqual(self.daemon.verb("frames", bus, "--save", self.file).returncode, 0)
            done = rig.run([rig.program("byport"), "frames", "--json", "--load", self.file], timeout_s=30)
            self.assertEqual(done.returncode, 0, done.stderr)
            again = [json.loads(line) for line in done.stdout.splitlines()]
            self.assertEqual([(f["at_us"], f["mark"], f["bytes"]) for f in again[:len(before)]],
                             [(f["at_us"], f["mark"], f["bytes"]) for f in before if f["bytes"]][:len(again)])

    def test_a_capture_that_another_program_made_is_read(self):
        self.assertEqual(self.daemon.verb("frames", "net", "--save", self.file).returncode, 0)
        other = self.daemon.data / "nano.pcap"
        made = subprocess.run(["editcap", "-F", "nsecpcap", self.file, other], capture_output=True, text=True, check=False)
        self.assertEqual(made.returncode, 0, made.stderr)
        done = rig.run([rig.program("byport"), "frames", "--load", other, "--last", 2], timeout_s=30)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("device 1: ", done.stdout)

    def test_the_next_frames_are_followed(self):
        process = self.use(rig.Process([rig.program("byport"), "frames", "cellar", "--follow", "--last", 1, "--socket",
                                        self.daemon.socket]))
        heard = self.hall.requests
        rig.wait_until(lambda: self.hall.requests > heard + 2, what="more polls")
        process.wait_for("> device 7")
        process.child.send_signal(rig.signal.SIGINT)
        self.assertEqual(process.child.wait(10), 0)

    def test_misuse_and_what_is_not_there_are_said(self):
        broken = self.daemon.data / "broken.pcap"
        broken.write_bytes(b"not a capture at all, but long enough")
        self.daemon.verb("frames", "net", "--save", self.file)
        cut = self.daemon.data / "cut.pcap"
        cut.write_bytes(self.file.read_bytes()[:-3])
        for words, code, text in (([], 2, "which bus? There are net, cellar"), (["attic"], 1, "no such bus"),
                                  (["net", "--last", 0], 2, "1 to 4000"), (["net", "hall"], 2, "one BUS"),
                                  (["net", "--save", "/nowhere/x"], 3, "/nowhere/x: No such file"),
                                  (["--load", "/nowhere/x"], 3, "No such file"), (["--load", broken], 3, "no pcap file"),
                                  (["--load", cut], 3, "in the middle of a packet"),
                                  (["--load", cut, "--follow"], 2, "goes with")):
            done = self.daemon.verb("frames", *words)
            self.assertEqual(done.returncode, code, (words, done.stderr))
            self.assertIn(text, done.stderr)


if __name__ == "__main__":
    rig.main()

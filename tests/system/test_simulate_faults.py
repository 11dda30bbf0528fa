# SPDX-License-Identifier: Apache-2.0
"""test_simulate_faults.py -- Each fault on request produces the bytes it promises, seen by clients written from the
Modbus specifications. Other tests believe these faults."""
import re
import struct
import time

import meters
import rig
import simulator
from simulator import read, rtu

ASK = read(3, 0, 4)  # heat energy of test-wh64: 64 bits of Wh
WH = 123456789
ANSWER = struct.pack(">BBQ", 3, 8, WH)
DEVICE = "test-wh64@7,serial=4711,heat_energy=123456.789"


class Faults(rig.Case):
    """A device on a pseudo-terminal and one behind Modbus TCP; faults come by command."""

    def setUp(self):
        self.simulator = self.use(simulator.Simulator(
            "--models", meters.MODELS, "--pty", "--device", DEVICE + ",name=line",
            "--tcp", "127.0.0.1:0", "--device", DEVICE + ",name=net"))
        self.line = self.use(simulator.RtuClient(self.simulator.path(0)))
        self.net = self.use(simulator.TcpClient(self.simulator.port(1)))

    def fault(self, text):
        for device in ("line", "net"):
            answer = self.simulator.tell(f"fault {device} {text}")
            self.assertNotIn("error", answer)

    def on_line(self, ask=ASK, wait_s=simulator.SILENT_S):
        return self.line.exchange(7, ask, wait_s)

    def on_net(self, ask=ASK, wait_s=simulator.SILENT_S):
        """The PDU that came, its header judged; b"" and None as they are."""
        came = self.net.exchange(7, ask, wait_s)
        if not came:
            return came
        _, protocol, length, address = struct.unpack(">HHHB", came[:7])
        self.assertEqual((protocol, length, address), (0, len(came) - 6, 7))
        return came[7:]


class EachFaultIsWhatItSays(Faults):
    def assertBoth(self, pdu):
        self.assertEqual(self.on_line(), rtu(7, pdu))
        self.assertEqual(self.on_net(), pdu)

    def with_words(self, text, words):
        self.fault(text)
        self.assertBoth(struct.pack(">BBHHHH", 3, 8, *words))

    def test_none_answers_as_it_should(self):
        self.assertBoth(ANSWER)

    def test_silent_sends_nothing(self):
        self.fault("silent*1")
        self.assertEqual(self.on_line(), b"")
        self.assertEqual(self.on_net(), b"")
        self.assertBoth(ANSWER)

    def test_late_sends_the_answer_when_it_said(self):
        self.fault("late:400*1")
        for exchange in (self.on_line, self.on_net):
            began = time.monotonic()
            self.assertIn(ANSWER, exchange(wait_s=5))
            self.assertGreaterEqual(time.monotonic() - began, 0.4)

    def test_late_other_sends_other_values_of_the_same_length(self):
        self.fault("late-other:300*1")
        other = struct.pack(">BBQ", 3, 8, 135802468)  # 10 % more, in whole Wh
        self.assertEqual(self.on_line(wait_s=5), rtu(7, other))
        self.assertEqual(self.on_net(wait_s=5), other)
        self.assertBoth(ANSWER)

    def test_bad_crc_changes_the_crc_only(self):
        self.fault("bad-crc")
        came = self.on_line()
        self.assertEqual(came[:-2], b"\x07" + ANSWER)
        self.assertNotEqual(came[-2:], meters.crc(came[:-2]))
        self.assertEqual(self.on_net(), ANSWER)

    def test_short_leaves_out_the_last_bytes(self):
        self.fault("short:5")
        self.assertEqual(self.on_line(), rtu(7, ANSWER)[:-5])
        self.assertEqual(self.net.exchange(7, ASK)[6:], (b"\x07" + ANSWER)[:-5])

    def test_wrong_address_is_the_next_one(self):
        self.fault("wrong-address")
        self.assertEqual(self.on_line(), rtu(8, ANSWER))
        self.assertEqual(self.net.exchange(7, ASK)[6:], b"\x08" + ANSWER)

    def test_wrong_function_is_the_other_table(self):
        self.fault("wrong-function")
        self.assertBoth(b"\x04" + ANSWER[1:])

    def test_exception_refuses_with_its_code(self):
        self.fault("exception:6")
        self.assertBoth(b"\x83\x06")

    def test_babble_is_so_many_bytes_of_noise(self):
        self.fault("babble:700")
        first, second = self.on_line(), self.on_line()
        self.assertEqual((len(first), len(second)), (700, 700))
        self.assertNotEqual(first, second)
        self.assertEqual(len(self.net.exchange(7, ASK)), 700)

    def test_ones_and_zero_fill_every_register(self):
        self.with_words("ones", [0xFFFF] * 4)
        self.with_words("zero", [0] * 4)

    def test_torn_has_the_carry_in_one_word_only(self):
        self.with_words("torn", [0, 0, (WH >> 16) + 1, WH & 0xFFFF])

    def test_hole_refuses_what_touches_it(self):
        self.fault("hole:3-5")
        self.assertBoth(b"\x83\x02")
        self.assertEqual(self.on_line(read(3, 0, 3)), rtu(7, ANSWER[:1] + b"\x06" + ANSWER[2:8]))
        self.assertEqual(self.on_net(read(3, 4, 4)), b"\x83\x02")
        self.assertEqual(self.on_net(read(3, 100, 2)), b"\x03\x04" + struct.pack(">I", 4711))

    def test_old_transaction_is_the_one_before(self):
        self.fault("old-transaction")
        self.assertEqual(self.on_line(), rtu(7, ANSWER))
        came = self.net.exchange(7, ASK)
        self.assertEqual((came[:2], came[7:]), (struct.pack(">H", 99), ANSWER))

    def test_close_hangs_up_on_tcp_and_is_silent_on_a_line(self):
        self.fault("close*1")
        self.assertEqual(self.on_line(), b"")
        self.assertIsNone(self.net.exchange(7, ASK))
        again = self.use(simulator.TcpClient(self.simulator.port(1)))
        self.assertEqual(again.exchange(7, ASK)[7:], ANSWER)

    def test_exchanged_is_another_device_whose_counters_begin_at_0(self):
        self.fault("exchanged:815")
        self.assertBoth(struct.pack(">BBQ", 3, 8, 0))
        self.assertEqual(self.on_net(read(3, 100, 2)), b"\x03\x04" + struct.pack(">I", 815))
        self.fault("none")
        self.assertBoth(struct.pack(">BBQ", 3, 8, 0))  # it stays the other one

    def test_nan_and_inf_are_patterns_of_floats(self):
        floats = self.use(simulator.Simulator("--device", "eastron-sdm630@1,voltage_l1=230"))
        client = self.use(simulator.RtuClient(floats.path()))
        for text, word in (("none", 0x43660000), ("nan", 0x7FC00000), ("inf", 0x7F800000)):
            self.assertNotIn("error", floats.tell(f"fault 1 {text}"))
            self.assertEqual(client.exchange(1, read(4, 0, 2)), rtu(1, struct.pack(">BBI", 4, 4, word)))

    def test_every_fault_has_its_test(self):
        names = self.simulator.tell("fault line no-such-fault")["error"].split("there are ")[1].split()
        self.assertGreater(len(names), 15)
        with open(__file__, encoding="utf-8") as script:
            text = script.read()
        for name in names:
            self.assertRegex(text, rf'"({re.escape(name)})[:*"]|def test_{name}_', f"no test of {name}")

    def test_a_serial_number_that_does_not_fit_is_refused(self):
        answer = self.simulator.tell("fault line exchanged:A-12")
        self.assertEqual(answer["error"], "the serial number `A-12` does not fit the register of test-wh64")


class LinesVanish(rig.Case):
    def test_vanish_takes_the_pseudo_terminal_away_and_brings_it_back_under_its_link(self):
        link = self.folder() / "tty"
        options = ["--models", meters.MODELS, "--link", link, "--device", DEVICE]
        simulation = self.use(simulator.Simulator(*options))
        client = simulator.RtuClient(link)
        simulation.tell("fault 7 vanish:1500*1")
        self.assertRaises(OSError, client.exchange, 7, ASK)  # the read of a port that is gone fails
        client.close()
        self.assertFalse(link.is_symlink())
        rig.wait_until(link.exists, what="the link")
        again = self.use(simulator.RtuClient(link))
        self.assertEqual(again.exchange(7, ASK), rtu(7, ANSWER))

    def test_vanish_closes_the_port_and_opens_the_same_one_again(self):
        simulation = self.use(simulator.Simulator("--models", meters.MODELS, "--tcp", "127.0.0.1:0", "--device", DEVICE))
        client = self.use(simulator.TcpClient(simulation.port()))
        simulation.tell("fault 7 vanish:1500*1")
        self.assertIsNone(client.exchange(7, ASK))
        self.assertRaises(ConnectionRefusedError, simulator.TcpClient, simulation.port())
        def answers():
            try:
                again = simulator.TcpClient(simulation.port())
            except ConnectionRefusedError:
                return None
            self.addCleanup(again.close)
            return again.exchange(7, ASK)
        self.assertEqual(rig.wait_until(answers, what="the port")[7:], ANSWER)

    def test_a_client_that_closes_its_port_finds_the_line_again(self):
        simulation = self.use(simulator.Simulator("--models", meters.MODELS, "--device", DEVICE))
        for _ in range(3):
            client = simulator.RtuClient(simulation.path())
            self.assertEqual(client.exchange(7, ASK), rtu(7, ANSWER))
            client.close()


class FaultsComeAndGoByTheClock(rig.Case):
    def test_a_fault_holds_between_its_seconds(self):
        simulation = self.use(simulator.Simulator(
            "--models", meters.MODELS, "--device", DEVICE + ",fault=exception:4@0.0-1.5"))
        client = self.use(simulator.RtuClient(simulation.path()))
        self.assertEqual(client.exchange(7, ASK), rtu(7, b"\x83\x04"))
        rig.wait_until(lambda: client.exchange(7, ASK) == rtu(7, ANSWER), what="the fault's end")


if __name__ == "__main__":
    rig.main()

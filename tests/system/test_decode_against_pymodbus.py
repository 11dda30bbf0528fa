# SPDX-License-Identifier: Apache-2.0
"""test_decode_against_pymodbus.py -- Our decoder against python3-pymodbus's.

Protected: word and byte order, sign, and exact scaling. Random words of every
encoding and order are decoded by pymodbus; the scaling is done again with
Python's Fractions, rounded half to even. Run again with BYPORT_SEED=<seed>.
"""
import math
import os
import random
import struct
import subprocess
import sys
from fractions import Fraction

from pymodbus.constants import Endian
from pymodbus.payload import BinaryPayloadDecoder

TOOL = os.path.join(os.environ["BYPORT_BUILD"], "tests", "decode_words")
ROUNDS = 400  # lines of each encoding and order
NUMBERS = {
    "u16": (1, "decode_16bit_uint"),
    "i16": (1, "decode_16bit_int"),
    "u32": (2, "decode_32bit_uint"),
    "i32": (2, "decode_32bit_int"),
    "u64": (4, "decode_64bit_uint"),
    "i64": (4, "decode_64bit_int"),
    "f32": (2, "decode_32bit_float"),
    "f64": (4, "decode_64bit_float"),
}
ORDERS = {"high_first": Endian.Big, "low_first": Endian.Little}
SCALES = ["1/1", "1000/1", "1000000/1", "1/10", "-1/1", "5/18", "2500000000/9", "1/3000000000",
          "9223372036854775807/1", "1/9223372036854775807", "80000/5"]
SPECIAL_WORDS = [
    [0x7FC0, 0, 0, 0], [0xFFC0, 0, 0, 0], [0x7F80, 0, 0, 0], [0xFF80, 0, 0, 0],
    [0x7FF8, 0, 0, 0], [0x7FF0, 0, 0, 0], [0xFFF0, 0, 0, 0], [0xFFFF] * 4, [0] * 4,
    [0x8000, 0, 0, 0], [0x7FFF, 0xFFFF, 0xFFFF, 0xFFFF], [0, 0, 0, 1], [0, 1, 0, 0],
    [0x3F80, 0x0001, 0, 0], [0x7149, 0xF2CA, 0, 0],
]


def decoder(words, word_order, byte_order):
    return BinaryPayloadDecoder.fromRegisters(
        list(words), byteorder=ORDERS[byte_order], wordorder=ORDERS[word_order])


def scaled(number, scale):
    if isinstance(number, float):
        if math.isnan(number):
            return "not a number"
        if math.isinf(number):
            return "infinite"
    rounded = round(Fraction(number) * Fraction(scale))  # half to even, exactly
    return str(rounded) if -(1 << 63) <= rounded < (1 << 63) else "out of range"


def number_cases(generator):
    for encoding, (count, method) in NUMBERS.items():
        for word_order in ORDERS:
            for byte_order in ORDERS:
                for i in range(ROUNDS):
                    if i < len(SPECIAL_WORDS):
                        words = SPECIAL_WORDS[i][:count]
                    else:
                        words = [generator.getrandbits(16) for _ in range(count)]
                    scale = generator.choice(SCALES)
                    number = getattr(decoder(words, word_order, byte_order), method)()
                    yield encoding, word_order, byte_order, scale, words, scaled(number, scale)


def plausible_floats(generator):
    """Readings as meters give them: random bits are nearly all astronomic."""
    for _ in range(4 * ROUNDS):
        encoding, count, form = generator.choice([("f32", 2, ">f"), ("f64", 4, ">d")])
        packed = struct.pack(form, generator.choice([
            generator.uniform(-1e6, 1e6), generator.randrange(10**7) / 2, generator.random()]))
        words = struct.unpack(f">{count}H", packed)
        scale = generator.choice(SCALES)
        number = getattr(decoder(words, "high_first", "high_first"), NUMBERS[encoding][1])()
        yield encoding, "high_first", "high_first", scale, list(words), scaled(number, scale)


def bcd_cases(generator):
    for _ in range(ROUNDS):
        count = generator.randint(1, 4)
        text = "".join(generator.choice("0123456789" if generator.random() < 0.98 else "0a")
                       for _ in range(4 * count))
        words = [int(text[i:i + 4], 16) for i in range(0, len(text), 4)]
        scale = generator.choice(SCALES)
        good = text.isdigit()
        yield ("bcd", "high_first", "high_first", scale, words,
               scaled(int(text), scale) if good else "not a decimal digit")


def string_cases(generator):
    for byte_order in ORDERS:
        for _ in range(ROUNDS):
            text = "".join(generator.choice("ABCabc-/012 ") for _ in range(generator.randint(0, 16)))
            padded = text.encode() + generator.choice([b"\0", b" "]) * (16 - len(text))
            words = list(struct.unpack(">8H" if byte_order == "high_first" else "<8H", padded))
            read = decoder(words, "high_first", "high_first").decode_string(16)
            if byte_order == "low_first":
                read = b"".join(read[i:i + 2][::-1] for i in range(0, 16, 2))
            expected = '"' + read.decode().strip(" \0") + '"'
            yield "string", "high_first", byte_order, "1/1", words, expected


def run(arguments, lines):
    done = subprocess.run([TOOL, *arguments], input="\n".join(lines) + "\n", text=True,
                          capture_output=True, check=True, timeout=60)
    return done.stdout.splitlines()


def decode_agrees(generator):
    cases = [*number_cases(generator), *plausible_floats(generator), *bcd_cases(generator),
             *string_cases(generator)]
    lines = [f"{encoding} {word_order} {byte_order} {scale} " + " ".join(f"{w:04x}" for w in words)
             for encoding, word_order, byte_order, scale, words, _ in cases]
    got = run([], lines)
    wrong = [(line, case[-1], answer) for line, case, answer in zip(lines, cases, got)
             if case[-1] != answer]
    for line, expected, answer in wrong[:20]:
        print(f"{line}: expected {expected}, got {answer}")
    print(f"{len(cases)} decoded, {len(wrong)} differ")
    return len(got) == len(cases) and not wrong


def encode_agrees(generator):
    """What the simulators serve is what pymodbus reads: the nearest the encoding can hold."""
    cases = []
    for encoding, (count, method) in NUMBERS.items():
        for _ in range(ROUNDS):
            scale = generator.choice(SCALES)
            number = generator.choice([generator.randrange(-200, 200),
                                       generator.randrange(-10**12, 10**12)])
            cases.append((encoding, generator.choice(list(ORDERS)), generator.choice(list(ORDERS)),
                          scale, number, count, method))
    lines = [f"{c[0]} {c[1]} {c[2]} {c[3]} {c[4]} " + "0 " * c[5] for c in cases]
    wrong = 0
    for case, answer in zip(cases, run(["--encode"], lines)):
        encoding, word_order, byte_order, scale, number, count, method = case
        exact = Fraction(number) / Fraction(scale)
        if encoding[0] == "f":
            expected = float(exact) if encoding == "f64" else struct.unpack(
                ">f", struct.pack(">f", nearest_f32(exact)))[0]
        else:
            expected = round(exact)
            bits = 16 * count
            low, high = (0, 1 << bits) if encoding[0] == "u" else (-1 << bits - 1, 1 << bits - 1)
            expected = expected if low <= expected < high else None
        read = None
        if answer != "does not fit":
            words = [int(word, 16) for word in answer.split()]
            read = getattr(decoder(words, word_order, byte_order), method)()
        if read != expected:
            wrong += 1
            print(f"encode {case}: expected {expected}, got {read} ({answer})")
    print(f"{len(cases)} encoded, {wrong} differ")
    return wrong == 0


def nearest_f32(exact):
    """The float nearest to a Fraction, half to even, without a double's rounding in between."""
    if exact == 0:
        return 0.0
    exponent = math.frexp(float(exact))[1] - 24
    return float(round(exact / Fraction(2) ** exponent) * Fraction(2) ** exponent)


def main():
    seed = int(os.environ.get("BYPORT_SEED", random.randrange(1 << 32)))
    print(f"seed {seed}")
    generator = random.Random(seed)
    good = decode_agrees(generator)
    good = encode_agrees(generator) and good
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())

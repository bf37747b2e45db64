#!/usr/bin/env python3
"""Writes a starting corpus: of Modbus one proper frame of each function, both directions, in each framing; of what
people and servers write, the seeds."""
import pathlib
import struct
import sys

from seeds import SEEDS

PDUS = [
    "0100130013", "0103cd6b05", "0200c40016", "0203acdb35", "03006b0003", "0306022b00000064",
    "0400080001", "0402000a", "0500acff00", "0600010003", "0f0013000a02cd01", "0f0013000a",
    "10000100020400 0a0102", "1000010002", "16000400f20025", "170003000600 0e000306 00ff00ff00ff",
    "170c00fe0acd00010003000d00ff", "2b0e0100", "2b0e01010000 02 0002436f 02025632", "8302", "ab01", "6401",
]


def crc(data):
    value = 0xFFFF
    for byte in data:
        value ^= byte
        for _ in range(8):
            value = (value >> 1) ^ 0xA001 if value & 1 else value >> 1
    return struct.pack("<H", value)


def main(root):
    for index, text in enumerate(PDUS):
        pdu = bytes.fromhex(text.replace(" ", ""))
        body = b"\x11" + pdu
        lrc = bytes([(-sum(body)) & 0xFF])
        frames = {
            "pdu": pdu,
            "mbap": struct.pack(">HHH", index, 0, len(body)) + body,
            "rtu": body + crc(body),
            "ascii": b":" + (body + lrc).hex().upper().encode() + b"\r\n",
        }
        for target, data in frames.items():
            folder = root / target
            folder.mkdir(parents=True, exist_ok=True)
            (folder / f"{index:02}").write_bytes(data)


def exchanges(root):
    """Requests with their answers, for the same target as single PDUs."""
    plain = [bytes.fromhex(text.replace(" ", "")) for text in PDUS]
    folder = root / "pdu"
    for index, (asked, answer) in enumerate(zip(plain, plain[1:])):
        (folder / f"exchange-{index:02}").write_bytes(bytes([len(asked)]) + asked + answer)


def written(root):
    for target, seeds in SEEDS.items():
        folder = root / target
        folder.mkdir(parents=True, exist_ok=True)
        for index, data in enumerate(seeds()):
            (folder / f"{index:02}").write_bytes(data)


main(pathlib.Path(sys.argv[1]))
exchanges(pathlib.Path(sys.argv[1]))
written(pathlib.Path(sys.argv[1]))

#!/usr/bin/env python3
"""tshark reads a capture of a session between our client and our server without one malformed frame.

Usage: capture.py      the package must be built with its tests (swift build --build-tests)

The session is every function with every type (InteropTests against mock-plc), and every exception that mock-plc knows,
asked for by bytes. Needs tshark and the right to capture on loopback, and says so when one is missing.
"""
import collections
import os
import shutil
import socket
import struct
import subprocess
import sys
import tempfile
import time

import matrix
from programs import Failures, MockPLC, PATIENCE, ROOT

FUNCTIONS = {1, 2, 3, 4, 5, 6, 15, 16, 22, 23, 43}
EXCEPTIONS = {1: "unknown function", 2: "no such address", 3: "bad quantity", 4: "device failure", 6: "busy", 11: "no such unit"}
failures = Failures()


def ask(port, unit, pdu):
    """One request by hand; the PDU of its answer."""
    with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE) as line:
        line.sendall(struct.pack(">HHHB", 7, 0, len(pdu) + 1, unit) + pdu)
        head = line.recv(7, socket.MSG_WAITALL)
        length = struct.unpack(">HHHB", head)[2]
        return line.recv(length - 1, socket.MSG_WAITALL)


def session(port, folder):
    matrix.write_table(f"{folder}/table")
    environment = dict(os.environ, FABGITOPS_INTEROP_TABLE=f"{folder}/table",
                       FABGITOPS_MODBUS_SERVERS=f"ours|tcp://127.0.0.1:{port}")
    done = subprocess.run(
        ["swift", "test", "--skip-build", "--filter", "InteropTests"], cwd=ROOT, env=environment, capture_output=True,
        text=True)
    failures.check("our client speaks every function to our server", done.returncode == 0, done.stdout[-3000:])
    for code, unit, pdu in ((1, 1, b"\x64"), (2, 1, b"\x03\xEA\x60\x00\x01"), (3, 1, b"\x03\x00\x00\x00\x00"),
                            (4, 2, b"\x03\x00\x00\x00\x01"), (6, 3, b"\x03\x00\x00\x00\x01"),
                            (11, 9, b"\x03\x00\x00\x00\x01")):
        answer = ask(port, unit, pdu)
        failures.check(f"exception {code}, {EXCEPTIONS[code]}", answer == bytes([pdu[0] | 0x80, code]), answer.hex())


def tshark(file, port, *arguments):
    done = subprocess.run(
        ["tshark", "-r", file, "-d", f"tcp.port=={port},mbtcp", *arguments], capture_output=True, text=True)
    if done.returncode:
        raise SystemExit("tshark: " + done.stderr)
    return done.stdout.splitlines()


def main():
    if not shutil.which("tshark") or not shutil.which("dumpcap"):
        print("capture: skipped, tshark is missing: apt-get install tshark")
        return 77
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)
        plant, file = f"{folder}/plant.yaml", f"{folder}/session.pcapng"
        with open(plant, "w") as out:
            # Units 1 to 3 with the same image; two of them refuse.
            lines = matrix.mock_map().splitlines()
            out.write("\n".join(lines + ["units:", "- { ids: '1' }", "- { ids: '2', faults: 'exception=1:4' }",
                                         "- { ids: '3', faults: 'busy' }"]) + "\n")
        mock = MockPLC("--map", plant)
        capture = subprocess.Popen(
            ["dumpcap", "-q", "-i", "lo", "-f", f"tcp port {mock.port}", "-w", file], stderr=subprocess.PIPE, text=True)
        # It says where it writes once it captures.
        first = capture.stderr.readline() + capture.stderr.readline()
        if capture.poll() is not None or "File:" not in first:
            print("capture: skipped, dumpcap may not capture on loopback (run it as root, or see dumpcap's setup): " + first)
            mock.stop()
            return 77
        session(mock.port, folder)
        time.sleep(1)
        capture.terminate()
        capture.wait(PATIENCE)
        mock.stop()
        frames = tshark(file, mock.port, "-Y", "mbtcp", "-T", "fields", "-e", "modbus.func_code", "-e",
                        "modbus.exception_code")
        bad = tshark(file, mock.port, "-Y", "_ws.malformed || _ws.expert.severity == error || mbtcp.prot_id != 0")
        kinds = collections.Counter()
        for frame in frames:
            function, _, exception = frame.partition("\t")
            for code in function.split(","):
                kinds["exception " + exception if exception else "function " + code] += 1
    print(f"\ntshark: {len(frames)} segments with Modbus, {len(bad)} malformed")
    for kind, count in sorted(kinds.items(), key=lambda entry: (entry[0].split()[0], entry[0].split()[1].zfill(4))):
        print(f"  {kind:<14} {count}")
    failures.check("not one malformed frame", not bad, "\n".join(bad[:10]))
    failures.check("every function is in the capture", all(kinds[f"function {code}"] > 1 for code in FUNCTIONS))
    failures.check("every exception is in the capture", all(kinds[f"exception {code}"] > 0 for code in EXCEPTIONS))
    print(f"{failures.count} failed" if failures.count else "all passed")
    return 1 if failures.count else 0


sys.exit(main())

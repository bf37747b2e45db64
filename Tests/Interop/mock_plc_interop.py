#!/usr/bin/env python3
"""mock-plc against clients that nobody here wrote: mbpoll (libmodbus) and pymodbus.

Usage: mock_plc_interop.py [path of mock-plc]      (default: the debug build of this package)

Prints one line a check and exits 1 when any failed. Needs mbpoll and pymodbus, and says so when they are missing.
"""
import os
import re
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import time

PATIENCE = 30.0
ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
failures = []


def check(what, actual, expected):
    good = actual == expected
    print(("ok    " if good else "FAIL  ") + what + ("" if good else f": got {actual!r}, expected {expected!r}"))
    if not good:
        failures.append(what)


def binary():
    if len(sys.argv) > 1:
        return sys.argv[1]
    shown = subprocess.run(["swift", "build", "--show-bin-path"], cwd=ROOT, capture_output=True, text=True)
    return os.path.join(shown.stdout.strip(), "mock-plc")


class Mock:
    """A running mock-plc; its log goes to a file."""

    def __init__(self, *flags, port="0"):
        self.log = tempfile.NamedTemporaryFile("w+", suffix=".log")
        self.process = subprocess.Popen(
            [BINARY, "--port", port, *flags], stdout=self.log, stderr=subprocess.PIPE, text=True)
        count = int(flags[flags.index("--count") + 1]) if "--count" in flags else 1
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            self.ports = [int(port) for port in re.findall(r"^listening on .*:(\d+) ", self.text(), re.M)]
            if len(self.ports) >= count:
                return
            if self.process.poll() is not None:
                raise SystemExit("mock-plc ended: " + self.process.stderr.read())
            time.sleep(0.01)
        raise SystemExit("mock-plc names no ports")

    def text(self):
        with open(self.log.name) as log:
            return log.read()

    def events(self):
        return [line for line in self.text().splitlines() if not line.startswith("listening")]

    def wait(self, pattern):
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            if re.search(pattern, self.text(), re.M):
                return True
            time.sleep(0.01)
        return False

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        check("SIGTERM ends it with 0", self.process.wait(PATIENCE), 0)
        self.process.stderr.close()


def mbpoll(port, *arguments, values=(), unit=1):
    """Values as mbpoll prints them; addresses are 0-based."""
    result = subprocess.run(
        ["mbpoll", "-m", "tcp", "-p", str(port), "-a", str(unit), "-0", "-1", "-q", "-o", "10", *arguments,
         "127.0.0.1", "--", *map(str, values)] if values else
        ["mbpoll", "-m", "tcp", "-p", str(port), "-a", str(unit), "-0", "-1", "-q", "-o", "10", *arguments,
         "127.0.0.1"], capture_output=True, text=True, timeout=PATIENCE)
    if result.returncode != 0:
        return "failed: " + (result.stderr.strip() or result.stdout.strip()).splitlines()[-1]
    if values:
        return "written" if "ritten" in result.stdout else result.stdout
    return [entry.split()[0] for entry in re.findall(r"^\[\d+\]:\s+(.*)$", result.stdout, re.M)]


def with_mbpoll():
    with Mock() as mock:
        port = mock.ports[0]
        check("mbpoll reads holding registers", mbpoll(port, "-t", "4", "-r", "4000", "-c", "3"), ["0", "2500", "0"])
        check("mbpoll writes one register", mbpoll(port, "-t", "4", "-r", "4001", values=[1234]), "written")
        check("mbpoll writes several", mbpoll(port, "-t", "4", "-r", "5000", values=[1, 2, 3]), "written")
        check("mbpoll reads them", mbpoll(port, "-t", "4", "-r", "5000", "-c", "4"), ["1", "2", "3", "0"])
        check("mbpoll writes coils", mbpoll(port, "-t", "0", "-r", "7", values=[1, 0, 1]), "written")
        check("mbpoll reads coils", mbpoll(port, "-t", "0", "-r", "6", "-c", "4"), ["0", "1", "0", "1"])
        check("mbpoll reads inputs", mbpoll(port, "-t", "3", "-r", "0", "-c", "2"), ["0", "0"])
        check("mbpoll reads discrete inputs", mbpoll(port, "-t", "1", "-r", "0", "-c", "3"), ["0", "0", "0"])
        check("any unit id answers", mbpoll(port, "-t", "4", "-r", "4001", "-c", "1", unit=77), ["1234"])
        check("each write is logged", len(re.findall(r"event=write .*outcome=applied", mock.text())), 3)
    with Mock("--units", "1-3", "--fault", "exception=1:2@2") as mock:
        port = mock.ports[0]
        check("unit 1 answers", mbpoll(port, "-t", "4", "-r", "4001", "-c", "1"), ["2500"])
        check("unit 2 refuses as told", "llegal data address" in str(mbpoll(port, "-t", "4", "-r", "4001", "-c", "1", unit=2)), True)
        mbpoll(port, "-t", "4", "-r", "4001", values=[9], unit=3)
        check("units have images of their own", mbpoll(port, "-t", "4", "-r", "4001", "-c", "1"), ["2500"])


def with_pymodbus():
    from pymodbus.client import ModbusTcpClient
    with Mock("--identity", "vendor=ACME,product=OV-40,revision=2.1") as mock:
        client = ModbusTcpClient("127.0.0.1", port=mock.ports[0], timeout=PATIENCE)
        check("pymodbus connects", client.connect(), True)
        check("pymodbus FC 3", client.read_holding_registers(4001, count=2, device_id=1).registers, [2500, 0])
        check("pymodbus FC 6", client.write_register(4001, 1000, device_id=1).isError(), False)
        check("pymodbus FC 16", client.write_registers(6000, [7, 8, 9], device_id=1).isError(), False)
        check("pymodbus FC 3 again", client.read_holding_registers(6000, count=3, device_id=1).registers, [7, 8, 9])
        check("pymodbus FC 4", client.read_input_registers(0, count=125, device_id=1).registers, [0] * 125)
        check("pymodbus FC 5", client.write_coil(3, True, device_id=1).isError(), False)
        check("pymodbus FC 15", client.write_coils(8, [True] * 11, device_id=1).isError(), False)
        bits = client.read_coils(0, count=20, device_id=1).bits[:20]
        check("pymodbus FC 1", bits, [index == 3 or 8 <= index < 19 for index in range(20)])
        check("pymodbus FC 2", client.read_discrete_inputs(0, count=9, device_id=1).bits[:9], [False] * 9)
        check("pymodbus FC 22", client.mask_write_register(address=6000, and_mask=0xFFF0, or_mask=0x3, device_id=1).isError(), False)
        both = client.readwrite_registers(read_address=6000, read_count=3, write_address=6002, values=[5], device_id=1)
        check("pymodbus FC 23", both.registers, [3, 8, 5])
        info = client.read_device_information(read_code=1, object_id=0, device_id=1).information
        check("pymodbus FC 43", [info[key] for key in (0, 1, 2)], [b"ACME", b"OV-40", b"2.1"])
        client.close()


PLANT = """
name: oven
registers:
- { name: setpoint, address: 4001, type: int16, scale: 0.1, value: 182.5 }
- { name: heat, table: input, address: 0, type: float32, behaviour: { kind: first-order, follows: setpoint, timeConstant: 200ms } }
- { name: load, table: input, address: 2, behaviour: { kind: sine, mean: 500, amplitude: 100, period: 300ms } }
- { name: total, address: 4010, type: uint32, order: CDAB, value: 123456789 }
"""


def with_a_map():
    from pymodbus.client import ModbusTcpClient
    with tempfile.NamedTemporaryFile("w", suffix=".yaml") as plant:
        plant.write(PLANT)
        plant.flush()
        with Mock("--map", plant.name) as mock:
            client = ModbusTcpClient("127.0.0.1", port=mock.ports[0], timeout=PATIENCE)
            client.connect()

            def heat():
                words = client.read_input_registers(0, count=2, device_id=1).registers
                return struct.unpack(">f", struct.pack(">HH", *words))[0]

            check("a map's setpoint is raw on the wire", client.read_holding_registers(4001, count=1).registers, [1825])
            check("its word order holds", client.read_holding_registers(4010, count=2).registers, [0xCD15, 0x075B])
            check("a process is settled at first", round(heat(), 3), 182.5)
            client.write_register(4001, 500, device_id=1)
            path = []
            deadline = time.monotonic() + PATIENCE
            while time.monotonic() < deadline and (not path or abs(path[-1] - 50) > 0.01):
                path.append(heat())
            check("it follows its setpoint", abs(path[-1] - 50) <= 0.01, True)
            check("on a way that only falls", path == sorted(path, reverse=True) and len(set(path)) > 5, True)
            seen = set()
            while time.monotonic() < deadline and len(seen) < 10:
                seen.update(client.read_input_registers(2, count=1, device_id=1).registers)
            check("a sine moves within its amplitude", all(400 <= value <= 600 for value in seen) and len(seen) >= 10, True)
            check("an address that the map has not", client.read_holding_registers(4002, count=1).exception_code, 2)
            client.close()


def chaos_is_repeatable():
    """mbpoll and pymodbus see the same turns, and two runs of one seed log the same bytes."""
    from pymodbus.client import ModbusTcpClient
    flags = ("--chaos", "--chaos-interval", "0.2", "--max-drift", "500", "--seed", "7", "--duration", "2.1")
    logs, seen = [], []
    for _ in range(2):
        with Mock(*flags, "--count", "2") as mock:
            values, others = {2500}, {2500}
            client = ModbusTcpClient("127.0.0.1", port=mock.ports[0], timeout=PATIENCE, retries=0)
            client.connect()
            while mock.process.poll() is None:
                read = mbpoll(mock.ports[0], "-t", "4", "-r", "4001", "-c", "1")
                if isinstance(read, list) and read:
                    values.add(int(read[0]))
                try:
                    others.update(getattr(client.read_holding_registers(4001, count=1), "registers", []))
                except Exception:  # the PLC ends in the middle of a read
                    break
            client.close()
            mock.process.wait(PATIENCE)
            logs.append(mock.events())
            seen += [values, others]
    turns = [int(value) for value in re.findall(r"plc=plc-1 event=chaos .*after=(\d+)", "\n".join(logs[0]))]
    check("chaos turned ten times", len(turns), 10)
    check("within --max-drift of the setpoint", all(0 < abs(turn - 2500) <= 500 for turn in turns), True)
    check("two runs of one seed have identical logs", logs[0], logs[1])
    for values in seen:
        check("what clients read is what chaos did", values <= {2500, *turns} and len(values) > 2, True)


def logs_are_repeatable():
    """The same requests of a client in the same order, and a script: logs are equal byte by byte."""
    from pymodbus.client import ModbusTcpClient
    with tempfile.NamedTemporaryFile("w", suffix=".yaml") as script:
        script.write("- { at: 0s, set: { register: setpoint, value: 100 } }\n")
        script.write("- { at: 0s, fault: 'ignore-writes=0.5 busy=0.2' }\n")
        script.write("- { at: 1h, reboot: true }\n")
        script.flush()
        texts = []
        for _ in range(2):
            with Mock("--script", script.name, "--seed", "7", "--log-time", "scheduled", "--verbose") as mock:
                mock.wait("event=fault")
                client = ModbusTcpClient("127.0.0.1", port=mock.ports[0], timeout=PATIENCE)
                client.connect()
                for value in range(50):
                    client.write_register(4001, value, device_id=1)
                client.close()
                mock.wait("write register 4001=49")
            texts.append("\n".join(mock.events()))
        check("same seed, script and requests: identical logs", texts[0] == texts[1] and "ignored" in texts[0], True)
        check("and they hold all writes", texts[0].count("event=write"), 50)


def bad_flags():
    def run(*flags):
        done = subprocess.run([BINARY, *flags], capture_output=True, text=True, timeout=PATIENCE)
        return done.returncode, done.stderr.count("\n"), done.stdout

    for flags in (["--bogus"], ["--fault", "lateny=1"], ["--map", "/does/not/exist"], ["--count", "0"],
                  ["--port", "99999"], ["--chaos-interval", "soon"], ["--identity", "vendro=X"], ["--units", "1-"],
                  ["--value", "70000"], ["--seed", "x"], ["--script", "/does/not/exist"]):
        check("one line and exit 2 for " + " ".join(flags), run(*flags), (2, 1, ""))
    with Mock() as mock:
        check("one line and exit 1 for a port in use", run("--port", str(mock.ports[0])), (1, 1, ""))


BINARY = binary()
if not os.access(BINARY, os.X_OK):
    raise SystemExit(f"there is no {BINARY}; build it, or name it as the argument")
if shutil.which("mbpoll") is None:
    raise SystemExit("mbpoll is missing: apt-get install mbpoll")
try:
    import pymodbus
except ImportError:
    raise SystemExit("pymodbus is missing: pip install pymodbus")
print(f"mock-plc against mbpoll and pymodbus {pymodbus.__version__}")
for part in (with_mbpoll, with_pymodbus, with_a_map, chaos_is_repeatable, logs_are_repeatable, bad_flags):
    part()
print(f"{len(failures)} failed" if failures else "all passed")
sys.exit(1 if failures else 0)

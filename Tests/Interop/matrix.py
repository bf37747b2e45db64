#!/usr/bin/env python3
"""The interoperability matrix: Modbus clients and servers that nobody here wrote against ours.

Our client x {pymodbus, libmodbus} servers, over TCP, TLS, RTU, ASCII and serial lines; {mbpoll, pymodbus, libmodbus}
clients x mock-plc; each function code and each type. Every cell is tried, or says why it cannot be. Prints the matrix
and exits 1 when a cell failed or is missing.

Usage: matrix.py            the package must be built with its tests (swift build --build-tests)

Serial lines are pty pairs by socat; libmodbus_peer.c is compiled here. Needs pymodbus, pyserial, mbpoll, socat, openssl,
a C compiler and libmodbus-dev, and says so when one is missing.
"""
import asyncio
import os
import re
import shutil
import signal
import socket
import ssl
import struct
import subprocess
import sys
import tempfile
import time

from certificates import Authority
from programs import PATIENCE, ROOT, binary

HERE = os.path.dirname(os.path.abspath(__file__))
WRITES, BOTH = 1000, 2000
"""Where writes of function 16 and 23 go, above the address that is read."""

# Values

TYPES = ["uint16", "int16", "uint32", "int32", "uint64", "int64", "float32", "float64", "string", "bool"]
VALUES = {
    "uint16": ("H", 54321), "int16": ("h", -12345), "uint32": ("I", 4000000123), "int32": ("i", -2000000123),
    "uint64": ("Q", 12345678901234567890), "int64": ("q", -1234567890123456789), "float32": ("f", -1234.5625),
    "float64": ("d", 2.718281828459045),
}
TEXT = "Kiln-7/north"


def ordered(words, order):
    words = [struct.unpack("<H", struct.pack(">H", word))[0] for word in words] if order in ("BADC", "DCBA") else words
    return words[::-1] if order in ("CDAB", "DCBA") else words


def table():
    """(type, order, address, words, text) of every value, the words as Python's struct makes them."""
    rows, address = [], 100
    for kind in TYPES:
        if kind == "string":
            data = TEXT.encode().ljust(16, b"\0")
            words, text = list(struct.unpack(">8H", data)), TEXT
        elif kind == "bool":
            words, text = [0xF0FF & ~0x10 | 0x08], "true"
        else:
            form, value = VALUES[kind]
            data = struct.pack(">" + form, value)
            words, text = list(struct.unpack(f">{len(data) // 2}H", data)), repr(value)
        for order in ["ABCD", "CDAB", "BADC", "DCBA"] if len(words) in (2, 4) else ["ABCD"]:
            rows.append((kind, order, address, ordered(words, order), text))
            address += 10
    return rows


TABLE = table()
ROWS = (["1 bits", "2 bits"] + [f"3 {kind}" for kind in TYPES] + [f"4 {kind}" for kind in TYPES]
        + ["5 coil", "6 uint16", "6 int16", "15 bits"] + [f"16 {kind}" for kind in TYPES] + ["22 mask"]
        + [f"23 {kind}" for kind in TYPES] + ["43/14 identity", "exception 2"])


def write_table(path):
    with open(path, "w") as out:
        for kind, order, address, words, text in TABLE:
            out.write(f"{kind} {order} {address} {len(words)} {text} {','.join(map(str, words))}\n")


# The servers of others


def pymodbus_context():
    from pymodbus.datastore import ModbusDeviceContext, ModbusSequentialDataBlock, ModbusServerContext
    words = [0] * 4096
    for _, _, address, value, _ in TABLE:
        words[address:address + len(value)] = value
    device = ModbusDeviceContext(
        co=ModbusSequentialDataBlock(1, [index % 3 == 1 for index in range(4096)]),
        di=ModbusSequentialDataBlock(1, [index % 5 == 2 for index in range(4096)]),
        ir=ModbusSequentialDataBlock(1, list(words)), hr=ModbusSequentialDataBlock(1, list(words)))
    return ModbusServerContext(devices=device, single=True)


async def serve_pymodbus(kind, framer, where, credentials):
    from pymodbus import FramerType, ModbusDeviceIdentification
    from pymodbus.server import ModbusSerialServer, ModbusTcpServer, ModbusTlsServer
    identity = ModbusDeviceIdentification(
        info_name={"VendorName": "Interop", "ProductCode": "IT", "MajorMinorRevision": "1.0"})
    common = {"identity": identity, "framer": FramerType(framer)}
    if kind == "serial":
        server = ModbusSerialServer(pymodbus_context(), port=where, baudrate=115200, parity="N", **common)
    elif kind == "tls":
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(f"{credentials}/tls.crt", f"{credentials}/tls.key")
        context.load_verify_locations(f"{credentials}/ca.crt")
        context.verify_mode = ssl.CERT_REQUIRED
        server = ModbusTlsServer(pymodbus_context(), address=("127.0.0.1", int(where)), sslctx=context, **common)
    else:
        server = ModbusTcpServer(pymodbus_context(), address=("127.0.0.1", int(where)), **common)
    await server.serve_forever(background=True)
    print("ready", flush=True)
    await asyncio.Event().wait()


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def line(folder, name, children):
    """A pty pair; returns our end and theirs."""
    ends = [f"{folder}/{side}-{name}" for side in ("ours", "theirs")]
    children.append(subprocess.Popen(["socat", *(f"pty,raw,echo=0,link={end}" for end in ends)]))
    end = time.monotonic() + PATIENCE
    while not all(os.path.exists(path) for path in ends):
        if time.monotonic() > end:
            raise SystemExit("socat made no pty pair")
        time.sleep(0.02)
    return ends


def start(children, *command):
    """Starts a server and waits for its `ready`."""
    child = subprocess.Popen(list(command), stdout=subprocess.PIPE, text=True)
    children.append(child)
    if child.stdout.readline().strip() != "ready":
        raise SystemExit("did not start: " + " ".join(command))


# Cells


class Matrix:
    def __init__(self):
        self.cells = {}
        self.unexpected = []

    def note(self, row, column, outcome):
        if row not in ROWS:
            self.unexpected.append(f"{column}: there is no row {row}")
        if not self.cells.get((row, column), "ok").startswith("FAILED"):
            self.cells[row, column] = outcome

    def read(self, output, column):
        """Takes `cell|ROW|OUTCOME` lines of another program."""
        for row, outcome in re.findall(r"^cell\|([^|]+)\|(.*)$", output, re.M):
            self.note(row, column, outcome)

    def show(self, title, columns, reasons):
        """Prints one table; returns how many cells failed or are missing."""
        print(f"\n{title}\n")
        notes, bad, width = [], list(self.unexpected), max(map(len, ROWS))
        print(" " * width, *(f"{column:>16}" for column in columns))
        for row in ROWS:
            texts = []
            for column in columns:
                outcome = self.cells.get((row, column))
                reason = reasons(row, column)
                if outcome is None and reason:
                    if reason not in notes:
                        notes.append(reason)
                    texts.append(f"- ({notes.index(reason) + 1})")
                elif outcome is None:
                    texts.append("MISSING")
                    bad.append(f"{column}, {row}: was not tried, and nothing says why")
                else:
                    texts.append("ok" if outcome == "ok" else "FAILED")
                    if outcome != "ok":
                        bad.append(f"{column}, {row}: {outcome}")
            print(f"{row:<{width}}", *(f"{text:>16}" for text in texts))
        for number, note in enumerate(notes, 1):
            print(f"({number}) {note}")
        for text in bad:
            print("FAIL  " + text)
        return len(bad)


# Our client against their servers

SERVERS = ["pymodbus tcp", "pymodbus tls", "pymodbus rtu+tcp", "pymodbus asc+tcp", "pymodbus rtu", "pymodbus ascii",
           "libmodbus tcp", "libmodbus rtu"]


def server_reason(row, column):
    if row == "43/14 identity" and column.startswith("libmodbus"):
        return "libmodbus has no function 43"
    return None


def our_client(folder, authority, peer, matrix):
    children, addresses = [], {}
    us = f"{folder}/table"
    credentials = authority.issue("server")
    try:
        for column in SERVERS:
            maker, kind = column.split()
            port = str(free_port())
            serial = "tcp" not in kind and kind != "tls"
            framer = {"tcp": "socket", "tls": "tls"}.get(kind, "ascii" if kind.startswith("asc") else "rtu")
            if serial:
                ours, where = line(folder, column.replace(" ", "-"), children)
                addresses[column] = f"serial://{ours}?baud=115200&parity=none&mode={framer}"
            else:
                where = port
                scheme = {"tcp": "tcp", "tls": "mbaps"}.get(kind, framer + "+tcp")
                addresses[column] = f"{scheme}://127.0.0.1:{port}"
            if maker == "libmodbus":
                start(children, peer, "serve-rtu" if serial else "serve-tcp", where, us)
            else:
                start(children, sys.executable, __file__, "--serve", "serial" if serial else kind.split("+")[-1],
                      framer, where, credentials)
        environment = dict(
            os.environ, FABGITOPS_INTEROP_TABLE=us, FABGITOPS_TLS_DIR=authority.folder,
            FABGITOPS_MODBUS_SERVERS="\n".join(f"{column}|{address}" for column, address in addresses.items()))
        done = subprocess.run(
            ["swift", "test", "--skip-build", "--filter", "InteropTests"], cwd=ROOT, env=environment, text=True,
            capture_output=True)
        for column, row, outcome in re.findall(r"^cell\|([^|]+)\|([^|]+)\|(.*)$", done.stdout, re.M):
            matrix.note(row, column, outcome)
        if done.returncode:
            print(done.stdout[-4000:] + done.stderr[-4000:])
        check_what_was_written(addresses, peer, us, matrix)
    finally:
        for child in reversed(children):
            child.terminate()
        for child in children:
            child.wait()


def check_what_was_written(addresses, peer, us, matrix):
    """What our client wrote, as the others' own clients and converters understand it."""
    from pymodbus.client import ModbusTcpClient
    port = addresses["libmodbus tcp"].rsplit(":", 1)[1]
    for function in ("16", "23"):
        done = subprocess.run(
            [peer, "check", "127.0.0.1", port, us, function], capture_output=True, text=True, timeout=PATIENCE)
        matrix.read(done.stdout, "libmodbus tcp")
    client = ModbusTcpClient("127.0.0.1", port=int(addresses["pymodbus tcp"].rsplit(":", 1)[1]), timeout=PATIENCE)
    client.connect()
    for function, offset in (("16", WRITES), ("23", BOTH)):
        for kind in TYPES:
            good = pymodbus_reads(client, kind, client.read_holding_registers, offset)
            matrix.note(f"{function} {kind}", "pymodbus tcp", "ok" if good else "FAILED pymodbus reads another value")
    client.close()


# Their clients against mock-plc

CLIENTS = ["mbpoll", "pymodbus tcp", "pymodbus tls", "libmodbus tcp"]


def client_reason(row, column):
    function, what = row.split(" ", 1)
    if column.startswith("libmodbus") and function == "43/14":
        return "libmodbus has no function 43"
    if column == "mbpoll":
        if function in ("22", "23", "43/14"):
            return "mbpoll has no functions 22, 23 and 43"
        if function in ("3", "4", "16") and what in ("uint64", "int64", "float64", "string", "bool"):
            return "mbpoll knows 16-bit words, 32-bit integers and 32-bit floats only"
    return None


def mock_map():
    """A map of the same values, converted by mock-plc itself, and room for writes."""
    lines = ["name: interop", "identity: { vendor: Interop, product: IT, revision: '1.0' }", "registers:"]
    for kind, order, address, words, text in TABLE:
        for place in ("holding", "input"):
            extra = ", length: 8" if kind == "string" else ", bit: 3" if kind == "bool" else ""
            value = f"'{text}'" if kind == "string" else text
            lines.append(f"- {{ name: {place}-{kind}-{order}, table: {place}, address: {address}, type: {kind}, "
                         f"order: {order}, value: {value}{extra} }}")
    for index in range(0, 200):
        if index % 3 == 1:
            lines.append(f"- {{ table: coil, address: {index}, value: true }}")
        if index % 5 == 2:
            lines.append(f"- {{ table: discrete, address: {index}, value: true }}")
    lines.append("ranges:")
    lines += [f"- {{ table: {place}, from: 0, to: 4095 }}" for place in ("holding", "input", "coil", "discrete")]
    return "\n".join(lines) + "\n"


class Mock:
    def __init__(self, binary, *flags):
        self.process = subprocess.Popen(
            [binary, "--port", "0", *flags], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        first = self.process.stdout.readline()
        found = re.match(r"listening on .*:(\d+) ", first)
        if not found:
            raise SystemExit("mock-plc: " + first)
        self.port = int(found[1])
        # Its log must not fill the pipe.
        self.drain = subprocess.Popen(["cat"], stdin=self.process.stdout, stdout=subprocess.DEVNULL)

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(PATIENCE)
        self.drain.wait(PATIENCE)


def pymodbus_reads(client, kind, read, offset=0):
    """Whether pymodbus's own converter makes the value of the words; it has no byte-swapped orders."""
    for name, order, address, words, _ in TABLE:
        if name != kind:
            continue
        got = read(address + offset, count=len(words), device_id=1).registers
        if kind == "bool":
            good = got[0] >> 3 & 1 == 1
        elif order in ("BADC", "DCBA"):
            good = got == words
        else:
            types = client.DATATYPE
            value = client.convert_from_registers(
                got, getattr(types, kind.upper()), word_order="big" if order == "ABCD" else "little")
            good = value == (TEXT if kind == "string" else VALUES[kind][1])
        if not good:
            return False
    return True


def pymodbus_words(client, kind, order, words):
    if kind == "bool" or order in ("BADC", "DCBA"):
        return words
    value = TEXT if kind == "string" else VALUES[kind][1]
    made = client.convert_to_registers(
        value, getattr(client.DATATYPE, kind.upper()), word_order="big" if order == "ABCD" else "little")
    return made + [0] * (len(words) - len(made))


def pymodbus_client(client, column, matrix):
    def note(row, good):
        matrix.note(row, column, "ok" if good else "FAILED")

    client.connect()
    note("1 bits", client.read_coils(0, count=187).bits[:187] == [index % 3 == 1 for index in range(187)])
    note("2 bits", client.read_discrete_inputs(0, count=187).bits[:187] == [index % 5 == 2 for index in range(187)])
    for kind in TYPES:
        note(f"3 {kind}", pymodbus_reads(client, kind, client.read_holding_registers))
        note(f"4 {kind}", pymodbus_reads(client, kind, client.read_input_registers))
        for name, order, address, words, _ in TABLE:
            if name != kind:
                continue
            made = pymodbus_words(client, kind, order, words)
            client.write_registers(address + WRITES, made)
            got = client.read_holding_registers(address + WRITES, count=len(words)).registers
            note(f"16 {kind}", made == words and got == words)
            both = client.readwrite_registers(
                read_address=address + BOTH, read_count=len(words), write_address=address + BOTH, values=made)
            note(f"23 {kind}", both.registers == words)
    client.write_coil(1000, True)
    note("5 coil", client.read_coils(1000, count=1).bits[0])
    client.write_coils(1001, [index % 2 == 0 for index in range(11)])
    note("15 bits", client.read_coils(1001, count=11).bits[:11] == [index % 2 == 0 for index in range(11)])
    client.write_register(3000, 54321)
    note("6 uint16", client.read_holding_registers(3000, count=1).registers == [54321])
    client.write_register(3001, 0x10000 - 12345)
    note("6 int16", client.read_holding_registers(3001, count=1).registers == [0x10000 - 12345])
    client.write_register(3002, 0x12)
    client.mask_write_register(address=3002, and_mask=0xF2, or_mask=0x25)
    note("22 mask", client.read_holding_registers(3002, count=1).registers == [0x17])
    information = client.read_device_information(read_code=1, object_id=0).information
    note("43/14 identity", [information[key] for key in (0, 1, 2)] == [b"Interop", b"IT", b"1.0"])
    note("exception 2", client.read_holding_registers(60000, count=1).exception_code == 2)
    client.close()


def mbpoll_client(port, matrix):
    def poll(*arguments, values=()):
        command = ["mbpoll", "-m", "tcp", "-p", str(port), "-a", "1", "-0", "-1", "-q", "-o", "10", *arguments, "127.0.0.1"]
        if values:
            command += ["--", *map(str, values)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE)
        if done.returncode:
            return "failed: " + (done.stderr + done.stdout).strip()
        return [entry for entry in re.findall(r"^\[\d+\]:\s+(.*)$", done.stdout, re.M)]

    def note(row, good):
        matrix.note(row, "mbpoll", "ok" if good else "FAILED")

    def reads(kind, place, offset=0):
        """mbpoll shows words unsigned with the signed value behind, 32-bit integers signed."""
        for name, order, address, words, _ in TABLE:
            if name != kind or order in ("BADC", "DCBA"):
                continue
            suffix = {"uint32": ":int", "int32": ":int", "float32": ":float"}.get(kind, "")
            shown = poll("-t", place + suffix, *(["-B"] if order == "ABCD" and suffix else []), "-r",
                         str(address + offset), "-c", "1")
            value = VALUES[kind][1]
            if isinstance(shown, str) or len(shown) != 1:
                return False
            if kind == "int16":
                good = shown[0].split() == [str(value & 0xFFFF), f"({value})"]
            elif kind == "float32":
                good = abs(float(shown[0]) - value) < 0.01
            else:
                good = int(shown[0].split()[0]) & 0xFFFFFFFF == value & 0xFFFFFFFF
            if not good:
                return False
        return True

    def writes(kind):
        for name, order, address, words, _ in TABLE:
            if name != kind or order in ("BADC", "DCBA"):
                continue
            suffix = {"uint32": ":int", "int32": ":int", "float32": ":float"}.get(kind, "")
            value = VALUES[kind][1]
            if kind == "uint32":
                value -= 1 << 32
            # Two of a kind, for with one word mbpoll takes function 6.
            poll("-t", "4" + suffix, *(["-B"] if order == "ABCD" and suffix else []), "-r", str(address + WRITES),
                 values=[value & 0xFFFF if kind == "int16" else value] * 2)
        return reads(kind, "4", WRITES)

    bits = poll("-t", "0", "-r", "0", "-c", "123")
    note("1 bits", bits == [str(int(index % 3 == 1)) for index in range(123)])
    bits = poll("-t", "1", "-r", "0", "-c", "123")
    note("2 bits", bits == [str(int(index % 5 == 2)) for index in range(123)])
    for kind in ("uint16", "int16", "uint32", "int32", "float32"):
        note(f"3 {kind}", reads(kind, "4"))
        note(f"4 {kind}", reads(kind, "3"))
        note(f"16 {kind}", writes(kind))
    poll("-t", "0", "-r", "1000", values=[1])
    note("5 coil", poll("-t", "0", "-r", "1000", "-c", "1") == ["1"])
    poll("-t", "0", "-r", "1001", values=[int(index % 2 == 0) for index in range(11)])
    note("15 bits", poll("-t", "0", "-r", "1001", "-c", "11") == [str(int(index % 2 == 0)) for index in range(11)])
    poll("-t", "4", "-r", "3000", values=[54321])
    note("6 uint16", poll("-t", "4", "-r", "3000", "-c", "1")[0].split()[0] == "54321")
    poll("-t", "4", "-r", "3001", values=[0x10000 - 12345])
    note("6 int16", poll("-t", "4", "-r", "3001", "-c", "1") == ["53191 (-12345)"])
    note("exception 2", "llegal data address" in str(poll("-t", "4", "-r", "60000", "-c", "1")))


def tls_context(folder):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    # pymodbus names no server to the library; that the authority signed its certificate is still checked.
    context.check_hostname = False
    context.load_verify_locations(f"{folder}/ca.crt")
    context.load_cert_chain(f"{folder}/tls.crt", f"{folder}/tls.key")
    return context


def roles_count(mock, authority):
    """Who may write is in the certificate; returns how many of the checks failed."""
    from pymodbus.client import ModbusTlsClient
    bad = 0

    def check(what, good):
        nonlocal bad
        print(("ok    " if good else "FAIL  ") + what)
        bad += 0 if good else 1

    print("\nModbus/TCP Security: pymodbus's TLS client against mock-plc --write-role operator\n")
    for name, may_write in (("operator", True), ("viewer", False), ("nobody", False)):
        client = ModbusTlsClient(
            "127.0.0.1", port=mock.port, sslctx=tls_context(f"{authority.folder}/{name}"), timeout=PATIENCE)
        client.connect()
        check(f"{name} reads", client.read_holding_registers(100, count=1).registers == [54321])
        answer = client.write_register(3005, 77)
        check(f"{name} {'writes' if may_write else 'is refused with exception 1'}",
              not answer.isError() if may_write else getattr(answer, "exception_code", None) == 1)
        client.close()
    bare = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    bare.check_hostname = False
    bare.load_verify_locations(f"{authority.folder}/ca.crt")
    try:
        client = ModbusTlsClient("127.0.0.1", port=mock.port, sslctx=bare, timeout=10, retries=0)
        client.connect()
        answer = client.read_holding_registers(100, count=1)
        check("without a certificate nothing is answered", answer.isError())
    except Exception as error:  # pymodbus raises what the library below it raises
        check(f"without a certificate nothing is answered ({type(error).__name__})", True)
    return bad


def their_clients(folder, authority, peer, binary, matrix):
    from pymodbus.client import ModbusTcpClient, ModbusTlsClient
    plant = f"{folder}/plant.yaml"
    with open(plant, "w") as out:
        out.write(mock_map())
    server = authority.issue("server")
    plain = Mock(binary, "--map", plant)
    secure = Mock(binary, "--map", plant, "--tls-cert", f"{server}/tls.crt", "--tls-key", f"{server}/tls.key", "--tls-ca",
                  f"{server}/ca.crt", "--write-role", "operator")
    try:
        pymodbus_client(ModbusTcpClient("127.0.0.1", port=plain.port, timeout=PATIENCE), "pymodbus tcp", matrix)
        operator = tls_context(f"{authority.folder}/operator")
        pymodbus_client(
            ModbusTlsClient("127.0.0.1", port=secure.port, sslctx=operator, timeout=PATIENCE), "pymodbus tls", matrix)
        done = subprocess.run(
            [peer, "client", "127.0.0.1", str(plain.port), f"{folder}/table"], capture_output=True, text=True,
            timeout=PATIENCE)
        matrix.read(done.stdout, "libmodbus tcp")
        mbpoll_client(plain.port, matrix)
        return roles_count(secure, authority)
    finally:
        plain.stop()
        secure.stop()


def missing():
    absent = [name for name in ("socat", "swift", "mbpoll", "openssl", "cc") if not shutil.which(name)]
    for module in ("pymodbus", "serial"):
        if subprocess.run([sys.executable, "-c", f"import {module}"], capture_output=True).returncode:
            absent.append("python3 " + module)
    if not os.path.exists("/usr/include/modbus/modbus.h"):
        absent.append("libmodbus-dev")
    return absent


def main():
    if len(sys.argv) == 6 and sys.argv[1] == "--serve":
        asyncio.run(serve_pymodbus(*sys.argv[2:]))
        return 0
    absent = missing()
    if absent:
        print("matrix: missing " + ", ".join(absent))
        return 2
    program = binary("mock-plc")
    with tempfile.TemporaryDirectory() as folder:
        peer = f"{folder}/libmodbus_peer"
        subprocess.run(["cc", "-Wall", "-Wextra", "-O1", "-o", peer, f"{HERE}/libmodbus_peer.c", "-lmodbus"], check=True)
        write_table(f"{folder}/table")
        authority = Authority(f"{folder}/tls")
        for name, role in (("default", "operator"), ("operator", "operator"), ("viewer", "viewer"), ("nobody", None)):
            authority.issue(name, role)
        servers, clients = Matrix(), Matrix()
        our_client(folder, authority, peer, servers)
        bad = their_clients(folder, authority, peer, program, clients)
    bad += servers.show("Our client against the servers of others, by function code and type", SERVERS, server_reason)
    bad += clients.show("The clients of others against mock-plc, by function code and type", CLIENTS, client_reason)
    print("\nWords of floats that libmodbus sends are Python's: its modbus_set_float_* and modbus_get_float_* do not agree.")
    print(f"\n{bad} failed" if bad else "\nevery cell passed or says why it cannot be tried")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())

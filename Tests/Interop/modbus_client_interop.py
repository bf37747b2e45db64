#!/usr/bin/env python3
"""Our Modbus client against pymodbus's servers: Modbus/TCP, RTU and ASCII over TCP, RTU and ASCII on a serial line.

Usage: modbus_client_interop.py [package path]      (default: this package)

The serial lines are pty pairs by socat. Starts the servers and runs `swift test --filter InteropTests` with their
addresses. Needs pymodbus, pyserial and socat, and says so when one is missing.
"""
import asyncio
import os
import shutil
import subprocess
import sys
import tempfile
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
SERVERS = [("tcp", "socket"), ("tcp", "rtu"), ("tcp", "ascii"), ("serial", "rtu"), ("serial", "ascii")]
SCHEMES = {"socket": "tcp", "rtu": "rtu+tcp", "ascii": "ascii+tcp"}
PATIENCE = 30.0


async def serve(kind, framer, where):
    from pymodbus import FramerType, ModbusDeviceIdentification
    from pymodbus.datastore import ModbusDeviceContext, ModbusSequentialDataBlock, ModbusServerContext
    from pymodbus.server import StartAsyncSerialServer, StartAsyncTcpServer

    device = ModbusDeviceContext(
        di=ModbusSequentialDataBlock(1, [True] * 3000), co=ModbusSequentialDataBlock(1, [False] * 3000),
        ir=ModbusSequentialDataBlock(1, [17] * 3000), hr=ModbusSequentialDataBlock(1, [0] * 3000))
    identity = ModbusDeviceIdentification(
        info_name={"VendorName": "Interop", "ProductCode": "IT", "MajorMinorRevision": "1.0"})
    common = {"context": ModbusServerContext(devices=device, single=True), "identity": identity,
              "framer": FramerType(framer)}
    if kind == "tcp":
        await StartAsyncTcpServer(address=("127.0.0.1", int(where)), **common)
    else:
        await StartAsyncSerialServer(port=where, baudrate=115200, parity="N", **common)


def free_port():
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_for(path):
    end = time.monotonic() + PATIENCE
    while not os.path.exists(path):
        if time.monotonic() > end:
            sys.exit(f"{path} did not appear")
        time.sleep(0.05)


def missing():
    absent = [name for name in ("socat", "swift") if not shutil.which(name)]
    for module in ("pymodbus", "serial"):
        if subprocess.run([sys.executable, "-c", f"import {module}"], capture_output=True).returncode:
            absent.append("python3 " + module)
    return absent


def main():
    if len(sys.argv) == 5 and sys.argv[1] == "--serve":
        asyncio.run(serve(*sys.argv[2:]))
        return 0
    absent = missing()
    if absent:
        print("modbus_client_interop: missing " + ", ".join(absent))
        return 2
    package = sys.argv[1] if len(sys.argv) > 1 else ROOT
    children, addresses = [], []
    with tempfile.TemporaryDirectory() as folder:
        try:
            for index, (kind, framer) in enumerate(SERVERS):
                if kind == "tcp":
                    where = str(free_port())
                    addresses.append(f"{SCHEMES[framer]}://127.0.0.1:{where}")
                else:
                    ours, where = (f"{folder}/{side}{index}" for side in ("client", "server"))
                    children.append(subprocess.Popen(
                        ["socat", f"pty,raw,echo=0,link={ours}", f"pty,raw,echo=0,link={where}"]))
                    wait_for(ours)
                    wait_for(where)
                    addresses.append(f"serial://{ours}?baud=115200&parity=none&mode={framer}")
                children.append(subprocess.Popen([sys.executable, __file__, "--serve", kind, framer, where]))
            time.sleep(3)
            print("servers: " + " ".join(addresses), flush=True)
            environment = dict(os.environ, FABGITOPS_MODBUS_SERVERS=" ".join(addresses))
            return subprocess.run(
                ["swift", "test", "--package-path", package, "--filter", "InteropTests"], env=environment
            ).returncode
        finally:
            for child in reversed(children):
                child.terminate()
            for child in children:
                child.wait()


sys.exit(main())

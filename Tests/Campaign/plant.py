"""The plant of one round: mock PLCs with their logs, the manifests that describe them, and what is allowed."""

import asyncio
import dataclasses
import re
import subprocess
import time

SETPOINT = 4001


@dataclasses.dataclass
class Device:
    name: str
    #: Whether anything but an operator may write it.
    auto: bool = True
    low: int = 0
    high: int = 65535
    max_step: int | None = None
    desired: int = 2500
    port: int = 0
    plc: str = ""
    host: str = "127.0.0.1"

    def manifest(self):
        step = f", maxStep: {self.max_step}" if self.max_step else ""
        return (
            "apiVersion: fabgitops.io/v1\nkind: IndustrialPLC\n"
            f"metadata: {{ name: {self.name}, labels: {{ line: {self.name} }} }}\n"
            f"spec:\n  deviceAddress: \"{self.host}\"\n  port: {self.port}\n  pollIntervalSecs: 1\n  timeoutMs: 500\n"
            f"  autoCorrect: {str(self.auto).lower()}\n"
            f"  correction: {{ maxWritesPerHour: 1000, contestedAfter: 50, contestedWithinSecs: 60 }}\n"
            f"  registers:\n  - {{ name: setpoint, address: {SETPOINT}, type: uint16, value: {self.desired}, "
            f"min: {self.low}, max: {self.high}{step} }}\n")


def devices():
    return [
        Device("plc-1"),
        Device("plc-2", auto=False),
        Device("plc-3", low=2000, high=3000, max_step=200),
        Device("plc-4", low=2400, high=2600),
    ]


@dataclasses.dataclass
class Change:
    """One line of a PLC's log, with the time at which it was read."""
    at: float
    plc: str
    event: str
    before: int
    after: int


LINE = re.compile(
    r"t=(?P<t>\S+) plc=(?P<plc>\S+) event=(?P<event>\S+) .*address=(?P<address>\d+) "
    r"before=(?P<before>\d+) after=(?P<after>\d+)")


class MockPlant:
    """One mock-plc process for all devices of the round."""

    def __init__(self, program, seed, count, faults=()):
        self.program, self.seed, self.count, self.faults = program, seed, count, faults
        self.ports = []
        self.changes = []
        self.process = None
        self.reader = None
        self.began = 0.0

    async def start(self):
        command = [
            str(self.program), "--port", "0", "--count", str(self.count), "--register", str(SETPOINT), "--value", "2500",
            "--chaos", "--chaos-interval", "1500ms", "--max-drift", "300", "--seed", str(self.seed)]
        for fault in self.faults:
            command += ["--fault", fault]
        self.process = await asyncio.create_subprocess_exec(
            *command, stdout=asyncio.subprocess.PIPE, stderr=subprocess.DEVNULL)
        while len(self.ports) < self.count:
            line = (await asyncio.wait_for(self.process.stdout.readline(), 30)).decode()
            assert line, "mock-plc ended before it listened"
            if found := re.match(r"listening on 127\.0\.0\.1:(\d+) plc=(\S+)", line):
                self.ports.append(int(found[1]))
        self.began = time.monotonic()
        self.reader = asyncio.create_task(self._read())

    async def _read(self):
        while line := await self.process.stdout.readline():
            if found := LINE.match(line.decode()):
                self.changes.append(Change(
                    time.monotonic(), found["plc"], found["event"], int(found["before"]), int(found["after"])))

    def writes(self):
        return [change for change in self.changes if change.event == "write"]

    async def stop(self):
        if self.process.returncode is None:
            self.process.terminate()
        await self.process.wait()
        await self.reader

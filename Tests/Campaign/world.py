"""One round: a plant behind fault proxies, a repository, the engine, and everything that was seen."""

import asyncio
import contextlib
import datetime
import pathlib
import random
import shutil
import subprocess
import tempfile
import time

from engine import Engine, Shown
from plant import MockPlant, devices
from proxy import FaultProxy
from repository import Repository


class World:
    def __init__(self, bin_directory, seed):
        self.bin = bin_directory
        self.seed = seed
        self.random = random.Random(seed)
        self.scratch = pathlib.Path(tempfile.mkdtemp(prefix="campaign-"))
        self.devices = devices()
        self.remote = False
        self.host_names = False
        self.plc_faults = ()
        self.plant = None
        self.proxies = {}
        self.repository = None
        self.engine = None
        self.cleanup = []
        self.violations = []
        self.shown = []
        self.held = []
        self.syncs = []
        self.clock_is_wrong = False
        self.declared = {device.name: {device.desired} for device in self.devices}
        self.monotonic_offset = time.time() - time.monotonic()
        self.watcher = None

    # MARK: Life

    async def start(self):
        self.plant = MockPlant(self.bin / "mock-plc", self.seed, len(self.devices), self.plc_faults)
        await self.plant.start()
        for index, device in enumerate(self.devices):
            proxy = FaultProxy(self.plant.ports[index], self.seed * 31 + index)
            await proxy.start()
            self.proxies[device.name] = proxy
            device.port, device.plc = proxy.port, f"plc-{index + 1}"
            if self.host_names:
                device.host = "line.plant.test"
        self.repository = Repository(self.scratch, self.remote)
        self.declare("Declare the line")
        self.engine = Engine(self.bin / "fabctl", self.repository.source, self.scratch)

    async def run_engine(self):
        await self.engine.start()
        self.watcher = asyncio.create_task(self._watch())
        if await self.until("the engine to connect", self.well(), 120) is None:
            raise RuntimeError("the round did not begin")

    async def stop(self):
        if self.watcher:
            self.watcher.cancel()
        if self.engine and self.engine.process and not await self.engine.stop():
            self.violations.append("the engine did not end within 20 s of SIGTERM")

    async def clear(self):
        if self.engine and self.engine.process and self.engine.process.returncode is None:
            self.engine.ending = True
            self.engine.process.kill()
        if self.plant and self.plant.process:
            with contextlib.suppress(ProcessLookupError):
                await self.plant.stop()
        for proxy in self.proxies.values():
            await proxy.stop()
        for undo in self.cleanup:
            undo()
        shutil.rmtree(self.scratch, ignore_errors=True)

    async def _watch(self):
        while True:
            if fleet := await self.engine.fleet():
                self.shown.append(Shown(time.monotonic(), fleet))
            await asyncio.sleep(0.3)

    # MARK: What faults use

    def declare(self, message, amend=False):
        for device in self.devices:
            self.declared[device.name].add(device.desired)
        self.repository.declare(self.devices, message, amend)

    def mount_state(self, size):
        """The state directory on a file system of its own."""
        state = self.scratch / "state"
        state.mkdir()
        subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size},mode=700", "tmpfs", str(state)], check=True)
        self.cleanup.append(lambda: subprocess.run(["umount", "-l", str(state)], check=False))
        return state

    async def until(self, what, condition, patience):
        """Waits for a condition of what is shown; says how long it took, or notes the violation."""
        began = time.monotonic()
        while time.monotonic() - began < patience:
            if self.shown and time.monotonic() - self.shown[-1].at < 3 and condition(self.shown[-1]):
                return time.monotonic() - began
            await asyncio.sleep(0.1)
        state = self.shown[-1] if self.shown else None
        tail = (self.scratch / "engine.log").read_text(errors="replace")[-600:] if self.engine else ""
        described = {name: (d["status"], d.get("message")) for name, d in state.devices.items()} if state else "nothing"
        problems = state.problems if state else ""
        self.violations.append(f"not within {patience} s: {what}; shown: {described} {problems}; log: {tail}")
        return None

    # MARK: What is known

    def device_of(self, plc):
        return next(device for device in self.devices if device.plc == plc)

    def well(self):
        """A condition for `until`: all is well at one moment. Where the PLCs themselves misbehave all through the
        round, one of them may always be away: there each has to be well at a moment of its own."""
        if not self.plc_faults:
            return self.is_well
        missing = {device.name for device in self.devices}

        def each_was_well(shown):
            missing.difference_update(
                [device.name for device in self.devices if self.is_device_well(device, shown)])
            return not missing and self.is_source_well(shown)

        return each_was_well

    def is_well(self, shown):
        """Every device read, the source good at its head, and no problem said."""
        return self.is_source_well(shown) and all(self.is_device_well(device, shown) for device in self.devices)

    def is_source_well(self, shown):
        return not shown.problems and shown.source["revision"].endswith(self.repository_head())

    def is_device_well(self, device, shown):
        entry = shown.devices.get(device.name)
        wanted = ("InSync", "Drifted", "Contested") if device.auto else ("InSync", "Drifted")
        return bool(entry and entry["status"] in wanted and entry.get("lastRead"))

    def repository_head(self):
        return self.repository.head

    def monotonic(self, stamp):
        moment = datetime.datetime.fromisoformat(stamp.replace("Z", "+00:00"))
        return moment.timestamp() - self.monotonic_offset

    def held_value(self, device, value, begin, end):
        """Whether the PLC held this value at some time of the span."""
        held = 2500
        for change in [c for c in self.plant.changes if c.plc == device.plc]:
            if held == value and change.at >= begin:
                return True
            if change.at > end:
                return False
            held = change.after
        return held == value

    def turned_since(self, write):
        """How far somebody else turned the register between the read that a write was decided on and the write."""
        recent = [c for c in self.plant.changes if c.plc == write.plc and write.at - 1.5 < c.at <= write.at
                  and c.event != "write"]
        return sum(abs(change.after - change.before) for change in recent)

    def operator_synced(self, device, at):
        return any(name == device.name and begin <= at <= end for name, begin, end in self.syncs)

"""Violations planted on the wire: what the bugs that the simulator plants would do on real sockets. The oracle must
find each, or its silence in the campaign means nothing."""

import asyncio
import sqlite3
import struct

from plant import SETPOINT


async def write(port, value):
    """One frame of function code 6, as a broken engine would send it."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(struct.pack(">HHHBBHH", 1, 0, 6, 1, 6, SETPOINT, value))
    await writer.drain()
    await asyncio.wait_for(reader.readexactly(12), 10)
    writer.transport.abort()


class Planted:
    name = ""
    #: The fault of the round it is planted in.
    beside = "duplicate"
    #: What the oracle's line must say.
    sign = ""

    async def begin(self, world):
        pass

    async def end(self, world):
        pass

    def port(self, world, name):
        return world.plant.ports[[device.name for device in world.devices].index(name)]


class SkipEnvelope(Planted):
    name, sign = "skip the envelope", "outside"

    async def begin(self, world):
        await write(self.port(world, "plc-4"), 3000)


class SkipStep(Planted):
    name, sign = "skip the step", "in one step"

    async def begin(self, world):
        await write(self.port(world, "plc-3"), 2000)
        await asyncio.sleep(2)
        await write(self.port(world, "plc-3"), 3000)


class ReplayWrite(Planted):
    name, sign = "replay a write", "frames wrote"

    async def end(self, world):
        last = [change for change in world.plant.writes() if world.device_of(change.plc).name == "plc-1"][-1]
        await write(self.port(world, "plc-1"), last.after)


class ForgetAudit(Planted):
    name, sign = "forget the audit", "the audit has"

    async def begin(self, world):
        await write(self.port(world, "plc-1"), 2499)


class WriteWhileHeld(Planted):
    name, sign, beside = "write while held", "while all writes were held", "operator-hold"

    async def begin(self, world):
        async def later():
            await asyncio.sleep(6)
            await write(self.port(world, "plc-1"), 2500)
        self.task = asyncio.create_task(later())

    async def end(self, world):
        await self.task


class WriteWithoutWord(Planted):
    name, sign = "correct what is not to be corrected", "without an operator's word"

    async def begin(self, world):
        await write(self.port(world, "plc-2"), 2500)


class CountPolls(Planted):
    name, sign = "count polls as drift events", "drift events from"

    async def end(self, world):
        for shown in world.shown[-1:]:
            shown.devices["plc-1"]["driftEvents"] += 1000


class Starve(Planted):
    """A device whose traffic stops although nothing is said to be wrong with it."""
    name, sign, beside = "starve a device", "because of another's trouble", "operator-hold"

    async def begin(self, world):
        await world.proxies["plc-1"].set("half_open")
        await asyncio.sleep(4)

    async def end(self, world):
        await world.proxies["plc-1"].set("pass")


class ShowOldValue(Planted):
    name, sign = "show a value that was never there", "never held"

    async def end(self, world):
        for shown in world.shown[-1:]:
            shown.devices["plc-1"]["registers"][0]["actual"] = 1


class EditAudit(Planted):
    name, sign = "edit the audit", "audit verify ended with"

    async def end(self, world):
        await world.stop()
        (path,) = (world.scratch / "state" / "fabgitops").glob("*/journal.sqlite")
        with sqlite3.connect(path) as database:
            for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
                database.execute(f'DROP TRIGGER "{name}"')
            database.execute("UPDATE audit SET actor = actor || 'x' WHERE kind = 'intent'")


ALL = [SkipEnvelope, SkipStep, ReplayWrite, ForgetAudit, WriteWhileHeld, WriteWithoutWord, CountPolls, Starve,
       ShowOldValue, EditAudit]

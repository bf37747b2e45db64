"""What happens to the engine's own process."""

import asyncio
import os
import signal

from faults import Fault, fault


@fault
class Crash(Fault):
    name = "kill-9"
    area = "process"
    seconds = 4.0

    async def strike(self, world):
        for _ in range(3):
            await asyncio.sleep(world.random.uniform(0.2, 1.5))
            world.engine.process.send_signal(signal.SIGKILL)
            await asyncio.sleep(0.6)


@fault
class Frozen(Fault):
    name = "stop-continue"
    area = "process"

    async def strike(self, world):
        os.kill(world.engine.pid, signal.SIGSTOP)

    async def heal(self, world):
        os.kill(world.engine.pid, signal.SIGCONT)


@fault
class NoDescriptors(Fault):
    name = "fd-exhaustion"
    area = "process"

    async def strike(self, world):
        pid = world.engine.pid
        highest = max(int(name) for name in os.listdir(f"/proc/{pid}/fd"))
        # None, or some and not enough to start git with.
        await self._limit(pid, highest + 1 + world.random.choice((0, world.random.randrange(16))))
        for proxy in world.proxies.values():
            await proxy.set("cut")
            await proxy.set("pass")

    async def heal(self, world):
        await self._limit(world.engine.pid, 4096)

    async def _limit(self, pid, count):
        process = await asyncio.create_subprocess_exec("prlimit", f"--pid={pid}", f"--nofile={count}:4096")
        await process.wait()


@fault
class NoMemory(Fault):
    """No more address space: it may go on or end and be started again, nothing else."""

    name = "out-of-memory"
    area = "process"

    async def strike(self, world):
        pid = world.engine.pid
        with open(f"/proc/{pid}/status") as status:
            size = next(int(line.split()[1]) for line in status if line.startswith("VmSize"))
        process = await asyncio.create_subprocess_exec("prlimit", f"--pid={pid}", f"--as={(size + 64) * 1024}:")
        await process.wait()
        for proxy in world.proxies.values():
            await proxy.set("cut")
            await proxy.set("pass")

    async def heal(self, world):
        process = await asyncio.create_subprocess_exec(
            "prlimit", f"--pid={world.engine.pid}", "--as=unlimited:", stderr=asyncio.subprocess.DEVNULL)
        await process.wait()

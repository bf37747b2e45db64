"""People at consoles."""

import asyncio
import os
import pty
import signal
import time

from faults import Fault, fault


@fault
class Held(Fault):
    """Somebody holds all writes from another console."""

    name = "operator-hold"
    area = "operators"

    async def strike(self, world):
        code, out, errors = await world.engine.fabctl(
            "hold", "--git", world.repository.source, "--reason", "maintenance")
        if code != 0:
            world.violations.append(f"hold ended with {code}: {errors.strip()}")
        # A frame that was under way is logged a moment later.
        self.begin = time.monotonic() + 0.5

    async def heal(self, world):
        world.held.append((self.begin, time.monotonic()))
        code, _, errors = await world.engine.fabctl("release", "--git", world.repository.source)
        if code != 0:
            world.violations.append(f"release ended with {code}: {errors.strip()}")

    def disturbed(self, world):
        return []


@fault
class SecondDashboard(Fault):
    """Another dashboard on the same set, whose terminal then goes away."""

    name = "second-dashboard"
    area = "operators"

    async def strike(self, world):
        engine = world.engine
        self.master, slave = pty.openpty()
        self.process = await asyncio.create_subprocess_exec(
            *engine.wrapper, str(engine.program), "watch", "--git", world.repository.source, stdin=slave, stdout=slave,
            stderr=slave, env=dict(engine.environment, TERM="xterm-256color"), start_new_session=True)
        os.close(slave)
        os.set_blocking(self.master, False)
        self.drain = asyncio.create_task(self._drain())
        for key in "sySHz":
            await asyncio.sleep(0.6)
            os.write(self.master, key.encode())

    async def _drain(self):
        while True:
            try:
                os.read(self.master, 65536)
            except BlockingIOError:
                await asyncio.sleep(0.05)
            except OSError:
                return

    async def heal(self, world):
        self.drain.cancel()
        os.close(self.master)
        try:
            await asyncio.wait_for(self.process.wait(), 20)
        except asyncio.TimeoutError:
            world.violations.append("the second dashboard did not end within 20 s of its terminal going away")
            self.process.send_signal(signal.SIGKILL)

    def disturbed(self, world):
        return []

"""The engine of one round: the real fabctl, watched through its read-only API, restarted as a supervisor would."""

import asyncio
import contextlib
import json
import os
import signal
import socket
import time


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Engine:
    def __init__(self, program, source, scratch):
        self.program, self.source, self.scratch = program, source, scratch
        self.api = free_port()
        self.environment = dict(
            os.environ, XDG_STATE_HOME=str(scratch / "state"), XDG_CONFIG_HOME=str(scratch / "config"),
            GIT_CONFIG_GLOBAL="/dev/null", GIT_CONFIG_NOSYSTEM="1")
        #: Put before the command, such as `unshare -m …`.
        self.wrapper = []
        self.options = []
        self.process = None
        self.supervisor = None
        self.restarts = 0
        self.ending = False

    async def start(self):
        await self._spawn()
        self.supervisor = asyncio.create_task(self._supervise())

    async def _spawn(self):
        log = open(self.scratch / "engine.log", "ab")
        command = [
            *self.wrapper, str(self.program), "watch", "--plain", "--git", self.source, "--git-interval", "1",
            "--metrics", f"127.0.0.1:{self.api}", *self.options]
        self.process = await asyncio.create_subprocess_exec(
            *command, stdin=asyncio.subprocess.DEVNULL, stdout=log, stderr=log, env=self.environment)
        log.close()

    async def _supervise(self):
        """Starts it again when it ends by itself, as systemd does."""
        while not self.ending:
            await self.process.wait()
            if self.ending:
                return
            self.restarts += 1
            await asyncio.sleep(0.3)
            await self._spawn()

    @property
    def pid(self):
        return self.process.pid

    async def stop(self):
        self.ending = True
        with contextlib.suppress(ProcessLookupError):
            self.process.send_signal(signal.SIGCONT)
            self.process.terminate()
        try:
            await asyncio.wait_for(self.process.wait(), 20)
            return True
        except asyncio.TimeoutError:
            self.process.kill()
            await self.process.wait()
            return False

    async def fleet(self):
        """What the engine shows, or `None` while it does not answer."""
        try:
            return json.loads(await asyncio.wait_for(self._get("/api/v1/fleet"), 2))
        except (OSError, ValueError, asyncio.TimeoutError, asyncio.IncompleteReadError):
            return None

    async def _get(self, path):
        reader, writer = await asyncio.open_connection("127.0.0.1", self.api)
        try:
            writer.write(f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode())
            head, _, body = (await reader.read()).partition(b"\r\n\r\n")
            if b"chunked" not in head.lower():
                return body
            whole = b""
            while body:
                size, _, rest = body.partition(b"\r\n")
                count = int(size, 16)
                whole, body = whole + rest[:count], rest[count + 2:]
            return whole
        finally:
            writer.transport.abort()

    async def fabctl(self, *arguments):
        """A one-shot beside the engine: exit code, output, errors."""
        process = await asyncio.create_subprocess_exec(
            *self.wrapper, str(self.program), *arguments, stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE, env=self.environment)
        out, errors = await asyncio.wait_for(process.communicate(), 60)
        return process.returncode, out.decode(), errors.decode()


class Shown:
    """What the engine showed during a round, as an operator would have seen it."""

    def __init__(self, at, fleet):
        self.at = at
        self.wall = time.time()
        self.problems = list(fleet["health"].get("problems", []))
        source = fleet["source"]
        if source["state"] not in ("good", "loading"):
            self.problems.append(f"source {source['state']}")
        if hold := fleet["gates"].get("hold"):
            self.problems.append(f"held by {hold['by']}")
        self.source = source
        self.devices = {device["name"]: device for device in fleet["devices"]}

    def status(self, name):
        return self.devices[name]["status"] if name in self.devices else "absent"

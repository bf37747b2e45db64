"""A TCP proxy between the engine and one PLC that misbehaves as networks do."""

import asyncio
import random
import socket

MBAP = 7


class FaultProxy:
    """Carries bytes while `mode` is `pass`; every other mode is one kind of trouble, in force at once and also on
    connections that stand."""

    MODES = ("pass", "cut", "refuse", "half_open", "blackhole", "delay", "throttle", "garbage", "reorder", "duplicate",
             "truncate", "reset")

    def __init__(self, upstream, seed):
        self.upstream = upstream
        self.random = random.Random(seed)
        self.mode = "pass"
        self.port = None
        self.server = None
        self.writers = set()
        self.stuffing = []
        self.held = None

    async def start(self):
        await self._listen(0)
        self.port = self.server.sockets[0].getsockname()[1]

    async def _listen(self, port):
        self.server = await asyncio.start_server(self._serve, "127.0.0.1", port, backlog=16)

    async def set(self, mode):
        assert mode in self.MODES, mode
        before, self.mode = self.mode, mode
        if mode in ("cut", "refuse", "blackhole", "reset"):
            self._drop_all()
        if mode in ("refuse", "blackhole"):
            self.server.close()
            if mode == "blackhole":
                self._swallow_connections()
        elif before in ("refuse", "blackhole"):
            for stuffed in self.stuffing:
                stuffed.close()
            self.stuffing = []
            await self._listen(self.port)

    def _swallow_connections(self):
        """A listening socket whose queue is full: the kernel drops SYNs, as a dead network does."""
        listener = socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", self.port))
        listener.listen(0)
        self.stuffing = [listener]
        for _ in range(4):
            filler = socket.socket()
            filler.setblocking(False)
            filler.connect_ex(("127.0.0.1", self.port))
            self.stuffing.append(filler)

    def _drop_all(self):
        for writer in list(self.writers):
            # RST, as a router that forgot the connection sends.
            with_linger = writer.get_extra_info("socket")
            if with_linger is not None:
                with_linger.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
            writer.transport.abort()
        self.writers.clear()

    async def stop(self):
        self._drop_all()
        for stuffed in self.stuffing:
            stuffed.close()
        self.server.close()

    async def _serve(self, reader, writer):
        if self.mode == "cut":
            writer.transport.abort()
            return
        self.writers.add(writer)
        up_writer = None
        try:
            up_reader, up_writer = await asyncio.open_connection("127.0.0.1", self.upstream)
            self.writers.add(up_writer)
            done, pending = await asyncio.wait(
                [asyncio.create_task(self._requests(reader, up_writer)),
                 asyncio.create_task(self._answers(up_reader, writer))],
                return_when=asyncio.FIRST_COMPLETED)
            for task in pending:
                task.cancel()
            for task in done:
                task.exception()
        except OSError:
            pass
        finally:
            for each in (writer, up_writer):
                if each is not None:
                    self.writers.discard(each)
                    each.transport.abort()

    async def _requests(self, reader, writer):
        while data := await reader.read(4096):
            if self.mode in ("half_open", "blackhole"):
                continue
            if self.mode == "reset" and self.random.random() < 0.3:
                return
            writer.write(data)
            await writer.drain()

    async def _answers(self, reader, writer):
        self.held = None
        while True:
            header = await reader.readexactly(MBAP)
            frame = header + await reader.readexactly(max(0, int.from_bytes(header[4:6], "big") - 1))
            await getattr(self, "_answer_" + self.mode, self._answer_pass)(frame, writer)
            await writer.drain()

    async def _answer_pass(self, frame, writer):
        writer.write(frame)

    async def _answer_half_open(self, frame, writer):
        pass

    async def _answer_delay(self, frame, writer):
        await asyncio.sleep(self.random.uniform(0.05, 1.4))
        writer.write(frame)

    async def _answer_throttle(self, frame, writer):
        for byte in frame:
            writer.write(bytes([byte]))
            await asyncio.sleep(0.05)

    async def _answer_garbage(self, frame, writer):
        writer.write(self.random.randbytes(self.random.randint(1, 300)))

    async def _answer_reorder(self, frame, writer):
        """The answer before this one, late; then this one with the next."""
        if self.held is not None:
            writer.write(self.held)
        self.held = frame

    async def _answer_duplicate(self, frame, writer):
        writer.write(frame + frame)

    async def _answer_truncate(self, frame, writer):
        writer.write(frame[: self.random.randint(1, len(frame) - 1)])

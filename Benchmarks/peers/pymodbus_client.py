"""The asyncio client of pymodbus: a task for each PLC, which reads its registers again as soon as they have come.

    pymodbus_client.py HOST FIRST_PORT PLCS SECONDS REGISTERS
"""

import asyncio
import json
import os
import pathlib
import resource
import sys
import time

from pymodbus.client import AsyncModbusTcpClient


def cpu():
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


async def main():
    host, first, plcs, seconds, registers = sys.argv[1], *map(int, sys.argv[2:6])
    counts = {"reads": 0, "failures": 0}
    clients = [AsyncModbusTcpClient(host, port=first + number) for number in range(plcs)]
    await asyncio.gather(*(client.connect() for client in clients))

    async def read(client):
        while True:
            answer = await client.read_holding_registers(4001, count=registers, device_id=1)
            counts["failures" if answer.isError() else "reads"] += 1

    tasks = [asyncio.create_task(read(client)) for client in clients]  # noqa: F841 (kept alive)
    await asyncio.sleep(0.5)
    before, spent, began = counts["reads"], cpu(), time.monotonic()
    await asyncio.sleep(seconds)
    spent, wall = cpu() - spent, time.monotonic() - began
    pages = int(pathlib.Path("/proc/self/statm").read_text().split()[1])
    print(json.dumps({"reads": counts["reads"] - before, "failures": counts["failures"], "cpu": spent, "wall": wall,
                      "rss": pages * resource.getpagesize()}), flush=True)
    # What is under way is nobody's loss.
    os._exit(0)


asyncio.run(main())

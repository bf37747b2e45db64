"""A PLC that nobody here wrote: pymodbus' TCP server in a process of its own.

Prints `ready PORT` once it listens, then one line `write ADDRESS VALUE...` for each write it receives.
"""

import argparse
import asyncio

from pymodbus.server import ModbusTcpServer
from pymodbus.simulator import DataType, SimData, SimDevice


def tell_writes(sending, pdu):
    """Prints each write request as it arrives."""
    if not sending and pdu.function_code in (5, 6, 15, 16, 22):
        values = pdu.bits if pdu.function_code in (5, 15) else pdu.registers
        print("write", pdu.address, *values, flush=True)
    return pdu


async def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--set", action="append", default=[], metavar="ADDRESS=VALUE")
    options = parser.parse_args()
    values = [0] * 10000
    for item in options.set:
        address, value = item.split("=")
        values[int(address)] = int(value)
    device = SimDevice(1, [SimData(0, values=values, datatype=DataType.REGISTERS)])
    server = ModbusTcpServer(device, address=("127.0.0.1", options.port), trace_pdu=tell_writes)
    serving = asyncio.create_task(server.serve_forever())
    while server.transport is None:
        await asyncio.sleep(0.02)
    print("ready", options.port, flush=True)
    await serving


if __name__ == "__main__":
    asyncio.run(main())

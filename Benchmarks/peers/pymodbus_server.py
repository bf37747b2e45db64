"""The asyncio server of pymodbus with one device of 4,200 registers: pymodbus_server.py PORT."""

import asyncio
import sys

from pymodbus.server import StartAsyncTcpServer
from pymodbus.simulator import DataType, SimData, SimDevice

registers = SimData(0, count=4200, values=2500, datatype=DataType.REGISTERS)
asyncio.run(StartAsyncTcpServer(SimDevice(1, simdata=[registers]), address=("127.0.0.1", int(sys.argv[1]))))

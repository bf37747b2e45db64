"""Row 11: mock-plc beside the servers of libmodbus and pymodbus under the same load, and 10,000 PLCs in one process."""

import contextlib
import socket
import struct
import subprocess
import time

from peers import result_of
from plant import BIN, answers, cpu_seconds, free_ports, median, resident, wait_until
from verdict import Figure, Row

CONNECTIONS = 64


@contextlib.contextmanager
def server(command, port):
    process = subprocess.Popen([str(part) for part in command], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait_until(lambda: answers(port), 60, f"{command[0]} on port {port}")
        yield process
    finally:
        process.kill()
        process.wait()


def measure(options, command, port):
    with server(command, port) as process:
        before = cpu_seconds(process.pid)
        load = result_of([options.peers.program("epoll_client"), "127.0.0.1", port, 1, CONNECTIONS, options.seconds, 1, 0])
        spent = cpu_seconds(process.pid) - before
        # The load runs half a second before it counts.
        return {"rate": load["reads"] / load["wall"], "failures": load["failures"], "load_cpu": load["cpu"] / load["wall"],
                "cpu": spent / (load["reads"] * (load["wall"] + 0.5) / load["wall"])}


def many(count):
    """So many PLCs in one process: each is connected to and read once."""
    port = free_ports(1)
    process = subprocess.Popen(
        [str(BIN / "mock-plc"), "--bind", "127.1.0.1", "--addresses", "--port", str(port), "--count", str(count)],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait_until(lambda: answers(port), 60, "the mock PLCs")
        request = struct.pack(">HHHBBHH", 1, 0, 6, 1, 3, 4001, 1)
        good = 0
        with contextlib.ExitStack() as stack:
            for number in range(1, count + 1):
                host = f"127.1.{number >> 8}.{number & 255}"
                link = stack.enter_context(socket.create_connection((host, port), timeout=30))
                link.sendall(request)
                good += link.recv(64)[-2:] == struct.pack(">H", 2500)
            time.sleep(0.2)
            return {"answered": good, "rss": resident(process.pid)}
    finally:
        process.kill()
        process.wait()


def row_11(options):
    runs = {"ours": [], "libmodbus": [], "pymodbus": [], "epoll": []}
    for _ in range(options.rounds):
        port = free_ports(4)
        runs["ours"].append(measure(options, [BIN / "mock-plc", "--port", port, "--register", 4001], port))
        runs["libmodbus"].append(
            measure(options, [options.peers.program("libmodbus_server"), port + 1], port + 1))
        runs["pymodbus"].append(
            measure(options, [*options.peers.python("pymodbus_server", "pymodbus"), port + 2], port + 2))
        runs["epoll"].append(measure(options, [options.peers.program("epoll_plant"), port + 3, 1], port + 3))
    rate = {name: median([run["rate"] for run in found]) for name, found in runs.items()}
    cost = {name: median([run["cpu"] for run in found]) * 1e6 for name, found in runs.items()}
    count = options.size(10_000)
    runs["many"] = many(count)

    def beside(name, target):
        return Figure(
            f"requests a second beside {name}", rate["ours"] / rate[name], "x", target, at_least=True,
            beside=f"{rate['ours']:.0f}/s at {cost['ours']:.1f} us CPU, {name} {rate[name]:.0f}/s at {cost[name]:.1f} us",
            obstacle=f"the kernel's recv and send: a raw epoll server in C, which does nothing else, makes "
                     f"{rate['epoll'] / rate[name]:.2f}x of {name} at {cost['epoll']:.1f} us")

    load = median([run["load_cpu"] for run in runs["ours"]])
    return Row(11, f"mock-plc, {CONNECTIONS} connections, each asks again as soon as it was answered", [
        beside("libmodbus", 1.5), beside("pymodbus", 5),
        Figure("PLCs in one process that answer", runs["many"]["answered"], "", count, at_least=True,
               beside=f"{runs['many']['rss'] >> 20} MiB, all connected")], runs,
        [f"a raw epoll server in C: {rate['epoll']:.0f}/s at {cost['epoll']:.1f} us; "
         f"the load itself: {load * 100:.0f} % of a core against ours"])

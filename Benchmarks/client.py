"""Rows 1 and 2: the Modbus client by itself, beside libmodbus, pymodbus and a raw epoll loop, on the same PLCs."""

import subprocess

from peers import result_of
from plant import BIN, free_ports, median
from verdict import Figure, Row


class CheapPlant:
    """PLCs in C, so that they are not what is measured."""

    def __init__(self, peers, count, drift_every_us=None):
        self.first = free_ports(count)
        self.count = count
        command = [peers.program("epoll_plant"), str(self.first), str(count)]
        self.process = subprocess.Popen(
            command + ([str(drift_every_us)] if drift_every_us else []), stdout=subprocess.PIPE, text=True)
        self.process.stdout.readline()

    def __enter__(self):
        return self

    def end(self):
        """Ends it; what it printed last."""
        self.process.terminate()
        text = self.process.stdout.read()
        self.process.wait()
        return text

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.end()


def clients(peers, plant, seconds):
    where = ["127.0.0.1", plant.first, plant.count, seconds, 1]
    return {
        "ours": [BIN / "benchmark-units", "client", *where],
        "libmodbus": [peers.program("libmodbus_client"), *where],
        "pymodbus": [*peers.python("pymodbus_client", "pymodbus"), *where],
        "epoll": [peers.program("epoll_client"), "127.0.0.1", plant.first, plant.count, plant.count, seconds, 1, 0],
    }


def alternate(commands, rounds):
    runs = {name: [] for name in commands}
    for _ in range(rounds):
        for name, command in commands.items():
            runs[name].append(result_of(command))
    return runs


def per_read(runs):
    return median([run["cpu"] / max(1, run["reads"]) for run in runs])


def row_1(options):
    with CheapPlant(options.peers, 64) as plant:
        runs = alternate(clients(options.peers, plant, options.seconds), options.rounds)
    cost = {name: per_read(found) for name, found in runs.items()}

    def beside(name, called, target, obstacle):
        return Figure(
            f"CPU a request beside {called}", cost["ours"] / cost[name], "x", target,
            beside=f"{cost['ours'] * 1e6:.1f} us, {called} {cost[name] * 1e6:.1f} us", obstacle=obstacle)

    floor = ("the system calls are the loop's in C, one read and one write a request; what comes on top is NIO's pipeline, "
             "the connection's machine and reference counts, a quarter of the time by profile")
    return Row(1, "Modbus client, 64 PLCs, each read again as soon as it has answered", [
        beside("libmodbus", "libmodbus, a thread a PLC", 0.7, floor),
        beside("pymodbus", "pymodbus asyncio", 0.15, floor),
        beside("epoll", "a raw epoll loop", 1.3, floor),
    ], runs, ["reads a second: " + ", ".join(
        f"{name} {median([run['reads'] / run['wall'] for run in found]):.0f}" for name, found in runs.items())])


def row_2(options):
    with CheapPlant(options.peers, 1) as plant:
        commands = clients(options.peers, plant, options.seconds)
        del commands["pymodbus"]
        runs = alternate(commands, options.rounds)
    rate = {name: median([run["reads"] / run["wall"] for run in found]) for name, found in runs.items()}
    return Row(2, "one connection, one round trip after the other", [Figure(
        "round trips a second beside libmodbus", rate["ours"] / rate["libmodbus"], "x", 0.95, at_least=True,
        beside=f"{rate['ours']:.0f}/s, libmodbus {rate['libmodbus']:.0f}/s, a raw epoll loop {rate['epoll']:.0f}/s",
        obstacle="three system calls a trip against libmodbus's seven, but each trip wakes the loop's thread through epoll; "
                 "on a machine that does other work the wait for a core decides")], runs)

"""Rows 3, 4 and 5: the whole engine beside a bare libmodbus poller on the same schedule, 10,000 PLCs, and many registers."""

import time

from peers import result_of
from plant import Engine, Plant, cpu_seconds, difference, histogram, median, quantile, resident, total
from verdict import Figure, Row

MEMORY = ("code, runtime and thread pools hold tens of MiB before the first PLC; a bare poller in C begins with 2 MiB")


def window(engine, seconds):
    """What the engine did and spent over so long, nobody scraping meanwhile."""
    before, cpu, began = engine.metrics(), cpu_seconds(engine.pid), time.monotonic()
    time.sleep(seconds)
    spent, wall = cpu_seconds(engine.pid) - cpu, time.monotonic() - began
    memory = resident(engine.pid)
    after = engine.metrics()
    cycles = difference(
        histogram(after, "reconciliation_duration_seconds"), histogram(before, "reconciliation_duration_seconds"))
    late = difference(
        histogram(after, "fabgitops_poll_delay_seconds"), histogram(before, "fabgitops_poll_delay_seconds"))
    return {
        "reads": cycles[max(cycles)], "cpu": spent, "wall": wall, "rss": memory, "p50": quantile(late, 0.5),
        "p99": quantile(late, 0.99), "worst": quantile(late, 1.0),
        "failures": total(after, "fabgitops_modbus_errors_total")}


def per_poll(runs):
    return median([run["cpu"] / max(1, run["reads"]) for run in runs])


def share(runs):
    return median([run["cpu"] / run["wall"] for run in runs]) * 100


def mebibytes(runs):
    return median([run["rss"] for run in runs]) / (1 << 20)


def row_3(options):
    """Alternating: each of ours, theirs, so that what the machine does otherwise meets all alike."""
    count = options.size(1000)
    poller = options.peers.program("libmodbus_poller")
    runs = {"observing": [], "controlling": [], "libmodbus": []}
    with Plant(count) as plant:
        for _ in range(options.rounds):
            for name, observe in (("observing", True), ("controlling", False)):
                with Engine(plant, observe=observe) as engine:
                    time.sleep(options.settle)
                    runs[name].append(window(engine, options.seconds))
            runs["libmodbus"].append(
                result_of([poller, plant.ports[0], count, 1000, options.seconds, 4001, 1]))
    theirs, memory = per_poll(runs["libmodbus"]), mebibytes(runs["libmodbus"])
    figures = []
    for name in ("observing", "controlling"):
        ours, size = per_poll(runs[name]), mebibytes(runs[name])
        figures += [
            Figure(f"CPU, {name}, beside libmodbus, a thread a PLC", ours / theirs, "x", 1.0,
                   beside=f"{ours * 1e6:.1f} us a poll, libmodbus {theirs * 1e6:.1f} us",
                   obstacle="timers, history, metrics and the machine come on top of the read"),
            Figure(f"RSS, {name}", size / memory, "x", 1.0, beside=f"{size:.0f} MiB, libmodbus {memory:.0f} MiB",
                   obstacle=MEMORY)]
    return Row(3, f"whole engine, {count} PLCs x 1/s", figures, runs)


def row_4(options):
    count = options.size(10_000)
    with Plant(count) as plant, Engine(plant, observe=True, settled=0.99) as engine:
        time.sleep(options.settle)
        runs = [window(engine, options.seconds * 2) for _ in range(min(3, options.rounds))]
    missed = sum(max(0, round(run["wall"]) * count - run["reads"]) for run in runs)
    polls = sum(run["reads"] for run in runs)
    return Row(4, f"{count} PLCs x 1/s", [
        Figure("CPU", share(runs), " % of a core", 40),
        Figure("polls late at p99", median([run["p99"] for run in runs]) * 1000, " ms", 20,
               beside=f"p50 <= {median([run['p50'] for run in runs]) * 1000:.0f} ms, "
                      f"all <= {max(run['worst'] for run in runs) * 1000:.0f} ms",
               obstacle="the process waits for a core: look at the load above"),
        Figure("polls missed of a thousand", 1000 * missed / max(1, polls + missed), "", 1,
               beside=f"{polls} made, {max(run['failures'] for run in runs):.0f} Modbus failures",
               obstacle="the process waits for a core: look at the load above"),
        Figure("RSS", mebibytes(runs), " MiB", 120, obstacle="each PLC's state, connection, history and snapshot"),
    ], {"ours": runs})


def row_5(options):
    count = options.size(500)
    with Plant(count, registers=30) as plant, Engine(plant, observe=True) as engine:
        time.sleep(options.settle)
        runs = [window(engine, options.seconds) for _ in range(options.rounds)]
    return Row(5, f"{count} PLCs x 30 registers x 1/s (EMQX Neuron 2.2.1, as published: 124 % CPU)", [
        Figure("CPU", share(runs), " % of a core", 6,
               beside=f"{share(runs) / 124:.3f}x of Neuron's figure, which is from another machine; "
                      f"{per_poll(runs) * 1e6:.0f} us a poll of 30 registers, {mebibytes(runs):.0f} MiB",
               obstacle="30 registers are decoded, compared, kept and measured one by one"),
    ], {"ours": runs})

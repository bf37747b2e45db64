"""Rows 3 and 4: the whole engine beside a bare libmodbus poller on the same schedule, and 10,000 PLCs."""

import json
import subprocess
import time

from plant import Engine, Plant, cpu_seconds, difference, histogram, median, quantile, resident, total


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


def libmodbus(plant, poller, seconds):
    done = subprocess.run(
        [str(poller), str(plant.ports[0]), str(plant.count), "1000", str(seconds), "4001", "1"],
        capture_output=True, text=True, check=True, timeout=300)
    return json.loads(done.stdout)


def beside_libmodbus(poller, count=1000, rounds=5, seconds=10):
    """Alternating: each of ours, theirs, so that what the machine does otherwise meets all alike."""
    runs = {"observing": [], "controlling": [], "libmodbus": []}
    with Plant(count) as plant:
        for _ in range(rounds):
            for name, observe in (("observing", True), ("controlling", False)):
                with Engine(plant, observe=observe) as engine:
                    time.sleep(2)
                    runs[name].append(window(engine, seconds))
            runs["libmodbus"].append(libmodbus(plant, poller, seconds))
    return {"row": 3, "plcs": count, "runs": runs}


def per_poll(runs):
    return median([run["cpu"] / max(1, run["reads"]) for run in runs])


def report_beside(result):
    runs = result["runs"]
    theirs, memory = per_poll(runs["libmodbus"]), median([run["rss"] for run in runs["libmodbus"]])
    print(f"3  {result['plcs']} PLCs x 1/s: libmodbus, a thread each: {theirs * 1e6:.1f} us CPU a poll, {memory >> 20} MiB")
    for name in ("observing", "controlling"):
        ours, size = per_poll(runs[name]), median([run["rss"] for run in runs[name]])
        print(f"   engine {name}: CPU {ours / theirs:.2f}x (target 1.0x; {ours * 1e6:.1f} us a poll), "
              f"RSS {size / memory:.2f}x (target 1.0x; {size >> 20} MiB), "
              f"{sum(run['reads'] for run in runs[name])} polls, late at p99 <= "
              f"{median([run['p99'] for run in runs[name]]) * 1000:.0f} ms")


def large(count=10_000, seconds=30):
    with Plant(count) as plant, Engine(plant, observe=True) as engine:
        time.sleep(5)
        return {"row": 4, "plcs": count, "runs": [window(engine, seconds) for _ in range(3)]}


def report_large(result):
    runs = result["runs"]
    cpu = median([run["cpu"] / run["wall"] for run in runs])
    missed = sum(max(0, round(run["wall"]) * result["plcs"] - run["reads"]) for run in runs)
    print(f"4  {result['plcs']} PLCs x 1/s: {cpu * 100:.1f} % of a core (target 40 %), poll late at p50 <= "
          f"{median([run['p50'] for run in runs]) * 1000:.0f} ms, p99 <= "
          f"{median([run['p99'] for run in runs]) * 1000:.0f} ms (target 20 ms), all <= "
          f"{max(run['worst'] for run in runs) * 1000:.0f} ms, "
          f"{sum(run['reads'] for run in runs)} polls, {missed} fewer than due, "
          f"{max(run['failures'] for run in runs):.0f} failures since the start, "
          f"{max(run['rss'] for run in runs) >> 20} MiB (target 120)")

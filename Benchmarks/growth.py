"""How cost grows with the fleet: 10 to 50,000 PLCs, one register each, once a second; above 10,000 ten units a port."""

import pathlib
import sys
import time

from engine import window
from plant import BIN, Engine, Plant, median
from verdict import Row

sys.path.append(str(pathlib.Path(__file__).resolve().parent / "dashboard"))

from latency import keys, quantile  # noqa: E402
from screens import Program  # noqa: E402

SIZES = [10, 100, 1000, 10_000, 50_000]
# What one process may hold of connections here; above, PLCs are units behind gateways.
MOST_CONNECTIONS = 12_000


def screen(plant, options):
    """Seconds from keys to the screen of `fabctl watch`, which polls the same PLCs: a frame, and what it waits for."""
    program = Program(
        [str(BIN / "fabctl"), "watch", "--observe", "--git", str(plant.repository)], 120, 40,
        environment={"XDG_STATE_HOME": str(plant.folder / "state-of-the-screen")})
    try:
        until, seen = time.monotonic() + 60, b""
        while b"in sync" not in seen and time.monotonic() < until:
            seen = (seen + (program.read(65536, 1) or b""))[-20_000:]
        settled = time.monotonic() + options.settle
        while time.monotonic() < settled:
            program.read(65536, 0.2)
        return keys(program, 10 if options.quick else 100)[0]
    finally:
        program.stop()


def measure(count, options):
    units = 1 if count <= MOST_CONNECTIONS else 10
    with Plant(count, units=units) as plant:
        # Beyond the knee not every PLC is in sync at any time, and asking again and again is work as well.
        beyond = units > 1
        with Engine(plant, observe=True, settled=0.0 if beyond else 0.99) as engine:
            time.sleep(options.settle * (3 if beyond else 1))
            found = window(engine, options.seconds * 2)
            engine.scrape()
            time.sleep(1)
            took, body = engine.scrape()
        waits = screen(plant, options)
        return found | {
            "plcs": count, "units": units, "scrape": took, "page": len(body), "frame": median(waits),
            "frame_p99": quantile(waits, 0.99)}


def growth(options):
    sizes = [10, 100, 500] if options.quick else options.sizes or SIZES
    runs, base = [], None
    row = Row(0, "growth: PLCs x 1/s, one register each, observing")
    row.notes.append("   PLCs | polls/s | CPU/poll us | RSS MiB | KiB a PLC | late p50 | p99 | all, ms <= | scrape ms | "
                     "key to screen ms, p99")
    for count in sizes:
        run = measure(count, options)
        base = base or run
        each = (run["rss"] - base["rss"]) / max(1, count - base["plcs"]) / 1024
        runs.append(run)
        row.notes.append(
            f"{count:>7} | {run['reads'] / run['wall']:>7.0f} | {run['cpu'] / max(1, run['reads']) * 1e6:>11.1f} | "
            f"{run['rss'] / (1 << 20):>7.0f} | {each:>9.1f} | {run['p50'] * 1000:>8.0f} | {run['p99'] * 1000:>3.0f} | "
            f"{run['worst'] * 1000:>10.0f} | {run['scrape'] * 1000:>9.1f} | {run['frame'] * 1000:>16.1f}, "
            f"{run['frame_p99'] * 1000:>3.0f}" + (f"  ({run['units']} units a port)" if run["units"] > 1 else ""))
    row.runs = {"sizes": runs}
    return row

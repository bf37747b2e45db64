"""How cost grows with the fleet: 10 to 50,000 PLCs, one register each, once a second; above 10,000 ten units a port."""

import time

from engine import window
from plant import Engine, Plant
from verdict import Row

SIZES = [10, 100, 1000, 10_000, 50_000]
# What one process may hold of connections here; above, PLCs are units behind gateways.
MOST_CONNECTIONS = 12_000


def measure(count, options):
    units = 1 if count <= MOST_CONNECTIONS else 10
    with Plant(count, units=units) as plant, Engine(plant, observe=True, settled=0.99) as engine:
        time.sleep(options.settle)
        found = window(engine, options.seconds * 2)
        engine.scrape()
        time.sleep(1)
        took, body = engine.scrape()
        return found | {"plcs": count, "units": units, "scrape": took, "page": len(body)}


def growth(options):
    sizes = [10, 100, 500] if options.quick else options.sizes or SIZES
    runs, base = [], None
    row = Row(0, "growth: PLCs x 1/s, one register each, observing")
    row.notes.append("   PLCs | polls/s | CPU/poll us | RSS MiB | KiB a PLC | late p50 | p99 | all, ms <= | scrape ms")
    for count in sizes:
        run = measure(count, options)
        base = base or run
        each = (run["rss"] - base["rss"]) / max(1, count - base["plcs"]) / 1024
        runs.append(run)
        row.notes.append(
            f"{count:>7} | {run['reads'] / run['wall']:>7.0f} | {run['cpu'] / max(1, run['reads']) * 1e6:>11.1f} | "
            f"{run['rss'] / (1 << 20):>7.0f} | {each:>9.1f} | {run['p50'] * 1000:>8.0f} | {run['p99'] * 1000:>3.0f} | "
            f"{run['worst'] * 1000:>10.0f} | {run['scrape'] * 1000:>9.1f}"
            + (f"  ({run['units']} units a port)" if run["units"] > 1 else ""))
    row.runs = {"sizes": runs}
    return row

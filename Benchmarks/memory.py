"""Row 6: what a PLC holds: its control state, and everything with connection and history."""

import time

from peers import result_of
from plant import BIN, Engine, Plant, resident
from verdict import Figure, Row

SAMPLES = 120


def engine_bytes(count, samples):
    """Resident bytes of an engine that has taken so many samples of so many PLCs, one a second."""
    with Plant(count) as plant, Engine(plant, observe=True, settled=0.99) as engine:
        engine.metrics()
        time.sleep(samples)
        return resident(engine.pid)


def row_6(options):
    count, samples = options.size(10_000), 10 if options.quick else SAMPLES
    control = result_of([BIN / "benchmark-units", "control", 200_000])
    few, many = engine_bytes(10, samples), engine_bytes(count, samples)
    whole = (many - few) / (count - 10)
    return Row(6, f"memory of a PLC among {count}, with {samples} samples", [
        Figure("control state", control["state_bytes"] / 1024, " KiB", 1.0,
               beside=f"{control['inline']} bytes of it in one piece; the specification it holds the PLC to takes "
                      f"{control['specification_bytes'] / 1024:.2f} KiB, shared by all who need it",
               obstacle="registers, words and what follows from the specification are on the heap, a block each"),
        Figure("everything", whole / 1024, " KiB", 10.0,
               beside=f"{many >> 20} MiB for {count}, {few >> 20} MiB for 10",
               obstacle="connection, driver, history and the last snapshot's view: see docs/performance.md"),
    ], {"control": control, "few": few, "many": many})

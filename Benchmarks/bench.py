#!/usr/bin/env python3
"""Measures FabGitOps beside its peers, prints a table of ratios, and writes JSON.

    Benchmarks/run [--bin FOLDER] [--rows 1,2,7] [--rounds 5] [--seconds 10] [--quick] [--growth] [--out FILE]

FOLDER holds `fabctl`, `mock-plc`, `fabgitops-operator` and `benchmark-units`, built for release. No row fails by its
time: the figures are of the machine they were taken on, which is printed with them. docs/performance.md explains each
row. Exit code 1: a row could not be run.
"""

import argparse
import importlib
import json
import os
import pathlib
import signal
import sys
import tempfile
import time
import traceback

from peers import Missing, Peers
from verdict import Row, close

MODULES = {1: "client", 2: "client", 3: "engine", 4: "engine", 5: "engine", 6: "memory", 7: "correction", 8: "scrape",
           9: "screen", 10: "screen", 11: "servers", 12: "operators", 13: "commands"}


class Options:
    """How long and how large."""

    def __init__(self, chosen, peers):
        self.quick, self.peers = chosen.quick, peers
        self.rounds = 1 if chosen.quick else chosen.rounds
        self.seconds = 2 if chosen.quick else chosen.seconds
        # A program gives back what its start needed after 20 s.
        self.settle = 1 if chosen.quick else 22
        self.sizes = [int(size) for size in chosen.sizes.split(",")] if chosen.sizes else None

    def size(self, count):
        return min(count, 200) if self.quick else count


def chosen():
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--bin", help="where the programs are")
    options.add_argument("--rows", default=",".join(map(str, MODULES)))
    options.add_argument("--rounds", type=int, default=5, help="alternating runs of each")
    options.add_argument("--seconds", type=int, default=10, help="of each run")
    options.add_argument("--quick", action="store_true", help="each row once, small and short: does it run?")
    options.add_argument("--growth", action="store_true", help="also the table of growth, 10 to 50,000 PLCs")
    options.add_argument("--sizes", help="of the table of growth, instead")
    options.add_argument("--out", help="write the figures here as JSON")
    return options.parse_args()


def measure(number, options):
    """A row, or why there is none; a failure of one does not take the others with it."""
    work = "growth" if number == 0 else f"row {number}"
    try:
        if number == 0:
            return importlib.import_module("growth").growth(options), True
        return getattr(importlib.import_module(MODULES[number]), f"row_{number}")(options), True
    except Missing as missing:
        return Row(number, work, missing=str(missing)), True
    except Exception as problem:  # pylint: disable=broad-exception-caught
        traceback.print_exc()
        return Row(number, work, missing=f"failed: {problem}"), False


def main():
    asked = chosen()
    # What was started is ended, also when the benchmark is.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    if asked.bin:
        os.environ["FABGITOPS_BIN"] = str(pathlib.Path(asked.bin).resolve())
    import plant

    for program in ("fabctl", "mock-plc", "fabgitops-operator", "benchmark-units"):
        if not os.access(plant.BIN / program, os.X_OK):
            sys.exit(f"Benchmarks: no {program} in {plant.BIN}; build it for release, or say --bin FOLDER")
    machine = plant.machine()
    print("machine: " + ", ".join(f"{key} {value}" for key, value in machine.items()), flush=True)
    numbers = [int(number) for number in asked.rows.split(",") if number] + ([0] if asked.growth else [])
    for number in numbers:
        if number and number not in MODULES:
            sys.exit(f"Benchmarks: there is no row {number}; there are 1 to {max(MODULES)}")
    rows, fine = [], True
    with tempfile.TemporaryDirectory() as folder:
        options = Options(asked, Peers(folder))
        for number in numbers:
            began, load = time.monotonic(), os.getloadavg()[0]
            row, ran = measure(number, options)
            fine = fine and ran
            row.runs["load_before"] = load
            row.show()
            print(f"   ({time.monotonic() - began:.0f} s; load before {load:.1f})", flush=True)
            rows.append(row)
            if asked.out:
                pathlib.Path(asked.out).write_text(json.dumps(
                    {"machine": machine, "rounds": options.rounds, "seconds": options.seconds,
                     "rows": [row.record() for row in rows]}, indent=1) + "\n")
    close(rows)
    sys.exit(0 if fine else 1)


if __name__ == "__main__":
    main()

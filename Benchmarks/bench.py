#!/usr/bin/env python3
"""Measures FabGitOps beside its peers, prints a table of ratios, and writes JSON.

    Benchmarks/run [--bin FOLDER] [--rows 3,4,8] [--rounds N] [--seconds N] [--out FILE]

FOLDER holds `fabctl` and `mock-plc`, built for release (scripts/release makes them). No row fails by its time: the
figures are of the machine they were taken on, which is printed with them. docs/performance.md explains each row.
"""

import argparse
import json
import os
import pathlib
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent


def build_peer(name, folder):
    """A program of ours over libmodbus, which does only what is compared."""
    flags = subprocess.run(
        ["pkg-config", "--cflags", "--libs", "libmodbus"], capture_output=True, text=True, check=False)
    if flags.returncode != 0:
        sys.exit("Benchmarks: libmodbus not found; install libmodbus-dev and pkg-config")
    binary = folder / name
    subprocess.run(
        ["cc", "-O2", "-o", str(binary), str(HERE / "peers" / f"{name}.c"), *flags.stdout.split(), "-lpthread"],
        check=True)
    return binary


def main():
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--bin", help="where fabctl and mock-plc are")
    options.add_argument("--rows", default="3,4,8")
    options.add_argument("--rounds", type=int, default=5)
    options.add_argument("--seconds", type=int, default=10)
    options.add_argument("--out", help="write the figures here as JSON")
    chosen = options.parse_args()
    if chosen.bin:
        os.environ["FABGITOPS_BIN"] = chosen.bin
    import engine
    import plant
    import scrape

    for program in ("fabctl", "mock-plc"):
        if not os.access(plant.BIN / program, os.X_OK):
            sys.exit(f"Benchmarks: no {program} in {plant.BIN}; build it for release, or say --bin FOLDER")
    machine = plant.machine()
    print("machine: " + ", ".join(f"{key} {value}" for key, value in machine.items()), flush=True)
    results = []
    rows = chosen.rows.split(",")
    with tempfile.TemporaryDirectory() as folder:
        if "3" in rows:
            poller = build_peer("libmodbus_poller", pathlib.Path(folder))
            results.append(engine.beside_libmodbus(poller, rounds=chosen.rounds, seconds=chosen.seconds))
            engine.report_beside(results[-1])
        if "4" in rows:
            results.append(engine.large(seconds=chosen.seconds * 3))
            engine.report_large(results[-1])
        if "8" in rows:
            for count in scrape.TARGETS:
                results.append(scrape.measure(count, seconds=chosen.seconds, rounds=max(1, chosen.rounds // 2)))
                scrape.report(results[-1])
    if chosen.out:
        pathlib.Path(chosen.out).write_text(json.dumps({"machine": machine, "results": results}, indent=1) + "\n")


if __name__ == "__main__":
    main()

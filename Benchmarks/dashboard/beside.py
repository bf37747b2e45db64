#!/usr/bin/env python3
"""Bytes to the terminal and CPU of `fabctl watch`, beside htop and btop, on ptys of the same size.

    beside.py [--build FOLDER] [--seconds 20] [--rounds 5] [--json FILE]

Each round runs fabctl, htop and btop one after the other, so that what else the machine does strikes all alike; the
figures are medians. fabctl's CPU is that of the whole process, polling included; `engine` is the same work without a
screen (`watch --plain`), so the screen's own share is the difference.
"""

import argparse
import json
import shutil
import statistics
import subprocess
import time

from screens import Plant, Program, binaries

SIZES = [(80, 24), (200, 50)]


def measure(arguments, columns, rows, seconds, environment=None):
    program = Program(arguments, columns, rows, environment=environment).drain()
    time.sleep(4)
    bytes_before, cpu_before, began = program.count, program.cpu(), time.monotonic()
    time.sleep(seconds)
    elapsed = time.monotonic() - began
    result = (program.count - bytes_before) / elapsed, (program.cpu() - cpu_before) / elapsed * 100
    program.stop()
    return result


def engine(arguments, seconds, environment):
    variables = dict(__import__("os").environ, **environment)
    process = subprocess.Popen(arguments, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=variables)
    probe = Program.__new__(Program)
    probe.pid = process.pid
    time.sleep(4)
    before, began = probe.cpu(), time.monotonic()
    time.sleep(seconds)
    share = (probe.cpu() - before) / (time.monotonic() - began) * 100
    process.terminate()
    process.wait()
    return share


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build")
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--devices", type=int, nargs="*", default=[6, 1000])
    parser.add_argument("--json")
    options = parser.parse_args()
    folder, configuration = binaries(options.build)
    fabctl = str(folder / "fabctl")
    peers = [name for name in ("htop", "btop") if shutil.which(name)]
    for missing in {"htop", "btop"} - set(peers):
        print(f"{missing}: not installed, so not beside")
    rows = []
    for devices in options.devices:
        plant = Plant(folder, devices)
        watch = [fabctl, "watch", "--git", str(plant.repository)]
        for columns, lines in SIZES:
            found = {name: [] for name in ["fabctl", *peers]}
            plain = []
            for _ in range(options.rounds):
                found["fabctl"].append(measure(watch, columns, lines, options.seconds, plant.environment))
                for peer in peers:
                    found[peer].append(measure([peer], columns, lines, options.seconds))
                plain.append(engine([*watch, "--plain"], options.seconds, plant.environment))
            median = {name: [statistics.median(v[i] for v in values) for i in (0, 1)] for name, values in found.items()}
            row = {
                "devices": devices, "size": f"{columns}x{lines}", "bytes_per_second": round(median["fabctl"][0], 1),
                "cpu_percent": round(median["fabctl"][1], 2), "engine_cpu_percent": round(statistics.median(plain), 2)}
            for peer in peers:
                row[peer] = {
                    "bytes_per_second": round(median[peer][0], 1), "cpu_percent": round(median[peer][1], 2),
                    "bytes_ratio": round(median["fabctl"][0] / max(median[peer][0], 1e-9), 3),
                    "cpu_ratio": round(median["fabctl"][1] / max(median[peer][1], 1e-9), 3)}
            rows.append(row)
            print(f"{devices:>6} devices {row['size']:>7}: fabctl ({configuration}) {row['bytes_per_second']:8.1f} B/s "
                  f"{row['cpu_percent']:6.2f} % CPU (engine alone {row['engine_cpu_percent']:.2f} %)" + "".join(
                      f" | {peer}: bytes {row[peer]['bytes_ratio']:.2f}x of {row[peer]['bytes_per_second']:.0f}, "
                      f"CPU {row[peer]['cpu_ratio']:.2f}x of {row[peer]['cpu_percent']:.2f} %" for peer in peers),
                  flush=True)
        plant.stop()
    if options.json:
        with open(options.json, "w", encoding="utf-8") as file:
            json.dump({"configuration": configuration, "rows": rows}, file, indent=2)


if __name__ == "__main__":
    main()

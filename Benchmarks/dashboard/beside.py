#!/usr/bin/env python3
"""Bytes to the terminal and CPU of `fabctl watch`, beside htop and btop, on ptys of the same size.

    beside.py [--build FOLDER] [--seconds 20] [--rounds 5] [--json FILE]

Each round runs fabctl, htop and btop one after the other, so that what else the machine does strikes all alike; the
figures are medians. `fabctl watch` polls the PLCs too, which htop and btop have nothing like, so its CPU comes in parts:

    whole    the process, polls and all
    screen   its two threads that make frames and put them on the terminal: what htop and btop do
    engine   `fabctl run`: the same polls and the same journal without a screen
    added    whole less engine: all that a screen costs, also what the engine does to be looked at
    attached `fabctl watch --attach`, the whole process: the same screen of the same PLCs, which another process polls

htop comes twice: as it is started, which looks at the machine each 1.5 s, and as `htop-alike`, which looks each second as
fabctl does, and has as many processes to look at as fabctl has PLCs.
"""

import argparse
import contextlib
import json
import os
import shutil
import statistics
import subprocess
import time

from screens import Plant, Program, binaries, cpu

SIZES = [(80, 24), (200, 50)]
# Threads of fabctl that are the screen.
SCREEN = ("dashboard", "terminal")


# Seconds from the start until a screen is as it stays: fabctl's sparklines fill for 32 polls.
SETTLED, FILLED = 5, 34


def measure(arguments, columns, rows, seconds, environment=None, settle=SETTLED):
    """Bytes a second, CPU of the process and of its screen's threads in percent of a core."""
    program = Program(arguments, columns, rows, environment=environment).drain()
    time.sleep(settle)
    bytes_before, cpu_before, threads, began = program.count, program.cpu(), program.threads(), time.monotonic()
    time.sleep(seconds)
    elapsed = time.monotonic() - began
    later = program.threads()
    screen = sum(later.get(name, 0) - threads.get(name, 0) for name in SCREEN)
    result = (program.count - bytes_before) / elapsed, (program.cpu() - cpu_before) / elapsed * 100, screen / elapsed * 100
    program.stop()
    return result


def attached(fabctl, source, columns, lines, seconds, environment):
    """CPU of an engine alone; bytes a second and CPU of a screen that is attached to it."""
    process = subprocess.Popen(
        [fabctl, "run", *source], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        env=dict(os.environ, **environment))
    # The same seconds of its life as those of the one with a screen.
    time.sleep(FILLED)
    before, began = cpu(process.pid), time.monotonic()
    time.sleep(seconds)
    share = (cpu(process.pid) - before) / (time.monotonic() - began) * 100
    screen = measure([fabctl, "watch", "--attach", *source], columns, lines, seconds, environment, FILLED)
    process.terminate()
    process.wait()
    return share, screen


@contextlib.contextmanager
def crowd(count):
    """As many processes that do nothing."""
    processes = [subprocess.Popen(["sleep", "infinity"]) for _ in range(count)]
    try:
        time.sleep(2 if processes else 0)
        yield
    finally:
        for process in processes:
            process.kill()
        for process in processes:
            process.wait()


def beside(peer, devices, columns, lines, seconds):
    if peer != "htop-alike":
        return measure([peer], columns, lines, seconds)
    running = sum(name.isdigit() for name in os.listdir("/proc"))
    with crowd(max(0, devices - running)):
        return measure(["htop", "--delay", "10"], columns, lines, seconds)


def compare(fabctl, plant, peers, columns, lines, options):
    """One row: what fabctl does on this plant at this size, beside each peer."""
    found = {name: [] for name in ["fabctl", "attached", *peers]}
    alone = []
    source = ["--git", str(plant.repository)]
    for _ in range(options.rounds):
        found["fabctl"].append(
            measure([fabctl, "watch", *source], columns, lines, options.seconds, plant.environment, FILLED))
        for peer in peers:
            found[peer].append(beside(peer, plant.devices, columns, lines, options.seconds))
        share, screen = attached(fabctl, source, columns, lines, options.seconds, plant.environment)
        alone.append(share)
        found["attached"].append(screen)
    median = {name: [statistics.median(v[i] for v in values) for i in range(3)] for name, values in found.items()}
    sent, whole, screen = median["fabctl"]
    without = statistics.median(alone)
    row = {
        "size": f"{columns}x{lines}", "bytes_per_second": round(sent, 1), "cpu_percent": round(whole, 2),
        "screen_cpu_percent": round(screen, 2), "engine_cpu_percent": round(without, 2),
        "added_cpu_percent": round(whole - without, 2),
        "attached_bytes_per_second": round(median["attached"][0], 1),
        "attached_cpu_percent": round(median["attached"][1], 2)}
    for peer in peers:
        theirs, cost = max(median[peer][0], 1e-9), max(median[peer][1], 1e-9)
        row[peer] = {
            "bytes_per_second": round(theirs, 1), "cpu_percent": round(cost, 2),
            "bytes_ratio": round(sent / theirs, 3), "cpu_ratio": round(whole / cost, 3),
            "screen_ratio": round(screen / cost, 3), "added_ratio": round((whole - without) / cost, 3),
            "attached_bytes_ratio": round(median["attached"][0] / theirs, 3),
            "attached_ratio": round(median["attached"][1] / cost, 3)}
    return row


def text(devices, configuration, row, peers):
    lines = [
        f"{devices:>6} devices {row['size']:>7}: fabctl ({configuration}) {row['bytes_per_second']:.0f} B/s; CPU: screen "
        f"{row['screen_cpu_percent']:.2f} %, whole {row['cpu_percent']:.2f} %, engine alone "
        f"{row['engine_cpu_percent']:.2f} %, added by the screen {row['added_cpu_percent']:.2f} %; attached "
        f"{row['attached_cpu_percent']:.2f} %, {row['attached_bytes_per_second']:.0f} B/s"]
    for peer in peers:
        lines.append(
            f"{'':>24}beside {peer} ({row[peer]['bytes_per_second']:.0f} B/s, {row[peer]['cpu_percent']:.2f} %): bytes "
            f"{row[peer]['bytes_ratio']:.2f}x; CPU: screen {row[peer]['screen_ratio']:.2f}x, added "
            f"{row[peer]['added_ratio']:.2f}x, whole {row[peer]['cpu_ratio']:.2f}x, attached "
            f"{row[peer]['attached_ratio']:.2f}x ({row[peer]['attached_bytes_ratio']:.2f}x the bytes)")
    return "\n".join(lines)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build")
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--devices", type=int, nargs="*", default=[6, 1000])
    parser.add_argument("--json")
    options = parser.parse_args()
    folder, configuration = binaries(options.build)
    peers = [name for name in ("htop", "btop") if shutil.which(name)]
    for missing in {"htop", "btop"} - set(peers):
        print(f"{missing}: not installed, so not beside")
    if "htop" in peers:
        peers.insert(1, "htop-alike")
    rows = []
    for devices in options.devices:
        plant = Plant(folder, devices)
        for columns, lines in SIZES:
            row = {"devices": devices, **compare(str(folder / "fabctl"), plant, peers, columns, lines, options)}
            rows.append(row)
            print(text(devices, configuration, row, peers), flush=True)
        plant.stop()
    if options.json:
        with open(options.json, "w", encoding="utf-8") as file:
            json.dump({"configuration": configuration, "rows": rows}, file, indent=2)


if __name__ == "__main__":
    main()

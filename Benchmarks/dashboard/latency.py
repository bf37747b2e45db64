#!/usr/bin/env python3
"""How soon the first complete screen is there after exec, and how soon a key shows with many devices.

    latency.py [--build FOLDER] [--starts 15] [--devices 10000] [--keys 300] [--columns 120] [--rows 40]

The first screen is complete when its last line, the key hints, and the frame of the list are on it. A key is `j` and then `k`:
each moves the cursor and changes the detail panes; it shows when bytes come. Keys are pressed at random moments, so they
meet polls, snapshots and frames as a person's would.

Between two keys one goes to `cat` on a pty of its own: the kernel hands characters on by a thread of no priority, and on a
busy machine that takes longer than any program. What `cat` needs is not the dashboard's.
"""

import argparse
import random
import statistics
import time

from screens import Plant, Program, binaries


def first_screen(arguments, environment, columns, rows):
    program = Program(arguments, columns, rows, environment=environment)
    seen = b""
    first = None
    while True:
        data = program.read(65536, 20)
        if not data:
            raise SystemExit(f"no first screen: {seen[-300:]!r}")
        first = first or time.monotonic() - program.started
        seen += data
        # The hints are drawn last, and `quit` is among them at every size.
        if b"Fleet" in seen and b"quit" in seen:
            complete = time.monotonic() - program.started
            break
    program.stop()
    return first, complete


def quantile(values, share):
    return sorted(values)[min(int(len(values) * share), len(values) - 1)]


def answered(program, key):
    """Seconds from a key to the first bytes after it."""
    while program.read(65536, 0):
        pass
    began = time.monotonic()
    program.type(key)
    if not program.read(65536, 10):
        raise SystemExit("a key was not answered within 10 s")
    return time.monotonic() - began


def keys(program, count, seed=1):
    """How long keys took, and how long the pty itself takes, each key after a random pause."""
    dice = random.Random(seed)
    echo = Program(["sh", "-c", "stty raw -echo; exec cat"], 80, 24)
    time.sleep(0.5)
    waits, line = [], []
    for number in range(count):
        time.sleep(dice.uniform(0.06, 0.175))
        line.append(answered(echo, b"x"))
        time.sleep(dice.uniform(0.06, 0.175))
        waits.append(answered(program, b"k" if number % 2 else b"j"))
    echo.stop()
    return waits, line


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build")
    parser.add_argument("--starts", type=int, default=15)
    parser.add_argument("--devices", type=int, default=10_000)
    parser.add_argument("--interval", type=int, default=10)
    parser.add_argument("--keys", type=int, default=300)
    parser.add_argument("--columns", type=int, default=120)
    parser.add_argument("--rows", type=int, default=40)
    options = parser.parse_args()
    folder, configuration = binaries(options.build)
    fabctl = str(folder / "fabctl")

    plant = Plant(folder, 6)
    arguments = [fabctl, "watch", "--git", str(plant.repository)]
    found = [first_screen(arguments, plant.environment, options.columns, options.rows) for _ in range(options.starts)]
    plant.stop()
    firsts, completes = zip(*found)
    print(f"exec to first byte ({configuration}): median {statistics.median(firsts) * 1000:.0f} ms; to first complete "
          f"screen: median {statistics.median(completes) * 1000:.0f} ms, worst of {len(found)} "
          f"{max(completes) * 1000:.0f} ms (target 150)", flush=True)

    plant = Plant(folder, options.devices, interval=options.interval)
    program = Program(
        [fabctl, "watch", "--git", str(plant.repository)], options.columns, options.rows, environment=plant.environment)
    deadline = time.monotonic() + 300
    seen = b""
    while b"in sync" not in seen and time.monotonic() < deadline:
        seen = (seen + (program.read(65536, 1) or b""))[-20_000:]
    settle = time.monotonic() + max(2 * options.interval, 5)
    while time.monotonic() < settle:
        program.read(65536, 0.2)
    began, cpu = time.monotonic(), program.cpu()
    waits, line = keys(program, options.keys)
    share = (program.cpu() - cpu) / (time.monotonic() - began) * 100
    print(f"key to screen with {options.devices} devices polled every {options.interval} s ({configuration}): "
          f"median {statistics.median(waits) * 1000:.0f} ms, p99 {quantile(waits, 0.99) * 1000:.0f} ms, "
          f"worst {max(waits) * 1000:.0f} ms (target p99 50); `cat` on a pty beside it: "
          f"median {statistics.median(line) * 1000:.1f} ms, p99 {quantile(line, 0.99) * 1000:.0f} ms, worst "
          f"{max(line) * 1000:.0f} ms; CPU {share:.0f} %, RSS {program.rss() / 1e6:.0f} MB")
    program.stop()
    plant.stop()


if __name__ == "__main__":
    main()

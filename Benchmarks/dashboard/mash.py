#!/usr/bin/env python3
"""Random keys and resizes into the real dashboard over a faulty fleet: it must not crash, hang or grow.

    mash.py [--build FOLDER] [--count 1000000] [--seed 1] [--batch 400]

Keys go in batches; a batch ends in ^L, and the next waits for the repaint that answers it, so that nothing piles up:
each key has been answered before the next batch comes. After a resize its own repaint is waited for first. A dashboard that was told to quit is started again. Ends with what it saw, and 1 when something
was wrong.
"""

import argparse
import os
import random
import sys
import tempfile
import time

from screens import Plant, Program, binaries

FAULTS = ["--chaos", "--chaos-interval", "2", "--fault",
          "latency=20ms±15ms drop=2% junk=1% reset=1% busy=2% exception=1%:4 split=5%"]
LETTERS = [bytes([c]) for c in b"jjjkkkgGsSzZdeAoOt+-0yprxH/:?!123456789nfab=1 "]
NAMED = [b"\x1b[A", b"\x1b[B", b"\x1b[C", b"\x1b[D", b"\x1b[5~", b"\x1b[6~", b"\x1b[H", b"\x1b[F", b"\t", b"\x1b[Z",
         b"\r", b"\r", b"\x7f", b"\x1b[3~", b"\x1b[1;2D", b"\x1b[1;2C", b"\x15", b"\x17", b"y", b"y"]
ODD = [b"\x1b[200~pasted \xe6\x97\xa5\n\x1b[31mtext\x1b[201~", b"\xff\xfe", "é日".encode(), b"\x1bO", b"\x1b[999;999;999~",
       b"\x1b]52;c;?\x07", b"\x00", b"\x1b[<0;10;5M", b"\x1b[M !!"]
SIZES = [(10, 3), (60, 16), (80, 24), (100, 30), (200, 60), (1, 1), (61, 90), (300, 17), (137, 41)]
CLEAR = b"\x1b[2J"


def batch(dice, count):
    keys = []
    for _ in range(count):
        draw = dice.random()
        if draw < 0.72:
            keys.append(dice.choice(LETTERS))
        elif draw < 0.97:
            keys.append(dice.choice(NAMED))
        elif draw < 0.9703:
            keys.append(b"\x1b[24~")
        elif draw < 0.98:
            keys.append(b"\x1b\x1b\x1b")
        else:
            keys.append(dice.choice(ODD))
    return keys


class Desk:
    def __init__(self, fabctl, plant, folder):
        self.arguments = ["sh", "-c", f"cd '{folder}' && exec '{fabctl}' watch --mouse --fps 60 --git '{plant.repository}'"]
        self.plant = plant
        self.starts = 0
        self.problems = []
        self.tail = b""
        self.start()

    def start(self):
        self.starts += 1
        self.size = (100, 30)
        self.program = Program(self.arguments, *self.size, environment=self.plant.environment)
        self.until_painted(60)

    def until_painted(self, seconds):
        """Reads until a whole repaint has come. False: it ended. Raises on silence."""
        deadline = time.monotonic() + seconds
        seen = b""
        while time.monotonic() < deadline:
            data = self.program.read(65536, 0.5)
            if data is None:
                return False
            seen = seen[-8:] + data
            self.tail = (self.tail + data)[-2000:]
            if CLEAR in seen:
                return True
        raise TimeoutError("no repaint: it hangs")

    def resize(self, size):
        """False: it ended."""
        if size == self.size:
            return True
        self.size = size
        self.program.resize(*size)
        return self.until_painted(60)

    def send(self, data):
        """Writes while reading, so that neither side waits for the other."""
        os.set_blocking(self.program.master, False)
        try:
            while data:
                try:
                    data = data[os.write(self.program.master, data):]
                except BlockingIOError:
                    if self.program.read(65536, 0.2) is None:
                        return
        finally:
            os.set_blocking(self.program.master, True)

    def ended(self):
        for _ in range(200):
            status = self.program.ended()
            if status is not None:
                break
            time.sleep(0.05)
        os.close(self.program.master)
        if status != 0:
            self.problems.append(f"exit {status}: {self.tail[-500:]!r}")
        self.start()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build")
    parser.add_argument("--count", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--batch", type=int, default=400)
    options = parser.parse_args()
    folder, configuration = binaries(options.build)
    dice = random.Random(options.seed)
    plant = Plant(folder, 24, mock=FAULTS)
    began = time.monotonic()
    memory = []
    with tempfile.TemporaryDirectory() as screenshots:
        desk = Desk(folder / "fabctl", plant, screenshots)
        sent, shown = 0, 0
        try:
            while sent < options.count:
                size = dice.choice(SIZES) if dice.random() < 0.3 else None
                keys = batch(dice, min(options.batch, options.count - sent))
                try:
                    alive = desk.resize(size) if size else True
                    desk.send(b"".join(keys) + b"\x0c")
                    alive = alive and desk.until_painted(60)
                except OSError:
                    alive = False
                sent += len(keys) + (1 if size else 0)
                if not alive:
                    desk.ended()
                    memory.append((sent, None))
                elif not memory or sent - memory[-1][0] >= max(options.count // 200, 400):
                    memory.append((sent, desk.program.rss()))
                if sent * 20 // options.count > shown:
                    shown = sent * 20 // options.count
                    print(f"{sent} sent, {time.monotonic() - began:.0f} s, RSS {desk.program.rss() / 1e6:.1f} MB, "
                          f"{desk.starts - 1} quits, {len(desk.problems)} problems", flush=True)
        except TimeoutError as error:
            desk.problems.append(f"after {sent}: {error}: {desk.tail[-500:]!r}")
        desk.program.stop()
    plant.stop()
    report(options, configuration, memory, desk, time.monotonic() - began)
    sys.exit(1 if desk.problems else 0)


def report(options, configuration, memory, desk, seconds):
    # Of the longest life without a restart, the middle of its second quarter beside the middle of its last.
    lives, life = [], []
    for _, rss in memory:
        if rss is None:
            lives.append(life)
            life = []
        else:
            life.append(rss)
    longest = max([*lives, life], key=len)
    line = ""
    if len(longest) >= 16:
        quarter = len(longest) // 4
        middle = sorted(longest[quarter:2 * quarter])[quarter // 2]
        last = sorted(longest[-quarter:])[quarter // 2]
        line = f"; memory of the longest life: {middle / 1e6:.1f} MB, later {last / 1e6:.1f} MB ({last / middle:.2f}x)"
        if last > middle * 1.15 + 8e6:
            desk.problems.append("memory grows")
    print(f"seed {options.seed} ({configuration}): {options.count} keys and resizes in {seconds:.0f} s, "
          f"{desk.starts - 1} quits by key{line}; problems: {len(desk.problems)}")
    for problem in desk.problems:
        print(f"  {problem}")


if __name__ == "__main__":
    main()

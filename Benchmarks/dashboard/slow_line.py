#!/usr/bin/env python3
"""A line of 9,600 bit/s: how long from a key to the beginning and to the end of its answer, and what the line carries.

    slow_line.py [--build FOLDER] [--rate 960] [--keys 60] [--columns 80] [--rows 24]

Two lines: one whose speed the terminal says (a serial console, or `stty 9600`), and one that looks fast until it is full
(a pseudo-terminal behind something slow). Over SSH the speed is found in the connection's queue; see the end-to-end
test `test_a_slow_line_carries_no_old_frames`. Keys come in bursts, as when one is held down.
"""

import argparse
import random
import statistics
import termios
import time

import pyte

from screens import Plant, Program, binaries


class Line:
    """Carries the program's output to an emulated terminal at so many bytes a second."""

    def __init__(self, program, screen, stream, rate):
        self.program, self.screen, self.stream, self.rate = program, screen, stream, rate

    def carry(self, seconds, until=None):
        began = time.monotonic()
        carried = 0
        while time.monotonic() - began < seconds:
            allowed = int((time.monotonic() - began) * self.rate) - carried
            if allowed < 16:
                time.sleep(0.01)
                continue
            data = self.program.read(min(allowed, 96), 0.02)
            if data is None:
                raise SystemExit("the dashboard ended")
            if not data:
                # An idle line does not save up.
                began, carried, seconds = time.monotonic(), 0, seconds - (time.monotonic() - began)
            carried += len(data)
            self.stream.feed(data)
            if until and until():
                return True
        return False


def selected(screen):
    for line in screen.display:
        if "▎" in line:
            return line
    return ""


def run(name, speed, folder, options):
    plant = Plant(folder, 12)
    program = Program(
        [str(folder / "fabctl"), "watch", "--git", str(plant.repository)], options.columns, options.rows,
        environment=plant.environment, speed=speed)
    screen = pyte.Screen(options.columns, options.rows)
    line = Line(program, screen, pyte.ByteStream(screen), options.rate)
    line.carry(60, lambda: "quit" in screen.display[-1])
    painted = time.monotonic() - program.started
    line.carry(10)
    quiet = program.count
    line.carry(20)
    quiet = (program.count - quiet) / 20
    dice = random.Random(1)
    answers = []
    for number in range(options.keys):
        if number % 10 == 0:
            # Held down: ten keys in a second, then one more, which is timed.
            for _ in range(10):
                program.type(dice.choice([b"j", b"k"]))
                line.carry(0.1)
        before = selected(screen)
        began = time.monotonic()
        program.type(b"g" if "plc-00000" not in before else b"G")
        if not line.carry(30, lambda: selected(screen) not in ("", before)):
            raise SystemExit("a key was not answered within 30 s")
        answers.append(time.monotonic() - began)
        line.carry(dice.uniform(0.3, 1.5))
    print(f"{name}: first screen {painted:.1f} s ({options.rate} B/s); steady {quiet:.0f} B/s; key to answer: "
          f"median {statistics.median(answers):.2f} s, worst of {len(answers)} {max(answers):.2f} s (target 1)", flush=True)
    program.stop()
    plant.stop()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build")
    parser.add_argument("--rate", type=int, default=960)
    parser.add_argument("--keys", type=int, default=60)
    parser.add_argument("--columns", type=int, default=80)
    parser.add_argument("--rows", type=int, default=24)
    options = parser.parse_args()
    folder, configuration = binaries(options.build)
    print(f"fabctl ({configuration}), {options.columns}x{options.rows}")
    run("speed known (stty 9600)", termios.B9600, folder, options)
    run("speed not known", None, folder, options)


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
"""Plays what can happen to operators in a cluster, on a real API server, and looks at who wrote and what was counted.

    Tests/EndToEnd/cluster_campaign.py [--rounds N] [--seed S] [--faults a,b] [--list]

Two operators hold six PLCs to their resources while somebody turns the dials; one fault strikes for some seconds (the
seed says how many), and an oracle looks at the PLCs' own logs, the operators' audits, the statuses and an attached screen.
A fault in each round, in turn. Prints a table and every violation; exits 1 if there is one.
"""

import argparse
import pathlib
import random
import statistics
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

from cluster_faults import FAULTS  # noqa: E402
from cluster_oracle import violations  # noqa: E402
from cluster_world import World  # noqa: E402
from kube import MISSING, Cluster  # noqa: E402


def play(cluster, folder, seed, name):
    """One round: (seconds to recover by part, writes, what the screen said, violations)."""
    lasts = 4 + 4 * random.Random(seed).random()
    with tempfile.TemporaryDirectory(dir=folder) as place:
        world = World(cluster, place, FAULTS[name](), seed, lasts)
        try:
            world.play()
            found = violations(world)
        except AssertionError as error:
            found = [f"did not recover: {str(error)[:600]}"]
        writes = sum(frame.after == world.DESIRED for frame in world.frames()) if hasattr(world, "vandal") else 0
        return world.recovery, writes, world.told, found


def table(rounds):
    lines = ["| fault | rounds | an attached screen said | writes | recovery, median (max) | violations |",
             "|---|---|---|---|---|---|"]
    for name in dict.fromkeys(name for name, *_ in rounds):
        of = [r for r in rounds if r[0] == name]
        times = [max(r[1].values(), default=0.0) for r in of]
        said = sorted({word for r in of for word in r[3]}, key=len)
        words = said[0].split(":")[0][:60] if said else ""
        lines.append(
            f"| `{name}` | {len(of)} | {words} | {sum(r[2] for r in of)} | "
            f"{statistics.median(times):.1f} s ({max(times):.1f} s) | {sum(len(r[4]) for r in of)} |")
    return "\n".join(lines)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=len(FAULTS))
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--faults", help="only these, by commas")
    parser.add_argument("--list", action="store_true", help="name the faults")
    options = parser.parse_args()
    names = options.faults.split(",") if options.faults else list(FAULTS)
    if options.list:
        return print("\n".join(FAULTS))
    if unknown := [name for name in names if name not in FAULTS]:
        sys.exit(f"cluster_campaign: no such fault: {', '.join(unknown)} (--list names them)")
    if MISSING:
        sys.exit(f"cluster_campaign: {MISSING}")
    rounds = []
    with tempfile.TemporaryDirectory() as folder:
        cluster = Cluster(folder)
        try:
            cluster.start().install()
            for number in range(options.rounds):
                name, seed = names[number % len(names)], options.seed + number
                rounds.append((name, *play(cluster, folder, seed, name)))
                parts = ", ".join(f"{part} {after:.1f} s" for part, after in rounds[-1][1].items())
                print(f"seed {seed} {name}: well again: {parts}; {rounds[-1][2]} writes", flush=True)
                for violation in rounds[-1][4]:
                    print(f"  VIOLATION: {violation}", flush=True)
        finally:
            cluster.stop()
    print("\n" + table(rounds))
    sys.exit(1 if any(r[4] for r in rounds) else 0)


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
"""Kills a controller with SIGKILL at random instants while it corrects, and checks its journal each time.

Usage: kill_campaign.py [--count 200] [--seed 1] [--plcs 12] [--bin .build/debug]

After each kill the journal must open, `fabctl audit verify` must pass, and every frame that reached a PLC, by the
PLC's own log, must have its record, written before it. Prints what it found; exits 1 at the first broken promise.
"""

import argparse
import os
import pathlib
import random
import re
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
PATIENCE = 120.0
# The civil time of the PLCs' start is known to the time it takes to read a line of theirs.
SLACK = 0.5
# A record that is older than its frame by more has lost its frame to a kill.
LONGEST = 15.0

MANIFEST = """\
apiVersion: fabgitops.io/v1
kind: IndustrialPLC
metadata: {{ name: plc-{number} }}
spec:
  deviceAddress: "127.0.0.1"
  port: {port}
  pollIntervalSecs: 1
  registers:
  - {{ name: setpoint, address: 4001, value: 2500 }}
  correction: {{ maxWritesPerHour: 3600, contestedAfter: 100, contestedWithinSecs: 1 }}
"""


def wait_for(what, condition, patience=PATIENCE):
    deadline = time.monotonic() + patience
    while time.monotonic() < deadline:
        if found := condition():
            return found
        time.sleep(0.02)
    raise SystemExit(f"not within {patience:.0f} s: {what}")


class Fleet:
    """mock-plcs whose setpoints are turned all the time, and what reached them."""

    def __init__(self, binaries, directory, count, seed):
        self.log = open(directory / "plc.log", "w+")
        self.process = subprocess.Popen(
            [binaries / "mock-plc", "--port", "0", "--count", str(count), "--chaos", "--chaos-interval", "700ms",
             "--seed", str(seed)], stdout=self.log)
        self.ports = wait_for("ports", lambda: self.listening(count))
        self.began = time.time() - self.elapsed()

    def text(self):
        return pathlib.Path(self.log.name).read_text()

    def listening(self, count):
        found = re.findall(r"^listening on .*:(\d+) ", self.text(), re.M)
        return [int(port) for port in found] if len(found) == count else None

    def elapsed(self):
        """The time of the newest line, which is about now: something happens all the time."""
        lines = wait_for("an event", lambda: re.findall(r"^t=([\d.]+) ", self.text(), re.M))
        seen = len(lines)
        return float(wait_for("a fresh event", lambda: self.newer(seen)))

    def newer(self, seen):
        lines = re.findall(r"^t=([\d.]+) ", self.text(), re.M)
        return lines[-1] if len(lines) > seen else None

    def frames(self):
        """Times of the write frames that arrived, by PLC, with what they held."""
        frames = {}
        pattern = r"^t=([\d.]+) plc=(\S+) event=write .* after=(\S+) "
        for at, plc, after in re.findall(pattern, self.text(), re.M):
            frames.setdefault(plc, []).append((self.began + float(at), after))
        return frames

    def stop(self):
        self.process.kill()
        self.process.wait()


class Campaign:
    def __init__(self, binaries, directory, plcs=12, seed=1):
        self.binaries = pathlib.Path(binaries).resolve()
        self.directory = pathlib.Path(directory)
        self.random = random.Random(seed)
        self.fleet = Fleet(self.binaries, self.directory, plcs, seed)
        self.environment = dict(
            os.environ, XDG_STATE_HOME=str(self.directory / "state"), XDG_CONFIG_HOME=str(self.directory / "config"),
            GIT_CONFIG_GLOBAL="/dev/null", GIT_CONFIG_NOSYSTEM="1")
        self.repository = self.directory / "plant"
        self.repository.mkdir()
        for number, port in enumerate(self.fleet.ports, 1):
            (self.repository / f"plc-{number}.yaml").write_text(MANIFEST.format(number=number, port=port))
        identity = ["-c", "user.name=Ops", "-c", "user.email=ops@plant.example"]
        for command in (["init", "-q", "-b", "main"], ["add", "-A"], [*identity, "commit", "-q", "-m", "Plant"]):
            subprocess.run(["git", "-C", self.repository, *command], check=True, env=self.environment)
        self.kills = 0
        self.unknown = 0

    def fabctl(self, *arguments):
        return subprocess.run(
            [self.binaries / "fabctl", *arguments, "--git", self.repository], capture_output=True, text=True,
            env=self.environment, check=False)

    def journal(self):
        (path,) = (self.directory / "state" / "fabgitops").glob("*/journal.sqlite")
        return sqlite3.connect(f"file:{path}?mode=ro", uri=True)

    def round(self):
        """One life of a controller, ended at a random instant after its first correction."""
        before = sum(map(len, self.fleet.frames().values()))
        with open(self.directory / "watch.log", "w") as log:
            watch = subprocess.Popen(
                [self.binaries / "fabctl", "watch", "--plain", "--git", self.repository], stdout=log,
                stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, env=self.environment)
        try:
            wait_for("a correction", lambda: sum(map(len, self.fleet.frames().values())) > before)
            assert watch.poll() is None, (self.directory / "watch.log").read_text()
            time.sleep(self.random.uniform(0, 1.5))
        finally:
            watch.send_signal(signal.SIGKILL)
            watch.wait()
        self.kills += 1
        self.check()

    def check(self):
        verdict = self.fabctl("audit", "verify")
        if verdict.returncode != 0:
            raise SystemExit(f"kill {self.kills}: audit verify: {verdict.stdout}{verdict.stderr}")
        with self.journal() as journal:
            (sound,) = journal.execute("PRAGMA quick_check").fetchone()
            if sound != "ok":
                raise SystemExit(f"kill {self.kills}: the database is damaged: {sound}")
            records = journal.execute(
                "SELECT name, at, after_words FROM audit WHERE kind = 'intent' ORDER BY sequence").fetchall()
            (self.unknown,) = journal.execute("SELECT count(*) FROM audit WHERE outcome = 'unknown'").fetchone()
        intents = {}
        for name, at, words in records:
            value = ",".join(str(words[i] << 8 | words[i + 1]) for i in range(0, len(words), 2))
            intents.setdefault(name, []).append((at / 1000, value))
        for plc, frames in self.fleet.frames().items():
            self.match(plc, frames, intents.get(plc, []))

    def match(self, plc, frames, intents):
        """Each frame takes the oldest record that is left and may be its own: written before it, saying the same."""
        left = iter(intents)
        for at, value in frames:
            record = next((r for r in left if r[1] == value and r[0] > at - LONGEST), None)
            if record is None or record[0] > at + SLACK:
                raise SystemExit(f"kill {self.kills}: {plc}: the frame at {at:.3f} ({value}) has no record before it")

    def summary(self):
        frames = sum(map(len, self.fleet.frames().values()))
        with self.journal() as journal:
            (rows,) = journal.execute("SELECT count(*) FROM audit").fetchone()
            (intents,) = journal.execute("SELECT count(*) FROM audit WHERE kind = 'intent'").fetchone()
        return (f"{self.kills} kills: {frames} frames reached the PLCs, {intents} records of writes, "
                f"{self.unknown} of them closed as unknown; {rows} audit rows verified after every kill")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--plcs", type=int, default=12)
    parser.add_argument("--bin", default=ROOT / ".build" / "debug")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="fabgitops-kill-") as directory:
        campaign = Campaign(options.bin, directory, options.plcs, options.seed)
        try:
            for done in range(1, options.count + 1):
                campaign.round()
                if done % 10 == 0:
                    print(campaign.summary(), flush=True)
            print(campaign.summary())
        finally:
            campaign.fleet.stop()


if __name__ == "__main__":
    sys.exit(main())

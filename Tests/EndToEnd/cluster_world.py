"""One round of the cluster campaign: PLCs, two operators, an attached screen, a vandal, and one fault."""

import collections
import contextlib
import datetime
import json
import pathlib
import re
import sqlite3
import ssl
import subprocess
import threading
import time
import urllib.request

from conftest import BIN, free_port, wait_for
from kube import SYSTEM, Fleet, Operator, plc_yaml
from vandal import Vandal

Frame = collections.namedtuple("Frame", "name at before after")


def seconds(stamp):
    """Civil time in seconds, of RFC 3339."""
    return datetime.datetime.fromisoformat(stamp.replace("Z", "+00:00")).timestamp()


class Replica:
    """One of two operators, over all its lives."""

    def __init__(self, world, number):
        self.world, self.name = world, f"operator-{number}"
        self.state = world.folder / self.name
        self.lives = []
        self.restart()

    def restart(self):
        world = self.world
        self.lives.append(Operator(
            world.cluster, world.folder, "--namespace", world.space, "--state-dir", str(self.state),
            "--lease-duration", str(world.LEASE), "--renew-deadline", str(world.DEADLINE),
            "--retry-period", str(world.RETRY)))

    @property
    def process(self):
        return self.lives[-1].process

    def kill(self):
        self.process.kill()
        self.process.wait()

    def terminate(self):
        self.lives[-1].terminate()

    def elections(self):
        return [seconds(line.split()[0]) for life in self.lives for line in life.log.splitlines() if " Leading" in line]

    def intents(self):
        file = self.state / "journal.sqlite"
        if not file.exists():
            return []
        with contextlib.closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as journal:
            rows = journal.execute("SELECT at, name FROM audit WHERE kind = 'intent'").fetchall()
        return [(at / 1000, name) for at, name in rows]

    def audit_problem(self):
        if not (self.state / "journal.sqlite").exists():
            return None
        done = subprocess.run(
            [str(BIN / "fabctl"), "audit", "verify", "--journal", str(self.state)], capture_output=True, text=True, check=False)
        return None if done.returncode == 0 else f"audit verify ended with {done.returncode}: {done.stderr.strip()}"


class TimedVandal(Vandal):
    """Knows when it wrote, which tells when the PLCs' clock began."""

    def __init__(self, *arguments, **options):
        super().__init__(*arguments, **options)
        self.wrote = []

    def write(self, i):
        before = time.time()
        super().write(i)
        self.wrote.append((i, before, time.time()))


class Asker(threading.Thread):
    """Asks again and again; who does not answer is asked again."""

    def __init__(self, ask, pause):
        super().__init__(daemon=True)
        self.ask, self.pause, self.ended = ask, pause, threading.Event()

    def run(self):
        while not self.ended.wait(self.pause):
            with contextlib.suppress(OSError, ValueError):
                self.ask()


class World:
    COUNT, DESIRED = 6, 2500
    #: Seconds.
    LEASE, DEADLINE, RETRY = 4.0, 2.5, 0.5

    def __init__(self, cluster, folder, fault, seed, lasts):
        self.cluster, self.fault, self.seed, self.lasts = cluster, fault, seed, lasts
        self.folder = pathlib.Path(folder)
        self.space = f"round-{seed}-{fault.name}"
        self.violations, self.statuses, self.shown, self.told, self.recovery = [], [], [], set(), {}
        self.started = []

    # The round

    def play(self):
        """`recovery` then has the seconds from the end of the fault until each part was well."""
        try:
            self._begin()
            self.vandal.start()
            time.sleep(1.5)
            self.struck = time.time()
            self.fault.strike(self)
            self.struck = time.time()
            while time.time() < self.struck + self.lasts:
                self.fault.tick(self)
                time.sleep(0.4)
            self.healing = time.time()
            self.fault.heal(self)
            self.healed = time.time()
            # Each dial once more: whoever puts it right is well.
            before, self.vandal.most = dict(self.vandal.turns), 12
            wait_for(lambda: f"corrections: {self._state()}", lambda: all(
                self.vandal.turns[i] > before[i] for i in before), timeout=90)
            self.vandal.end()
            wait_for(lambda: f"recovery: {self._state()}", self._is_well, timeout=90, step=0.2)
        finally:
            self._end()

    def _begin(self):
        self.plant = Fleet(self.folder, self.COUNT)
        self.cluster.kubectl("create", "namespace", self.space)
        patient = "  correction: { contestedAfter: 100, maxWritesPerHour: 3600 }\n"
        self.cluster.apply("".join(
            plc_yaml(f"line-{i}", self.plant.port + i, namespace=self.space, extra=patient) for i in range(self.COUNT)))
        self.operators = [Replica(self, number) for number in (1, 2)]
        self.lease = wait_for("the lease's name", lambda: re.search(
            rf"lease={SYSTEM}/(\S+)", self.operators[0].lives[0].log)).group(1)
        self.cluster.must(
            "wait", "--for=condition=InSync", "plc", "--all", "-n", self.space, "--timeout=60s")
        self.port = free_port()
        self.screen = subprocess.Popen(
            [str(BIN / "fabctl"), "watch", "--plain", "--metrics", f"127.0.0.1:{self.port}", "-n", self.space,
             "--kubeconfig", self.cluster.kubeconfig("viewer")],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.vandal = TimedVandal(self.plant, self.COUNT, pause=0.1, most=8, corrections=self._corrections)
        self.started = [Asker(self._look_at_statuses, 0.3), Asker(self._look_at_screen, 0.25)]
        for asker in self.started:
            asker.start()

    def _end(self):
        self.vandal.ended.set() if hasattr(self, "vandal") else None
        for asker in self.started:
            asker.ended.set()
            asker.join()
        for operator in getattr(self, "operators", []):
            operator.kill()
        if hasattr(self, "screen"):
            self.screen.kill()
            self.screen.wait()
        self.plant.stop()
        self.cluster.kubectl("delete", "plc", "--all", "-n", self.space, "--wait=false")
        self.cluster.kubectl("delete", "lease", "-n", SYSTEM, getattr(self, "lease", "none"))

    def leader(self):
        alive = [o for o in self.operators if o.process.poll() is None and o.elections()]
        return max(alive, key=lambda operator: operator.elections()[-1])

    def _is_well(self):
        """Statuses that are new and in sync, a screen without a complaint, and every count in its place."""
        self._look_at_statuses()
        at, statuses = self.statuses[-1]
        parts = {
            "status": at > self.healed and len(statuses) == self.COUNT and all(
                status.get("inSync") is True and seconds(status["lastUpdate"]) > self.healed - 1
                for status in statuses.values()),
            "screen": not self.problems,
            "counts": not self._unfinished(statuses),
        }
        for part, is_well in parts.items():
            if not is_well:
                self.recovery.pop(part, None)
            else:
                self.recovery.setdefault(part, time.time() - self.healed)
        return all(parts.values())

    def _unfinished(self, statuses):
        """The last of what was counted comes within a second; what never comes, the oracle tells."""
        if time.time() > self.healed + 30:
            return False
        turns, spare = self.turns(), self.fault.spare
        return any(not turns[name] - spare <= status.get("correctionsApplied", 0) <= turns[name]
                   for name, status in statuses.items())

    def _state(self):
        return {"statuses": self.statuses[-1:], "problems": self.problems, "turns": self.turns()}

    # What is seen

    problems = ()

    def _get(self, url, **headers):
        request = urllib.request.Request(url, headers=headers)
        with urllib.request.urlopen(request, timeout=2, context=ssl._create_unverified_context()) as answer:
            return json.load(answer)

    def _look_at_statuses(self):
        with contextlib.suppress(OSError, ValueError):
            items = self._get(
                f"{self.cluster.url}/apis/fabgitops.io/v1/namespaces/{self.space}/industrialplcs",
                Authorization="Bearer admin-token")["items"]
            self.statuses.append((time.time(), {i["metadata"]["name"]: i.get("status", {}) for i in items}))

    def _look_at_screen(self):
        fleet = self._get(f"http://127.0.0.1:{self.port}/api/v1/fleet")
        # What is so from the beginning: nobody publishes these operators' API here.
        self.problems = [problem for problem in fleet["health"]["problems"] if "as fresh as status" not in problem]
        if fleet["source"]["state"] == "unavailable":
            self.problems.append(fleet["source"]["reason"])
        self.told.update(self.problems)
        for device in fleet["devices"]:
            register = device["registers"][0]
            if "actual" in register and "lastRead" in register:
                self.shown.append((device["name"], seconds(register["lastRead"]), register["actual"]))

    # What was done

    def _corrections(self, i):
        return sum(life.corrections(f"{self.space}/line-{i}") for operator in self.operators for life in operator.lives)

    def turns(self):
        return {f"line-{i}": turns for i, turns in self.vandal.turns.items()}

    def frames(self):
        """Every write that reached a PLC, in civil time."""
        writes = self.plant.writes()
        origin = self._origin(writes)
        return [Frame(f"line-{int(w['plc'].split('-')[1]) - 1}", origin + float(w["t"]), int(w["before"]), int(w["after"]))
                for w in writes]

    def _origin(self, writes):
        """When the PLCs' clock began: between what the vandal's own writes allow."""
        earliest, latest = 0.0, float("inf")
        for i in range(self.COUNT):
            logged = [float(w["t"]) for w in writes if w["plc"] == f"plc-{i + 1}" and w["after"] == "2400"]
            mine = [(before, after) for number, before, after in self.vandal.wrote if number == i]
            for at, (before, after) in zip(logged, mine):
                earliest, latest = max(earliest, before - at), min(latest, after - at)
        return (earliest + latest) / 2

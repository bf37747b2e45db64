"""Write safety as an operator meets it: rivals, a killed controller, two users, full disks, values of two words."""

import json
import os
import pathlib
import random
import re
import shutil
import socket
import sqlite3
import struct
import subprocess
import threading
import time

import pytest
from pymodbus.client import ModbusTcpClient

from conftest import BIN, fabctl_processes, manifest, mbpoll_read, wait_for
from kill_campaign import Campaign


@pytest.fixture
def mock(tmp_path):
    """Starts mock-plcs; `writes()` are the frames that arrived, by the PLC's own log."""
    running = []

    class Mock:
        def __init__(self, *flags):
            self.log = tmp_path / f"mock-{len(running)}.log"
            with open(self.log, "w") as log:
                self.process = subprocess.Popen([str(BIN / "mock-plc"), "--port", "0", *flags], stdout=log)
            found = wait_for("mock-plc to listen", lambda: re.findall(r"listening on .*:(\d+)", self.text()))
            self.port = int(found[0])

        def text(self):
            return self.log.read_text()

        def writes(self):
            return re.findall(r"event=write .* after=(\S+) outcome=(\S+)", self.text())

        def reads(self):
            return len(re.findall(r"event=request", self.text()))

    def start(*flags):
        running.append(Mock(*flags))
        return running[-1]

    yield start
    for device in running:
        device.process.kill()
        device.process.wait()


def watch(terminal, repository, *options, **terminal_options):
    session = terminal(**terminal_options)
    session.type(" ".join([f"{BIN}/fabctl watch --git {repository.path}", *options, "; echo exit=$?"]))
    return session


def long_manifest(name, port, registers, poll=1, extra=""):
    return (
        "apiVersion: fabgitops.io/v1\n"
        "kind: IndustrialPLC\n"
        f"metadata: {{ name: {name} }}\n"
        "spec:\n"
        '  deviceAddress: "127.0.0.1"\n'
        f"  port: {port}\n"
        f"  pollIntervalSecs: {poll}\n"
        f"  registers:\n{registers}{extra}")


@pytest.mark.parametrize("poll", [1, 5])
def test_a_rival_leads_to_contested_with_its_delay_and_no_more_writes(terminal, repository, mock, poll):
    device = mock("--register", "4001", "--value", "2400", "--fault", "revert=800ms", "--verbose")
    repository.commit({"line-1.yaml": manifest("line-1", device.port, poll=poll)})
    session = watch(terminal, repository)
    screen = session.wait("Contested", "0.8 s", "put back 3 times")
    print(screen)
    assert [value for value, _ in device.writes()] == ["2500"] * 3, device.text()
    # Still polled, never written.
    reads = device.reads()
    wait_for("more polls", lambda: device.reads() >= reads + 4)
    assert len(device.writes()) == 3
    assert mbpoll_read(device.port, 4001) == 2400


def test_kills_at_random_instants_lose_no_record(tmp_path):
    campaign = Campaign(BIN, tmp_path, plcs=6, seed=int(time.time()))
    try:
        for _ in range(3):
            campaign.round()
        print(campaign.summary())
    finally:
        campaign.fleet.stop()


def test_two_users_of_one_host_cannot_both_control(terminal, repository, plc, fabctl, tmp_path):
    """Another user has another state directory: neither sees the other's, and only one of them controls."""
    device = plc({4001: 2500})
    repository.commit({"line-1.yaml": manifest("line-1", device.port)})
    session = watch(terminal, repository)
    session.wait("line-1", "1 in sync")
    (pid,) = wait_for("one fabctl", lambda: fabctl_processes(str(repository.path)))
    ben = {"XDG_STATE_HOME": str(tmp_path / "ben")}
    second = watch(terminal, repository, environment=ben)
    second.wait("line-1", f"pid {pid}", "since")
    other = dict(os.environ, **ben)
    refused = fabctl("sync", "--git", str(repository.path), "line-1", "--yes", env=other)
    assert refused.returncode == 4 and f"pid {pid}, since" in refused.stderr, refused.stderr
    told = fabctl("hold", "--git", str(repository.path), "--reason", "night", env=other)
    assert told.returncode == 4 and "another user's account" in told.stderr, told.stderr
    shown = fabctl("describe", "--git", str(repository.path), "line-1", env=other)
    assert f"pid {pid}" in shown.stdout
    session.keys("q")
    session.wait("exit=0")
    done = fabctl("sync", "--git", str(repository.path), "line-1", "--yes", env=other)
    assert done.returncode == 0, done.stderr


class Wire(threading.Thread):
    """Between a client and a PLC: keeps every Modbus frame that a client sends."""

    def __init__(self, target):
        super().__init__(daemon=True)
        self.target = target
        self.frames = []
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.start()

    def run(self):
        while True:
            client, _ = self.listener.accept()
            server = socket.create_connection(("127.0.0.1", self.target))
            for source, sink, keep in ((client, server, True), (server, client, False)):
                threading.Thread(target=self.carry, args=(source, sink, keep), daemon=True).start()

    def carry(self, source, sink, keep):
        pending = b""
        try:
            while data := source.recv(4096):
                if keep:
                    pending += data
                    while len(pending) >= 6 and len(pending) >= (size := 6 + int.from_bytes(pending[4:6], "big")):
                        self.frames.append(pending[7:size])
                        pending = pending[size:]
                sink.sendall(data)
        except OSError:
            pass
        for end in (source, sink):
            end.close()

    def writes(self):
        return [frame for frame in self.frames if frame[0] in (5, 6, 15, 16, 22, 23)]


def words(value):
    return list(struct.unpack(">HH", struct.pack(">f", value)))


def test_a_float_is_never_half_of_one_value_and_half_of_another(repository, mock, fabctl, state):
    """pymodbus and mbpoll watch a pair of registers while it is turned and corrected all the time; so do the wire and
    the journal."""
    wanted, turned = 72.5, -77.25
    assert not set(words(wanted)) & set(words(turned)), "both halves differ"
    device = mock("--register", "100", "--register", "101")
    client = ModbusTcpClient("127.0.0.1", port=device.port)
    assert client.connect()
    client.write_registers(100, words(turned))
    wire = Wire(device.port)
    repository.commit({
        "line-1.yaml": long_manifest(
            "line-1", wire.port, f"  - {{ name: level, address: 100, type: float32, value: {wanted} }}\n",
            extra="  correction: { maxWritesPerHour: 3600, contestedAfter: 100, contestedWithinSecs: 1 }\n")})
    running = fabctl.start("watch", "--plain", "--git", str(repository.path))
    seen, polled, turns, chance = set(), set(), 0, random.Random(4)
    deadline = time.monotonic() + 120
    while (turns < 8 or len(wire.writes()) < 7 or len(polled) < 2) and time.monotonic() < deadline:
        pair = client.read_holding_registers(100, count=2).registers
        seen.add(tuple(pair))
        if pair == words(wanted) and chance.random() < 0.05:
            client.write_registers(100, words(turned))
            turns += 1
        if chance.random() < 0.02:
            polled.add(mbpoll_float(device.port, 100))
    running.terminate()
    running.wait()
    assert turns >= 8 and len(wire.writes()) >= 7, f"{turns} turns, {len(wire.writes())} writes"
    good = {tuple(words(wanted)), tuple(words(turned))}
    assert seen == good
    assert polled == {wanted, turned}
    # One frame each, function code 16, both words.
    expected = struct.pack(">BHHB", 16, 100, 2, 4) + struct.pack(">f", wanted)
    assert set(wire.writes()) == {expected}
    (path,) = (state / "fabgitops").glob("*/journal.sqlite")
    with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as journal:
        recorded = {value for row in journal.execute(
            "SELECT before_words, after_words FROM audit WHERE kind IN ('intent', 'outcome')") for value in row}
        samples = {value for (value,) in journal.execute("SELECT DISTINCT value FROM raw")}
    assert recorded == {struct.pack(">f", wanted), struct.pack(">f", turned)}
    assert samples and samples <= {wanted, turned}
    print(f"{turns} turns, {len(wire.writes())} corrections: no torn pair")


def mbpoll_float(port, address):
    done = subprocess.run(
        ["mbpoll", "-0", "-B", "-m", "tcp", "-p", str(port), "-a", "1", "-t", "4:float", "-r", str(address), "-c", "1",
         "-1", "127.0.0.1"], capture_output=True, text=True, check=True)
    return float(re.search(rf"\[{address}\]:\s+(\S+)", done.stdout).group(1))


def audit(fabctl, repository, *options):
    done = fabctl("audit", "--git", str(repository.path), "-o", "json", *options)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def can_mount():
    return os.geteuid() == 0 and subprocess.run(
        ["unshare", "-m", "true"], capture_output=True, check=False).returncode == 0


@pytest.fixture
def disk(tmp_path, repository):
    """A small file system of its own, for the state directory."""
    place = tmp_path / "disk"
    place.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", str(place)], check=True)
    yield place
    for pid in fabctl_processes(str(repository.path)):
        os.kill(pid, 9)
    wait_for("the disk to be free", lambda: subprocess.run(
        ["umount", str(place)], capture_output=True, check=False).returncode == 0)


def turn(device, value):
    with ModbusTcpClient("127.0.0.1", port=device.port) as client:
        assert client.connect() and not client.write_register(4001, value).isError()


@pytest.mark.skipif(not can_mount(), reason="needs root, to mount a disk of its own")
def test_a_full_disk_stops_corrections_and_not_reading(terminal, repository, plc, fabctl, disk):
    device = plc({4001: 2500})
    repository.commit({"line-1.yaml": manifest("line-1", device.port)})
    session = watch(terminal, repository, environment={"XDG_STATE_HOME": str(disk / "state")})
    session.wait("line-1", "1 in sync")
    fill = os.open(disk / "fill", os.O_WRONLY | os.O_CREAT)
    with pytest.raises(OSError):
        while True:
            os.write(fill, b"x" * 4096)
    os.close(fill)
    turn(device, 2400)
    session.wait("DriftDetected", "journal cannot be written", "no space left")
    assert device.read(4001) == 2400
    (disk / "fill").unlink()
    wait_for("the correction", lambda: device.read(4001) == 2500)
    session.keys("q")
    session.wait("exit=0")
    verified = fabctl(
        "audit", "verify", "--git", str(repository.path), env=dict(os.environ, XDG_STATE_HOME=str(disk / "state")))
    assert verified.returncode == 0, verified.stdout + verified.stderr


@pytest.mark.skipif(not can_mount(), reason="needs root, to mount a disk of its own")
def test_a_read_only_directory_stops_corrections_and_not_reading(terminal, repository, plc, fabctl, disk):
    device = plc({4001: 2400})
    repository.commit({"line-1.yaml": manifest("line-1", device.port)})
    place = {"XDG_STATE_HOME": str(disk / "state")}
    held = fabctl(
        "hold", "--git", str(repository.path), "--reason", "night", env=dict(os.environ, **place))
    assert held.returncode == 0, held.stderr
    subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
    session = watch(terminal, repository, environment=place)
    session.wait("line-1", "DriftDetected", "Read-only file system")
    first = session.wait("1 drifted")
    turn(device, 2300)
    session.wait("2300")
    assert device.writes() == ["write 4001 2300"], first
    session.keys("q")
    session.wait("exit=0")
    done = fabctl("sync", "--git", str(repository.path), "line-1", "--yes", env=dict(os.environ, **place))
    assert done.returncode == 4 and "start again when that is mended" in done.stderr, done.stderr
    subprocess.run(["mount", "-o", "remount,rw", str(disk)], check=True)
    session = watch(terminal, repository, environment=place)
    session.wait("1 drifted", "night")
    assert device.writes() == ["write 4001 2300"], first
    freed = fabctl("release", "--git", str(repository.path), env=dict(os.environ, **place))
    assert freed.returncode == 0, freed.stdout + freed.stderr
    wait_for("the correction", lambda: device.read(4001) == 2500)
    session.keys("q")
    session.wait("exit=0")


# What shuts a gate, and what must then be read everywhere.
GATES = {
    "autocorrect": ("  autoCorrect: false\n", "autoCorrect is off"),
    "identity": ('  identity: { vendorName: "ACME" }\n', "vendorName"),
    "permit": ("  correction: { permit: { address: 4100, table: holding, equals: 1 } }\n", "permit holding 4100 is 0"),
    "suspend": ("  suspend: true\n", "suspended by the manifest"),
    "window": (
        "  correction: { windows: [{ schedule: '0 0 29 2 *', durationMins: 1, timeZone: Europe/Berlin }] }\n",
        "outside the correction window"),
}


def test_each_gate_says_why_everywhere(terminal, repository, plc, fabctl):
    """The reason is in the events, on the screen, in the status and in the answer to a sync, and in the audit."""
    devices = {gate: plc({4001: 2400, 4100: 0}) for gate in GATES}
    repository.commit({
        f"{gate}.yaml": manifest(gate, devices[gate].port, extra=extra) for gate, (extra, _) in GATES.items()})
    whys = {gate: why for gate, (_, why) in GATES.items()}
    session = watch(terminal, repository, columns=200, rows=50)
    session.keys("5", "Enter")
    session.wait("WriteRefused", *whys.values())
    session.keys("Escape", "1")
    left = set(whys)
    for step in range(len(GATES) * 3):
        # Down the list, and from its top again.
        session.keys("j" if step % len(GATES) else "g")
        time.sleep(0.5)

        def shown():
            screen = session.screen()
            return {gate for gate in whys if re.search(rf"─ {gate} ─", screen) and whys[gate] in screen}
        left -= wait_for(lambda: session.screen(), shown)
        if not left:
            break
    assert not left, f"no reason on the screen for {left}:\n{session.screen()}"
    session.keys("q")
    session.wait("exit=0")

    listed = json.loads(fabctl("get-status", "--git", str(repository.path), "-o", "json").stdout)["items"]
    statuses = {item["metadata"]["name"]: item["status"] for item in listed}
    for gate, why in whys.items():
        conditions = {condition["type"]: condition for condition in statuses[gate]["conditions"]}
        if gate != "identity":  # asked only before a write; a command that only looks asks nothing
            assert why in conditions["InSync"]["message"]
            described = fabctl("describe", "--git", str(repository.path), gate)
            assert f"Not written because: {why}" in described.stdout, described.stdout
    names = [gate for gate in GATES if gate != "autocorrect"]  # a person asks: that is what it is for
    refused = fabctl("sync", "--git", str(repository.path), *names, "--yes")
    assert refused.returncode == 4
    reasons = {r["device"]: r["detail"] for r in audit(fabctl, repository, "--kind", "refused")}
    for gate in names:
        assert whys[gate] in refused.stdout + refused.stderr, refused.stdout + refused.stderr
        assert whys[gate] in reasons[f"default/{gate}"], reasons
    assert not any(device.writes() for device in devices.values())

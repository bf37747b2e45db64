"""The dashboard over a real sshd on the loopback: the connection is cut in the middle of a sync, or is slow."""

import contextlib
import getpass
import json
import os
import pathlib
import shutil
import socket
import subprocess
import threading
import time

import pytest

from conftest import BIN, fabctl_processes, free_port, manifest, wait_for

SSHD = shutil.which("sshd") or "/usr/sbin/sshd"


class Cable:
    """A TCP proxy between ssh and sshd that can be pulled out, with a reset on both sides or in silence, or be slow."""

    def __init__(self, target):
        self.target = target
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.pairs = []
        self.is_silent = False
        # Bytes a second from sshd to ssh; None: as fast as it goes.
        self.rate = None
        self.carried = 0
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                near, _ = self.listener.accept()
            except OSError:
                return
            far = socket.socket()
            # A line has no memory: what it has not carried yet must wait in sshd's socket.
            far.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1)
            far.connect(("127.0.0.1", self.target))
            self.pairs.append((near, far))
            threading.Thread(target=self.carry, args=(near, far, False), daemon=True).start()
            threading.Thread(target=self.carry, args=(far, near, True), daemon=True).start()

    def carry(self, source, sink, is_down):
        try:
            while True:
                # What is on a dead line is not taken off it either.
                while self.is_silent:
                    time.sleep(0.05)
                data = source.recv(96 if self.rate and is_down else 65536)
                if not data:
                    break
                while self.is_silent:
                    time.sleep(0.05)
                sink.sendall(data)
                if is_down:
                    self.carried += len(data)
                    if self.rate:
                        time.sleep(len(data) / self.rate)
        except OSError:
            pass

    def cut(self):
        pairs, self.pairs = self.pairs, []
        for pair in pairs:
            for end in pair:
                # A reset and not a goodbye: as when somebody pulls the plug of the switch.
                end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")
                end.close()

    def close(self):
        self.is_silent = False
        self.listener.close()
        self.cut()


@pytest.fixture
def sshd(tmp_path):
    folder = tmp_path / "ssh"
    folder.mkdir(mode=0o700)
    for key in ("host", "user"):
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(folder / key)], check=True)
    shutil.copy(folder / "user.pub", folder / "authorized")
    port = free_port()
    (folder / "sshd_config").write_text("\n".join([
        f"Port {port}", "ListenAddress 127.0.0.1", f"HostKey {folder}/host", f"AuthorizedKeysFile {folder}/authorized",
        "StrictModes no", "UsePAM no", "PasswordAuthentication no", "PermitRootLogin prohibit-password",
        f"PidFile {folder}/pid", "ClientAliveInterval 1", "ClientAliveCountMax 2", "PrintMotd no", "PrintLastLog no",
        "AcceptEnv *", "PermitUserEnvironment no", ""]))
    if os.geteuid() == 0:
        pathlib.Path("/run/sshd").mkdir(exist_ok=True)
    process = subprocess.Popen(
        [SSHD, "-D", "-e", "-f", str(folder / "sshd_config")], stderr=subprocess.PIPE, stdin=subprocess.DEVNULL)

    def listens():
        if process.poll() is not None:
            raise AssertionError(f"sshd ended: {process.stderr.read().decode()}")
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", port)) == 0

    wait_for("sshd to listen", listens)
    cable = Cable(port)
    client = (
        f"ssh -tt -F none -i {folder}/user -p {cable.port} -o StrictHostKeyChecking=no -o IdentitiesOnly=yes "
        f"-o UserKnownHostsFile=/dev/null -o LogLevel=ERROR {getpass.getuser()}@127.0.0.1")
    try:
        yield cable, client
        cable.close()
    finally:
        process.kill()
        process.wait()


@pytest.fixture
def mock(repository):
    """Mock PLCs behind one port in the repository, and each line of their log."""
    started = []

    def start(count, *options, extra=""):
        port = free_port()
        process = subprocess.Popen(
            [str(BIN / "mock-plc"), "--port", str(port), "--units", f"1-{count}", "--register", "4001", *options],
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        started.append(process)
        repository.commit({
            f"line-{n}.yaml": manifest(f"line-{n}", port, extra=f"  unitId: {n}\n{extra}", poll=2)
            for n in range(1, count + 1)})
        lines = []
        threading.Thread(target=lambda: lines.extend(iter(process.stdout.readline, "")), daemon=True).start()

        def logged(word):
            return [line for line in list(lines) if word in line]

        return logged

    yield start
    for process in started:
        process.kill()
        process.wait()


def over(ssh, repository):
    # The homes of the test, and what a sanitizer needs.
    names = ("XDG_STATE_HOME", "XDG_CONFIG_HOME", "LD_PRELOAD", "TSAN_OPTIONS", "ASAN_OPTIONS", "SWIFT_BACKTRACE")
    homes = " ".join(f"{name}={os.environ[name]}" for name in names if os.environ.get(name))
    return f"{ssh} 'env {homes} LC_ALL=C.UTF-8 TERM=xterm-256color {BIN}/fabctl watch --git {repository.path}'"


def streams(process):
    """Where its standard streams lead; a process that has ended has none."""
    return [os.readlink(f"/proc/{process}/fd/{number}") for number in range(3)]


@pytest.mark.parametrize("how", ["reset", "silence"])
def test_cut_in_the_middle_of_a_sync(terminal, fabctl, repository, mock, sshd, state, how):
    cable, ssh = sshd
    logged = mock(4, "--value", "2400", "--fault", "latency=300ms", extra="  autoCorrect: false\n")
    session = terminal(columns=100, rows=30)
    session.type(over(ssh, repository))
    session.wait("4 drifted")
    session.keys("S")
    session.wait("Write 4 registers on 4 devices")
    session.keys("y")
    wait_for("the first frame that writes", lambda: logged("write"))
    if how == "reset":
        process, = fabctl_processes(str(repository.path))
        cable.cut()
        # A library that cannot say something there would end the process with its writes under way.
        wait_for("no stream to lead to a terminal that is gone", lambda: streams(process) == ["/dev/null"] * 3)
    else:
        cable.is_silent = True

    wait_for("no process to be left", lambda: not fabctl_processes(str(repository.path)))
    audit = fabctl("audit", "--git", str(repository.path), "-o", "json", "--limit", "1000")
    records = json.loads(audit.stdout)
    orders = {(record["device"], record["order"]) for record in records if record["kind"] == "intent"}
    settled = {(record["device"], record["order"]) for record in records if record["kind"] == "outcome"}
    assert orders, f"the cut came before the first write:\n{audit.stdout}"
    assert orders == settled, f"writes without an outcome: {orders - settled}\n{audit.stdout}"
    assert [record["kind"] for record in records][-1] == "stopped"
    assert fabctl("audit", "verify", "--git", str(repository.path)).returncode == 0
    # The lock is free: a sync needs it. What was corrected is in sync, the rest is corrected now.
    done = fabctl("sync", "--git", str(repository.path), "--all", "--yes", timeout=120)
    assert done.returncode == 0, done.stderr


def test_a_slow_line_carries_no_old_frames(terminal, repository, mock, sshd, state):
    """At 9,600 bit/s a key held down must not fill the line with pictures that are long out of date.

    Counted in bytes and not in seconds: what the line carries from the last key to its answer.
    """
    cable, ssh = sshd
    # Connections that other tests have just closed stay in the table for a minute.
    table = pathlib.Path("/proc/net/tcp")
    with contextlib.suppress(AssertionError):
        wait_for("a table of connections that is looked at", lambda: len(table.read_bytes()) < 1_000_000, timeout=75)
    if len(table.read_bytes()) >= 1_000_000:
        pytest.skip("this machine has so many connections that fabctl does not look for one among them")
    mock(9)
    session = terminal(columns=80, rows=24)
    session.type(over(ssh, repository))
    session.wait("9 in sync")
    cable.rate = 960
    # A key held down, ten times a second: each moves the cursor and changes every pane.
    for key in ("j" * 8 + "k" * 8) * 3:
        session.keys(key)
        time.sleep(0.1)
    before = cable.carried
    session.keys("/")
    session.wait("Enter keeps")
    carried = cable.carried - before
    print(f"{carried} bytes from the key to its answer: {carried / 960:.1f} s at 9,600 bit/s")
    # Part of it is the proxy's own socket buffer, which a real line has not.
    assert carried < 4000, carried

"""What the end-to-end tests stand on: the real binaries, real git, a real PLC simulator, a real terminal in tmux."""

import contextlib
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import time
import uuid

import pytest

HERE = pathlib.Path(__file__).parent
BIN = pathlib.Path(os.environ.get("FABGITOPS_BIN", HERE.parent.parent / ".build" / "debug"))
# Generous: the machine may be busy, and a deadline is no measurement.
PATIENCE = 120.0


def wait_for(what, condition, timeout=PATIENCE, step=0.05):
    """Polls until `condition()` is true and returns what it returned; fails with `what` and its last state."""
    deadline = time.monotonic() + timeout
    last = None
    while time.monotonic() < deadline:
        last = condition()
        if last:
            return last
        time.sleep(step)
    detail = what() if callable(what) else what
    raise AssertionError(f"not within {timeout:.0f} s: {detail}")


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def manifest(name, port, value=2500, extra="", poll=1):
    return (
        "apiVersion: fabgitops.io/v1\n"
        "kind: IndustrialPLC\n"
        f"metadata: {{ name: {name} }}\n"
        "spec:\n"
        '  deviceAddress: "127.0.0.1"\n'
        f"  port: {port}\n"
        "  targetRegister: 4001\n"
        f"  targetValue: {value}\n"
        f"  pollIntervalSecs: {poll}\n" + extra
    )


class Repository:
    """A git repository of manifests, independent of the user's git configuration."""

    def __init__(self, path):
        self.path = pathlib.Path(path)
        self.path.mkdir(parents=True, exist_ok=True)
        self.git("init", "-q", "-b", "main")

    def git(self, *arguments, author="Anna Ops"):
        environment = dict(
            os.environ, GIT_CONFIG_GLOBAL="/dev/null", GIT_CONFIG_NOSYSTEM="1", GIT_AUTHOR_NAME=author,
            GIT_AUTHOR_EMAIL="ops@plant.example", GIT_COMMITTER_NAME=author, GIT_COMMITTER_EMAIL="ops@plant.example")
        done = subprocess.run(
            ["git", "-C", str(self.path), *arguments], env=environment, capture_output=True, text=True, check=True)
        return done.stdout

    def commit(self, files, message="Change setpoints", author="Anna Ops"):
        for name, text in files.items():
            target = self.path / name
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text)
        self.git("add", "-A")
        self.git("commit", "-q", "-m", message, author=author)


class PymodbusPLC:
    """pymodbus' own server, in its own process, with what was written to it."""

    def __init__(self, registers):
        self.port = free_port()
        pairs = [f"--set={address}={value}" for address, value in registers.items()]
        self.process = subprocess.Popen(
            [sys.executable, str(HERE / "pymodbus_plc.py"), f"--port={self.port}", *pairs],
            stdout=subprocess.PIPE, text=True)
        line = self.process.stdout.readline()
        assert line.startswith("ready"), f"pymodbus did not start: {line!r}"
        os.set_blocking(self.process.stdout.fileno(), False)
        self.lines = []

    def writes(self):
        with contextlib.suppress(TypeError):
            while line := self.process.stdout.readline():
                self.lines.append(line.strip())
        return [line for line in self.lines if line.startswith("write")]

    def read(self, address):
        return mbpoll_read(self.port, address)

    def stop(self):
        self.process.kill()
        self.process.wait()


def mbpoll_read(port, address):
    done = subprocess.run(
        ["mbpoll", "-0", "-m", "tcp", "-p", str(port), "-a", "1", "-r", str(address), "-c", "1", "-1", "127.0.0.1"],
        capture_output=True, text=True, check=False)
    for line in done.stdout.splitlines():
        if line.startswith(f"[{address}]"):
            return int(line.split(":")[1].split("(")[0])
    return None


class Tmux:
    """One tmux server with one pane running a shell, from which programs are started as a person would."""

    def __init__(self, directory, columns=120, rows=40, term="tmux-256color", environment=None):
        self.socket = f"fabgitops-{uuid.uuid4().hex[:12]}"
        config = pathlib.Path(directory) / "tmux.conf"
        config.write_text(f"set -g default-terminal {term}\nset -g status off\nset -s escape-time 0\n")
        variables = dict(os.environ, PS1="$ ", ENV="", HISTFILE="", **(environment or {}))
        variables.pop("TMUX", None)
        variables.pop("NO_COLOR", None)
        self.tmux("-f", str(config), "new-session", "-d", "-x", str(columns), "-y", str(rows), "/bin/sh",
                  env=variables)

    def tmux(self, *arguments, env=None, check=True):
        done = subprocess.run(
            ["tmux", "-L", self.socket, *arguments], capture_output=True, text=True, env=env, check=False)
        assert done.returncode == 0 or not check, done.stderr
        return done.stdout

    def type(self, text):
        self.tmux("send-keys", "-l", text)
        self.tmux("send-keys", "Enter")

    def keys(self, *names):
        for name in names:
            self.tmux("send-keys", name)

    def screen(self):
        return self.tmux("capture-pane", "-p", check=False)

    def wait(self, *texts, timeout=PATIENCE):
        """Waits until all texts are on the screen together; returns the screen."""
        def found():
            screen = self.screen()
            return screen if all(text in screen for text in texts) else None
        return wait_for(lambda: f"{texts} on screen:\n{self.screen()}", found, timeout)

    def wait_gone(self, text, timeout=PATIENCE):
        wait_for(lambda: f"{text!r} to leave the screen:\n{self.screen()}", lambda: text not in self.screen(), timeout)

    def resize(self, columns, rows):
        self.tmux("resize-window", "-x", str(columns), "-y", str(rows))

    def stop(self):
        self.tmux("kill-server", check=False)


@pytest.fixture(scope="session")
def kubernetes(tmp_path_factory):
    """An API server of the tests of the operator, with all of deploy/k8s in it."""
    from kube import Cluster
    server = Cluster(tmp_path_factory.mktemp("kubernetes"))
    try:
        yield server.start().install()
    finally:
        server.stop()


@pytest.fixture
def state(tmp_path, monkeypatch):
    """A state and configuration home of the test's own."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    return tmp_path / "state"


@pytest.fixture
def repository(tmp_path, state):
    return Repository(tmp_path / "plant")


@pytest.fixture
def plc():
    running = []

    def start(registers):
        running.append(PymodbusPLC(registers))
        return running[-1]

    yield start
    for device in running:
        device.stop()


@pytest.fixture
def terminal(tmp_path, state):
    running = []

    def start(**options):
        environment = {name: os.environ[name] for name in ("XDG_STATE_HOME", "XDG_CONFIG_HOME")}
        environment.update(options.pop("environment", {}))
        running.append(Tmux(tmp_path, environment=environment, **options))
        return running[-1]

    yield start
    for session in running:
        session.stop()


@pytest.fixture
def fabctl(state):
    """Runs fabctl to its end, or starts it in the background."""
    started = []

    def run(*arguments, timeout=PATIENCE * 2, **options):
        return subprocess.run(
            [str(BIN / "fabctl"), *arguments], capture_output=True, text=True, timeout=timeout, check=False,
            stdin=subprocess.DEVNULL, **options)

    def start(*arguments, **options):
        started.append(subprocess.Popen(
            [str(BIN / "fabctl"), *arguments], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, text=True, **options))
        return started[-1]

    run.start = start
    yield run
    for process in started:
        if process.poll() is None:
            process.send_signal(signal.SIGKILL)
        process.wait()


def fabctl_processes(marker):
    """Pids of fabctl processes whose command line names `marker`; a child that is yet to become git is none."""
    found = {}
    for entry in pathlib.Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        with contextlib.suppress(OSError):
            words = (entry / "cmdline").read_bytes().split(b"\0")
            if words and words[0].endswith(b"fabctl") and any(marker.encode() in word for word in words):
                parent = (entry / "stat").read_text().rpartition(")")[2].split()[1]
                found[int(entry.name)] = int(parent)
    return [pid for pid, parent in found.items() if parent not in found]


def has_ended(pid):
    """A process that is killed loses its command line before its files: they are closed when its last thread is gone."""
    folder = pathlib.Path("/proc") / str(pid)
    try:
        threads = os.listdir(folder / "task")
        return len(threads) <= 1 and (folder / "stat").read_text().rpartition(")")[2].split()[0] in "ZX"
    except OSError:
        return True


assert shutil.which("tmux") and shutil.which("mbpoll"), "run ./ci-local.sh, which installs what these tests need"

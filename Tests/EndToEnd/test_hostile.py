"""Hostile repositories, PLCs and keyboards: no raw escape reaches the terminal, nothing crashes, nothing is written."""

import json
import os
import random
import socket
import subprocess
import threading
import time
import urllib.request

import pytest

from conftest import BIN, free_port, manifest, wait_for
from rawterminal import RawTerminal, disobedient
from test_ssh import over, sshd  # noqa: F401  a fixture

TITLE = "\x1b]0;PWNED\x07"
PAYLOADS = [TITLE, "\x1b[6666m", "\u009b6666m", "\x1bP$q\x1b\\", "\x1b[?9999h", "\u202egnp.exe", "\u2066\u200b\u061c", "\r\x08\x7f"]
ALL = "".join(PAYLOADS)


def plant(port, name="line-1", extra=""):
    return manifest(name, port, extra=extra)


def hostile_files(port):
    """Names and contents, each a manifest or something in its place that means harm."""
    good = plant(port, "innocent").encode()
    laughs = "a0: &a0 [x, x]\n" + "".join(f"a{n}: &a{n} [*a{n - 1}, *a{n - 1}, *a{n - 1}]\n" for n in range(1, 40))

    def with_field(text):
        return good + b"  tags: " + text + b"\n"

    return {
        b"esc\x1b[6666m\x1b]0;PWNED\x07.yaml": good,
        "bidi\u202elmay.yaml".encode(): good,
        "zero\u200bwidth.yaml".encode(): good,
        b"new\nline.yaml": good,
        b"tab\tname.yaml": good,
        b"latin\xff\xfe.yaml": good,
        b"c1\xc2\x9b6666m.yaml": good,
        b"-rf.yaml": good,
        b"laughs.yaml": b"# fabgitops\n" + laughs.encode(),
        b"circle.yaml": b"# fabgitops\na: &a [*a, *a]\n",
        b"deep-flow.yaml": b"# fabgitops\n" + b"[" * 100_000,
        b"deep-block.yaml": b"# fabgitops\n" + b"".join(b" " * n + b"a:\n" for n in range(900)),
        b"deep.json": b'{"apiVersion": "fabgitops.io/v1", "a": ' + b'{"a":' * 50_000 + b"1" + b"}" * 50_001,
        b"documents.yaml": b"# fabgitops\n" + b"---\n" * 100_000,
        b"long-line.yaml": b"# fabgitops\na: " + b"x" * 900_000 + b"\n",
        b"huge.yaml": b"# fabgitops\n" * 200_000,
        b"raw-escape.yaml": good.replace(b"innocent", b"line" + TITLE.encode()),
        b"quoted-escape.yaml": good.replace(b"innocent", b'"line\\e]0;PWNED\\a"'),
        b"nul.yaml": good.replace(b"innocent", b"in\x00nocent"),
        b"not-utf8.yaml": good.replace(b"innocent", b"in\xff\xfenocent"),
        b"separators.yaml": good.replace(b"\nspec", "\u2028\u0085spec".encode()),
        b"bidi-tag.yaml": with_field('["\u202egnp.exe", "\u2066x\u200b"]'.encode()),
        b"unknown-field.yaml": good + b'  "\\e[6666m\\e]0;PWNED\\a": 1\n',
        b"duplicate-keys.yaml": good + b'  "\\e[6666mx": 1\n  "\\e[6666mx": 2\n',
        b"tags.yaml": with_field(b"!!python/object/apply:os.system ['touch /tmp/pwned']"),
        b"numbers.yaml": good.replace(b"2500", b"1e400").replace(b"4001", b"99999999999999999999999"),
        b"address.yaml": good.replace(b'"127.0.0.1"', b'"127.0.0.1\\r\\n\\e[6666m"'),
        b"merge.yaml": b"# fabgitops\n<<: *nowhere\n? {a: b}\n: c\n",
    }


def spoil(repository, port):
    """One commit with all of it, and what does not go through a file system."""
    for name, data in hostile_files(port).items():
        with open(os.path.join(os.fsencode(repository.path), name), "wb") as file:
            file.write(data)
    for name, target in {"passwd.yaml": "/etc/passwd", "out.yaml": "../../out.yaml", "loop.yaml": "loop.yaml",
                         "directory.yaml": "/"}.items():
        (repository.path / name).symlink_to(target)
    trap = repository.path.parent / "trap"
    trap.write_text(f"#!/bin/sh\ntouch {repository.path.parent}/sprung\ncat\n")
    trap.chmod(0o755)
    (repository.path / ".gitattributes").write_text("*.yaml diff=trap filter=trap\n")
    head = repository.git("rev-parse", "HEAD").strip()
    repository.git("add", "-A")
    repository.git("update-index", "--add", "--cacheinfo", f"160000,{head},sub.yaml")
    repository.git("commit", "-q", "-m", f"Spoil {ALL}", author=f"Eve {TITLE}")
    for hook in ("post-checkout", "reference-transaction", "post-index-change", "pre-auto-gc"):
        (repository.path / ".git/hooks" / hook).symlink_to(trap)
    for key in ("diff.trap.textconv", "filter.trap.smudge", "filter.trap.clean", "core.fsmonitor", "core.pager"):
        repository.git("config", key, str(trap))


class Mock:
    """A mock PLC that gives escape sequences for its name, and tells what is written to it."""

    def __init__(self, folder):
        self.port = free_port()
        plc = folder / "plc.yaml"
        plc.write_text(
            'identity: {vendor: "\\e]0;PWNED\\aACME\\e[6666m", product: "\\u202eX\\u200b\\x9b6666m", revision: "\\0\\r\\n1"}\n'
            "registers:\n- {name: a, address: 4001, type: uint16, value: 2400}\n")
        self.process = subprocess.Popen(
            [BIN / "mock-plc", "--port", str(self.port), "--map", str(plc)], stdout=subprocess.PIPE, text=True)
        self.lines = []
        threading.Thread(target=lambda: self.lines.extend(iter(self.process.stdout.readline, "")), daemon=True).start()
        wait_for("mock-plc to listen", self.listens)

    def listens(self):
        assert self.process.poll() is None, "mock-plc ended"
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def writes(self):
        return [line for line in list(self.lines) if "event=write" in line]

    def stop(self):
        self.process.kill()
        self.process.wait()


@pytest.fixture
def mock(tmp_path):
    device = Mock(tmp_path)
    yield device
    device.stop()


def fleet(port):
    """What the dashboard shows, told by its API: of the screen itself only changes are sent, never whole words."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/api/v1/fleet", timeout=10) as answer:
            return json.load(answer)
    except OSError:
        return None


def fit(done):
    """Output fit for a terminal, and no crash."""
    assert 0 <= done.returncode < 10, done
    assert not disobedient((done.stdout + done.stderr).encode()), disobedient((done.stdout + done.stderr).encode())
    return done


IDENTITY = "  identity: {vendorName: Honest, productCode: P}\n"


def test_a_hostile_repository_and_plc_on_the_screen(repository, mock, fabctl, tmp_path):
    repository.commit({"line-1.yaml": plant(mock.port, extra=IDENTITY)}, f"Good {ALL}", f"Eve {TITLE}\u202e")
    repository.git("branch", "ev\u202eil\u200b")
    git = ("--git", str(repository.path))
    api = free_port()
    terminal = RawTerminal([BIN / "fabctl", "watch", *git, "--metrics", f"127.0.0.1:{api}"])
    try:
        wait_for("a drift", lambda: (shown := fleet(api)) and [d for d in shown["devices"] if d["status"] == "Drifted"])
        # Everything that shows something of the commit, the device or its name.
        for keys in (b"\r", b"b", b"\x1b", b"d", b"\x1b", b"1", b"2", b"3", b"4", b"5", b"\t", b"e", b"\x1b", b"?", b"\x1b"):
            terminal.send(keys)
            time.sleep(0.15)
        spoil(repository, mock.port)
        wait_for("the commit to be refused", lambda: (shown := fleet(api)) and shown["source"]["state"] == "invalid")
        for keys in (b"p", b"\x1b", b"5", b"jjjj", b"\r", b"\x1b"):
            terminal.send(keys)
            time.sleep(0.15)
    finally:
        terminal.stop()
    assert terminal.process.returncode in (0, 143), terminal.text()[-2000:]
    assert not disobedient(bytes(terminal.data)), disobedient(bytes(terminal.data))[:5]
    # The one-shots see the same repository; what they print may go to a terminal as well.
    status = fit(fabctl("get-status", *git))
    assert status.returncode == 5 and len(status.stderr.splitlines()) > 20, status.stderr
    fit(fabctl("lint", str(repository.path)))
    for command in (("describe", "line-1"), ("diff",), ("list", "-o", "wide"), ("history", "line-1"), ("audit",)):
        fit(fabctl(*command, *git, "--ref", "HEAD~1") if command[0] not in ("history", "audit") else fabctl(*command, *git))
    fit(fabctl("get-status", *git, "--ref", f"no{TITLE}\u202eref"))
    assert fit(fabctl("sync", "line-1", *git, "--ref", "HEAD~1", "--yes", "--force", timeout=60)).returncode == 4
    assert mock.writes() == [], "the identity did not match, and something was written"
    assert not (tmp_path / "sprung").exists(), "a hook or filter of the repository was run"
    log = "".join(path.read_text(errors="replace") for path in (tmp_path / "state").rglob("*.log"))
    assert not disobedient(log.encode()), disobedient(log.encode())[:3]


def test_what_a_hostile_plc_calls_itself_is_captured_as_text(fabctl, mock, tmp_path):
    done = fit(fabctl("capture", f"127.0.0.1:{mock.port}", "--range", "4001"))
    assert done.returncode == 0 and "vendorName is left out" in done.stderr and "PWNED" not in done.stdout, done
    (tmp_path / "captured.yaml").write_text(done.stdout)
    fit(fabctl("lint", str(tmp_path / "captured.yaml")))


def test_random_bytes_over_ssh(repository, mock, sshd, state):  # noqa: F811
    cable, ssh = sshd
    repository.commit({f"line-{n}.yaml": plant(mock.port, f"line-{n}", f"  unitId: {n}\n") for n in range(1, 4)})
    draw = random.Random(20)
    left = 3000
    sessions = 0
    while left > 0:
        api = free_port()
        command = over(ssh, repository).replace("fabctl watch", f"fabctl watch --observe --metrics 127.0.0.1:{api}")
        terminal = RawTerminal(["sh", "-c", command])
        sessions += 1
        try:
            wait_for(
                lambda: f"the dashboard: {terminal.process.poll()} {terminal.text()[-1500:]}",
                lambda api=api: (shown := fleet(api)) and len(shown["devices"]) == 3, timeout=60)
            while left > 0:
                # Without the two that end a session or put it to sleep; `q` and all escape sequences stay.
                data = bytes(draw.randrange(256) for _ in range(40)).translate(None, b"\x03\x1a\x1c")
                left -= len(data)
                if not terminal.send(data) or terminal.process.poll() is not None:
                    break
                time.sleep(0.02)
        finally:
            terminal.stop()
        assert terminal.process.returncode in (0, 143, -15, 255), terminal.text()[-2000:]
        assert not disobedient(terminal.drawn()), disobedient(terminal.drawn())[:5]
        assert "Fatal error" not in terminal.text() and "Backtrace" not in terminal.text()
    print(f"{sessions} sessions")
    assert mock.writes() == []

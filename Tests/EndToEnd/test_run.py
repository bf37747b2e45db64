"""`fabctl run`, the controller without a screen, and what attaches to it on the same host."""

import contextlib
import os
import pathlib
import signal
import socket
import stat

from conftest import BIN, manifest, wait_for
from test_cli_status import Deaf


def start(fabctl, repository, *options, **extra):
    process = fabctl.start("run", "--git", str(repository.path), *options, **extra)
    wait_for("the socket", lambda: process.poll() is not None or sockets())
    assert process.poll() is None, process.stderr.read()
    return process


def sockets():
    return list(pathlib.Path(os.environ["XDG_STATE_HOME"]).glob("fabgitops/*/api.sock"))


def test_it_controls_and_a_screen_attaches(fabctl, terminal, repository, plc):
    device = plc({4001: 2400})
    repository.commit({"line-1.yaml": manifest("line-1", device.port)}, author="Anna Ops")
    process = start(fabctl, repository)
    wait_for("mbpoll to read 2500", lambda: device.read(4001) == 2500)
    mode = sockets()[0].stat().st_mode
    assert stat.S_ISSOCK(mode) and stat.S_IMODE(mode) == 0o600
    session = terminal()
    session.type(f"{BIN}/fabctl watch --git {repository.path} --attach; echo exit=$?")
    # Values, what happened before it attached, and who wanted what.
    session.wait("ATTACHED", "line-1", "2500", "DriftCorrected", "Anna Ops")
    session.keys("s")
    session.wait("attached, read-only")
    repository.commit({"line-1.yaml": manifest("line-1", device.port, value=2600)}, author="Ben Controls")
    session.wait("2600", "Ben Controls")
    assert device.writes() == ["write 4001 2500", "write 4001 2600"]
    process.send_signal(signal.SIGKILL)
    process.wait()
    session.wait("unreachable since", "line-1", "2600")
    again = start(fabctl, repository)
    session.wait_gone("unreachable since")
    session.keys("q")
    session.wait("exit=0")
    # Somebody who is connected and asks nothing.
    idle = socket.socket(socket.AF_UNIX)
    with contextlib.chdir(sockets()[0].parent):  # the whole path is longer than an address may be
        idle.connect("api.sock")
    again.send_signal(signal.SIGTERM)
    assert again.wait(timeout=20) == 0
    assert idle.recv(1) == b""
    log = again.stderr.read()
    assert " info " in log and " error " not in log, log
    assert not sockets()


def test_one_controls_and_the_others_are_told(fabctl, terminal, repository, plc):
    device = plc({4001: 2500})
    repository.commit({"line-1.yaml": manifest("line-1", device.port)})
    process = start(fabctl, repository)
    second = fabctl("run", "--git", str(repository.path))
    assert second.returncode == 4 and str(process.pid) in second.stderr
    session = terminal()
    session.type(f"{BIN}/fabctl watch --git {repository.path}")
    session.wait("OBSERVE", str(process.pid), "line-1")
    process.send_signal(signal.SIGINT)
    assert process.wait(timeout=20) == 130


def test_a_command_that_does_not_stay_is_waited_for(fabctl, repository):
    deaf = Deaf()
    repository.commit({"a.yaml": manifest("line-1", deaf.port, extra="  timeoutMs: 60000\n")})
    git = ["--git", str(repository.path)]
    sync = fabctl.start("sync", "line-1", "--yes", "--timeout", "8", *git)
    wait_for("the sync to read", lambda: deaf.open)
    stopped, waiting = fabctl.start("run", *git), fabctl.start("run", *git)
    line = stopped.stderr.readline()
    assert line.startswith("fabctl: waiting up to 30 s") and f"pid {sync.pid}" in line
    stopped.send_signal(signal.SIGTERM)
    assert stopped.wait(5) == 0 and sync.poll() is None
    assert sync.wait(60) == 7
    wait_for("the socket", sockets)
    assert waiting.poll() is None
    waiting.send_signal(signal.SIGTERM)
    assert waiting.wait(20) == 0 and waiting.stderr.read().count("waiting up to 30 s") == 1
    deaf.socket.close()


def test_a_dry_run_is_in_nobodys_way_and_knows_the_journal(fabctl, repository, plc):
    device = plc({4001: 2400})
    repository.commit({"a.yaml": manifest("line-1", device.port)})
    git = ["--git", str(repository.path)]
    dry = ["sync", "--all", "--dry-run", *git]
    assert fabctl("audit", *git).stdout == fabctl(*dry).stderr == "" != fabctl(*dry).stdout
    assert "nothing has been recorded" in fabctl("audit", *git).stderr
    assert fabctl("shelve", "line-1", "--for", "1h", "--reason", "pump swap", *git).returncode == 0
    before = fabctl("audit", *git, "-o", "json").stdout
    done = fabctl(*dry)
    assert done.returncode == 4 and "pump swap" in done.stdout
    assert fabctl("audit", *git, "-o", "json").stdout == before and device.writes() == []
    deaf = Deaf()
    repository.commit({"a.yaml": manifest("line-1", deaf.port, extra="  timeoutMs: 60000\n")})
    fabctl.start(*dry)
    wait_for("the dry run to read", lambda: deaf.open)
    process = start(fabctl, repository)
    process.send_signal(signal.SIGTERM)
    assert process.wait(20) == 0 and "waiting" not in process.stderr.read()
    deaf.socket.close()


def test_a_screen_that_controls_can_be_attached_to(fabctl, terminal, repository, plc):
    device = plc({4001: 2400})
    repository.commit({"line-1.yaml": manifest("line-1", device.port)})
    session = terminal()
    session.type(f"{BIN}/fabctl watch --git {repository.path}; echo exit=$?")
    session.wait("line-1", "DriftCorrected")
    attached = fabctl.start("watch", "--git", str(repository.path), "--attach", "--plain")
    line = ""
    while "DriftCorrected" not in line:
        line = attached.stdout.readline()
        assert line, attached.stderr.read()
    session.keys("q")
    session.wait("exit=0")
    assert not sockets() and "ERROR" not in session.screen()
    assert "unreachable" in attached.stderr.readline()


def test_nothing_to_attach_to_is_said_in_one_line(fabctl, repository):
    repository.commit({"line-1.yaml": manifest("line-1", 1)})
    done = fabctl("watch", "--git", str(repository.path), "--attach")
    assert done.returncode == 3 and "nobody controls these devices" in done.stderr
    assert done.stderr.count("\n") == 1


def test_a_state_directory_with_a_long_name_works(fabctl, repository, plc, monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / ("long-" * 30)))
    device = plc({4001: 2500})
    repository.commit({"line-1.yaml": manifest("line-1", device.port)})
    start(fabctl, repository)
    assert len(str(sockets()[0])) > 107
    attached = fabctl.start("watch", "--git", str(repository.path), "--attach", "--plain")
    assert "attached" in attached.stdout.readline()
    line = ""
    while "Connected" not in line:
        line = attached.stdout.readline()
        assert line


def test_it_tells_systemd_when_it_is_ready_and_logs_json(fabctl, repository, plc, tmp_path, monkeypatch):
    device = plc({4001: 2500})
    repository.commit({"line-1.yaml": manifest("line-1", device.port)})
    manager = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    manager.settimeout(30)
    manager.bind(f"/tmp/notify-{os.getpid()}")
    try:
        monkeypatch.setenv("NOTIFY_SOCKET", f"/tmp/notify-{os.getpid()}")
        process = start(fabctl, repository, "--log-format", "json")
        assert manager.recv(1000).startswith(b"READY=1")
        assert '"level":"info"' in process.stderr.readline()
        process.send_signal(signal.SIGTERM)
        assert manager.recv(1000).startswith(b"STOPPING=1")
        assert process.wait(timeout=20) == 0
    finally:
        manager.close()
        os.unlink(f"/tmp/notify-{os.getpid()}")

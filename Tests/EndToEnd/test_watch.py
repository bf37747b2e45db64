"""`fabctl watch` in a real terminal, against a PLC that nobody here wrote."""

import os
import signal
import time

import pytest

from conftest import BIN, fabctl_processes, has_ended, manifest, wait_for


def watch(terminal, repository, *options, **terminal_options):
    session = terminal(**terminal_options)
    session.type(" ".join([f"{BIN}/fabctl watch --git {repository.path}", *options, "; echo exit=$?"]))
    return session


def test_drift_is_shown_and_corrected(terminal, repository, plc):
    device = plc({4001: 2400})
    repository.commit({"line-1.yaml": manifest("line-1", device.port)})
    session = watch(terminal, repository)
    session.wait("line-1", "DriftDetected")
    wait_for("mbpoll to read 2500", lambda: device.read(4001) == 2500)
    session.wait("DriftCorrected", "2400", "2500")
    assert device.writes() == ["write 4001 2500"]
    session.keys("q")
    session.wait("exit=0")


def test_without_auto_correct_nothing_is_written_until_a_confirmed_sync(terminal, repository, plc):
    device = plc({4001: 2400})
    repository.commit({"line-1.yaml": manifest("line-1", device.port, extra="  autoCorrect: false\n")})
    session = watch(terminal, repository)
    session.wait("line-1", "DriftDetected")
    session.keys("s")
    session.wait("2400", "2500", "Cancel")
    session.keys("Enter")  # on Cancel, the default
    session.wait_gone("Cancel")
    session.keys("s")
    session.wait("Cancel")
    session.keys("n")
    session.wait_gone("Cancel")
    assert device.read(4001) == 2400
    assert device.writes() == []
    session.keys("s")
    session.wait("Cancel")
    session.keys("y")
    wait_for("mbpoll to read 2500", lambda: device.read(4001) == 2500)
    session.wait("DriftCorrected")
    assert device.writes() == ["write 4001 2500"]


def test_observe_never_writes(terminal, repository, plc):
    device = plc({4001: 2400})
    repository.commit({"line-1.yaml": manifest("line-1", device.port)})
    session = watch(terminal, repository, "--observe")
    session.wait("line-1", "DriftDetected")
    session.keys("s")
    session.wait("observ")
    session.keys("y", "Enter", "y")
    time.sleep(3)
    assert device.read(4001) == 2400
    assert device.writes() == []


def test_a_commit_reaches_the_plc_long_before_the_next_poll(terminal, repository, plc):
    device = plc({4001: 2500})
    repository.commit({"line-1.yaml": manifest("line-1", device.port, poll=60)})
    session = watch(terminal, repository)
    session.wait("line-1", "2500")
    wait_for("the first read", lambda: "Connected" in session.screen())
    repository.commit({"line-1.yaml": manifest("line-1", device.port, value=2600, poll=60)}, author="Ben Controls")
    started = time.monotonic()
    wait_for("the write", lambda: device.writes() == ["write 4001 2600"], timeout=50, step=0.02)
    print(f"commit to PLC: {time.monotonic() - started:.2f} s")
    session.wait("2600", "Ben Controls")


def test_an_invalid_commit_keeps_the_last_good_one_and_says_so(terminal, repository, plc):
    device = plc({4001: 2500})
    repository.commit({"line-1.yaml": manifest("line-1", device.port)})
    session = watch(terminal, repository)
    session.wait("line-1", "2500")
    repository.commit({"line-1.yaml": manifest("line-1", device.port, value=99999)})
    session.wait("line-1.yaml:", "targetValue")
    assert device.read(4001) == 2500
    repository.commit({"line-1.yaml": manifest("line-1", device.port, value=2501)})
    wait_for("the next good commit to be applied", lambda: device.read(4001) == 2501)


def test_a_second_watch_says_who_controls_and_observes(terminal, repository, plc, fabctl):
    device = plc({4001: 2500})
    repository.commit({"line-1.yaml": manifest("line-1", device.port)})
    session = watch(terminal, repository)
    session.wait("line-1", "2500")
    second = watch(terminal, repository)
    second.wait("line-1", "pid")
    refused = fabctl("sync", "--git", str(repository.path), "line-1", "--yes")
    assert refused.returncode == 4, refused.stderr
    assert "pid" in refused.stderr


@pytest.mark.parametrize("how", ["TERM", "HUP", "INT", "KILL", "pane"])
def test_every_end_releases_the_lock_and_the_terminal(terminal, repository, plc, fabctl, how):
    device = plc({4001: 2500})
    repository.commit({"line-1.yaml": manifest("line-1", device.port)})
    session = watch(terminal, repository)
    session.wait("line-1", "2500")
    (pid,) = wait_for("one fabctl", lambda: fabctl_processes(str(repository.path)))
    if how == "pane":
        session.tmux("kill-pane")
    else:
        os.kill(pid, getattr(signal, f"SIG{how}"))
    wait_for("the process to be gone", lambda: has_ended(pid) and not fabctl_processes(str(repository.path)))
    if how not in ("pane", "KILL"):
        session.wait("exit=")
        session.type("stty -a | tr ';' '\\n'")
        screen = session.wait("isig", "icanon")
        assert " icanon" in screen and " echo " in screen and "-icanon" not in screen
    # The lock is free: a sync needs it.
    done = fabctl("sync", "--git", str(repository.path), "line-1", "--yes")
    assert done.returncode == 0, done.stderr


def test_small_window_and_resizes(terminal, repository, plc):
    device = plc({4001: 2500})
    repository.commit({"line-1.yaml": manifest("line-1", device.port)})
    session = watch(terminal, repository, columns=40, rows=10)
    session.wait("too small")
    session.resize(120, 40)
    session.wait("line-1", "2500")
    for columns, rows in [(10, 3), (200, 60), (60, 16), (79, 23), (80, 24), (100, 30)] * 3:
        session.resize(columns, rows)
    session.wait("line-1", "2500")
    session.keys("q")
    session.wait("exit=0")


@pytest.mark.parametrize("term", ["xterm-256color", "screen", "tmux", "linux", "vt220", "vt100"])
@pytest.mark.parametrize("locale", ["C.UTF-8", "C"])
def test_terminals(terminal, repository, plc, term, locale):
    device = plc({4001: 2500})
    repository.commit({"line-1.yaml": manifest("line-1", device.port)})
    session = terminal(columns=80, rows=24)
    session.type(f"LC_ALL={locale} TERM={term} {BIN}/fabctl watch --git {repository.path}; echo exit=$?")
    screen = session.wait("line-1", "2500")
    if locale == "C":
        assert screen.isascii(), screen
    session.keys("?")
    session.keys("Escape")
    session.wait("line-1", "2500")
    session.keys("q")
    session.wait("exit=0")


def test_stop_and_continue(terminal, repository, plc):
    device = plc({4001: 2500})
    repository.commit({"line-1.yaml": manifest("line-1", device.port)})
    session = terminal()
    session.type(f"set -m; {BIN}/fabctl watch --git {repository.path}; echo stopped=$?")
    session.wait("line-1", "2500")
    session.keys("C-z")
    session.wait("stopped=")
    session.type("fg")
    session.wait("line-1", "2500")
    session.keys("q")
    wait_for("the process to be gone", lambda: not fabctl_processes(str(repository.path)))

"""history, audit and the operator's overrides, over a journal that real runs have written."""

import json
import re
import signal
import sqlite3
import subprocess
import time

import pytest

from conftest import BIN, free_port, manifest, mbpoll_read, wait_for


@pytest.fixture
def line(repository, plc, fabctl):
    """A device that was synced once."""
    device = plc({4001: 2400})
    repository.commit({"line-1.yaml": manifest("line-1", device.port, extra="  autoCorrect: false\n")})
    done = fabctl("sync", "--git", str(repository.path), "line-1", "--yes")
    assert done.returncode == 0, done.stderr
    return device


@pytest.fixture
def run(fabctl, repository):
    return lambda *arguments: fabctl(*arguments, "--git", str(repository.path))


def tamper(state, statement):
    """Changes the audit as somebody would who owns the file: the triggers that keep it append-only go first."""
    (path,) = (state / "fabgitops").glob("*/journal.sqlite")
    with sqlite3.connect(path) as database:
        for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            database.execute(f'DROP TRIGGER "{name}"')
        database.execute(statement)


def test_nothing_recorded_yet(run, repository):
    repository.commit({"line-1.yaml": manifest("line-1", 1502)})
    for command in (["history", "line-1"], ["audit"]):
        done = run(*command)
        assert (done.returncode, done.stdout) == (0, "") and "nothing has been recorded" in done.stderr
    assert run("audit", "verify").returncode == 5


def test_audit_tells_the_write(run, line):
    done = run("audit")
    assert done.returncode == 0, done.stderr
    assert done.stdout.split()[:5] == ["SEQUENCE", "TIME", "ACTOR", "KIND", "DEVICE"]
    records = json.loads(run("audit", "-o", "json").stdout)
    assert [r["sequence"] for r in records] == list(range(1, len(records) + 1))
    kinds = [r["kind"] for r in records]
    assert kinds[0] == "started" and "stopped" == kinds[-1]
    assert kinds.index("sync") < kinds.index("intent") < kinds.index("outcome")
    intent = records[kinds.index("intent")]
    assert (intent["device"], intent["register"], intent["before"], intent["after"]) == (
        "default/line-1", "holding-4001", "2400", "2500") or (intent["before"], intent["after"]) == (2400, 2500)
    assert intent["revision"].startswith("main@sha1:") and len(intent["hash"]) == 64


def test_audit_filters(run, line):
    def kinds(*options):
        done = run("audit", "-o", "json", *options)
        assert done.returncode == 0, done.stderr
        return [record["kind"] for record in json.loads(done.stdout)]
    assert kinds("--kind", "intent") == ["intent"]
    assert set(kinds("line-1")) <= {"intent", "outcome", "sync"} and "intent" in kinds("line-1")
    assert kinds("line-2") == []
    assert kinds("--register", "holding-4001", "--kind", "intent") == ["intent"]
    assert kinds("--by", "nobody-here") == []
    assert len(kinds("--limit", "2")) == 2
    assert kinds("--since", "1h") == kinds() and kinds("--to", "2020-01-01T00:00:00Z") == []


def test_verify_names_the_first_bad_row(run, line, state):
    good = run("audit", "verify")
    assert good.returncode == 0 and good.stdout.startswith("intact: "), good.stderr
    head = good.stdout.split("head ")[1].strip()
    assert run("audit", "verify", "--head", head).returncode == 0
    tamper(state, "UPDATE audit SET after = '2501' WHERE sequence = 3")
    bad = run("audit", "verify")
    assert bad.returncode == 5 and bad.stdout == ""
    assert bad.stderr.splitlines()[0] == "fabctl: audit: row 3 was altered"
    report = json.loads(run("audit", "verify", "-o", "json").stdout)
    assert report["intact"] is False and report["faults"][0]["row"] == 3


def test_verify_sees_rows_cut_off(run, line, state):
    head = run("audit", "verify").stdout.split("head ")[1].strip()
    tamper(state, "DELETE FROM audit WHERE sequence >= 4")
    assert run("audit", "verify").returncode == 5
    assert run("audit", "verify", "--head", head).returncode == 5


def test_history(run, line):
    done = run("history", "line-1")
    assert done.returncode == 0, done.stderr
    assert "DriftCorrected" in done.stdout and "2400" in done.stdout
    entries = json.loads(run("history", "line-1", "-o", "json").stdout)
    assert [e["time"] for e in entries] == sorted(e["time"] for e in entries)
    assert {"event", "state"} >= {e["kind"] for e in entries}
    assert run("sync", "line-1", "--yes").returncode == 0  # reads it once more
    values = json.loads(run("history", "line-1", "--register", "holding-4001", "-o", "json").stdout)
    assert values[0]["mean"] == 2400 and values[-1]["mean"] == 2500
    assert run("history", "nobody").stdout == ""


def test_shelve_is_seen_and_ends(run, line):
    assert run("shelve", "line-1", "--reason", "sensor is being changed").returncode == 2
    done = run("shelve", "line-1", "--for", "2h", "--reason", "sensor is being changed")
    assert done.returncode == 0, done.stderr
    assert re.match(r"line-1 shelved until \d{4}-", done.stdout)
    status = run("get-status")
    assert "Shelved" in status.stdout, status.stdout
    described = run("describe", "line-1").stdout
    assert "sensor is being changed" in described and "Shelved:" in described
    refused = run("sync", "line-1", "--yes")
    assert refused.returncode == 0 and "nothing to write" in refused.stdout
    assert run("unshelve", "line-1").returncode == 0
    assert "InSync" in run("get-status").stdout
    kinds = [r["kind"] for r in json.loads(run("audit", "line-1", "-o", "json").stdout)]
    assert kinds.index("shelve") < kinds.index("unshelve")
    assert run("audit", "verify").returncode == 0


@pytest.mark.parametrize("word,undo,status,why", [
    (["shelve", "line-1", "--for", "1h", "--reason", "valve stuck"], ["unshelve", "line-1"], "Shelved", "valve stuck"),
    (["suspend", "line-1", "--reason", "cleaning"], ["resume", "line-1"], "Suspended", "suspended by"),
    (["hold", "--reason", "night shift"], ["release"], "Drifted", "night shift"),
])
def test_an_override_stops_a_sync_until_it_is_undone(run, repository, line, word, undo, status, why):
    repository.commit({"line-1.yaml": manifest("line-1", line.port, value=2600, extra="  autoCorrect: false\n")})
    assert run(*word).returncode == 0
    assert status in run("get-status").stdout
    refused = run("sync", "line-1", "--yes", "--force")
    assert refused.returncode == 4, (refused.stdout, refused.stderr)
    assert why in refused.stdout + refused.stderr
    assert line.writes() == ["write 4001 2500"]
    assert why in run("describe", "line-1").stdout
    assert run(*undo).returncode == 0
    done = run("sync", "line-1", "--yes")
    assert done.returncode == 0, done.stderr
    assert line.writes() == ["write 4001 2500", "write 4001 2600"]


def test_release_without_a_hold_and_unknown_names(run, line):
    assert run("release").stdout == "no hold stands\n"
    done = run("suspend", "line-9")
    assert done.returncode == 2 and "no such device: line-9 (there are line-1)" in done.stderr
    done = run("shelve", "line-1", "--for", "1h", "--reason", "x", "--register", "speed")
    assert done.returncode == 2 and "no such register: speed" in done.stderr


def test_an_interrupted_sync_leaves_a_whole_audit(fabctl, run, repository, state):
    """Ctrl-C in the middle of a slow write: 130, and every intent in the audit has an outcome or is told as unknown."""
    port = free_port()
    slow = subprocess.Popen(
        [str(BIN / "mock-plc"), "--port", str(port), "--register", "4001", "--value", "2400", "--fault",
         "latency=400ms"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait_for("mock-plc", lambda: mbpoll_read(port, 4001) == 2400)
        repository.commit({"line-1.yaml": manifest("line-1", port, extra="  autoCorrect: false\n  timeoutMs: 5000\n")})
        process = fabctl.start("sync", "line-1", "--yes", "--git", str(repository.path))
        assert "2400 → 2500" in process.stdout.readline()
        time.sleep(0.2)  # where in the write it falls does not matter
        process.send_signal(signal.SIGINT)
        assert process.wait(40) == 130
        errors = process.stderr.read()
        assert len(errors.splitlines()) <= 1 and "Fatal" not in errors, errors
        assert run("audit", "verify").returncode == 0
        # The next one takes over and finishes.
        done = run("sync", "line-1", "--yes")
        assert done.returncode == 0, done.stderr
        assert mbpoll_read(port, 4001) == 2500
        kinds = [r["kind"] for r in json.loads(run("audit", "line-1", "-o", "json").stdout)]
        assert kinds.count("outcome") >= kinds.count("intent")
    finally:
        slow.kill()
        slow.wait()


def test_a_running_controller_takes_up_what_is_said_elsewhere(repository, plc, fabctl, run):
    device = plc({4001: 2500})
    repository.commit({"line-1.yaml": manifest("line-1", device.port)})
    controller = fabctl.start("watch", "--git", str(repository.path), "--plain")
    wait_for("the controller to read", lambda: controller.stdout.readline().find("Connected") >= 0)

    def turn(value):
        subprocess.run(
            ["mbpoll", "-0", "-m", "tcp", "-p", str(device.port), "-a", "1", "-r", "4001", "-1", "127.0.0.1",
             str(value)], check=True, capture_output=True)

    done = run("hold", "--reason", "maintenance")
    assert done.returncode == 0, done.stderr
    assert "pid" in done.stdout, done.stdout
    turn(2400)
    wait_for("the drift", lambda: "DriftDetected" in controller.stdout.readline())
    time.sleep(1.5)  # more than a poll
    assert device.read(4001) == 2400
    assert run("sync", "line-1", "--yes").returncode == 4
    done = run("release")
    assert done.returncode == 0, done.stderr
    wait_for("the correction", lambda: device.read(4001) == 2500)

    assert run("suspend", "line-1").returncode == 0
    turn(2300)
    time.sleep(2.5)
    assert device.read(4001) == 2300
    assert run("shelve", "line-1", "--for", "1h", "--reason", "sensor").returncode == 0
    assert run("resume", "line-1").returncode == 0
    time.sleep(2)
    assert device.read(4001) == 2300
    assert run("unshelve", "line-1").returncode == 0
    wait_for("the correction", lambda: device.read(4001) == 2500)
    kinds = [record["kind"] for record in json.loads(run("audit", "-o", "json").stdout)]
    assert kinds.count("taken-up") == 6
    assert run("audit", "verify").returncode == 0


def test_a_journal_that_is_moved_away_loses_nobodys_word(repository, plc, fabctl, run, state):
    """As the runbook says of a damaged one: what was said before stands, what is said after is heard."""
    device = plc({4001: 2500})
    repository.commit({"line-1.yaml": manifest("line-1", device.port)})

    def control():
        controller = fabctl.start("watch", "--git", str(repository.path), "--plain")
        wait_for("the controller to read", lambda: controller.stdout.readline().find("Connected") >= 0)
        return controller

    controller = control()
    assert run("suspend", "line-1").returncode == 0
    (journal,) = (state / "fabgitops").glob("*/journal.sqlite")
    (state / "old").mkdir()
    for file in [*journal.parent.glob("journal.sqlite*"), journal.parent / "audit.head"]:
        file.rename(state / "old" / file.name)
    wait_for("another journal", lambda: "JournalReplaced" in controller.stdout.readline())
    done = run("hold", "--reason", "maintenance")
    assert done.returncode == 0 and "taken up" in done.stdout, done.stdout + done.stderr
    controller.send_signal(signal.SIGTERM)
    controller.wait(10)

    control()
    subprocess.run(
        ["mbpoll", "-0", "-m", "tcp", "-p", str(device.port), "-a", "1", "-r", "4001", "-1", "127.0.0.1", "2400"],
        check=True, capture_output=True)
    assert run("release").returncode == 0
    time.sleep(2.5)  # more than two polls
    assert device.read(4001) == 2400, "still suspended"
    assert run("resume", "line-1").returncode == 0
    wait_for("the correction", lambda: device.read(4001) == 2500)
    # Its last head may have been noted again before another journal was begun: then that is told until it is put away.
    for lost in journal.parent.glob("audit.head.lost-*"):
        told = run("audit", "verify")
        assert told.returncode == 5 and lost.name in told.stderr + told.stdout, told
        lost.rename(state / "old" / lost.name)
    assert run("audit", "verify").returncode == 0


def test_a_journal_that_could_not_be_opened_at_the_start_is_heard_once_it_can(repository, plc, fabctl, run, state):
    device = plc({4001: 2500})
    repository.commit({"line-1.yaml": manifest("line-1", device.port)})
    assert run("suspend", "line-1").returncode == 0
    (journal,) = (state / "fabgitops").glob("*/journal.sqlite")
    journal.rename(state / "kept")
    journal.mkdir()
    controller = fabctl.start("watch", "--git", str(repository.path), "--plain")
    wait_for("the alarm", lambda: "JournalUnavailable" in controller.stdout.readline())
    journal.rmdir()
    (state / "kept").rename(journal)
    wait_for("it to heal", lambda: "JournalRestored" in controller.stdout.readline())
    subprocess.run(
        ["mbpoll", "-0", "-m", "tcp", "-p", str(device.port), "-a", "1", "-r", "4001", "-1", "127.0.0.1", "2400"],
        check=True, capture_output=True)
    wait_for("the drift", lambda: "DriftDetected" in controller.stdout.readline())
    time.sleep(2.5)  # more than two polls
    assert device.read(4001) == 2400, "suspended before the start"
    done = run("resume", "line-1")
    assert done.returncode == 0 and "taken up" in done.stdout, done.stdout + done.stderr
    wait_for("the correction", lambda: device.read(4001) == 2500)


def test_a_stopped_controller_is_named(repository, plc, fabctl, run):
    device = plc({4001: 2500})
    repository.commit({"line-1.yaml": manifest("line-1", device.port)})
    controller = fabctl.start("watch", "--git", str(repository.path), "--plain")
    wait_for("the controller to read", lambda: controller.stdout.readline().find("Connected") >= 0)
    controller.send_signal(signal.SIGSTOP)
    done = run("hold", "--reason", "maintenance")
    assert done.returncode == 7 and f"pid {controller.pid}" in done.stderr, done.stderr
    controller.send_signal(signal.SIGCONT)
    wait_for("it to be taken up", lambda: "taken-up" in run("audit", "-o", "json").stdout)

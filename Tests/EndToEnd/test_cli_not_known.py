"""Devices that cannot be read hide no others, and are never called in sync."""

import re
import subprocess

import pytest

from conftest import BIN, manifest, wait_for


@pytest.fixture
def refusing(tmp_path):
    """Starts mock-plcs with faults; returns their ports."""
    running = []

    def start(*faults):
        log = tmp_path / f"refusing-{len(running)}.log"
        with open(log, "w") as out:
            flags = [f"--fault={fault}" for fault in faults]
            running.append(subprocess.Popen([str(BIN / "mock-plc"), "--port", "0", *flags], stdout=out))
        return int(wait_for("mock-plc", lambda: re.findall(r"listening on .*:(\d+)", log.read_text()))[0])

    yield start
    for process in running:
        process.kill()
        process.wait()


def test_one_busy_plc_hides_no_others(fabctl, repository, plc, refusing):
    drifted, busy = plc({4001: 2400}), refusing("busy=1")
    repository.commit({"a.yaml": manifest("line-1", drifted.port), "b.yaml": manifest("line-2", busy)})
    git = ["--git", str(repository.path)]
    status = fabctl.start("get-status", *git)
    diff = fabctl("diff", *git)
    assert (diff.returncode, diff.stderr) == (7, "default/line-2: not read within 60 s: busy, or slow to answer\n")
    assert "default/line-1 holding-4001" in diff.stdout and "line-2" not in diff.stdout
    out, errors = status.communicate(timeout=60)
    assert (status.returncode, errors) == (7, diff.stderr)
    rows = {row.split()[0]: row for row in out.splitlines()}
    assert "Drifted" in rows["line-1"] and " ? " in rows["line-2"]
    assert fabctl("get-status", "line-1", *git).returncode == 0
    sync = fabctl("sync", "--all", "--yes", "--timeout", "3", *git)
    assert sync.returncode == 7 and "no answer within 3 s from default/line-2: busy" in sync.stderr, sync


def test_a_register_that_is_refused_is_not_in_sync(fabctl, repository, plc, refusing):
    device = refusing("exception=1:2")
    repository.commit({"a.yaml": manifest("line-1", device)})
    git = ["--git", str(repository.path)]
    line = "holding-4001: not known: the device refuses to give it (exception 2, illegal data address)"
    for words in (["diff"], ["get-status", "--exit-code"]):
        done = fabctl(*words, *git)
        assert (done.returncode, done.stderr) == (3, f"default/line-1 {line}\n"), words
    assert fabctl("get-status", *git).returncode == 0
    done = fabctl("sync", "--all", "--yes", *git)
    assert done.returncode in (3, 4) and "in sync" not in done.stdout and "refuse" in done.stdout + done.stderr
    drifted = plc({4001: 2400})
    repository.commit({"b.yaml": manifest("line-2", drifted.port)})
    done = fabctl("diff", *git)
    assert done.returncode == 1 and line in done.stderr and "line-2" in done.stdout

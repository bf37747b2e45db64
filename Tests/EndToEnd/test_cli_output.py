"""What becomes of a command whose output goes nowhere: a closed pipe, a full disk, a reader that is slow."""

import json
import os
import resource
import subprocess
import time

import pytest

from conftest import BIN, manifest
from test_cli_status import labelled
from test_safety import can_mount


@pytest.fixture
def git(repository):
    return ["--git", str(repository.path)]


@pytest.fixture
def unread(fabctl):
    """Runs fabctl with a pipe that nobody reads for an output."""
    def run(*arguments):
        reading, writing = os.pipe()
        os.close(reading)
        try:
            return subprocess.run(
                [str(BIN / "fabctl"), *arguments], stdin=subprocess.DEVNULL, stdout=writing, stderr=subprocess.PIPE,
                text=True, timeout=120, check=False)
        finally:
            os.close(writing)
    return run


def kinds(fabctl, git):
    done = fabctl("audit", *git, "-o", "json")
    return [record["kind"] for record in json.loads(done.stdout)]


def test_nobody_reads_and_the_code_is_that_of_the_command(unread, repository, git, plc, tmp_path):
    device = plc({4001: 2400})
    repository.commit({"a.yaml": manifest("line-1", device.port, extra="  suspend: true\n")})
    for words, code in [(["diff"], 1), (["get-status", "--exit-code"], 1), (["get-status"], 0),
                        (["sync", "--all", "--yes"], 4)]:
        done = unread(*words, *git)
        assert (done.returncode, "cannot write" in done.stderr) == (code, False), (words, done.stderr)
    wrong = tmp_path / "wrong.yaml"
    wrong.write_text(manifest("line-1", 70000))
    assert unread("lint", str(wrong)).returncode == 5
    assert unread("schema").returncode == 0 and unread("--help").returncode == 0
    assert device.writes() == []


def test_a_sync_that_was_confirmed_goes_on_though_nobody_reads(unread, fabctl, repository, git, plc):
    device = plc({4001: 2400})
    repository.commit({"a.yaml": manifest("line-1", device.port)})
    done = unread("sync", "line-1", "--yes", *git)
    assert (done.returncode, done.stderr) == (0, "") and device.read(4001) == 2500
    assert {"started", "intent", "outcome", "stopped"} <= set(kinds(fabctl, git))


def test_a_controller_whose_reader_goes_away_stops_in_order(fabctl, repository, git, plc):
    device = plc({4001: 2500})
    repository.commit({"a.yaml": manifest("line-1", device.port)})
    process = fabctl.start("watch", "--plain", *git)
    assert process.stdout.readline().startswith("#")
    process.stdout.close()
    # The next line finds nobody.
    repository.commit({"a.yaml": manifest("line-1", device.port, value=2600)})
    assert process.wait(60) == 0, process.stderr.read()
    assert kinds(fabctl, git)[-1] == "stopped"
    follower = fabctl.start("get-status", "--watch", "--no-headers", *git)
    assert follower.stdout.readline().startswith("line-1")
    follower.stdout.close()
    repository.commit({"a.yaml": manifest("line-1", device.port, value=2700)})
    assert follower.wait(60) == 0, follower.stderr.read()


def full(*arguments):
    with open("/dev/full", "w") as nowhere:
        return subprocess.run(
            [str(BIN / "fabctl"), *arguments], stdin=subprocess.DEVNULL, stdout=nowhere, stderr=subprocess.PIPE,
            text=True, timeout=120, check=False)


def test_output_that_cannot_be_written_is_eight(fabctl, repository, git, plc, tmp_path):
    lost = "fabctl: cannot write the output: No space left on device\n"
    first, second = plc({4001: 2500}), plc({4001: 2400})
    repository.commit({"a.yaml": labelled("line-1", first.port), "b.yaml": labelled("line-2", second.port)})
    address = f"127.0.0.1:{first.port}"
    for words in (["schema"], ["--help"], ["version"], ["get-status", *git], ["diff", *git],
                  ["themes", "--preview", "mono"], ["watch", "--plain", "--observe", *git],
                  ["capture", address, "--range", "4001", "--no-identity"]):
        done = full(*words)
        assert (done.returncode, done.stderr) == (8, lost), words
    # To have failed is worse, and what was confirmed is done.
    wrong = tmp_path / "wrong.yaml"
    wrong.write_text(manifest("line-1", 70000))
    done = full("lint", str(wrong))
    assert (done.returncode, done.stderr.count(lost)) == (5, 1)
    done = full("sync", "line-2", "--yes", *git)
    assert (done.returncode, done.stderr) == (8, lost) and second.read(4001) == 2500
    assert kinds(fabctl, git)[-1] == "stopped"


@pytest.mark.skipif(not can_mount(), reason="needs root, to mount a disk of its own")
def test_a_file_that_is_cut_is_told(tmp_path):
    place = tmp_path / "small"
    place.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4k", "tmpfs", str(place)], check=True)
    try:
        with open(place / "schema", "w") as file:
            done = subprocess.run(
                [str(BIN / "fabctl"), "schema"], stdout=file, stderr=subprocess.PIPE, text=True, check=False)
        assert (done.returncode, done.stderr) == (8, "fabctl: cannot write the output: No space left on device\n")
    finally:
        subprocess.run(["umount", str(place)], check=True)


def test_a_closed_stream_is_told_and_no_connection_takes_its_place(repository, git, plc):
    device = plc({4001: 2400})
    repository.commit({"a.yaml": manifest("line-1", device.port)})
    done = subprocess.run(
        f"exec {BIN}/fabctl sync line-1 --yes --git {repository.path} >&-", shell=True, stdin=subprocess.DEVNULL,
        stderr=subprocess.PIPE, text=True, timeout=120, check=False)
    assert (done.returncode, done.stderr) == (8, "fabctl: cannot write the output: Bad file descriptor\n")
    assert device.writes() == ["write 4001 2500"]


def test_a_slow_reader_is_waited_for_without_work(fabctl):
    whole = fabctl("schema").stdout
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    # More than a pipe holds.
    words = "for i in 1 2 3 4 5 6 7 8; do \"$0\" schema || exit; done"
    process = subprocess.Popen(["bash", "-c", words, str(BIN / "fabctl")], stdout=writing)
    os.close(writing)
    time.sleep(3)
    assert process.poll() is None
    with open(reading) as file:
        assert file.read() == whole * 8
    assert process.wait(60) == 0
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert after.ru_stime - before.ru_stime < 1.5

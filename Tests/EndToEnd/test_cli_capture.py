"""capture and adopt: the way in for an existing plant, and the way back from the device into Git."""

import json
import subprocess

import yaml

from conftest import BIN, free_port, manifest, mbpoll_read, wait_for


def write(port, address, value):
    subprocess.run(["mbpoll", "-0", "-m", "tcp", "-p", str(port), "-a", "1", "-r", str(address), "-1", "127.0.0.1",
                    str(value)], check=True, capture_output=True)


def test_capture_commit_change_adopt_merge(fabctl, repository, plc):
    device = plc({4001: 2500, 4002: 31, 4003: 7})
    captured = fabctl("capture", "127.0.0.1", "--port", str(device.port), "--range", "4001-4003", "--name", "line-1")
    assert captured.returncode == 0, captured.stderr
    repository.commit({"line-1.yaml": captured.stdout}, message="Take line 1 in as it is")
    git = ["--git", str(repository.path)]
    status = fabctl("get-status", *git)
    assert status.returncode == 0 and " InSync " in status.stdout, status.stdout + status.stderr
    write(device.port, 4002, 44)
    assert "Drifted" in fabctl("get-status", *git).stdout
    before = repository.git("rev-parse", "HEAD")
    adopted = fabctl("adopt", "line-1", *git)
    assert adopted.returncode == 0, adopted.stderr
    branch = adopted.stdout.split()[0]
    assert branch.startswith("adopt/line-1-") and f"git merge {branch}" in adopted.stderr
    assert repository.git("rev-parse", "HEAD") == before and repository.git("status", "--porcelain") == ""
    assert "Drifted" in fabctl("get-status", *git).stdout
    repository.git("merge", "-q", "--no-edit", branch)
    status = fabctl("get-status", *git)
    assert " InSync " in status.stdout, status.stdout
    log = repository.git("log", "-p", "-1", branch)
    assert "holding-4002: 31 -> 44" in log and "+" in log and "Adopt" in log
    (record,) = json.loads(fabctl("audit", "--kind", "adopt", "-o", "json", *git).stdout)
    assert record["device"] == "default/line-1" and branch in record["detail"]
    assert device.writes() == ["write 4002 44"]


def test_adopt_refuses_what_makes_no_sense(fabctl, repository, plc):
    device = plc({4001: 2500})
    repository.commit({"a.yaml": manifest("line-1", device.port)})
    git = ["--git", str(repository.path)]
    calm = fabctl("adopt", "line-1", *git)
    assert calm.returncode == 4 and "in sync" in calm.stderr
    unknown = fabctl("adopt", "line-1", "speed", *git)
    assert unknown.returncode == 2 and "no such register: speed" in unknown.stderr
    device.stop()
    assert fabctl("adopt", "line-1", *git).returncode == 3


def test_adopt_pushes(fabctl, repository, plc, tmp_path):
    device = plc({4001: 2400})
    repository.commit({"a.yaml": manifest("line-1", device.port)})
    subprocess.run(["git", "init", "-q", "--bare", str(tmp_path / "hub.git")], check=True)
    repository.git("remote", "add", "origin", str(tmp_path / "hub.git"))
    done = fabctl("adopt", "line-1", "--push", "--git", str(repository.path))
    assert done.returncode == 0, done.stderr
    branches = subprocess.run(["git", "-C", str(tmp_path / "hub.git"), "branch"], capture_output=True, text=True)
    assert done.stdout.split()[0] in branches.stdout


def test_capture_passes_lint_in_every_shape(fabctl, plc, tmp_path):
    device = plc({4001: 16968, 4002: 0, 4003: 5})
    base = ["capture", f"127.0.0.1:{device.port}"]
    for options in (["--range", "4001"], ["--range", "4001-4002", "--type", "float32"],
                    ["--range", "input:4001+3"], ["--range", "4001-4003", "--monitor", "--label", "zone=a"],
                    ["--range", "0-999", "--tag", "big", "--max-registers-per-request", "50"],
                    ["--range", "coil:0-15", "--range", "4001"]):
        done = fabctl(*base, *options)
        assert done.returncode == 0, (options, done.stderr)
        path = tmp_path / "captured.yaml"
        path.write_text(done.stdout)
        lint = fabctl("lint", str(path))
        assert lint.returncode == 0, (options, done.stdout, lint.stdout)
    spec = yaml.safe_load(fabctl(*base, "--range", "4001-4002", "--type", "float32").stdout)["spec"]
    assert spec["registers"] == [{"address": 4001, "type": "float32", "value": 50}]
    assert spec["autoCorrect"] is False
    as_json = json.loads(fabctl(*base, "--range", "4001", "-o", "json").stdout)
    assert as_json["spec"]["targetValue"] == 16968


def test_capture_finds_holes_and_tells_who_made_it(fabctl, tmp_path):
    mock_map = tmp_path / "map.yaml"
    port = free_port()
    mock_map.write_text("")
    process = subprocess.Popen(
        [str(BIN / "mock-plc"), "--port", str(port), "--register", "4001", "--value", "7"],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait_for("mock-plc", lambda: mbpoll_read(port, 4001) == 7)
        done = fabctl("capture", f"127.0.0.1:{port}", "--range", "4001")
        assert done.returncode == 0, done.stderr
        document = yaml.safe_load(done.stdout)
        assert document["spec"]["targetValue"] == 7
    finally:
        process.terminate()
        process.wait()


def test_capture_of_nobody(fabctl):
    done = fabctl("capture", "127.0.0.1", "--port", str(free_port()), "--range", "1")
    assert (done.returncode, done.stdout) == (3, "") and len(done.stderr.splitlines()) == 1, done.stderr

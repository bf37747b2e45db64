"""Wrong sources, wrong terminals and PLCs that misbehave: a clear message each, and nobody else suffers."""

import json
import socket
import struct
import threading

import pytest

from conftest import BIN, Repository, free_port, manifest, wait_for


def test_a_path_that_is_no_repository(fabctl, tmp_path):
    (tmp_path / "plain").mkdir()
    done = fabctl("get-status", "--git", str(tmp_path / "plain"))
    assert (done.returncode, done.stdout) == (6, ""), done.stderr
    assert "not a Git repository" in done.stderr and len(done.stderr.splitlines()) == 1


def test_a_ref_that_does_not_exist(fabctl, repository):
    repository.commit({"line-1.yaml": manifest("line-1", 1502)})
    done = fabctl("get-status", "--git", str(repository.path), "--ref", "mian")
    assert done.returncode == 6, done.stderr
    assert "mian" in done.stderr and "main" in done.stderr


def test_a_repository_without_commits_and_an_empty_directory(fabctl, repository):
    done = fabctl("get-status", "--git", str(repository.path))
    assert done.returncode == 6, done.stderr
    assert "commit" in done.stderr
    repository.commit({"README.md": "nothing here\n"})
    done = fabctl("get-status", "--git", str(repository.path))
    assert done.returncode == 5, done.stderr
    assert "no IndustrialPLC" in done.stderr


def test_three_mistakes_are_told_at_once(fabctl, repository):
    repository.commit({
        "line-1.yaml": manifest("line-1", 1502, value=70000, extra="  timeoutMs: -1\n  targetRegsiter: 7\n")
    })
    done = fabctl("get-status", "--git", str(repository.path))
    assert done.returncode == 5, done.stderr
    lines = [line for line in done.stderr.splitlines() if "line-1.yaml:" in line]
    assert len(lines) == 3, done.stderr
    assert "did you mean targetRegister?" in done.stderr


def test_dumb_terminal_and_no_terminal(terminal, fabctl, repository, plc):
    device = plc({4001: 2400})
    repository.commit({"line-1.yaml": manifest("line-1", device.port)})
    session = terminal()
    session.type(f"TERM=dumb {BIN}/fabctl watch --git {repository.path}; echo exit=$?")
    session.wait("--plain", "exit=2")
    process = fabctl.start("watch", "--git", str(repository.path))
    lines = []
    reader = threading.Thread(target=lambda: lines.extend(iter(process.stdout.readline, "")), daemon=True)
    reader.start()
    wait_for("plain lines", lambda: any("DriftCorrected" in line for line in lines))
    assert not any("\x1b" in line for line in lines)
    process.terminate()
    assert process.wait(timeout=20) == 0


class RawPLC:
    """Answers every read with bytes of the test's choosing."""

    def __init__(self, answer):
        self.answer = answer
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.talk, args=(connection,), daemon=True).start()

    def talk(self, connection):
        with connection:
            try:
                while request := connection.recv(260):
                    answer = self.answer(request)
                    if answer:
                        connection.sendall(answer)
            except OSError:
                return

    def stop(self):
        self.listener.close()


def frame(transaction, pdu, length=None):
    return struct.pack(">HHHB", transaction, 0, len(pdu) + 1 if length is None else length, 1) + pdu


ANSWERS = {
    "silent": lambda request: b"",
    "another's transaction id": lambda request: frame(request[0] * 256 + request[1] + 7, b"\x03\x02\x09\xc4"),
    "a wrong length": lambda request: frame(request[0] * 256 + request[1], b"\x03\x02\x09\xc4", length=9000),
    "too few registers": lambda request: frame(request[0] * 256 + request[1], b"\x03\x00"),
    "exception 2": lambda request: frame(request[0] * 256 + request[1], b"\x83\x02"),
}


@pytest.mark.parametrize("kind", [*ANSWERS, "refused"])
def test_a_misbehaving_plc_is_named_and_hurts_nobody_else(fabctl, repository, plc, kind):
    good = plc({4001: 2500})
    bad = RawPLC(ANSWERS[kind]) if kind != "refused" else None
    port = bad.port if bad else free_port()
    repository.commit({
        "good.yaml": manifest("good", good.port),
        "bad.yaml": manifest("bad", port, extra="  timeoutMs: 300\n"),
    })
    done = fabctl("get-status", "--git", str(repository.path), "-o", "json")
    if bad:
        bad.stop()
    items = {item["metadata"]["name"]: item["status"] for item in json.loads(done.stdout)["items"]}
    assert items["good"]["inSync"] is True and items["good"]["currentValue"] == 2500
    assert items["bad"].get("currentValue") is None
    assert items["bad"].get("inSync") is not True
    if kind == "exception 2":
        assert "illegal data address" in done.stdout
    else:
        assert items["bad"]["phase"] == "Failed"
        assert items["bad"]["lastError"]
        assert done.returncode == 3, done.stderr


def test_get_status_prints_a_list_and_nothing_else(fabctl, repository, plc):
    device = plc({4001: 2400})
    repository.commit({"line-1.yaml": manifest("line-1", device.port)})
    done = fabctl("get-status", "--git", str(repository.path), "-o", "json")
    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    assert (document["apiVersion"], document["kind"]) == ("v1", "List")
    (item,) = document["items"]
    assert (item["apiVersion"], item["kind"]) == ("fabgitops.io/v1", "IndustrialPLC")
    assert item["status"]["currentValue"] == 2400 and item["status"]["inSync"] is False
    assert device.writes() == []
    drift = fabctl("get-status", "--git", str(repository.path), "--exit-code")
    assert drift.returncode == 1
    assert "Drifted" in drift.stdout

"""mbaps:// from the manifest to the PLC: certificates by name, roles, rotation without restart, and what is said when it fails."""

import json
import pathlib
import re
import subprocess
import sys

import pytest

from conftest import BIN, HERE, PATIENCE, wait_for

sys.path.insert(0, str(HERE.parent / "Interop"))
from certificates import Authority  # noqa: E402


class SecurePLC:
    def __init__(self, folder, *flags):
        self.path = folder / "mock.log"
        self.log = self.path.open("w")
        self.process = subprocess.Popen(
            [str(BIN / "mock-plc"), *([] if "--port" in flags else ["--port", "0"]), "--value", "2400", "--verbose", *flags], stdout=self.log,
            stderr=subprocess.STDOUT)
        found = wait_for("mock-plc to listen", lambda: re.search(r":(\d+) plc=", self.text()))
        self.port = int(found[1])

    def text(self):
        return self.path.read_text()

    def stop(self):
        self.process.kill()
        self.process.wait()
        self.log.close()


@pytest.fixture
def authority(tmp_path, state, monkeypatch):
    """Credentials of three roles in the TLS directory of fabctl."""
    made = Authority(str(tmp_path / "config" / "fabgitops" / "tls"))
    monkeypatch.delenv("FABGITOPS_TLS_DIR", raising=False)
    for name, role in (("plant-a", "operator"), ("guest", "viewer"), ("device", None)):
        made.issue(name, role)
    return made


@pytest.fixture
def secure(tmp_path, authority):
    device = pathlib.Path(authority.folder) / "device"
    plc = SecurePLC(
        tmp_path, "--tls-cert", str(device / "tls.crt"), "--tls-key", str(device / "tls.key"), "--tls-ca",
        str(device / "ca.crt"), "--write-role", "operator")
    yield plc
    plc.stop()


def manifest(port, credentials, extra=""):
    return (
        "apiVersion: fabgitops.io/v1\nkind: IndustrialPLC\nmetadata: { name: line-1 }\nspec:\n"
        f"  deviceAddress: mbaps://127.0.0.1:{port}\n  tls: {{ credentials: {credentials}{extra} }}\n"
        "  targetRegister: 4001\n  targetValue: 2500\n  pollIntervalSecs: 1\n")


def test_an_operators_certificate_writes(fabctl, repository, secure):
    repository.commit({"line-1.yaml": manifest(secure.port, "plant-a")})
    git = ["--git", str(repository.path)]
    assert "2400" in fabctl("get-status", *git).stdout
    synced = fabctl("sync", "line-1", "--yes", *git)
    assert synced.returncode == 0, synced.stdout + synced.stderr
    status = fabctl("get-status", *git, "-o", "json")
    (item,) = json.loads(status.stdout)["items"]
    assert item["status"]["currentValue"] == 2500 and item["status"]["inSync"] is True
    assert item["spec"]["tls"] == {"credentials": "plant-a"}
    assert "role=operator" in secure.text() and "outcome=applied" in secure.text()


def test_a_viewers_certificate_reads_and_its_write_is_refused(fabctl, repository, secure):
    repository.commit({"line-1.yaml": manifest(secure.port, "guest")})
    git = ["--git", str(repository.path)]
    assert "2400" in fabctl("get-status", *git).stdout
    refused = fabctl("sync", "line-1", "--yes", *git)
    assert refused.returncode != 0
    assert "illegal function" in refused.stdout + refused.stderr, refused.stdout + refused.stderr
    assert "outcome=refused" in secure.text() and "outcome=applied" not in secure.text()


def test_new_files_are_used_without_a_restart(fabctl, repository, secure, authority):
    """The watch starts as a viewer and may not write; the certificate is replaced, the connection cut: now it may."""
    repository.commit({"line-1.yaml": manifest(secure.port, "guest")})
    fabctl.start("watch", "--git", str(repository.path), "--plain")
    wait_for("a refused write", lambda: "outcome=refused" in secure.text())
    authority.issue("guest", "operator")
    # The device restarts.
    secure.stop()
    device = pathlib.Path(authority.folder) / "device"
    again = SecurePLC(
        pathlib.Path(authority.folder), "--port", str(secure.port), "--tls-cert", str(device / "tls.crt"), "--tls-key",
        str(device / "tls.key"), "--tls-ca", str(device / "ca.crt"), "--write-role", "operator")
    try:
        wait_for("a write by the new role", lambda: "outcome=applied" in again.text(), timeout=PATIENCE * 2)
        assert "role=operator" in again.text()
    finally:
        again.stop()


@pytest.mark.parametrize("credentials, extra, said", [
    ("nobody", "", r"TLS: \S+/fabgitops/tls/nobody/tls\.crt: No such file or directory"),
    ("plant-a", ", serverName: oven-7.example", r"TLS: the device's certificate is for another name or address"),
])
def test_what_is_wrong_is_said_in_one_line(fabctl, repository, secure, credentials, extra, said):
    repository.commit({"line-1.yaml": manifest(secure.port, credentials, extra)})
    done = fabctl("describe", "line-1", "--git", str(repository.path))
    assert re.search(said, done.stdout + done.stderr), done.stdout + done.stderr
    status = fabctl("get-status", "--git", str(repository.path))
    assert status.returncode == 3 and "Unreachable" in status.stdout


def test_capture_takes_a_secure_device_in(fabctl, repository, secure):
    done = fabctl("capture", f"mbaps://127.0.0.1:{secure.port}", "--credentials", "plant-a", "--range", "4001", "--name",
                  "line-1")
    assert done.returncode == 0, done.stderr
    repository.commit({"line-1.yaml": done.stdout})
    status = fabctl("get-status", "--git", str(repository.path))
    assert " InSync " in status.stdout, done.stdout + status.stdout + status.stderr


def test_the_mock_says_what_is_wrong_with_its_files(tmp_path, authority):
    def run(*flags):
        done = subprocess.run([str(BIN / "mock-plc"), *flags], capture_output=True, text=True, timeout=PATIENCE, check=False)
        return done.returncode, done.stderr

    assert run("--tls-cert", "x") == (2, "mock-plc: --tls-cert, --tls-key and --tls-ca belong together\n")
    code, said = run("--write-role", "operator")
    assert code == 2 and "--write-role needs --tls-cert" in said
    code, said = run("--port", "0", "--tls-cert", "/absent", "--tls-key", "/absent", "--tls-ca", "/absent")
    assert code == 1 and "TLS: /absent: No such file or directory" in said

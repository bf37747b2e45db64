"""Nothing that fabctl and mock-plc do needs root."""

import os
import shutil
import subprocess

import pytest

from conftest import BIN, free_port, wait_for

NOBODY = ["setpriv", "--reuid", "65532", "--regid", "65532", "--clear-groups", "--no-new-privs", "--bounding-set=-all"]


@pytest.mark.skipif(os.getuid() != 0, reason="not root, so every other test shows it")
def test_a_user_without_rights_reads_a_plc(tmp_path):
    tmp_path.chmod(0o755)
    for above in tmp_path.parents:
        # pytest keeps its folders to itself; a user must get through them.
        if above.owner() == "root" and above.name.startswith("pytest"):
            above.chmod(0o755)
    for name in ("fabctl", "mock-plc"):
        shutil.copy(BIN / name, tmp_path / name)
    port = free_port()
    device = subprocess.Popen(
        [*NOBODY, tmp_path / "mock-plc", "--port", str(port), "--register", "4001", "--value", "2400"],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd="/")
    try:
        def capture():
            return subprocess.run(
                [*NOBODY, tmp_path / "fabctl", "capture", f"127.0.0.1:{port}", "--range", "4001", "--no-identity"],
                capture_output=True, text=True, timeout=60, cwd="/", check=False)
        done = wait_for(lambda: capture().stderr, lambda: (lambda d: d if d.returncode == 0 else None)(capture()))
        assert "targetValue: 2400" in done.stdout
    finally:
        device.kill()
        device.wait()


@pytest.mark.skipif(os.getuid() != 0, reason="unmounting /proc wants root")
@pytest.mark.parametrize("program,words,expected", [
    ("fabctl", ["version"], "fabctl 0."), ("fabctl", ["lint", "/nowhere"], "/nowhere: no such file"),
    ("mock-plc", ["--port", "none"], "'none'")])
def test_arguments_are_seen_without_proc(program, words, expected):
    """As in a bare chroot, where the runtime finds no /proc/self/cmdline."""
    done = subprocess.run(
        ["unshare", "-m", "bash", "-c", 'mount --make-rprivate / && umount -l /proc && exec "$@"', "_", BIN / program, *words],
        capture_output=True, text=True, timeout=60, env=dict(os.environ, SWIFT_BACKTRACE="enable=no"), check=False)
    assert expected in done.stdout + done.stderr, done

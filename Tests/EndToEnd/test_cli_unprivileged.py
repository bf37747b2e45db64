"""Nothing that fabctl and mock-plc do needs root, nor much of a system."""

import concurrent.futures
import os
import shutil
import subprocess

import pytest

from conftest import BIN, free_port, manifest, wait_for

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


@pytest.mark.skipif(os.getuid() != 0, reason="unmounting /proc wants root")
def test_plcs_are_read_without_proc(tmp_path, repository, plc):
    """libdispatch ends a process that cannot read /proc/TID/stat: about one run in three of a second's length."""
    device = plc({4001: 2500})
    repository.commit({"line-1.yaml": manifest("line-1", device.port)})
    def status(run):
        return subprocess.run(
            ["unshare", "-m", "bash", "-c", 'mount --make-rprivate / && umount -l /proc && exec "$@"', "_",
             BIN / "fabctl", "get-status", "--git", repository.path], capture_output=True, text=True, timeout=120,
            env=dict(os.environ, SWIFT_BACKTRACE="enable=no", XDG_STATE_HOME=str(tmp_path / str(run))), check=False)
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        for done in pool.map(status, range(16)):
            assert done.returncode == 0 and "InSync" in done.stdout, done


def test_more_plcs_than_the_soft_limit_of_descriptors(tmp_path, repository):
    """A shell allows 1024 unless told; what counts is what may be had."""
    port = free_port()
    device = subprocess.Popen(
        [BIN / "mock-plc", "--port", str(port), "--count", "100", "--addresses", "--register", "4001", "--value", "2500"],
        stdout=subprocess.DEVNULL)
    try:
        repository.commit({"all.yaml": "---\n".join(manifest(f"line-{n}", port).replace("127.0.0.1", f"127.0.0.{n}") for n in range(1, 101))})
        done = wait_for("100 PLCs in sync", lambda: (lambda d: d if d.stdout.count("InSync") == 100 else None)(
            subprocess.run(["prlimit", "--nofile=64:4096", BIN / "fabctl", "get-status", "--git", repository.path],
                           capture_output=True, text=True, timeout=120, check=False,
                           env=dict(os.environ, XDG_STATE_HOME=str(tmp_path / "state")))))
        assert done.returncode == 0, done
    finally:
        device.kill()
        device.wait()

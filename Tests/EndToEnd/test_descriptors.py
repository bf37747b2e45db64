"""Running out of file descriptors: a trouble of Git like others, which ends with its cause."""

import os
import subprocess

import pytest

from conftest import BIN, manifest, wait_for
from test_run import start


def limit(pid, count):
    subprocess.run(["prlimit", f"--pid={pid}", f"--nofile={count}:4096"], check=True)


def test_a_commit_while_there_are_hardly_any_descriptors(fabctl, repository, plc):
    """However few are free, the process lives, and takes the commit when there are more."""
    device = plc({4001: 2500})
    repository.commit({"line-1.yaml": manifest("line-1", device.port)})
    process = start(fabctl, repository, "--git-interval", "1")
    wait_for("the first reading", lambda: device.read(4001) == 2500)
    for free in range(16):
        used = len(os.listdir(f"/proc/{process.pid}/fd"))
        limit(process.pid, used + free)
        value = 2600 + free
        repository.commit({"line-1.yaml": manifest("line-1", device.port, value=value)})
        try:
            wait_for("the commit to be seen", lambda: process.poll() is not None or device.read(4001) == value, timeout=1.5)
        except AssertionError:
            pass
        assert process.poll() is None, f"{free} free: {process.stderr.read()[-4000:]}"
        limit(process.pid, 4096)
        wait_for(lambda: f"{value} after {free} free", lambda: process.poll() is not None or device.read(4001) == value)
        assert process.poll() is None, f"{free} free: {process.stderr.read()[-4000:]}"


@pytest.mark.parametrize("count", [8, 12, 16, 24, 40, 63])
def test_too_few_to_start_with_are_told(repository, count):
    repository.commit({"line-1.yaml": manifest("line-1", 1)})
    done = subprocess.run(["prlimit", f"--nofile={count}:{count}", BIN / "fabctl", "list", "--git", repository.path],
                          capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 2, done
    assert done.stderr == (f"fabctl: only {count} file descriptors are allowed, it takes 64:"
                           " raise the limit (ulimit -n)\n")

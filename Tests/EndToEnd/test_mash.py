"""A short run of the random-keys campaign (Benchmarks/dashboard/mash.py runs it a million keys long)."""

import subprocess
import sys

from conftest import BIN, HERE

MASH = HERE.parent.parent / "Benchmarks" / "dashboard" / "mash.py"


def test_random_keys_and_resizes_over_a_faulty_fleet():
    done = subprocess.run(
        [sys.executable, str(MASH), "--build", str(BIN), "--count", "4000", "--seed", "11"], capture_output=True,
        text=True, timeout=240, check=False)
    print(done.stdout)
    assert done.returncode == 0, done.stdout + done.stderr

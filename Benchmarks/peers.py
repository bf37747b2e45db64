"""The programs that ours is measured beside: built from Benchmarks/peers, or installed."""

import importlib.util
import json
import pathlib
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent / "peers"


class Missing(Exception):
    """A peer that is not there, and how to get it."""


class Peers:
    """Builds each program in C once, when it is first wanted."""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)

    def program(self, name):
        binary = self.folder / name
        if binary.exists():
            return str(binary)
        flags = []
        if name.startswith("libmodbus"):
            found = subprocess.run(
                ["pkg-config", "--cflags", "--libs", "libmodbus"], capture_output=True, text=True, check=False)
            if found.returncode != 0:
                raise Missing("libmodbus is not installed: apt-get install libmodbus-dev pkg-config")
            flags = found.stdout.split()
        subprocess.run(
            ["cc", "-O2", "-o", str(binary), str(HERE / f"{name}.c"), *flags, "-lpthread"], check=True)
        return str(binary)

    def python(self, name, *packages):
        """The command that runs a peer in Python."""
        for package in packages:
            if importlib.util.find_spec(package) is None:
                raise Missing(f"{package} is not installed: python3 -m pip install -r Benchmarks/requirements.txt")
        return [sys.executable, str(HERE / f"{name}.py")]


def result_of(command, seconds=300):
    """Runs a peer to its end; the JSON object that it prints last."""
    done = subprocess.run(
        [str(part) for part in command], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=seconds,
        check=False)
    if done.returncode != 0 or not done.stdout.strip():
        raise RuntimeError(f"{command[0]} ended with {done.returncode}: {done.stderr[-400:]}")
    return json.loads(done.stdout.strip().splitlines()[-1])

"""The built programs, for scripts that run them against each other."""
import os
import re
import signal
import subprocess
import tempfile
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
PATIENCE = 60.0


def binary(name):
    path = os.path.join(os.environ.get("FABGITOPS_BIN") or os.path.join(ROOT, ".build", "debug"), name)
    if not os.access(path, os.X_OK):
        raise SystemExit(f"there is no {path}; build it first: swift build")
    return path


class MockPLC:
    """A running mock-plc on a port of its own; its log goes to a file."""

    def __init__(self, *flags):
        self.file = tempfile.NamedTemporaryFile("w+", suffix=".log")
        self.process = subprocess.Popen(
            [binary("mock-plc"), "--port", "0", *flags], stdout=self.file, stderr=subprocess.STDOUT)
        self.port = int(self.wait(r"^listening on .*:(\d+) ")[1])

    def log(self):
        with open(self.file.name) as log:
            return log.read()

    def wait(self, pattern, patience=PATIENCE):
        end = time.monotonic() + patience
        while time.monotonic() < end:
            found = re.search(pattern, self.log(), re.M)
            if found:
                return found
            if self.process.poll() is not None:
                break
            time.sleep(0.02)
        raise SystemExit(f"mock-plc never said {pattern}: {self.log()[-500:]}")

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(PATIENCE)


class Failures:
    """One line a check, and how many went wrong."""

    def __init__(self):
        self.count = 0

    def check(self, what, good, detail=""):
        print(("ok    " if good else "FAIL  ") + what + (f": {detail}" if detail and not good else ""))
        self.count += 0 if good else 1

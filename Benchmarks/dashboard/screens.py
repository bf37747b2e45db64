"""Programs on pseudo-terminals of their own, and plants for them to look at."""

import contextlib
import fcntl
import os
import pathlib
import pty
import select
import shutil
import signal
import socket
import struct
import subprocess
import tempfile
import termios
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent


def binaries(build):
    """The folder with fabctl and mock-plc, and what it was built as."""
    folder = pathlib.Path(build) if build else ROOT / ".build" / "release"
    if not build and not (folder / "fabctl").exists():
        folder = ROOT / ".build" / "debug"
    folder = folder.resolve()
    return folder, "release" if "release" in folder.name else "debug" if "debug" in folder.name else folder.name


def cpu(pid):
    """CPU seconds of a process, by its own clock (clock_getcpuclockid(3)): /proc/PID/stat only counts in ticks of 10 ms."""
    return time.clock_gettime((~pid << 3) | 2)


class Program:
    """A program on a pty. What it writes is counted, and kept or thrown away."""

    def __init__(self, arguments, columns, rows, term="xterm-256color", environment=None, feed=None, speed=None):
        self.count = 0
        self.feed = feed
        self.started = time.monotonic()
        variables = dict(os.environ, TERM=term, LC_ALL="C.UTF-8", **(environment or {}))
        for name in ("NO_COLOR", "TMUX", "STY", "SSH_CONNECTION", "COLORTERM"):
            variables.pop(name, None)
        self.pid, self.master = pty.fork()
        if self.pid == 0:
            fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
            if speed:
                modes = termios.tcgetattr(0)
                modes[4] = modes[5] = speed
                termios.tcsetattr(0, termios.TCSANOW, modes)
            os.execvpe(arguments[0], arguments, variables)
        self.resize(columns, rows)
        self.thread = None

    def drain(self):
        """Takes what is written, in a thread, as fast as it comes."""
        self.thread = threading.Thread(target=self._drain, daemon=True)
        self.thread.start()
        return self

    def _drain(self):
        with contextlib.suppress(OSError):
            while data := os.read(self.master, 65536):
                self.count += len(data)
                if self.feed:
                    self.feed(data)

    def read(self, most, timeout):
        """At most `most` bytes, or nothing within `timeout` seconds; None at the end."""
        if not select.select([self.master], [], [], timeout)[0]:
            return b""
        try:
            data = os.read(self.master, most)
        except OSError:
            return None
        self.count += len(data)
        return data or None

    def type(self, data):
        os.write(self.master, data)

    def resize(self, columns, rows):
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def cpu(self):
        """CPU seconds of the process so far, of threads that have ended too."""
        return cpu(self.pid)

    def threads(self):
        """CPU seconds so far of the threads that there are, by name."""
        found = {}
        for thread in pathlib.Path(f"/proc/{self.pid}/task").iterdir():
            with contextlib.suppress(OSError):
                name = (thread / "comm").read_text().strip()
                found[name] = found.get(name, 0) + int((thread / "schedstat").read_text().split()[0]) / 1e9
        return found

    def rss(self):
        """Resident bytes."""
        return int(pathlib.Path(f"/proc/{self.pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")

    def ended(self):
        """The exit status when it has ended (negative: the signal), else None."""
        pid, status = os.waitpid(self.pid, os.WNOHANG)
        return None if pid == 0 else os.waitstatus_to_exitcode(status)

    def stop(self):
        with contextlib.suppress(ProcessLookupError, ChildProcessError):
            os.kill(self.pid, signal.SIGTERM)
            for _ in range(100):
                if os.waitpid(self.pid, os.WNOHANG)[0]:
                    break
                time.sleep(0.05)
            else:
                os.kill(self.pid, signal.SIGKILL)
                os.waitpid(self.pid, 0)
        with contextlib.suppress(OSError):
            os.close(self.master)


def free_ports(count):
    """The first of `count` ports in a row that nobody has."""
    start = 21_000 + os.getpid() % 200 * 150
    for first in range(start, 60_000, count + 7):
        with contextlib.ExitStack() as stack, contextlib.suppress(OSError):
            for port in range(first, first + count):
                probe = stack.enter_context(socket.socket())
                # As mock-plc does: what is left of closed connections takes no port away.
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                probe.bind(("127.0.0.1", port))
            return first
    raise SystemExit("no free ports")


class Plant:
    """Mock PLCs, each with an address of its own up to 1,000, 200 to an address beyond; a repository that declares them."""

    def __init__(self, folder, devices, interval=1, mock=(), extra=""):
        self.devices = devices
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="fabgitops-plant-"))
        self.repository = self.folder / "plant"
        (self.repository / "lines").mkdir(parents=True)
        units = 1 if devices <= 1000 else 200
        ports = -(-devices // units)
        first = free_ports(ports)
        self.server = subprocess.Popen(
            [str(folder / "mock-plc"), "--port", str(first), "--count", str(ports), "--units", f"1-{units}",
             "--register", "4001", "--value", "2500", *mock], stdout=subprocess.DEVNULL)
        time.sleep(0.3)
        if self.server.poll() is not None:
            raise SystemExit("mock-plc did not start")
        documents = [[] for _ in range(ports)]
        for number in range(devices):
            port, unit = divmod(number, units)
            documents[port].append(
                "apiVersion: fabgitops.io/v1\nkind: IndustrialPLC\n"
                f"metadata: {{ name: plc-{number:05}, labels: {{ zone: {'abcd'[number % 4]} }} }}\n"
                f"spec:\n  deviceAddress: 127.0.0.1\n  port: {first + port}\n  unitId: {unit + 1}\n"
                f"  targetRegister: 4001\n  targetValue: 2500\n  pollIntervalSecs: {interval}\n{extra}")
        for port, texts in enumerate(documents):
            (self.repository / "lines" / f"{port}.yaml").write_text("---\n".join(texts))
        environment = dict(os.environ, GIT_CONFIG_GLOBAL="/dev/null", GIT_CONFIG_NOSYSTEM="1")
        for arguments in (["init", "-q", "-b", "main"], ["add", "-A"],
                          ["-c", "user.name=Plant", "-c", "user.email=plant@example.com", "commit", "-qm", "Plant"]):
            subprocess.run(["git", "-C", str(self.repository), *arguments], check=True, env=environment)
        self.environment = {"XDG_STATE_HOME": str(self.folder / "state"), "XDG_CONFIG_HOME": str(self.folder / "config")}

    def stop(self):
        self.server.kill()
        self.server.wait()
        shutil.rmtree(self.folder, ignore_errors=True)

"""What the benchmarks run on: mock PLCs in processes of their own, a repository of manifests, and our engine."""

import contextlib
import os
import pathlib
import re
import resource
import shutil
import signal
import socket
import statistics
import subprocess
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
BIN = pathlib.Path(os.environ.get("FABGITOPS_BIN", ROOT / ".build-release" / "release"))
# A descriptor for each connection; what is started here inherits the limit.
resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)
TICKS = os.sysconf("SC_CLK_TCK")
# A process of mock PLCs holds two descriptors for each.
PORTS_PER_PROCESS = 2000


def configuration():
    """How the programs were built, as far as the path tells."""
    return "debug" if "debug" in str(BIN.resolve()) else "release"


def cpu_seconds(pid):
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def resident(pid):
    return int(pathlib.Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGESIZE")


def free_ports(count):
    """The first of so many free ports in a row."""
    # Below the ports that the kernel gives to connections.
    for first in range(10000, 32768 - count, 250):
        with contextlib.ExitStack() as stack:
            try:
                for port in range(first, first + count):
                    probe = stack.enter_context(socket.socket())
                    # Connections that are over do not keep a port.
                    probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                    probe.bind(("127.0.0.1", port))
                return first
            except OSError:
                continue
    raise RuntimeError("no room for the ports")


class Repository:
    """Manifests in Git: each place (host, port, unit) is a PLC whose registers from 4001 on shall be 2500."""

    def __init__(self, places, registers=1, interval=1):
        self.count = len(places)
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="fabgitops-bench-"))
        self.repository = self.folder / "plant"
        self.repository.mkdir()
        wanted = "targetRegister: 4001, targetValue: 2500" if registers == 1 else "registers: [" + ", ".join(
            f"{{ address: {4001 + number}, value: 2500 }}" for number in range(registers)) + "]"
        documents = [
            "apiVersion: fabgitops.io/v1\nkind: IndustrialPLC\n"
            f"metadata: {{ name: line-{index:05} }}\n"
            f'spec: {{ deviceAddress: "{host}", port: {port}, unitId: {unit}, {wanted}, '
            f"pollIntervalSecs: {interval}, timeoutMs: 5000 }}\n" for index, (host, port, unit) in enumerate(places)]
        for start in range(0, len(documents), 100):
            (self.repository / f"plcs-{start:05}.yaml").write_text("---\n".join(documents[start:start + 100]))
        environment = dict(os.environ, GIT_CONFIG_GLOBAL="/dev/null", GIT_CONFIG_NOSYSTEM="1")
        for name in ("AUTHOR", "COMMITTER"):
            environment |= {f"GIT_{name}_NAME": "bench", f"GIT_{name}_EMAIL": "bench@plant.example"}
        for arguments in (["init", "-q", "-b", "main"], ["add", "-A"], ["commit", "-q", "-m", "plant"]):
            subprocess.run(["git", "-C", str(self.repository), *arguments], env=environment, check=True)

    def stop(self):
        shutil.rmtree(self.folder, ignore_errors=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()


class Plant(Repository):
    """The same with mock PLCs; `units` of them behind each port."""

    def __init__(self, count, interval=1, registers=1, units=1):
        self.ports, self.servers = [], []
        ports = -(-count // units)
        for start in range(0, ports, PORTS_PER_PROCESS):
            part = min(PORTS_PER_PROCESS, ports - start)
            first = free_ports(part)
            command = [str(BIN / "mock-plc"), "--bind", "127.0.0.1", "--port", str(first), "--count", str(part),
                       "--value", "2500"]
            for number in range(registers):
                command += ["--register", str(4001 + number)]
            if units > 1:
                command += ["--units", f"1-{units}"]
            self.servers.append(subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL))
            wait_until(lambda port=first + part - 1: answers(port), 60, "the mock PLCs")
            self.ports += range(first, first + part)
        super().__init__(
            [("127.0.0.1", self.ports[index // units], index % units + 1) for index in range(count)], registers, interval)

    def stop(self):
        for server in self.servers:
            server.send_signal(signal.SIGKILL)
            server.wait()
        super().stop()


class Engine:
    """`fabctl run` over a repository: with its journal, or observing without one. Ready when the share `settled` of
    the PLCs was read and is in sync."""

    def __init__(self, plant, observe=False, settled=1.0):
        self.port = free_ports(1)
        self.state = plant.folder / f"state-{time.monotonic_ns()}"
        command = [str(BIN / "fabctl"), "run", "--git", str(plant.repository), "--metrics", f"127.0.0.1:{self.port}",
                   "--log-level", "error"]
        environment = dict(os.environ, XDG_STATE_HOME=str(self.state))
        self.process = subprocess.Popen(
            command + (["--observe"] if observe else []), env=environment, stdout=subprocess.DEVNULL,
            stderr=open(plant.folder / "engine.log", "w"))
        self.pid = self.process.pid
        try:
            wait_until(lambda: total(self.metrics(), 'fabgitops_plcs{status="InSync"}') >= settled * plant.count, 600,
                       "every PLC to be read")
        except RuntimeError:
            self.stop()
            raise

    def scrape(self, encoding="gzip"):
        """One scrape as Prometheus does it: seconds, and the bytes of the answer."""
        began = time.perf_counter()
        with socket.create_connection(("127.0.0.1", self.port), timeout=60) as connection:
            connection.sendall(
                b"GET /metrics HTTP/1.1\r\nHost: bench\r\nConnection: close\r\nAccept: text/plain;version=0.0.4\r\n"
                b"Accept-Encoding: " + encoding.encode() + b"\r\n\r\n")
            pieces = []
            while piece := connection.recv(1 << 20):
                pieces.append(piece)
        took = time.perf_counter() - began
        head, _, body = b"".join(pieces).partition(b"\r\n\r\n")
        if b" 200 " not in head[:20]:
            raise RuntimeError(head[:200])
        return took, body

    def metrics(self):
        try:
            return self.scrape("identity")[1].decode()
        except OSError:
            return ""

    def stop(self):
        self.process.terminate()
        try:
            self.process.wait(timeout=60)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()


def answers(port):
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def wait_until(condition, seconds, what):
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise RuntimeError(f"not within {seconds} s: {what}")
        time.sleep(0.5)


def total(text, series):
    """The sum of the series that begin so."""
    return sum(float(line.rsplit(" ", 1)[1]) for line in text.splitlines() if line.startswith(series))


def histogram(text, name):
    """Cumulated counts by upper bound."""
    pattern = re.compile(rf'^{name}_bucket{{le="([^"]+)"}} (\d+)$', re.M)
    return {float(bound): int(count) for bound, count in pattern.findall(text)}


def difference(after, before):
    return {bound: count - before.get(bound, 0) for bound, count in after.items()}


def quantile(buckets, share):
    """The upper bound of the bucket that holds it: a true value is at most this."""
    bounds = sorted(buckets)
    wanted = share * buckets[bounds[-1]]
    return next((bound for bound in bounds if buckets[bound] >= wanted), bounds[-1])


def median(values):
    return statistics.median(values)


def machine():
    model = re.search(r"model name\s*: (.*)", pathlib.Path("/proc/cpuinfo").read_text())
    return {
        "cpu": model.group(1) if model else "unknown", "cores": os.cpu_count(), "kernel": os.uname().release,
        "load": os.getloadavg()[0], "configuration": configuration()}

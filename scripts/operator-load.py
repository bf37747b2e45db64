#!/usr/bin/env python3
"""What a steady fleet costs the API server and the operator: `scripts/operator-load.py [DEVICES] [SECONDS]`.

Starts an API server, DEVICES mock PLCs (1000) polled once a second, and an operator; waits until all are in sync, and
counts for SECONDS (60) the requests that the API server's audit log shows and the operator's memory and CPU time.
"""

import os
import pathlib
import resource
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "Tests" / "EndToEnd"))

from kube import MISSING, Cluster, Fleet, Operator, plc_yaml  # noqa: E402


def memory(pid):
    for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS"):
            return int(line.split()[1]) / 1024
    return 0.0


def cpu(pid):
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def main():
    devices = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    seconds = float(sys.argv[2]) if len(sys.argv) > 2 else 60
    if MISSING:
        sys.exit(f"operator-load: {MISSING}")
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    with tempfile.TemporaryDirectory() as folder:
        cluster = Cluster(folder)
        plant = one = None
        try:
            cluster.start().install()
            plant = Fleet(folder, devices)
            for first in range(0, devices, 200):
                cluster.apply("".join(
                    plc_yaml(f"line-{i}", plant.port + i) for i in range(first, min(first + 200, devices))))
            one = Operator(cluster, folder)
            began = time.monotonic()
            while sum(item.get("status", {}).get("inSync") is True for item in cluster.get()) < devices:
                time.sleep(1)
                assert time.monotonic() - began < 600, one.log[-2000:]
            print(f"{devices} devices in sync and told after {time.monotonic() - began:.0f} s", flush=True)
            time.sleep(5)
            start, used, size = time.time(), cpu(one.process.pid), memory(one.process.pid)
            steps = max(1, int(seconds // 60))
            for step in range(steps):
                time.sleep(seconds / steps)
                print(f"  after {time.time() - start:6.0f} s: {memory(one.process.pid):.1f} MB", flush=True)
            elapsed = time.time() - start
            stamp = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(start))
            counted = {}
            for entry in cluster.audit_lines("fabgitops-operator"):
                if entry["requestReceivedTimestamp"] >= stamp:
                    counted[entry["verb"]] = counted.get(entry["verb"], 0) + 1
            writes = sum(counted.get(verb, 0) for verb in ("create", "update", "patch", "delete"))
            print(f"requests in {elapsed:.0f} s: {counted}")
            print(f"API writes a second: {writes / elapsed:.2f} (limit 20)")
            print(f"CPU: {(cpu(one.process.pid) - used) / elapsed * 100:.1f} % of a core; polls a second: "
                  f"{one.metric('fabgitops_polls_per_second'):.0f}; poll lag {one.metric('fabgitops_poll_lag_seconds'):.3f} s")
            print(f"memory: {size:.1f} MB at the beginning, {memory(one.process.pid):.1f} MB at the end")
            sys.exit(0 if writes / elapsed < 20 else 1)
        finally:
            if one:
                one.kill()
            if plant:
                plant.stop()
            cluster.stop()


if __name__ == "__main__":
    main()

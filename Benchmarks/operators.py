"""Row 12: the operator beside the same job in kopf and pymodbus, on a real API server."""

import os
import pathlib
import ssl
import subprocess
import sys
import tempfile
import time
import urllib.request

from plant import cpu_seconds, median, resident
from verdict import Figure, Row

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "Tests" / "EndToEnd"))

WRITES = {"create", "update", "patch", "delete"}
# Each PLC is turned so often: a figure without news would say little.
CHAOS = ["--chaos", "--chaos-interval", "600", "--max-drift", "300"]

OBSTACLES = {
    "cpu": "at a hundred polls a second each wakes the loop for itself; and every status and event goes over TLS",
    "rss": "code, runtime, TLS and thread pools before the first resource",
    "writes": "a drift's beginning is told as well as its end: two patches and two events, where kopf's job makes one patch",
}


class Kopf:
    """One run of the peer."""

    user = "kopf"

    def __init__(self, options, cluster, folder):
        command = options.peers.python("kopf_operator", "kopf", "pymodbus", "uvloop")
        self.log = open(pathlib.Path(folder) / "kopf.log", "w", encoding="utf-8")
        self.process = subprocess.Popen(
            [command[0], "-m", "kopf", "run", "--all-namespaces", "--standalone", "--quiet", command[1]],
            env=dict(os.environ, KUBECONFIG=cluster.kubeconfig("kopf")), stdout=self.log, stderr=self.log)

    def kill(self):
        self.process.kill()
        self.process.wait()
        self.log.close()


def forget(cluster):
    """No status, no finalizers, no events: the next one begins as the first did."""
    cluster.must("delete", "events", "--all", "-n", "default")
    trust = ssl.create_default_context()
    trust.check_hostname, trust.verify_mode = False, ssl.CERT_NONE
    for item in cluster.get():
        # Not by kubectl, which takes a process for each.
        request = urllib.request.Request(
            f"{cluster.url}/apis/fabgitops.io/v1/namespaces/default/industrialplcs/{item['metadata']['name']}",
            b'{"metadata":{"finalizers":null}}', method="PATCH", headers={
                "Authorization": "Bearer admin-token", "Content-Type": "application/merge-patch+json"})
        urllib.request.urlopen(request, context=trust, timeout=30).close()
    cluster.must("delete", "plc", "--all", "-n", "default")


def measure(options, kube, cluster, folder, plant, count, name):
    documents = [kube.plc_yaml(f"line-{number}", plant.port + number) for number in range(count)]
    for start in range(0, count, 50):
        cluster.apply("".join(documents[start:start + 50]))
    one = Kopf(options, cluster, folder) if name == "kopf" else kube.Operator(cluster, folder)
    user = "kopf" if name == "kopf" else "fabgitops-operator"
    try:
        deadline = time.monotonic() + 180
        while sum(item.get("status", {}).get("currentValue") is not None for item in cluster.get()) < count * 0.95:
            if time.monotonic() > deadline or one.process.poll() is not None:
                raise RuntimeError(f"{name} did not take up its PLCs")
            time.sleep(1)
        time.sleep(options.settle)
        said = len(cluster.audit_lines(user))
        cpu, began = cpu_seconds(one.process.pid), time.monotonic()
        time.sleep(options.seconds * 2)
        spent, wall = cpu_seconds(one.process.pid) - cpu, time.monotonic() - began
        lines = cluster.audit_lines(user)[said:]
        statuses = [item.get("status", {}) for item in cluster.get()]
        return {"cpu": spent / wall, "rss": resident(one.process.pid), "seconds": wall,
                "writes": sum(line["verb"] in WRITES for line in lines) / wall,
                "corrections": sum(int(status.get("correctionsApplied") or 0) for status in statuses)}
    finally:
        one.kill()
        forget(cluster)


def row_12(options):
    import kube

    count = 20 if options.quick else 100
    row = Row(12, f"operator, {count} resources x 1/s, each turned every ten minutes, beside kopf and pymodbus on uvloop")
    if kube.MISSING:
        row.missing = kube.MISSING
        return row
    options.peers.python("kopf_operator", "kopf", "pymodbus", "uvloop")

    class Cluster(kube.Cluster):
        ACCOUNTS = (*kube.Cluster.ACCOUNTS, "kopf")

    runs = {"ours": [], "kopf": []}
    with tempfile.TemporaryDirectory() as folder:
        cluster = Cluster(folder)
        plant = None
        try:
            cluster.start().install()
            cluster.must("create", "clusterrolebinding", "kopf", "--clusterrole=cluster-admin",
                         f"--serviceaccount={kube.SYSTEM}:kopf")
            plant = kube.Fleet(folder, count, *CHAOS)
            for _ in range(options.rounds):
                for name, found in runs.items():
                    found.append(measure(options, kube, cluster, folder, plant, count, name))
        finally:
            if plant:
                plant.stop()
            cluster.stop()
    value = {name: {key: median([run[key] for run in found]) for key in ("cpu", "rss", "writes")}
             for name, found in runs.items()}

    def beside(what, key, target, unit, scale):
        ours, theirs = value["ours"][key] * scale, value["kopf"][key] * scale
        return Figure(what, ours / theirs if theirs else 1000, "x", target, beside=f"{ours:.2f}{unit}, kopf {theirs:.2f}{unit}",
                      obstacle=OBSTACLES[key])

    row.runs = runs
    row.figures = [beside("CPU", "cpu", 0.1, " % of a core", 100), beside("RSS", "rss", 0.5, " MiB", 1 / (1 << 20)),
                   beside("API writes", "writes", 1.0, "/s", 1)]
    row.notes = ["corrections in each run: " + ", ".join(
        f"{name} {[run['corrections'] for run in found]}" for name, found in runs.items())]
    return row

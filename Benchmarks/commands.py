"""Row 13: commands that people wait for, beside kubectl."""

import os
import pathlib
import subprocess
import sys
import tempfile
import time

from plant import BIN, median
from verdict import Figure, Row

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "Tests" / "EndToEnd"))


def once(command, environment=None):
    """Wall and CPU seconds of one run."""
    began = time.perf_counter()
    process = subprocess.Popen(
        [str(part) for part in command], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, env=environment)
    problem = process.stderr.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        raise RuntimeError(f"{command[0]} {command[1]} ended with {process.returncode}: {problem[-300:]}")
    return {"wall": time.perf_counter() - began, "cpu": usage.ru_utime + usage.ru_stime}


def compare(ours, theirs, rounds):
    runs = {"ours": [], "kubectl": []}
    once(ours), once(theirs)
    for _ in range(rounds):
        runs["ours"].append(once(ours))
        runs["kubectl"].append(once(theirs))
    return runs


def figures(name, runs):
    value = {who: {what: median([run[what] for run in found]) for what in ("wall", "cpu")}
             for who, found in runs.items()}
    return [Figure(
        f"{name}, {label}, beside kubectl", value["ours"][what] / value["kubectl"][what], "x", 0.5,
        beside=f"{value['ours'][what] * 1000:.0f} ms, kubectl {value['kubectl'][what] * 1000:.0f} ms",
        obstacle="reading YAML with the place of every value") for what, label in (
            ("wall", "wall time"), ("cpu", "CPU"))]


def manifests(folder, count):
    for number in range(count):
        (folder / f"plc-{number:04}.yaml").write_text(
            "apiVersion: fabgitops.io/v1\nkind: IndustrialPLC\n"
            f"metadata: {{ name: plc-{number:04}, namespace: default }}\n"
            f"spec: {{ deviceAddress: 10.0.{number >> 8}.{number & 255}, targetRegister: 4001, targetValue: 2500 }}\n")


def row_13(options):
    import kube

    count = options.size(1000)
    row = Row(13, f"`fabctl version`; `fabctl lint` of {count} manifests (kubectl: create --dry-run=client, with the "
                  "real API server that it asks for the kind)")
    if kube.MISSING:
        row.missing = kube.MISSING
        return row
    kubectl = "kubectl"
    row.runs["version"] = compare(
        [BIN / "fabctl", "version"], [kubectl, "version", "--client"], options.rounds * 3)
    row.figures += figures("version", row.runs["version"])
    with tempfile.TemporaryDirectory() as folder:
        files = pathlib.Path(folder, "manifests")
        files.mkdir()
        manifests(files, count)
        cluster = kube.Cluster(folder).start()
        try:
            cluster.install()
            row.runs["lint"] = compare(
                [BIN / "fabctl", "lint", files],
                [kubectl, f"--kubeconfig={cluster.kubeconfig()}", f"--cache-dir={folder}/cache", "create",
                 "--dry-run=client", "--validate=false", "-f", files], options.rounds)
        finally:
            cluster.stop()
    row.figures += figures("lint", row.runs["lint"])
    return row

"""Rows 9 and 10: the dashboard on a terminal, by the tools in Benchmarks/dashboard."""

import json
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

from plant import BIN
from verdict import Figure, Row

TOOLS = pathlib.Path(__file__).resolve().parent / "dashboard"


def run(name, *arguments):
    done = subprocess.run(
        [sys.executable, str(TOOLS / f"{name}.py"), "--build", str(BIN), *map(str, arguments)], capture_output=True,
        text=True, timeout=3600, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"{name}: {done.stderr[-500:]}")
    return done.stdout


def row_9(options):
    row = Row(9, "dashboard on a terminal, beside htop")
    if not shutil.which("htop"):
        row.missing = "htop is not installed: apt-get install htop btop"
        return row
    with tempfile.NamedTemporaryFile(suffix=".json") as file:
        devices = [6] if options.quick else [6, 1000]
        run("beside", "--rounds", options.rounds, "--seconds", options.seconds, "--json", file.name, "--devices",
            *devices)
        found = json.load(open(file.name, encoding="utf-8"))
    row.runs = found
    for part in found["rows"]:
        what = f"{part['devices']} PLCs, {part['size']}"
        htop = part["htop"]
        row.figures += [
            Figure(f"bytes a second, {what}", htop["bytes_ratio"], "x", 1.0,
                   beside=f"{part['bytes_per_second']:.0f} B/s, htop {htop['bytes_per_second']:.0f}",
                   obstacle="each second's ages and values are new on every line shown"),
            Figure(f"CPU of the screen, {what}", htop["screen_ratio"], "x", 1.0,
                   beside=f"{part['screen_cpu_percent']:.2f} % of a core, htop {htop['cpu_percent']:.2f} %",
                   obstacle="each snapshot of the fleet is looked through"),
            Figure(f"CPU of an attached screen, the whole process, {what}", htop["attached_ratio"], "x", 1.0,
                   beside=f"{part['attached_cpu_percent']:.2f} % of a core, htop {htop['cpu_percent']:.2f} %",
                   obstacle="it draws a frame each second, htop one each second and a half")]
        row.notes.append(
            f"{what}: polls and all {part['cpu_percent']:.2f} % ({htop['cpu_ratio']:.2f}x htop), the engine without a "
            f"screen {part['engine_cpu_percent']:.2f} %; so a screen adds {part['added_cpu_percent']:.2f} % "
            f"({htop['added_ratio']:.2f}x)")
        if "btop" in part:
            row.notes.append(f"beside btop, {what}: bytes {part['btop']['bytes_ratio']:.2f}x, "
                             f"CPU of the screen {part['btop']['screen_ratio']:.2f}x")
    return row


def row_10(options):
    devices = options.size(10_000)
    text = run("latency", "--devices", devices, "--starts", 3 if options.quick else 15,
               "--keys", 20 if options.quick else 300)
    row = Row(10, f"dashboard: how soon it is there, and a key with {devices} PLCs", runs={"text": text})
    start = re.search(r"first complete screen: median (\d+) ms, worst of \d+ (\d+) ms", text)
    key = re.search(r"median (\d+) ms, p99 (\d+) ms, worst (\d+) ms", text[start.end():] if start else text)
    if not start or not key:
        row.missing = f"latency.py said something else: {text[-300:]}"
        return row
    row.figures = [
        Figure("exec to the first complete screen", float(start[1]), " ms", 150, beside=f"median; worst {start[2]} ms",
               obstacle="loading the program and reading the repository through git"),
        Figure("key to screen, p99", float(key[2]), " ms", 50, beside=f"median {key[1]} ms, worst {key[3]} ms",
               obstacle="a key waits for the frame that is being made")]
    return row

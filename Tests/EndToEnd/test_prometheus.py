"""`fabctl demo` under a real Prometheus and Alertmanager: our rules, our alerts and every panel of every dashboard."""

import gzip
import json
import math
import os
import re
import resource
import socket
import subprocess
import time

import jsonschema
import pytest
import yaml

from conftest import BIN, free_port, wait_for
from monitoring import DASHBOARDS, DEPLOY, Monitoring, get, queries, substitute, variables

# How long Prometheus watches before the panels are looked at, seconds.
WATCH = float(os.environ.get("FABGITOPS_PROMETHEUS_SECONDS", "30"))


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    """The demo plant without a screen, its metrics on a free port."""
    directory = tmp_path_factory.mktemp("demo")
    port = free_port()
    log = open(directory / "demo.log", "w")
    process = subprocess.Popen(
        [str(BIN / "fabctl"), "demo", "--plain", "--seed", "7", "--metrics", f"127.0.0.1:{port}"],
        stdout=log, stderr=log, stdin=subprocess.DEVNULL)
    process.address = f"127.0.0.1:{port}"
    wait_for("the demo to answer", lambda: (get(f"http://{process.address}/readyz") or (0,))[0] == 200)
    yield process
    process.terminate()
    process.wait(timeout=30)


@pytest.fixture(scope="module")
def slow_reader(demo):
    """A client that reads a byte a second from the stream and then stops, from the beginning on."""
    return SlowReader(demo)


@pytest.fixture(scope="module")
def monitoring(tmp_path_factory, demo, slow_reader):
    stack = Monitoring(tmp_path_factory.mktemp("monitoring"), demo.address)
    stack.began = time.monotonic()
    yield stack
    stack.stop()


class SlowReader:
    def __init__(self, demo):
        self.pid = demo.pid
        self.before = self.resident()
        self.socket = socket.socket()
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        self.server = demo.address
        host, port = demo.address.split(":")
        self.socket.connect((host, int(port)))
        self.name = "%s:%d" % self.socket.getsockname()
        self.socket.sendall(b"GET /api/v1/stream HTTP/1.1\r\nHost: plant\r\n\r\n")
        self.began = time.monotonic()
        self.socket.settimeout(30)
        for _ in range(3):
            assert self.socket.recv(1)
            time.sleep(1)

    def resident(self):
        """Bytes of memory the program holds."""
        with open(f"/proc/{self.pid}/statm") as file:
            return int(file.read().split()[1]) * resource.getpagesize()

    def is_dropped(self):
        """The server's end of the connection is gone."""
        return self._served() is None

    def unsent(self):
        """Bytes that the kernel keeps for it on the server's side."""
        fields = self._served()
        return int(fields[4].split(":")[0], 16) if fields else 0

    def _served(self):
        """The server's end in the kernel's table; other connections may use the same port at their end."""
        ends = [f":{int(name.split(':')[1]):04X}" for name in (self.server, self.name)]
        with open(f"/proc/{self.pid}/net/tcp") as file:
            for line in file:
                fields = line.split()
                if fields[1].endswith(ends[0]) and fields[2].endswith(ends[1]):
                    return fields
        return None


def test_the_target_is_up_and_prometheus_takes_what_it_gets(monitoring):
    wait_for("the target to be up", lambda: monitoring.number('up{job="fabgitops"}') == 1)
    target = monitoring.api("targets")["activeTargets"][0]
    assert target["health"] == "up" and target["lastError"] == ""
    rules = wait_for("the rules to be evaluated", lambda: [
        rule for group in monitoring.api("rules")["groups"] for rule in group["rules"]
        if rule["health"] != "unknown"])
    assert all(rule["health"] == "ok" for rule in rules), [r for r in rules if r["health"] != "ok"]


def test_a_scrape_is_clean_in_every_form(demo):
    url = f"http://{demo.address}/metrics"
    text = get(url)[2]
    done = subprocess.run(["promtool", "check", "metrics"], input=text, capture_output=True, check=False)
    assert done.returncode == 0 and not done.stdout + done.stderr, (done.stdout + done.stderr).decode()
    status, headers, packed = get(url, {
        "Accept": "application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5",
        "Accept-Encoding": "gzip"})
    assert status == 200 and headers["Content-Encoding"] == "gzip"
    assert headers["Content-Type"].startswith("application/openmetrics-text; version=1.0.0")
    assert headers["Vary"] == "Accept, Accept-Encoding"
    unpacked = gzip.decompress(packed)
    assert unpacked.endswith(b"# EOF\n")
    # gzip itself is a stricter reader than Python.
    done = subprocess.run(["gzip", "-t"], input=packed, capture_output=True, check=False)
    assert done.returncode == 0 and not done.stderr
    names = {line.split()[2] for line in text.decode().splitlines() if line.startswith("# TYPE")}
    open_names = {line.split()[2] for line in unpacked.decode().splitlines() if line.startswith("# TYPE")}
    assert {name.removesuffix("_total") for name in names} == {name.removesuffix("_total") for name in open_names}
    series = [line for line in text.decode().splitlines() if not line.startswith("#")]
    assert len(series) == len({line.rsplit(" ", 1)[0] for line in series}), "a series twice"


def test_the_drift_is_visible_in_the_numbers(monitoring):
    wait_for("drift events", lambda: (monitoring.number("sum(drift_events_total)") or 0) >= 2, timeout=120)
    wait_for("corrections", lambda: (monitoring.number("sum(corrections_total)") or 0) >= 1, timeout=120)
    # The register that was turned left its desired value and came back to it.
    wait_for("a register that differs or has differed", lambda: monitoring.query(
        "max_over_time((abs(register_value - on (plc_name, register) fabgitops_register_desired_value) > 0)[5m:1s])"))
    wait_for("polls that took time", lambda: (monitoring.number(
        "sum(rate(reconciliation_duration_seconds_count[10s]))") or 0) > 2)
    assert monitoring.number("managed_plcs") == 10
    assert monitoring.number("sum(fabgitops_plcs)") == 10


def test_an_alert_reaches_alertmanager_and_is_notified(monitoring):
    found = wait_for("an alert in Alertmanager", lambda: [
        alert for alert in monitoring.alerts() if alert["labels"]["alertname"].startswith("FabGitOps")], timeout=120)
    assert found[0]["annotations"]["summary"] and found[0]["annotations"]["runbook"].startswith("docs/runbooks/")
    path, notification = wait_for("the notification", lambda: (monitoring.webhook.notifications or [None])[0])
    assert path in ("/shift", "/on-call")
    assert notification["status"] == "firing"
    assert notification["alerts"][0]["labels"]["alertname"].startswith("FabGitOps")


def test_every_query_of_every_dashboard_returns_series(monitoring):
    wait_for("long enough a history", lambda: time.monotonic() - monitoring.began > WATCH, timeout=WATCH + 60)
    empty = []
    count = 0
    for path in DASHBOARDS:
        dashboard = json.loads(path.read_text())
        chosen = variables(monitoring, dashboard)
        for title, expression in queries(dashboard):
            count += 1
            expression = substitute(expression, chosen)
            values = [v for series in monitoring.series(expression, WATCH) for v in series if not math.isnan(v)]
            if not values:
                empty.append(f"{dashboard['title']}: {title}: {expression}")
    assert count > 30
    assert not empty, "no data:\n" + "\n".join(empty)


def test_a_reader_that_stops_costs_little_and_is_dropped(demo, slow_reader):
    assert slow_reader.unsent() <= 256 * 1024
    wait_for("the reader to be dropped", slow_reader.is_dropped, timeout=180)
    grown = slow_reader.resident() - slow_reader.before
    # Most of this is what the program takes for its first scrapes.
    assert grown < 48 << 20, f"{grown >> 20} MiB more"
    assert (get(f"http://{demo.address}/healthz") or (0,))[0] == 200


def test_every_line_of_the_stream_is_described(demo):
    """What schemathesis cannot know of lines: each is of the schema that its type names."""
    document = yaml.safe_load((DEPLOY.parent / "docs" / "reference" / "openapi.yaml").read_text())
    schemas = {"fleet": "Header", "device": "Device", "event": "Event"}
    status, headers, body = get(f"http://{demo.address}/api/v1/stream?follow=false")
    assert status == 200 and headers["Content-Type"] == "application/x-ndjson"
    lines = [json.loads(line) for line in body.decode().splitlines()]
    types = [line["type"] for line in lines]
    assert types[0] == "fleet" and types[-1] == "synced" and types.count("device") == 10 and "event" in types
    for line in lines:
        wanted = {"$ref": f"#/components/schemas/{schemas.get(line['type'], 'Line')}"}
        jsonschema.validate(line, wanted | {"components": document["components"]}, cls=jsonschema.Draft202012Validator)


def test_the_openapi_document_holds(demo):
    """schemathesis: every path with good and bad input, every answer against its schema."""
    document = os.path.join(os.path.dirname(__file__), "..", "..", "docs", "reference", "openapi.yaml")
    config = os.path.join(os.path.dirname(__file__), "schemathesis.toml")
    done = subprocess.run(
        ["schemathesis", "--config-file", config, "run", document, "--url", f"http://{demo.address}",
         "--max-examples", os.environ.get("FABGITOPS_SCHEMATHESIS_EXAMPLES", "15"), "--seed", "1", "--no-color"],
        capture_output=True, text=True, timeout=600, check=False)
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
    assert re.search(r"\b\d+ passed", done.stdout), done.stdout[-2000:]

"""A real Prometheus and a real Alertmanager around a running fabctl, with our own files and short intervals."""

import contextlib
import http.server
import json
import pathlib
import re
import subprocess
import threading
import urllib.error
import urllib.parse
import urllib.request

import yaml

from conftest import free_port, wait_for

DEPLOY = pathlib.Path(__file__).parent.parent.parent / "deploy"
RULES = DEPLOY / "prometheus" / "fabgitops.rules.yaml"
DASHBOARDS = sorted((DEPLOY / "grafana" / "dashboards").glob("*.json"))


def get(url, headers=None, timeout=10):
    """Status, headers and body of a GET, whatever the status; None when nobody answers."""
    try:
        with urllib.request.urlopen(urllib.request.Request(url, headers=headers or {}), timeout=timeout) as answer:
            return answer.status, answer.headers, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.headers, error.read()
    except OSError:
        return None


class Webhook:
    """Where Alertmanager sends its notifications."""

    def __init__(self):
        self.notifications = []
        received = self.notifications

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                received.append((self.path, json.loads(body)))
                self.send_response(200)
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def stop(self):
        self.server.shutdown()
        self.server.server_close()


class Monitoring:
    """Prometheus and Alertmanager with the files of deploy/prometheus; only ports and waiting times are changed."""

    def __init__(self, directory, target):
        self.directory = pathlib.Path(directory)
        self.webhook = Webhook()
        self.port, self.alert_port = free_port(), free_port()
        self.processes = []
        self._write(target)
        self._start(
            "prometheus-alertmanager", f"--config.file={self.directory}/alertmanager.yml",
            f"--storage.path={self.directory}/alertmanager", f"--web.listen-address=127.0.0.1:{self.alert_port}",
            "--cluster.listen-address=")
        self._start(
            "prometheus", f"--config.file={self.directory}/prometheus.yml",
            f"--storage.tsdb.path={self.directory}/prometheus", f"--web.listen-address=127.0.0.1:{self.port}")
        wait_for("Prometheus to be ready", lambda: (get(self.url("/-/ready")) or (0,))[0] == 200)
        wait_for("Alertmanager to be ready", lambda: (get(self.alert_url("/-/ready")) or (0,))[0] == 200)

    def _write(self, target):
        config = yaml.safe_load((DEPLOY / "prometheus" / "prometheus.yml").read_text())
        config["global"] = {"scrape_interval": "1s", "evaluation_interval": "1s"}
        config["alerting"]["alertmanagers"][0]["static_configs"][0]["targets"] = [f"127.0.0.1:{self.alert_port}"]
        config["scrape_configs"][0]["static_configs"][0]["targets"] = [target]
        (self.directory / "prometheus.yml").write_text(yaml.safe_dump(config))
        rules = re.sub(r"(?m)^(    for:) .*$", r"\1 2s", RULES.read_text())
        (self.directory / RULES.name).write_text(rules)
        alerting = (DEPLOY / "prometheus" / "alertmanager.yml").read_text()
        alerting = re.sub(r"group_(wait|interval): .*", r"group_\1: 1s", alerting)
        alerting = alerting.replace("127.0.0.1:9099", f"127.0.0.1:{self.webhook.port}")
        (self.directory / "alertmanager.yml").write_text(alerting)

    def _start(self, *command):
        log = open(self.directory / f"{command[0]}.log", "w")
        self.processes.append(subprocess.Popen(command, stdout=log, stderr=log, cwd=self.directory))

    def url(self, path):
        return f"http://127.0.0.1:{self.port}{path}"

    def alert_url(self, path):
        return f"http://127.0.0.1:{self.alert_port}{path}"

    def api(self, path, **parameters):
        answer = get(self.url(f"/api/v1/{path}?{urllib.parse.urlencode(parameters, doseq=True)}"))
        document = json.loads(answer[2]) if answer else {"status": "no answer"}
        assert document["status"] == "success", (path, parameters, document)
        return document["data"]

    def query(self, expression):
        """The samples of an instant query: labels and number."""
        return [(s["metric"], float(s["value"][1])) for s in self.api("query", query=expression)["result"]]

    def number(self, expression):
        samples = self.query(expression)
        return samples[0][1] if samples else None

    def series(self, expression, seconds):
        """The values over the last seconds, a list for each series."""
        now = float(self.api("query", query="time()")["result"][1])
        data = self.api("query_range", query=expression, start=now - seconds, end=now, step=2)
        return [[float(value) for _, value in s["values"]] for s in data["result"]]

    def alerts(self):
        answer = get(self.alert_url("/api/v2/alerts"))
        return json.loads(answer[2]) if answer else []

    def stop(self):
        for process in self.processes:
            process.terminate()
        for process in self.processes:
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(timeout=20)
            process.kill()
        self.webhook.stop()


def label_values(monitoring, query):
    """What Grafana's `label_values(metric, label)` gives: sorted, each once."""
    selector, label = re.fullmatch(r"label_values\((.*),\s*(\w+)\)", query).groups()
    found = monitoring.api("series", **{"match[]": selector})
    return sorted({series[label] for series in found if label in series})


def substitute(text, variables):
    for name, value in variables.items():
        text = text.replace("${" + name + "}", value).replace("$" + name, value)
    return text


def variables(monitoring, dashboard):
    """Each variable with the value that Grafana picks by itself: the first."""
    chosen = {"__rate_interval": "10s", "__interval": "5s", "datasource": "prometheus"}
    for variable in dashboard["templating"]["list"]:
        if variable["type"] != "query":
            continue
        values = label_values(monitoring, substitute(variable["query"]["query"], chosen))
        assert values, f"{dashboard['title']}: ${variable['name']} has no values"
        chosen[variable["name"]] = values[0]
    return chosen


def queries(dashboard):
    """Panel title and expression of each query."""
    for panel in dashboard["panels"]:
        for inner in [panel, *panel.get("panels", [])]:
            for target in inner.get("targets", []):
                yield inner["title"], target["expr"]

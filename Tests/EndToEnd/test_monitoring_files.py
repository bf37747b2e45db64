"""deploy/prometheus and deploy/grafana by themselves: promtool, amtool, Grafana's own schema, and one page per alert."""

import importlib
import itertools
import json
import pathlib
import re
import shutil
import subprocess

import pytest
import yaml

from monitoring import DASHBOARDS, DEPLOY, RULES, queries

ROOT = DEPLOY.parent
RUNBOOKS = ROOT / "docs" / "runbooks"
PROMETHEUS = DEPLOY / "prometheus"


def run(*command):
    done = subprocess.run(command, cwd=PROMETHEUS, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def alerts():
    groups = yaml.safe_load(RULES.read_text())["groups"]
    return [rule for group in groups for rule in group["rules"] if "alert" in rule]


def test_the_tools_find_nothing():
    assert "SUCCESS" in run("promtool", "check", "rules", RULES.name)
    assert "SUCCESS" in run("promtool", "check", "config", "prometheus.yml")
    assert "SUCCESS" in run("amtool", "check-config", "alertmanager.yml")


def test_every_alert_fires_and_clears_on_synthetic_series():
    assert "SUCCESS" in run("promtool", "test", "rules", "fabgitops.rules.test.yaml")
    fires, clears = set(), set()
    for test in yaml.safe_load((PROMETHEUS / "fabgitops.rules.test.yaml").read_text())["tests"]:
        seen = set()
        for case in sorted(test.get("alert_rule_test", []), key=lambda case: minutes(case["eval_time"])):
            name = case["alertname"]
            if case["exp_alerts"]:
                seen.add(name)
                fires.add(name)
            elif name in seen:
                clears.add(name)
    names = {alert["alert"] for alert in alerts()}
    assert fires == names, f"never fires in a test: {names - fires}"
    assert clears == names, f"never clears in a test: {names - clears}"


def minutes(text):
    return int(re.fullmatch(r"(\d+)m", text).group(1))


def test_every_alert_has_a_page_that_states_its_rule():
    pages = {page.stem for page in RUNBOOKS.glob("*.md")} - {"README"}
    index = (RUNBOOKS / "README.md").read_text()
    for alert in alerts():
        stem = alert["alert"].removeprefix("FabGitOps")
        assert alert["annotations"]["runbook"] == f"docs/runbooks/{stem}.md"
        page = (RUNBOOKS / f"{stem}.md").read_text()
        assert page.startswith(f"# {alert['alert']}\n")
        assert alert["expr"] in page and f"after {alert['for']}" in page, stem
        assert alert["labels"]["severity"] in page
        for heading in ("## What it means", "## What to do", "## The rule"):
            assert heading in page, (stem, heading)
        assert f"| [{stem}]({stem}.md) | {alert['labels']['severity']} | {alert['for']} |" in index
        pages.discard(stem)
    assert not pages, f"pages of no alert: {pages}"


def test_rules_and_panels_speak_of_metrics_that_are_documented():
    documented = set(re.findall(r"^\| `([a-z_]+)`", (ROOT / "docs" / "reference" / "metrics.md").read_text(), re.M))
    rules = [rule for group in yaml.safe_load(RULES.read_text())["groups"] for rule in group["rules"]]
    recorded = {rule["record"] for rule in rules if "record" in rule}
    texts = [rule["expr"] for rule in rules]
    texts += [expression for path in DASHBOARDS for _, expression in queries(json.loads(path.read_text()))]
    for text in texts:
        names = re.findall(
            r"\b((?:fabgitops[_:]|drift_|corrections_|managed_|plc_conn|register_v|reconc|process_)[\w:]*)", text)
        assert names or "up{" in text, text
        for name in names:
            base = re.sub(r"_(bucket|sum|count)$", "", name)
            assert {name, base} & (documented | recorded) or base.startswith("process_"), (name, text)


def dropped(ours, theirs, path=""):
    """What of our document the model does not know, or understands otherwise."""
    if isinstance(ours, dict) and isinstance(theirs, dict):
        for key, value in ours.items():
            if key not in theirs:
                yield f"{path}.{key}"
            else:
                yield from dropped(value, theirs[key], f"{path}.{key}")
    elif isinstance(ours, list) and isinstance(theirs, list) and len(ours) == len(theirs):
        for index, (a, b) in enumerate(zip(ours, theirs)):
            yield from dropped(a, b, f"{path}[{index}]")
    elif ours != theirs:
        yield f"{path}: {ours!r} became {theirs!r}"


def through(model, document):
    """The document as Grafana's generated model reads it and writes it again."""
    from grafana_foundation_sdk.cog.encoder import JSONEncoder

    return json.loads(json.dumps(model.from_json(document), cls=JSONEncoder))


@pytest.mark.parametrize("path", DASHBOARDS, ids=lambda path: path.stem)
def test_a_dashboard_is_what_grafanas_schema_says(path):
    """grafana-foundation-sdk is generated from Grafana's schemas: a field that it drops is none."""
    from grafana_foundation_sdk.models import dashboard as schema
    from grafana_foundation_sdk.models import prometheus

    ours = json.loads(path.read_text())
    assert not list(dropped(ours, through(schema.Dashboard, ours)))
    for panel in ours["panels"]:
        if panel["type"] == "row":
            continue
        plugin = importlib.import_module(f"grafana_foundation_sdk.models.{panel['type'].replace('-', '')}")
        assert not list(dropped(panel["options"], through(plugin.Options, panel["options"]))), panel["title"]
        custom = panel["fieldConfig"]["defaults"].get("custom")
        if custom:
            assert not list(dropped(custom, through(plugin.FieldConfig, custom))), panel["title"]
        for target in panel["targets"]:
            assert not list(dropped(target, through(prometheus.Dataquery, target))), panel["title"]


@pytest.mark.parametrize("path", DASHBOARDS, ids=lambda path: path.stem)
def test_a_dashboard_is_laid_out(path):
    ours = json.loads(path.read_text())
    assert ours["uid"] == f"fabgitops-{path.stem}" and len(ours["uid"]) <= 40
    panels = ours["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    for panel in panels:
        grid = panel["gridPos"]
        assert 0 <= grid["x"] and grid["x"] + grid["w"] <= 24 and grid["h"] > 0
        references = [target["refId"] for target in panel.get("targets", [])]
        assert len(references) == len(set(references)) and panel["title"]
    for a, b in itertools.combinations([panel["gridPos"] for panel in panels], 2):
        apart = a["x"] + a["w"] <= b["x"] or b["x"] + b["w"] <= a["x"] or (
            a["y"] + a["h"] <= b["y"] or b["y"] + b["h"] <= a["y"])
        assert apart, (a, b)


def test_provisioning_finds_the_dashboards():
    provider = yaml.safe_load((DEPLOY / "grafana/provisioning/dashboards/fabgitops.yaml").read_text())
    assert provider["apiVersion"] == 1 and provider["providers"][0]["type"] == "file"
    source = yaml.safe_load((DEPLOY / "grafana/provisioning/datasources/prometheus.yaml").read_text())
    assert source["apiVersion"] == 1 and source["datasources"][0]["type"] == "prometheus"
    assert pathlib.PurePosixPath(provider["providers"][0]["options"]["path"]).is_absolute()


for tool in ("promtool", "amtool", "prometheus", "prometheus-alertmanager"):
    assert shutil.which(tool), f"run ./ci-local.sh, which installs {tool}"

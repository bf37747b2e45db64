"""Plain manifests, examples, compose file and units: what can be checked without running them, by who would run them."""

import json
import os
import pathlib
import re
import shutil
import subprocess

import pytest
import yaml

import podsecurity
from conftest import CHART, DEPLOY, ROOT

BIN = pathlib.Path(os.environ.get("FABGITOPS_BIN", ROOT / ".build" / "debug"))
K8S = sorted(path for path in (DEPLOY / "k8s").rglob("*.yaml") if path.name != "kustomization.yaml")


def load(path):
    return [document for document in yaml.safe_load_all(path.read_text()) if document]


@pytest.mark.parametrize("path", K8S, ids=lambda path: path.name)
def test_plain_manifests_are_accepted(cluster, path):
    # The server answers for an object of a kind, or in a namespace, only when that is there.
    assert cluster.kubectl("apply", "--validate=false", "-f", str(DEPLOY / "k8s" / "crd.yaml")).returncode == 0
    cluster.wait("the resource", lambda: "industrialplcs" in cluster.kubectl("api-resources").stdout)
    for document in load(path):
        namespace = document["metadata"].get("namespace")
        if namespace:
            cluster.kubectl("create", "namespace", namespace)
        check = ["--validate=false"] if document["kind"] == "CustomResourceDefinition" else []
        done = cluster.kubectl("apply", "--dry-run=server", *check, "-f", "-", text=json.dumps(document))
        if "no matches for kind" in done.stderr and document["apiVersion"] == "policy/v1":
            # This server is older than policy/v1; the older name has the same fields.
            done = cluster.kubectl("apply", "--dry-run=server", "-f", "-", text=json.dumps(
                document | {"apiVersion": "policy/v1beta1"}))
        assert done.returncode == 0, (document["kind"], done.stderr)


def test_pods_of_plain_manifests_are_restricted():
    found = {name: list(podsecurity.violations(spec)) for path in K8S for document in load(path)
             for name, spec in podsecurity.pod_specs(document)}
    assert found == {name: [] for name in found}


def test_samples_are_valid():
    samples = [path for path in K8S if "samples" in path.parts] + sorted((DEPLOY / "compose" / "plant").glob("*.yaml"))
    done = subprocess.run([BIN / "fabctl", "lint", *samples], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def rules(documents, suffix=""):
    return [document["rules"] for document in documents if document["kind"] in ("Role", "ClusterRole")
            and document["metadata"]["name"].endswith(suffix)]


def test_chart_and_plain_manifests_give_the_same_rights():
    def flat(found):
        return sorted((group, resource, tuple(sorted(rule.get("resourceNames", []))), verb)
                      for rule in found for group in rule["apiGroups"] for resource in rule["resources"]
                      for verb in rule["verbs"])
    plain = flat(rule for rules_ in rules(load(DEPLOY / "k8s" / "rbac.yaml")) for rule in rules_)
    chart = flat(rule for name in ("operator-rules.yaml", "leader-rules.yaml")
                 for rule in yaml.safe_load((CHART / "files" / name).read_text()))
    assert set(chart) <= set(plain), set(chart) - set(plain)
    # The operator never gets these, whatever else the file gives to people.
    forbidden = {"create", "delete", "deletecollection", "*"}
    assert not [entry for entry in chart if entry[1] == "industrialplcs" and entry[3] in forbidden]
    assert not [entry for entry in chart if entry[1] in ("secrets", "*") or entry[0] == "*"]


@pytest.mark.parametrize("path", sorted((DEPLOY / "examples").rglob("*.yaml")), ids=lambda path: f"{path.parent.name}-{path.name}")
def test_examples_are_well_formed(path):
    for document in load(path):
        assert document["apiVersion"] and document["kind"] and document["metadata"]["name"]


def test_examples_know_every_annotation():
    """What people say to the operator by annotation must not be taken back by Argo CD."""
    page = (ROOT / "docs" / "reference" / "annotations.md").read_text()
    application = (DEPLOY / "examples" / "argocd" / "application.yaml").read_text()
    # Where the specification came from is told by who applied it.
    names = set(re.findall(r"(?m)^\| `fabgitops\.io/((?!source-)[a-z-]+)`", page))
    assert len(names) > 4
    for name in names:
        assert f"fabgitops.io~1{name}" in application, name


def test_compose_file():
    compose = yaml.safe_load((DEPLOY / "compose" / "compose.yaml").read_text())
    for name, service in compose["services"].items():
        assert service["read_only"] and service["cap_drop"] == ["ALL"], name
        assert service["security_opt"] == ["no-new-privileges:true"], name
        assert re.search(r":v?\d+\.\d+\.\d+$", service["image"]), f"{name}: the image's version is not pinned"
        assert all(port.startswith("127.0.0.1:") for port in service.get("ports", [])), name
        for volume in service.get("volumes", []):
            outside = volume.split(":")[0]
            if outside.startswith("."):
                assert (DEPLOY / "compose" / outside).exists(), f"{name}: {outside}"
            else:
                assert outside in compose["volumes"], f"{name}: {outside}"
        for key in ("dockerfile",):
            if "build" in service:
                assert (ROOT / service["build"][key]).exists()


def test_compose_commands_are_of_these_programs():
    compose = yaml.safe_load((DEPLOY / "compose" / "compose.yaml").read_text())
    for service, program in (("plcs", "mock-plc"), ("fabctl", "fabctl")):
        command = compose["services"][service]["command"]
        sub = [command[0]] if not command[0].startswith("-") else []
        text = subprocess.run([BIN / program, *sub, "--help"], capture_output=True, text=True, check=True).stdout
        for word in command:
            assert not word.startswith("--") or word in text, f"{service}: {word}"


def test_prometheus_of_compose_scrapes_the_controller():
    config = yaml.safe_load((DEPLOY / "compose" / "prometheus.yml").read_text())
    assert config["scrape_configs"][0]["static_configs"][0]["targets"] == ["fabctl:8080"]


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="needs systemd-analyze")
def test_unit(tmp_path):
    unit = DEPLOY / "systemd" / "fabgitops-edge@.service"
    text = unit.read_text()
    # The unit as it will be, with a program that is there.
    local = tmp_path / "fabgitops-edge@plant.service"
    local.write_text(text.replace("/usr/local/bin/fabctl", str(BIN / "fabctl")).replace("Documentation=", "#"))
    done = subprocess.run(["systemd-analyze", "verify", "--recursive-errors=no", local], capture_output=True, text=True, check=False)
    assert done.returncode == 0 and done.stderr == "", done.stderr
    # 0 is closed, 10 is open.
    exposed = subprocess.run(["systemd-analyze", "security", "--offline=true", "--threshold=20", local],
                             capture_output=True, text=True, check=False)
    assert exposed.returncode == 0, exposed.stdout[-300:]
    flags = re.findall(r"--[a-z-]+", text.split("ExecStart=")[1].splitlines()[0]) + re.findall(
        r"--[a-z-]+", (DEPLOY / "systemd" / "plant.env").read_text().split("OPTIONS=")[1])
    page = subprocess.run([BIN / "fabctl", "run", "--help"], capture_output=True, text=True, check=True).stdout
    assert [flag for flag in flags if flag not in page] == []


@pytest.mark.parametrize("path", sorted((DEPLOY / "docker").glob("*.Dockerfile")), ids=lambda path: path.name)
def test_dockerfiles(path):
    """What hadolint does not ask: not root, a health check, labels, pinned bases."""
    text = path.read_text()
    final = text[text.rindex("\nFROM "):]
    assert re.search(r"(?m)^USER 65532:65532$", final) and "HEALTHCHECK" in final and "LABEL" in final
    bases = re.findall(r"(?m)^ARG (?:SWIFT|DEBIAN)=(\S+)$", text)
    assert len(bases) == 2 and all(re.search(r":\d+\.\d+(\.\d+)?-\w+$", base) for base in bases), bases
    assert not re.search(r"(?m)^FROM .*:latest", text) and "sudo" not in text

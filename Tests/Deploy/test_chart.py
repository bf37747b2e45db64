"""The chart: linted, installed, upgraded, rolled back and uninstalled by the real Helm on a real API server."""

import json

import pytest
import yaml

import helm
import podsecurity
from conftest import CHART, DEPLOY

needs_helm = pytest.mark.skipif(
    helm.helm_python is None, reason="needs Helm: pip install helm-python-sdk")

EVERYTHING = {
    "replicas": 3,
    "watch": {"selector": "zone=a", "shard": "1/3"},
    "dryRun": True,
    "log": {"format": "text", "level": "debug"},
    "state": {"persistence": {"enabled": True, "accessModes": ["ReadWriteMany"], "storageClass": "fast"}},
    "serviceMonitor": {"enabled": True, "labels": {"release": "prometheus"}},
    "prometheusRule": {"enabled": True},
    "dashboards": {"enabled": True},
    "networkPolicy": {"enabled": True, "plcs": {"cidrs": ["10.20.0.0/16", "fd00::/8"], "ports": [502, 802]},
                      "apiServer": {"cidrs": ["10.0.0.1/32"]},
                      "metricsFrom": [{"namespaceSelector": {"matchLabels": {"name": "monitoring"}}}]},
    "webhook": {"enabled": True, "failurePolicy": "Fail"},
    "priorityClassName": "system-cluster-critical",
    "nodeSelector": {"plant": "yes"},
    "tolerations": [{"key": "edge", "operator": "Exists"}],
    "topologySpreadConstraints": [{
        "maxSkew": 1, "topologyKey": "zone", "whenUnsatisfiable": "ScheduleAnyway",
        "labelSelector": {"matchLabels": {"app.kubernetes.io/name": "fabgitops"}}}],
    "podAnnotations": {"note": "x"}, "podLabels": {"team": "controls"},
    "imagePullSecrets": [{"name": "registry"}],
    "image": {"digest": "sha256:" + "0" * 64},
    "extraArgs": ["--log-level=info"], "extraEnv": [{"name": "TZ", "value": "UTC"}],
    "extraVolumes": [{"name": "tls", "secret": {"secretName": "plc-tls"}}],
    "extraVolumeMounts": [{"name": "tls", "mountPath": "/etc/fabgitops/tls", "readOnly": True}],
    "hostNetwork": False,
}

WRONG = [
    ({"replicas": "two"}, "replicas"),
    ({"replcas": 2}, "replcas"),
    ({"watch": {"shard": "4"}}, "shard"),
    ({"log": {"level": "loud"}}, "level"),
    ({"terminationGracePeriodSeconds": 5}, "terminationGracePeriodSeconds"),
    ({"image": {"digest": "latest"}}, "digest"),
    ({"leaderElection": {"enabled": False}}, "every replica would write to the PLCs"),
    ({"state": {"persistence": {"enabled": True}}}, "ReadWriteMany"),
    ({"webhook": {"enabled": True, "certificate": {"source": "secret"}}}, "caBundle"),
    ({"webhook": {"enabled": True, "certificate": {"source": "certManager"}}}, "issuerRef"),
]


def container(documents):
    deployment = next(document for document in documents if document["kind"] == "Deployment")
    return deployment["spec"]["template"]["spec"]["containers"][0]


def kinds(documents):
    return sorted(document["kind"] for document in documents)


def accepted(cluster, documents):
    """Each object by itself, as the API server sees it."""
    wrong = []
    for document in documents:
        namespace = [] if document["kind"] == "Namespace" else ["--namespace", document["metadata"].get("namespace", "default")]
        # kubectl checks a definition against the schema of this server's age, which does not know CEL rules.
        check = ["--validate=false"] if document["kind"] == "CustomResourceDefinition" else []
        done = cluster.kubectl("apply", "--dry-run=server", *check, *namespace, "-f", "-", text=json.dumps(document))
        if done.returncode:
            wrong.append((document["kind"], document["metadata"]["name"], done.stderr))
    return wrong


@needs_helm
@pytest.mark.parametrize("values", [{}, EVERYTHING], ids=["defaults", "everything"])
def test_lint(values):
    result = helm.lint(CHART, values)
    # Severity 1 is information: a chart needs no icon.
    assert not result["errors"] and all(message["severity"] <= 1 for message in result["messages"]), result


@needs_helm
def test_a_life_with_defaults_then_everything(cluster):
    client = helm.Helm(cluster.kubeconfig, "plant")
    first = client.install("line", CHART)
    plain = helm.documents(first)
    assert first["status"] == "deployed" and "WRITES to PLCs" in first["notes"]
    assert kinds(plain) == [
        "ClusterRole", "ClusterRole", "ClusterRole", "ClusterRoleBinding", "CustomResourceDefinition", "Deployment",
        "PodDisruptionBudget", "Role", "Role", "Role", "RoleBinding", "Service", "ServiceAccount"]
    assert container(plain)["resources"] == {
        "requests": {"cpu": "100m", "memory": "128Mi"}, "limits": {"cpu": "500m", "memory": "256Mi"}}
    pods = [document for document in helm.render(CHART) if document["kind"] == "Pod"]
    assert accepted(cluster, plain + pods) == []
    sample = cluster.kubectl("apply", "-f", "-", text=(
        "apiVersion: fabgitops.io/v1\nkind: IndustrialPLC\nmetadata: {name: line-1, namespace: plant}\n"
        "spec: {deviceAddress: 10.0.0.1, targetRegister: 4001, targetValue: 2500}\n"))
    assert sample.returncode == 0, sample.stderr

    second = client.upgrade("line", CHART, EVERYTHING)
    full = helm.documents(second)
    assert set(kinds(full)) >= {
        "ConfigMap", "NetworkPolicy", "PersistentVolumeClaim", "PrometheusRule", "Secret", "ServiceMonitor",
        "ValidatingWebhookConfiguration"}
    assert accepted(cluster, full) == []
    arguments = container(full)["args"]
    assert {"--selector=zone=a", "--shard=1/3", "--dry-run", "--webhook=:9443", "--log-format=text"} <= set(arguments)
    assert container(full)["image"].endswith("@sha256:" + "0" * 64)
    assert sum(document["kind"] == "ConfigMap" for document in full) == 3
    assert "WRITES" not in second["notes"]

    # The generated certificate outlives an upgrade: what is served and what is trusted stay a pair.
    def secret():
        return cluster.kubectl("get", "secret", "line-fabgitops-webhook", "-n", "plant", "-o", "json").stdout
    before = json.loads(secret())["data"]
    third = helm.documents(client.upgrade("line", CHART, EVERYTHING))
    assert json.loads(secret())["data"] == before
    hook = next(document for document in third if document["kind"] == "ValidatingWebhookConfiguration")
    assert hook["webhooks"][0]["clientConfig"]["caBundle"] == before["ca.crt"]

    client.rollback("line", 1)
    back = cluster.kubectl("get", "deployment", "line-fabgitops", "-n", "plant", "-o", "json")
    assert json.loads(back.stdout)["spec"]["replicas"] == 2
    assert cluster.kubectl("get", "servicemonitors", "-n", "plant", "-o", "name").stdout == ""

    client.uninstall("line")
    cluster.wait("the end of the deployment", lambda: not cluster.kubectl(
        "get", "deployment,service,role,networkpolicy", "-n", "plant", "-o", "name").stdout)
    # Neither the resources nor the audit go with the release.
    kept = cluster.kubectl("get", "industrialplc,pvc", "-n", "plant", "-o", "name").stdout.split()
    assert kept == ["industrialplc.fabgitops.io/line-1", "persistentvolumeclaim/line-fabgitops-state"]


@needs_helm
def test_zones_are_releases(cluster):
    north = helm.Helm(cluster.kubeconfig, "north")
    south = helm.Helm(cluster.kubeconfig, "south")
    # The definition may still be there from another release, which then owns it.
    cluster.kubectl("apply", "--validate=false", "-f", str(DEPLOY / "k8s" / "crd.yaml"))
    cluster.kubectl("create", "namespace", "hall-1")
    zone = {"crd": {"install": False}, "rbac": {"aggregate": False}}
    one = helm.documents(north.install("zone", CHART, zone | {"watch": {"namespace": "hall-1"}}))
    two = helm.documents(south.install("zone", CHART, zone | {"watch": {"selector": "zone=south"}}))
    assert "CustomResourceDefinition" not in kinds(one) + kinds(two)
    # A zone of one namespace gets rights in that namespace only.
    assert not any(document["kind"].startswith("ClusterRole") for document in one)
    roles = {(document["metadata"]["namespace"], document["metadata"]["name"]) for document in one if document["kind"] == "Role"}
    assert roles == {("hall-1", "zone-fabgitops"), ("north", "zone-fabgitops-leader"), ("north", "zone-fabgitops-attach"),
                     ("north", "zone-fabgitops-holder")}
    assert "--namespace=hall-1" in container(one)["args"] and "--selector=zone=south" in container(two)["args"]
    leases = {argument for documents in (one, two) for argument in container(documents)["args"] if "lease" in argument}
    assert leases == {"--lease-namespace=north", "--lease-namespace=south", "--lease-name=zone-fabgitops"}
    north.uninstall("zone")
    south.uninstall("zone")


@needs_helm
@pytest.mark.parametrize("source", ["generated", "certManager", "secret"])
def test_webhook_certificates(cluster, source):
    client = helm.Helm(cluster.kubeconfig, f"hook-{source.lower()}")
    certificate = {"source": source}
    if source == "certManager":
        certificate["issuerRef"] = {"name": "plant-ca", "kind": "ClusterIssuer"}
    if source == "secret":
        certificate |= {"secretName": "mine", "caBundle": "TUlJ"}
    values = {"crd": {"install": False}, "webhook": {"enabled": True, "certificate": certificate}}
    made = helm.documents(client.install("zone", CHART, values))
    assert accepted(cluster, made) == []
    assert ("Certificate" in kinds(made)) == (source == "certManager")
    assert ("Secret" in kinds(made)) == (source == "generated")
    client.uninstall("zone")


@needs_helm
@pytest.mark.parametrize("values,word", WRONG, ids=[word for _, word in WRONG])
def test_wrong_values_are_refused(cluster, values, word):
    client = helm.Helm(cluster.kubeconfig, "wrong")
    with pytest.raises(Exception) as told:
        client.install("line", CHART, values)
    assert word in str(told.value), told.value
    assert cluster.kubectl("get", "all", "-n", "wrong", "-o", "name").stdout == ""


@needs_helm
@pytest.mark.parametrize("values", [{}, EVERYTHING], ids=["defaults", "everything"])
def test_pods_are_restricted(values):
    pods = [found for document in helm.render(CHART, values) for found in podsecurity.pod_specs(document)]
    assert [name for name, _ in pods] == ["Deployment line-fabgitops", "Pod line-fabgitops-test-health"]
    assert {name: list(podsecurity.violations(spec)) for name, spec in pods} == {name: [] for name, _ in pods}


def test_files_are_those_of_deploy():
    """The chart carries copies; `deploy/charts/copy` writes them anew."""
    copies = {"crd.yaml": "k8s/crd.yaml", "rules.yaml": "prometheus/fabgitops.rules.yaml"}
    copies |= {f"dashboards/{path.name}": f"grafana/dashboards/{path.name}"
               for path in (DEPLOY / "grafana" / "dashboards").glob("*.json")}
    kept = {str(path.relative_to(CHART / "files")) for path in (CHART / "files").rglob("*.*")}
    assert kept == set(copies) | {"operator-rules.yaml", "leader-rules.yaml"}
    different = [name for name, source in copies.items()
                 if (CHART / "files" / name).read_text() != (DEPLOY / source).read_text()]
    assert different == [], "run deploy/charts/copy"


def leaves(values, above=()):
    for key, value in values.items():
        if isinstance(value, dict) and value:
            yield from leaves(value, (*above, key))
        else:
            yield ".".join((*above, key))


def test_every_value_is_documented_and_checked():
    values = yaml.safe_load((CHART / "values.yaml").read_text())
    schema = json.loads((CHART / "values.schema.json").read_text())
    readme = (CHART / "README.md").read_text()
    free = {"resources", "podSecurityContext", "securityContext", "dashboards.labels"}
    for path in leaves(values):
        if not any(path == name or path.startswith(name + ".") for name in free):
            assert f"`{path}`" in readme, f"{path} is not in the chart's README"
        node = schema
        for key in path.split("."):
            if node.get("additionalProperties") is not False:
                break
            assert key in node["properties"], f"{path} is not in values.schema.json"
            node = node["properties"][key]


def test_the_chart_is_of_this_version():
    chart = yaml.safe_load((CHART / "Chart.yaml").read_text())
    source = (DEPLOY.parent / "Sources" / "fabctl" / "Fabctl.swift").read_text()
    assert f'version = "{chart["appVersion"]}"' in source

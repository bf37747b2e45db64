"""The operator against a real API server, as its own service account, with PLCs on sockets."""

import json
import time

import pytest

from conftest import mbpoll_read, wait_for
from kube import (
    MISSING, SYSTEM, Fleet, Operator, certificate, condition, plc_yaml, write_register,
)

pytestmark = pytest.mark.skipif(MISSING is not None, reason=MISSING or "")


@pytest.fixture
def cluster(kubernetes):
    return kubernetes


@pytest.fixture
def place(cluster, request):
    """A namespace of the test's own."""
    name = request.node.name.removeprefix("test_").replace("_", "-")[:50].strip("-")
    cluster.must("create", "namespace", name)
    yield name
    cluster.kubectl("delete", "plc", "--all", "-n", name, "--wait=false")


@pytest.fixture
def operator(cluster, tmp_path):
    running = []

    def start(*arguments, **options):
        # Who finds no lease looks twice before it makes one.
        running.append(Operator(cluster, tmp_path, "--retry-period", "0.5", *arguments, **options))
        return running[-1]

    yield start
    for one in running:
        if one.process.poll() is None:
            one.kill()


@pytest.fixture
def fleet(tmp_path):
    running = []

    def start(count, *arguments, **options):
        running.append(Fleet(tmp_path, count, *arguments, **options))
        return running[-1]

    yield start
    for one in running:
        one.stop()


def test_a_hundred_resources_live(cluster, place, operator, fleet):
    plant = fleet(100)
    cluster.apply("".join(plc_yaml(f"line-{i:03}", plant.port + i, namespace=place) for i in range(100)))
    one = operator("--namespace", place)
    # kubectl waits as it would for anything else.
    cluster.must("wait", "--for=condition=InSync", "plc", "--all", "-n", place, "--timeout=120s", timeout=150)
    table = cluster.must("get", "plc", "-n", place).splitlines()
    assert table[0].split() == [
        "NAME", "DEVICE", "VALUE", "IN-SYNC", "PHASE", "DRIFTS", "CORRECTIONS", "LAST-READ", "AGE"], table[0]
    assert len(table) == 101
    for line in table[1:]:
        assert line.split()[1:7] == ["127.0.0.1", "2500", "True", "Connected", "0", "0"], line
    # Somebody turns ten dials.
    for i in range(10):
        write_register(plant.port + i, 4001, 2400 + i)
    wait_for(lambda: cluster.must("get", "plc", "-n", place),
             lambda: sum(item["status"]["correctionsApplied"] for item in cluster.get(namespace=place)) == 10)
    told = cluster.events(namespace=place)
    statuses = {item["metadata"]["name"]: item["status"] for item in cluster.get(namespace=place)}
    for i in range(10):
        assert mbpoll_read(plant.port + i, 4001) == 2500
        found = {item["reason"]: item for item in told if item["involvedObject"]["name"] == f"line-{i:03}"}
        assert found["DriftDetected"]["type"] == "Warning" and found["DriftCorrected"]["type"] == "Normal"
        assert str(2400 + i) in found["DriftDetected"]["message"]
        status = statuses[f"line-{i:03}"]
        assert (status["driftEvents"], status["inSync"], status["phase"]) == (1, True, "Connected"), status
        assert status["registers"][0]["lastCorrectionTime"] and status["observedGeneration"] == 1
    assert {item["involvedObject"]["name"] for item in told} == {f"line-{i:03}" for i in range(10)}
    assert one.metric("managed_plcs") == 100 and one.metric("drift_events_total") == 10
    assert one.metric("fabgitops_leader") == 1 and one.http("/readyz")[0] == 200


def test_a_dead_device_is_told_and_forgotten(cluster, place, operator, fleet):
    plant = fleet(2)
    cluster.apply("".join(plc_yaml(f"line-{i}", plant.port + i, namespace=place) for i in range(2)))
    operator("--namespace", place)
    cluster.must("wait", "--for=condition=Reachable", "plc", "--all", "-n", place, "--timeout=60s")
    plant.stop()
    cluster.must("wait", "--for=condition=Reachable=false", "plc/line-0", "-n", place, "--timeout=60s")
    status = cluster.status("line-0", place)
    assert condition(status, "InSync")["status"] == "Unknown" and status["lastError"], status
    assert "inSync" not in status and status["currentValue"] == 2500
    wait_for("the event", lambda: cluster.events("line-0", "ConnectionFailed", place))
    assert cluster.events("line-0", "ConnectionFailed", place)[0]["type"] == "Warning"


def test_kubectl_explains_and_refuses(cluster, place):
    text = cluster.must("explain", "plc.spec.registers")
    for words in ("<[]Object>", "tolerance", "maxStep", "largest change"):
        assert words.lower() in text.lower(), text
    for wrong, field in {
        "  port: 70000\n": "spec.port",
        "  pollIntervalSecs: 0\n": "spec.pollIntervalSecs",
        "  timeoutMs: quick\n": "spec.timeoutMs",
    }.items():
        manifest = plc_yaml("wrong", 502, namespace=place).replace("  port: 502\n", "  port: 502\n" if "port" not in wrong else "")
        if "pollInterval" in wrong:
            manifest = manifest.replace("  pollIntervalSecs: 1\n", "")
        done = cluster.kubectl("apply", "-f", "-", text=manifest + wrong)
        assert done.returncode != 0 and field in done.stderr, (wrong, done.stderr)


def test_the_webhook_names_the_field(cluster, place, operator, tmp_path):
    # Beyond what a schema can say: the validator's own rules.
    bundle = certificate(tmp_path / "certificate")
    one = operator("--namespace", place, "--webhook", "127.0.0.1:0", "--webhook-cert-dir", str(tmp_path / "certificate"))
    one.wait("Serving the admission webhook")
    port = one.log.split("Serving the admission webhook")[1].split("port=")[1].split()[0]

    def hook(bundle):
        return json.dumps({
            "apiVersion": "admissionregistration.k8s.io/v1", "kind": "ValidatingWebhookConfiguration",
            "metadata": {"name": "test"},
            "webhooks": [{
                "name": "validate.fabgitops.io", "admissionReviewVersions": ["v1"], "sideEffects": "None",
                "failurePolicy": "Fail", "timeoutSeconds": 10,
                "rules": [{"apiGroups": ["fabgitops.io"], "apiVersions": ["v1"], "resources": ["industrialplcs"],
                           "operations": ["CREATE", "UPDATE"]}],
                "clientConfig": {"url": f"https://127.0.0.1:{port}/validate", "caBundle": bundle}}]})

    wrong = (
        "apiVersion: fabgitops.io/v1\nkind: IndustrialPLC\n"
        f"metadata: {{ name: oven, namespace: {place} }}\n"
        "spec:\n  deviceAddress: 127.0.0.1\n  registers:\n"
        "  - { name: zone1, address: 100, type: int16, value: 120, min: 20, max: 95 }\n"
        "  - { name: zone1, address: 101, table: input, value: 3 }\n")
    try:
        cluster.apply(hook(bundle))
        # The configuration takes a moment to reach the API server's own cache.
        done = wait_for("a refusal", lambda: (lambda it: it if it.returncode else None)(
            cluster.kubectl("apply", "--dry-run=server", "-f", "-", text=wrong)))
        for words in ("spec.registers[0].value", "120 is above max 95", "spec.registers[1]"):
            assert words in done.stderr, done.stderr
        right = wrong.replace("value: 120", "value: 72").replace("name: zone1, address: 101, table: input, value: 3",
                                                                  "name: zone2, address: 101")
        cluster.apply(right)
        cluster.must("annotate", "plc", "oven", "-n", place, "note=hello")

        # A renewed certificate of another authority is taken up without a restart.
        renewed = certificate(tmp_path / "certificate")
        cluster.apply(hook(renewed))
        done = wait_for("a refusal over the new certificate", lambda: (
            lambda it: it if "is above max" in it.stderr else None)(
                cluster.kubectl("apply", "--dry-run=server", "-f", "-", text=wrong)))
        assert "the certificate has changed" in one.log
        assert one.metric("fabgitops_admission_total") >= 3
    finally:
        cluster.kubectl("delete", "validatingwebhookconfiguration", "test")


def test_an_invalid_specification_is_told_and_not_half_applied(cluster, place, operator, fleet):
    # No webhook here: the operator is the last line.
    plant = fleet(2)
    cluster.apply(plc_yaml("line", plant.port, namespace=place))
    # Two resources that want one register would undo each other for ever: the newer is refused.
    operator("--namespace", place)
    cluster.must("wait", "--for=condition=InSync", "plc/line", "-n", place, "--timeout=60s")
    bad = {"spec": {"targetRegister": None, "targetValue": None, "registers": [
        {"name": "a", "address": 4001, "value": 120, "max": 95}, {"name": "b", "address": 4002, "value": 7}]}}
    cluster.must("patch", "plc", "line", "-n", place, "--type=merge", "-p", json.dumps(bad))
    cluster.must("wait", "--for=condition=Ready=false", "plc/line", "-n", place, "--timeout=60s")
    status = cluster.status("line", place)
    ready = condition(status, "Ready")
    assert ready["reason"] == "InvalidSpec" and "spec.registers[0].value" in ready["message"], status
    assert ready["observedGeneration"] == 2 and status["observedGeneration"] == 1
    wait_for("the event", lambda: cluster.events("line", "InvalidSpec", place))
    # Neither the half that is right nor the specification before is enforced.
    write_register(plant.port, 4001, 1111)
    wait_for("the drift", lambda: cluster.status("line", place).get("inSync") is False)
    time.sleep(2.5)
    assert mbpoll_read(plant.port, 4001) == 1111 and mbpoll_read(plant.port, 4002) != 7
    good = {"spec": {"registers": [{"name": "a", "address": 4001, "value": 90, "max": 95}]}}
    cluster.must("patch", "plc", "line", "-n", place, "--type=merge", "-p", json.dumps(good))
    cluster.must("wait", "--for=condition=InSync", "plc/line", "-n", place, "--timeout=60s")
    assert mbpoll_read(plant.port, 4001) == 90
    assert condition(cluster.status("line", place), "Ready")["status"] == "True"

    cluster.apply(plc_yaml("rival", plant.port, value=5, namespace=place))
    cluster.must("wait", "--for=condition=Ready=false", "plc/rival", "-n", place, "--timeout=60s")
    message = condition(cluster.status("rival", place), "Ready")["message"]
    assert f"{place}/line also sets this register" in message, message
    time.sleep(1.5)
    assert mbpoll_read(plant.port, 4001) == 90


def test_what_people_ask_for(cluster, place, operator, fleet):
    plant = fleet(1)
    cluster.apply(plc_yaml("line", plant.port, namespace=place, extra="  autoCorrect: false\n"))
    operator("--namespace", place)
    cluster.must("wait", "--for=condition=InSync", "plc/line", "-n", place, "--timeout=60s")

    def drifted():
        write_register(plant.port, 4001, 2000)
        wait_for("the drift", lambda: cluster.status("line", place).get("inSync") is False)

    def annotate(*words):
        return cluster.must("annotate", "--overwrite", "plc", "line", "-n", place, *words, user="syncer")

    # A sync, echoed when it has an outcome.
    drifted()
    annotate("fabgitops.io/last-sync-request=2026-01-02T03:04:05Z", "fabgitops.io/requested-by=anna")
    wait_for("the echo", lambda: cluster.status("line", place).get("lastHandledSyncRequest") == "2026-01-02T03:04:05Z")
    assert mbpoll_read(plant.port, 4001) == 2500
    wait_for("in sync", lambda: cluster.status("line", place).get("inSync") is True)
    # Shelved: not even on request.
    until = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 600))
    annotate("fabgitops.io/shelves=" + json.dumps([{"by": "anna", "reason": "pump swap", "until": until}]))
    wait_for("the shelf", lambda: "shelved by anna" in cluster.status("line", place).get("message", ""))
    drifted()
    annotate("fabgitops.io/last-sync-request=second", "fabgitops.io/force-sync=true")
    wait_for("the echo", lambda: cluster.status("line", place).get("lastHandledSyncRequest") == "second")
    assert mbpoll_read(plant.port, 4001) == 2000
    # No longer shelved, but held: the hold stands before everything.
    cluster.must("create", "configmap", "fabgitops-hold", f"-n{SYSTEM}", "--from-literal=by=bob",
                 "--from-literal=reason=fire drill", user="holder")
    try:
        annotate("fabgitops.io/shelves-")
        annotate("fabgitops.io/last-sync-request=third")
        wait_for("the echo", lambda: cluster.status("line", place).get("lastHandledSyncRequest") == "third")
        assert mbpoll_read(plant.port, 4001) == 2000
        assert any("fire drill" in item["message"] for item in cluster.events("line", "SyncRefused", place))
    finally:
        cluster.must("delete", "configmap", "fabgitops-hold", f"-n{SYSTEM}", user="holder")
    wait_for("the release", lambda: annotate(f"fabgitops.io/last-sync-request={time.time()}") and (
        mbpoll_read(plant.port, 4001) == 2500), step=1)
    # Suspended by its specification, then changed: at once, not at the next poll.
    cluster.must("patch", "plc", "line", "-n", place, "--type=merge", "-p",
                 '{"spec":{"suspend":true,"autoCorrect":true,"targetValue":2600}}', user="syncer")
    cluster.must("wait", "--for=condition=Suspended", "plc/line", "-n", place, "--timeout=30s")
    time.sleep(1.5)
    assert mbpoll_read(plant.port, 4001) == 2500
    cluster.must("patch", "plc", "line", "-n", place, "--type=merge", "-p", '{"spec":{"suspend":false}}')
    wait_for("the correction", lambda: mbpoll_read(plant.port, 4001) == 2600)
    # Deleted: released, not written.
    writes = len(plant.writes())
    cluster.must("delete", "plc", "line", "-n", place)
    time.sleep(0.5)
    write_register(plant.port, 4001, 1)
    time.sleep(2.5)
    assert mbpoll_read(plant.port, 4001) == 1
    assert len(plant.writes()) == writes + 1, "only our own"


def test_dry_run_never_writes(cluster, place, operator, fleet):
    plant = fleet(1, value=1000)
    cluster.apply(plc_yaml("line", plant.port, namespace=place))
    operator("--namespace", place, "--dry-run", "--no-leader-elect")
    wait_for("the drift", lambda: cluster.status("line", place).get("inSync") is False)
    cluster.must("annotate", "plc", "line", "-n", place, "fabgitops.io/last-sync-request=now")
    wait_for("the echo", lambda: cluster.status("line", place).get("lastHandledSyncRequest") == "now")
    assert plant.writes() == [] and cluster.events("line", "SyncRefused", place)


def test_shards_divide_the_fleet(cluster, place, operator, fleet):
    plant = fleet(20)
    cluster.apply("".join(plc_yaml(f"line-{i}", plant.port + i, namespace=place) for i in range(20)))
    shards = [operator("--namespace", place, "--shard", f"{i}/3") for i in range(3)]
    cluster.must("wait", "--for=condition=InSync", "plc", "--all", "-n", place, "--timeout=90s")
    counts = [one.metric("managed_plcs") for one in shards]
    assert sum(counts) == 20 and min(counts) > 0, counts


def test_a_selector_takes_and_releases(cluster, place, operator, fleet):
    plant = fleet(2)
    cluster.apply("".join(plc_yaml(f"line-{i}", plant.port + i, namespace=place) for i in range(2)))
    cluster.must("label", "plc", "line-1", "-n", place, "--overwrite", "zone=b")
    one = operator("--namespace", place, "--selector", "zone=b")
    cluster.must("wait", "--for=condition=InSync", "plc/line-1", "-n", place, "--timeout=60s")
    assert one.metric("managed_plcs") == 1 and cluster.status("line-0", place) == {}
    cluster.must("label", "plc", "line-1", "-n", place, "--overwrite", "zone=a")
    wait_for("the release", lambda: one.metric("managed_plcs") == 0)


def test_sigterm_is_orderly(cluster, place, operator, fleet):
    plant = fleet(1)
    cluster.apply(plc_yaml("line", plant.port, namespace=place))
    first = operator("--namespace", place)
    cluster.must("wait", "--for=condition=InSync", "plc/line", "-n", place, "--timeout=60s")
    assert first.terminate() < 10 and first.process.returncode == 0, first.log[-2000:]
    assert "Stopped" in first.log
    # The lease was given up: the next one need not wait for it to run out.
    began = time.monotonic()
    operator("--namespace", place).wait("Leading")
    assert time.monotonic() - began < 14


def test_wrong_usage_is_one_line(cluster, operator):
    for arguments, words in {
        ("--shard", "3/3"): "shard", ("--http", "nowhere"): "--http nowhere",
        ("--webhook", ":9443", "--webhook-cert-dir", "/nonexistent"): "/nonexistent/tls.crt",
        ("--selektor", "a"): "selektor",
    }.items():
        one = operator(*arguments, http=False)
        assert one.process.wait(timeout=30) == 2, one.log
        assert words in one.log and len([x for x in one.log.splitlines() if "Starting" not in x]) == 1, one.log

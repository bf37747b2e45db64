"""Attached to the real operator, through the API server's own service proxy, as the roles of deploy/k8s allow."""

import json
import time

import pytest

from cluster import own_address
from conftest import BIN, wait_for
from kube import MISSING, Fleet, Operator, condition, plc_yaml, write_register

pytestmark = pytest.mark.skipif(MISSING is not None, reason=MISSING or "")


@pytest.fixture
def place(kubernetes, request):
    name = request.node.name.removeprefix("test_").replace("_", "-")[:50].strip("-")
    kubernetes.must("create", "namespace", name)
    yield name
    kubernetes.kubectl("delete", "plc", "--all", "-n", name, "--wait=false")


@pytest.fixture
def start(kubernetes, place, tmp_path):
    """An operator of the test's namespace; `published`: behind the service proxy."""
    running = []

    def run(*arguments, published=False, **options):
        if published and not own_address():
            pytest.skip("this machine has no address but the loopback, to which an API server does not proxy")
        if published:
            options["host"] = own_address()
        one = Operator(kubernetes, tmp_path, "--namespace", place, "--no-leader-elect", *arguments, **options)
        running.append((one, published))
        if published:
            one.publish(kubernetes)
        return one

    yield run
    for one, published in running:
        one.kill()
        if published:
            one.unpublish(kubernetes)


@pytest.fixture
def plant(tmp_path):
    fleet = Fleet(tmp_path, 3)
    yield fleet
    fleet.stop()


def as_viewer(cluster, began):
    """What fabctl asked for as the viewer, and kubectl did not."""
    return [entry for entry in cluster.audit_lines("viewer")[began:] if entry["userAgent"].startswith("fabctl/")]


def test_a_viewer_only_ever_reads(kubernetes, place, start, plant, terminal, fabctl):
    cluster = kubernetes
    cluster.apply("".join(plc_yaml(f"line-{i}", plant.port + i, namespace=place) for i in range(3)))
    start(published=True)
    began = len(cluster.audit_lines("viewer"))
    source = ["--kubeconfig", cluster.kubeconfig("viewer"), "-n", place]
    session = terminal()
    session.type(f"{BIN}/fabctl watch {' '.join(source)}; echo exit=$?")
    session.wait("ATTACHED", "3.0 polls/s", "3 in sync")
    write_register(plant.port + 1, 4001, 2471)
    session.keys("j")
    session.wait("DriftCorrected", "2471", "1 drift, 1 correction")
    # Whatever is pressed: sync one and all, hold, shelve, adopt, suspend, acknowledge, and everything confirmed.
    for key in ("s", "y", "S", "y", "H", "y", "Escape", "z", "y", "Escape", "A", "y", "Escape", "x", "r", "d", "Escape"):
        session.keys(key)
        time.sleep(0.05)
    session.wait("ATTACHED", "3 in sync")
    # The commands that only look.
    for command in ("get-status", "list", "describe line-1", "diff", "history line-1",
                    "history line-1 --register holding-4001"):
        done = fabctl(*command.split(), *source)
        assert done.returncode == 0, (command, done.stderr)
    session.keys("Escape", "q")
    session.wait("exit=0")
    seen = as_viewer(cluster, began)
    assert {entry["verb"] for entry in seen} <= {"get", "list", "watch"}
    # (A stream that its reader leaves is a 500 in the log of the API server's proxy.)
    assert not [entry for entry in seen if entry["responseStatus"]["code"] in (401, 403, 404)], "the roles suffice"
    proxied = [entry["requestURI"] for entry in seen if "/proxy/api/v1/" in entry["requestURI"]]
    for path in ("/stream", f"/devices/{place}/line-1/history", f"/devices/{place}/line-1/provenance"):
        assert any(path in uri for uri in proxied), (path, proxied)
    assert len([w for w in plant.writes() if w["after"] == "2500"]) == 1, "the operator's own"
    # And those that would change something.
    for command in ("suspend line-1", "shelve line-1 --for 1h --reason x", "hold --reason x"):
        done = fabctl(*command.split(), *source)
        assert done.returncode == 6 and "needs permission to" in done.stderr, (command, done.stderr)
        assert done.stderr.count("\n") == 1


def test_the_past_of_a_cluster(kubernetes, place, start, plant, fabctl, tmp_path):
    cluster, state = kubernetes, str(tmp_path / "state")
    cluster.apply("".join(plc_yaml(f"line-{i}", plant.port + i, namespace=place) for i in range(2)))
    one = start("--state-dir", state, published=True)
    cluster.must("wait", "--for=condition=InSync", "plc", "--all", "-n", place, "--timeout=60s")
    write_register(plant.port, 4001, 2444)
    wait_for("the event", lambda: cluster.events("line-0", "DriftCorrected", place))
    source = ["--kubeconfig", cluster.kubeconfig("viewer"), "-n", place]
    done = fabctl("history", "line-0", *source, "-o", "json")
    assert done.returncode == 0, done.stderr
    past = [(entry["kind"], entry["reason"]) for entry in json.loads(done.stdout)]
    drift = past.index(("event", "DriftDetected"))
    assert past[:drift].count(("state", "InSync")) == 1
    assert past[drift:] == [
        ("event", "DriftDetected"), ("state", "Drifted"), ("event", "DriftCorrected"), ("state", "InSync")]
    table = fabctl("history", "line-0", *source).stdout
    assert "2500 → 2444" in table and "2444 → 2500" in table
    values = fabctl("history", f"{place}/line-0", "--register", "holding-4001", "--since", "5m", *source)
    assert values.returncode == 0 and "2444" in values.stdout and values.stdout.startswith("TIME")

    def refused(code, words, *arguments, user="viewer"):
        done = fabctl(*arguments, "--kubeconfig", cluster.kubeconfig(user), "-n", place)
        assert done.returncode == code and done.stderr.count("\n") == 1, done.stderr
        for word in words:
            assert word in done.stderr, done.stderr

    refused(2, ["no such device: line-9"], "history", "line-9")
    refused(2, ["no such register: nope", "fabctl describe"], "history", "line-0", "--register", "nope")
    refused(6, ["services/proxy", "fabgitops-stream-viewer", "--operator-url"], "history", "line-0", user="syncer")
    refused(6, ["cannot be asked", "Connection refused"], "history", "line-0", "--operator-url", "http://127.0.0.1:1")
    direct = fabctl("history", "line-0", "--kubeconfig", cluster.kubeconfig("syncer"), "-n", place,
                    "--operator-url", f"http://{one.host}:{one.port()}")
    assert direct.returncode == 0 and "DriftCorrected" in direct.stdout
    # The audit is a chain in the operator's own journal, and stays there.
    for arguments in (["audit"], ["audit", "verify"]):
        refused(2, ["journal on its operator's volume", "--journal", "kubectl get events"], *arguments)
    records = json.loads(fabctl("audit", f"{place}/line-0", "--journal", state, "-o", "json").stdout)
    assert [record["kind"] for record in records if record["kind"] == "intent"] == ["intent"]
    verified = fabctl("audit", "verify", "--journal", state)
    assert verified.returncode == 0 and verified.stdout.startswith("intact: "), verified.stderr
    nowhere = fabctl("audit", "verify", "--journal", "/nonexistent")
    assert nowhere.returncode == 5 and nowhere.stderr.count("\n") == 1 and "/nonexistent" in nowhere.stderr
    one.kill()
    refused(6, ["cannot be asked", "--operator-url"], "history", "line-0")
    one.unpublish(cluster)
    refused(6, ["no operator Service in fabgitops-system", "--operator-namespace"], "history", "line-0")


def test_a_drift_that_outlives_its_operator_is_one_drift(kubernetes, place, start, plant, tmp_path):
    cluster = kubernetes
    cluster.apply(plc_yaml("line", plant.port, namespace=place, extra="  autoCorrect: false\n"))
    kept = ["--state-dir", str(tmp_path / "kept")]
    one = start(*kept)
    cluster.must("wait", "--for=condition=InSync", "plc/line", "-n", place, "--timeout=60s")
    write_register(plant.port, 4001, 2400)

    def drifts(status):
        return (status.get("driftEvents"), status["registers"][0]["driftEvents"]) if "registers" in status else None

    wait_for("the drift", lambda: drifts(cluster.status("line", place)) == (1, 1))
    wait_for("the event", lambda: cluster.events("line", "DriftDetected", place))
    since = cluster.status("line", place)["registers"][0]["lastDriftTime"]
    # On the same volume, and on another machine.
    for state in (kept, ["--state-dir", str(tmp_path / "another")]):
        one.kill()
        read = cluster.status("line", place)["registers"][0]["lastReadTime"]
        one = start(*state)
        wait_for("its first look", lambda: cluster.status("line", place)["registers"][0]["lastReadTime"] > read)
        status = cluster.status("line", place)
        assert drifts(status) == (1, 1) and status["registers"][0]["lastDriftTime"] == since, status
        assert condition(status, "InSync")["status"] == "False"
        assert [event["count"] for event in cluster.events("line", "DriftDetected", place)] == [1]
        assert one.metric("drift_events_total") == 1
    # It ends, and the next one is another.
    write_register(plant.port, 4001, 2500)
    wait_for("the end", lambda: cluster.status("line", place).get("inSync") is True)
    write_register(plant.port, 4001, 2400)
    wait_for("another", lambda: drifts(cluster.status("line", place)) == (2, 2))

"""fabctl on a real API server, with RBAC on: the attached dashboard and the one-shot commands."""

import json
import signal
import subprocess
import time

import pytest

import cluster as kubernetes
from conftest import BIN, free_port, wait_for

pytestmark = pytest.mark.skipif(not kubernetes.IS_INSTALLED, reason=kubernetes.WHY_NOT)


@pytest.fixture(scope="module")
def plant(tmp_path_factory):
    """A cluster with four PLCs of which an operator has told."""
    cluster = kubernetes.Cluster(tmp_path_factory.mktemp("cluster"))
    try:
        cluster.start()
        cluster.install()
        cluster.apply("---\n".join(cluster.plc(f"line-{number}") for number in range(4)))
        yield cluster
    finally:
        cluster.stop()


@pytest.fixture
def told(plant):
    for number in range(3):
        plant.tell(f"line-{number}", 2400 if number == 2 else 2500)
    return plant


@pytest.fixture
def operator(plant):
    """An operator's API behind the API server's own service proxy."""
    address = kubernetes.own_address()
    if not address:
        pytest.skip("this machine has no address but the loopback, to which an API server does not proxy")
    scripted = kubernetes.ScriptedOperator()
    for number in range(3):
        scripted.tell(f"line-{number}", 2500)
    scripted.publish(plant, address)
    yield scripted
    plant.kubectl("delete", "-n", "fabgitops-system", "svc/fabgitops-operator", "pod/scripted", "--grace-period=0", "--force")
    scripted.stop()


def watch(terminal, config, *options, **terminal_options):
    session = terminal(**terminal_options)
    session.type(" ".join([f"{BIN}/fabctl watch --kubeconfig {config}", *options, "; echo exit=$?"]))
    return session


def test_status_alone_is_shown_and_the_viewer_only_reads(terminal, told):
    began = len(told.audit("viewer"))
    session = watch(terminal, told.kubeconfig("viewer-token"))
    session.wait("ATTACHED", "line-3", "as fresh as status", "no operator Service", "Anna Ops")
    told.tell("line-1", 2444)
    session.wait("2444")
    session.keys("s")
    session.wait("--allow-sync")
    session.keys("q")
    session.wait("exit=0")
    seen = told.audit("viewer")[began:]
    assert {verb for verb, _, _ in seen} <= {"get", "list", "watch"}
    assert ("watch", "industrialplcs") in {(verb, what) for verb, what, _ in seen}
    assert not [entry for entry in seen if entry[2] == 403], "the viewer's roles suffice"


def test_live_values_come_through_the_service_proxy(terminal, told, operator):
    session = watch(terminal, told.kubeconfig("viewer-token"))
    session.wait("ATTACHED", "1.0 polls/s", "4 PLCs")
    # The stream's newer values stand before the status; reasons, provenance and history come from the operator.
    operator.tell("line-1", 2471)
    session.wait("2471", "drifted", "outside the correction window", "57 writes left", "Ben Controls")
    operator.event("DriftDetected", "the dial was turned", "line-1")
    session.wait("the dial was turned")
    operator.tell("line-1", 2500)
    session.wait_gone("2471")
    operator.header["gates"] = {"leading": True, "hold": {"by": "ben", "since": kubernetes.now(), "reason": "fire drill"}}
    operator.tell("line-1", 2500)
    session.wait("ALL WRITES HELD by ben", "fire drill")


def test_the_api_server_goes_and_comes_back(terminal, told):
    session = watch(terminal, told.kubeconfig("viewer-token"))
    session.wait("line-2", "2400", "drifted")
    told.stop_server()
    session.wait("unreachable since", "line-2", "2400")
    told.start_server()
    session.wait_gone("unreachable since")
    told.tell("line-2", 2333)
    session.wait("2333")
    assert told.kubectl("get", "plc").returncode == 0


def test_a_login_that_runs_out_is_told_and_its_renewal_found(terminal, told):
    told.tokens["short-token"] = ("viewer", "viewers")
    told.stop_server()
    told.start_server()
    config = told.kubeconfig("short-token")
    session = watch(terminal, config)
    session.wait("line-2", "2400")
    del told.tokens["short-token"]
    told.stop_server()
    told.start_server()
    session.wait("not logged in", "line-2", "2400")
    config.write_text(told.kubeconfig("viewer-token").read_text())
    session.wait_gone("not logged in")
    told.tell("line-2", 2222)
    session.wait("2222")


def test_a_missing_permission_is_named_and_its_grant_found(terminal, told):
    session = watch(terminal, told.kubeconfig("nobody-token"))
    session.wait("needs permission to list industrialplcs.fabgitops.io")
    told.apply(kubernetes.binding("ClusterRoleBinding", "late", "ClusterRole", "fabgitops-viewer", "nobodies"))
    session.wait("line-2", "2400", timeout=90)
    # The role without the Role for streams: live values need more.
    session.wait("as fresh as status", "services/proxy")
    told.kubectl("delete", "clusterrolebinding", "late")


def test_two_clusters_are_one_fleet(terminal, fabctl, told):
    config = told.folder / "both"
    one = told.kubeconfig("viewer-token", name="north").read_text()
    config.write_text(one.replace("contexts: [", "contexts: [{name: south, context: {cluster: c, user: u}}, "))
    session = watch(terminal, config, "--context north --context south")
    session.wait("ATTACHED", "north, south", "8 PLCs")
    session.keys("/")
    session.type("cluster=south")
    session.wait("4 of 8")
    done = fabctl("get-status", "--kubeconfig", str(config), "--context", "north", "--context", "south")
    assert done.returncode == 0 and "north/default/line-0" in done.stdout and "south/default/line-0" in done.stdout


def test_a_sync_is_asked_for_with_allow_sync(terminal, told):
    session = watch(terminal, told.kubeconfig("syncer-token"), "--allow-sync")
    session.wait("line-2", "2400")
    session.keys("s")
    session.wait("2400", "2500", "Cancel")
    session.keys("y")

    def request():
        plc = json.loads(told.kubectl("get", "plc", "line-2", "-o", "json").stdout)
        return plc["metadata"].get("annotations", {}).get("fabgitops.io/last-sync-request")

    token = wait_for("the annotation", request)
    told.tell("line-2", 2500, lastHandledSyncRequest=token)
    session.wait("corrected")


def test_the_real_operator_is_attached_to_and_asked(terminal, fabctl, plant, plc, tmp_path):
    device = plc({4001: 2400})
    plant.kubectl("create", "namespace", "real")
    port = free_port()
    log = (tmp_path / "operator.log").open("w")
    operator = subprocess.Popen(
        [str(BIN / "fabgitops-operator"), "--kubeconfig", str(plant.kubeconfig()), "--namespace", "real",
         "--no-leader-elect", "--lease-namespace", "fabgitops-system", "--http", f"127.0.0.1:{port}"],
        stdin=subprocess.DEVNULL, stdout=log, stderr=log)
    try:
        manual = plant.plc("press", namespace="real", port=device.port, extra="  autoCorrect: false\n")
        plant.apply(manual.replace("192.0.2.10", "127.0.0.1"))
        session = watch(
            terminal, plant.kubeconfig("viewer-token"), f"-n real --operator-url http://127.0.0.1:{port}")
        session.wait("ATTACHED", "press", "2400", "autoCorrect is off", "DriftDetected", "read every 1 s")
        asked = fabctl("sync", "press", "--yes", "-n", "real", "--kubeconfig", str(plant.kubeconfig("syncer-token")))
        assert asked.returncode == 0 and "corrected and read back" in asked.stdout, asked.stderr
        assert device.read(4001) == 2500 and device.writes() == ["write 4001 2500"]
        session.wait("DriftCorrected", "1 in sync")
    finally:
        operator.kill()
        operator.wait()
        plant.kubectl("delete", "plc", "--all", "-n", "real")


# One-shot commands


def test_one_shots_print_what_the_operator_read(fabctl, told):
    config = str(told.kubeconfig("viewer-token"))
    table = fabctl("get-status", "--kubeconfig", config)
    assert table.returncode == 0 and "line-2  192.0.2.10:502  holding-4001  2500     2400    Drifted" in table.stdout
    assert "line-3" in table.stdout and "Pending" in table.stdout
    assert fabctl("get-status", "line-2", "--exit-code", "--kubeconfig", config).returncode == 1
    objects = json.loads(fabctl("get-status", "-o", "json", "--kubeconfig", config).stdout)
    assert objects["kind"] == "List" and len(objects["items"]) == 4
    assert objects["items"][2]["status"]["currentValue"] == 2400 and "uid" in objects["items"][2]["metadata"]
    assert "managedFields" not in objects["items"][0]["metadata"]
    assert fabctl("list", "--kubeconfig", config).stdout.split() == [f"line-{number}" for number in range(4)]
    difference = fabctl("diff", "--kubeconfig", config)
    assert difference.returncode == 1 and "+ actual   2400" in difference.stdout
    told.kubectl("create", "-f", "-", text=(
        "apiVersion: v1\nkind: Event\nmetadata: { name: e1, namespace: default }\nreason: DriftDetected\n"
        "message: the dial was turned\ntype: Warning\nlastTimestamp: 2026-01-02T03:04:05Z\n"
        "involvedObject: { kind: IndustrialPLC, name: line-2, namespace: default }\n"))
    described = fabctl("describe", "line-2", "--kubeconfig", config)
    assert described.returncode == 0
    for words in ["the operator of plant", "main@sha1:0123", "the dial was turned", "Drifted"]:
        assert words in described.stdout, described.stdout
    unknown = fabctl("describe", "line-9", "--kubeconfig", config)
    assert unknown.returncode == 2 and "no such device: line-9" in unknown.stderr


def test_a_context_of_fabctl_can_be_a_cluster(fabctl, told):
    config = str(told.kubeconfig("viewer-token"))
    assert fabctl("config", "set-context", "c", "--kubeconfig", config, "--kube-context", "plant").returncode == 0
    assert "line-2" in fabctl("list").stdout
    assert "line-2" not in fabctl("list", "-n", "empty").stdout
    refused = fabctl("adopt", "line-2")
    assert refused.returncode == 2 and "needs a repository" in refused.stderr
    assert fabctl("list", "--git", ".", "--context", "plant").returncode == 2


def test_sync_waits_for_the_echo(fabctl, told):
    config = str(told.kubeconfig("syncer-token"))
    planned = fabctl("sync", "line-2", "--dry-run", "--kubeconfig", config)
    assert planned.returncode == 0 and "2400 → 2500" in planned.stdout
    asked = fabctl.start("sync", "line-2", "--yes", "--force", "--timeout", "60", "--kubeconfig", config)

    def annotations():
        plc = json.loads(told.kubectl("get", "plc", "line-2", "-o", "json").stdout)
        found = plc["metadata"].get("annotations", {})
        return found if found.get("fabgitops.io/force-sync") == "true" else None

    found = wait_for("the annotations", annotations)
    assert asked.poll() is None, "it waits"
    told.tell("line-2", 2500, lastHandledSyncRequest=found["fabgitops.io/last-sync-request"])
    out, errors = asked.communicate(timeout=60)
    assert asked.returncode == 0, errors
    assert "holding-4001: corrected and read back" in out
    told.tell("line-2", 2400)
    late = fabctl("sync", "line-2", "--yes", "--timeout", "2", "--kubeconfig", config)
    assert late.returncode == 7 and "whether an operator runs" in late.stderr
    forbidden = fabctl("sync", "line-2", "--yes", "--kubeconfig", str(told.kubeconfig("viewer-token")))
    assert forbidden.returncode != 0 and "needs permission to patch" in forbidden.stderr


def test_an_invalid_resource_is_never_called_in_sync(fabctl, told):
    config = str(told.kubeconfig("syncer-token"))
    # The schema cannot see it: 120 is above its own highest value.
    wrong = {"spec": {"targetRegister": None, "targetValue": None, "registers": [
        {"name": "a", "address": 4001, "value": 120, "max": 95}]}}
    told.apply(told.plc("line-bad"))
    try:
        done = told.kubectl("patch", "plc", "line-bad", "--type=merge", "-p", json.dumps(wrong))
        assert done.returncode == 0, done.stderr
        for words, code in [(["sync", "line-bad", "--yes"], 5), (["sync", "line-bad", "--dry-run"], 5),
                            (["diff", "line-bad"], 3), (["get-status", "line-bad", "--exit-code"], 3)]:
            done = fabctl(*words, "--kubeconfig", config)
            assert done.returncode == code and "in sync" not in done.stdout, (words, done)
            assert "default/line-bad: not known: invalid: " in done.stderr and "value" in done.stderr, done.stderr
    finally:
        told.kubectl("delete", "plc", "line-bad")


def test_an_operators_words_become_annotations_and_spec(fabctl, told):
    config = str(told.kubeconfig("syncer-token"))

    def plc():
        return json.loads(told.kubectl("get", "plc", "line-0", "-o", "json").stdout)

    assert fabctl("suspend", "line-0", "--reason", "pump", "--kubeconfig", config).returncode == 0
    assert plc()["spec"]["suspend"] is True and "(pump)" in plc()["metadata"]["annotations"]["fabgitops.io/suspended-by"]
    assert "Suspended" in fabctl("get-status", "line-0", "--kubeconfig", config).stdout
    assert fabctl("resume", "line-0", "--kubeconfig", config).returncode == 0
    assert plc()["spec"]["suspend"] is False
    done = fabctl("shelve", "line-0", "--for", "1h", "--reason", "pump swap", "--kubeconfig", config)
    assert done.returncode == 0 and "shelved until" in done.stdout
    shelf = json.loads(plc()["metadata"]["annotations"]["fabgitops.io/shelves"])
    assert shelf[0]["reason"] == "pump swap" and "register" not in shelf[0]
    assert "Shelved" in fabctl("get-status", "line-0", "--kubeconfig", config).stdout
    assert fabctl("unshelve", "line-0", "--kubeconfig", config).returncode == 0
    assert "fabgitops.io/shelves" not in plc()["metadata"].get("annotations", {})
    for _ in range(2):
        assert fabctl("hold", "--reason", "fire drill", "--kubeconfig", config).returncode == 0
    held = told.kubectl("get", "configmap", "fabgitops-hold", "-n", "fabgitops-system", "-o", "jsonpath={.data.reason}")
    assert held.stdout == "fire drill"
    assert "allowed again" in fabctl("release", "--kubeconfig", config).stdout
    assert "no hold stands" in fabctl("release", "--kubeconfig", config).stdout


def test_what_cannot_be_reached_ends_with_6(fabctl, told, tmp_path):
    assert fabctl("get-status", "--kubeconfig", str(told.kubeconfig("nobody-token"))).returncode == 6
    gone = tmp_path / "gone"
    gone.write_text(told.kubeconfig("viewer-token").read_text().replace(f":{told.port}'", ":1'"))
    for command in ("get-status", "list", "diff", "describe line-1", "sync --all --yes"):
        done = fabctl(*command.split(), "--kubeconfig", str(gone))
        assert done.returncode == 6, (command, done.stderr)
        assert done.stderr.count("\n") == 1 and "Connection refused" in done.stderr
    wrong = fabctl("get-status", "--kubeconfig", str(told.kubeconfig("viewer-token")), "--context", "nope")
    assert wrong.returncode == 2 and 'no context "nope"; there are: plant' in wrong.stderr


def test_plain_lines_follow_a_cluster(fabctl, told):
    process = fabctl.start("watch", "--plain", "--kubeconfig", str(told.kubeconfig("viewer-token")))
    time.sleep(0.1)
    assert process.stdout.readline().startswith("# plant, attached")
    told.kubectl("create", "-f", "-", text=(
        "apiVersion: v1\nkind: Event\nmetadata: { generateName: e, namespace: default }\nreason: DriftCorrected\n"
        f"message: put right\ntype: Normal\nlastTimestamp: {kubernetes.now()}\n"
        "involvedObject: { kind: IndustrialPLC, name: line-1, namespace: default }\n"))
    line = ""
    while "put right" not in line:
        line = process.stdout.readline()
        assert line, process.stderr.read()
    assert "DriftCorrected plc=default/line-1" in line
    process.send_signal(signal.SIGTERM)
    assert process.wait(timeout=20) == 0

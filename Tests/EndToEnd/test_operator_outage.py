"""An API server that goes away and an etcd that forgets, under load, with an operator and three attached screens."""

import contextlib
import json
import os
import signal
import time

import pytest

from cluster import own_address
from conftest import BIN, fabctl_processes, mbpoll_read, wait_for
from kube import MISSING, Fleet, Operator, plc_yaml
from vandal import Vandal, operators_writes

pytestmark = pytest.mark.skipif(MISSING is not None, reason=MISSING or "")

COUNT = 8
SPACE = "outage"


@pytest.fixture
def scene(kubernetes, tmp_path):
    """PLCs, their resources, and an operator behind the API server's service proxy."""
    address = own_address()
    if not address:
        pytest.skip("this machine has no address but the loopback, to which an API server does not proxy")
    plant = Fleet(tmp_path, COUNT)
    kubernetes.kubectl("create", "namespace", SPACE)
    # Whoever turns a dial again and again would be called a rival, and left alone for a minute.
    patient = "  correction: { contestedAfter: 100 }\n"
    kubernetes.apply("".join(
        plc_yaml(f"line-{i}", plant.port + i, namespace=SPACE, extra=patient) for i in range(COUNT)))
    one = Operator(
        kubernetes, tmp_path, "--namespace", SPACE, "--lease-duration", "5", "--renew-deadline", "3",
        "--retry-period", "0.5", host=address)
    try:
        one.wait("Leading").publish(kubernetes)
        kubernetes.must("wait", "--for=condition=InSync", "plc", "--all", "-n", SPACE, "--timeout=60s")
        yield plant, one
    finally:
        if "server" not in kubernetes.processes:
            kubernetes.start_server()
        if one.process.poll() is None:
            one.process.send_signal(signal.SIGCONT)
        one.kill()
        plant.stop()
        one.unpublish(kubernetes)
        kubernetes.kubectl("delete", "plc,events", "--all", "-n", SPACE, "--wait=false")


class Lines:
    """What `fabctl watch -o json` printed."""

    def __init__(self, fabctl, *arguments):
        self.pipe = fabctl.start("watch", "-o", "json", *arguments).stdout.fileno()
        os.set_blocking(self.pipe, False)
        self.bytes = b""

    def events(self, reason):
        with contextlib.suppress(BlockingIOError):
            while more := os.read(self.pipe, 1 << 16):
                self.bytes += more
        # The last line may be half written.
        lines = [json.loads(line) for line in self.bytes.splitlines(keepends=True) if line.endswith(b"\n")]
        return [line["plc"].split("/")[-1] for line in lines if line["reason"] == reason]


def counted(words):
    return {f"line-{i}": words.count(f"line-{i}") for i in range(COUNT)}


def shown(session, name, turns):
    """The dashboard's own count of one device, and every device of the list."""
    session.keys("/")
    session.type(name)
    drifts = f"{turns} drift{'' if turns == 1 else 's'}, {turns} correction{'' if turns == 1 else 's'}"
    session.wait(name, drifts)
    session.keys("Escape")


def test_nothing_is_lost_and_nothing_counted_twice(kubernetes, scene, terminal, fabctl):
    plant, one = scene
    cluster, viewer = kubernetes, kubernetes.kubeconfig("viewer")
    live, told = terminal(rows=44), terminal(rows=44)
    live.type(f"{BIN}/fabctl watch --kubeconfig {viewer} -n {SPACE}")
    # Without a way to the operator: what status and events tell.
    told.type(f"{BIN}/fabctl watch --kubeconfig {viewer} -n {SPACE} --operator-namespace default")
    lines = Lines(fabctl, "--kubeconfig", viewer, "-n", SPACE)
    live.wait("ATTACHED", "8.0 polls/s", "line-7")
    told.wait("ATTACHED", "as fresh as status", "line-7")
    # An object has a budget of 25 events, as with client-go: two for each turn of a dial.
    vandal = Vandal(plant, COUNT, most=10, corrections=lambda i: one.corrections(f"{SPACE}/line-{i}"))
    try:
        vandal.start()
        wait_for("some turns", lambda: vandal.total > COUNT)
        cluster.compact()
        cluster.stop_server()
        # The lease cannot be renewed: nothing is written any more, everything is still watched.
        one.wait("Not leading any more")
        silent = len(operators_writes(plant))
        for session in (live, told):
            session.wait("unreachable since", "line-7")
        cluster.compact()
        assert len(operators_writes(plant)) == silent
        wait_for("its metrics", lambda: one.metric("fabgitops_leader") == 0)
        assert one.metric("managed_plcs") == COUNT
        cluster.start_server()
        cluster.compact()
        # All recover by themselves, and the vandal's work is undone again.
        wait_for(lambda: one.log[-2000:], lambda: len(operators_writes(plant)) > silent + COUNT)
        cluster.compact()
        vandal.end()
        turns = {f"line-{i}": vandal.turns[i] for i in range(COUNT)}
        # What the PLCs themselves logged.
        assert turns == counted([
            f"line-{int(w['plc'].split('-')[1]) - 1}" for w in plant.writes() if w["after"] == "2400"])

        def settled():
            items = cluster.get(namespace=SPACE)
            return turns == {i["metadata"]["name"]: i["status"]["driftEvents"] for i in items} and turns == {
                i["metadata"]["name"]: i["status"]["correctionsApplied"] for i in items}
        wait_for(lambda: (turns, cluster.must("get", "plc", "-n", SPACE)), settled, step=0.5)
        assert one.metric("drift_events_total") == sum(turns.values())
        # Each drift and each correction is an event, also those of the outage.
        for reason in ("DriftDetected", "DriftCorrected"):
            wait_for(lambda: (reason, turns, cluster.must("get", "events", "-n", SPACE)), lambda: turns == {
                name: sum(e.get("count") or 1 for e in cluster.events(name, reason, SPACE)) for name in turns},
                step=0.5)
            wait_for(lambda: (reason, turns, counted(lines.events(reason))),
                     lambda: counted(lines.events(reason)) == turns)
        for session in (live, told):
            session.wait_gone("unreachable")
            shown(session, "line-3", turns["line-3"])
    finally:
        vandal.ended.set()


def test_what_changed_while_nobody_looked_is_found(kubernetes, scene, terminal):
    plant, one = scene
    cluster = kubernetes
    session = terminal(rows=44)
    config = cluster.kubeconfig("viewer")
    session.type(f"{BIN}/fabctl watch --kubeconfig {config} -n {SPACE}")
    session.wait("ATTACHED", "8.0 polls/s", "line-7")
    screen = fabctl_processes(config)
    assert screen
    # Nobody looks: a resource goes, another is changed, and history with them.
    for pid in (one.process.pid, *screen):
        os.kill(pid, signal.SIGSTOP)
    try:
        cluster.must("delete", "plc", "line-7", "-n", SPACE)
        cluster.must("patch", "plc", "line-0", "-n", SPACE, "--type=merge", "-p", '{"spec":{"targetValue":2600}}')
        cluster.stop_server()
        cluster.compact()
        cluster.start_server()
    finally:
        for pid in (one.process.pid, *screen):
            os.kill(pid, signal.SIGCONT)
    wait_for("the change", lambda: mbpoll_read(plant.port, 4001) == 2600)
    wait_for("the release", lambda: one.metric("managed_plcs") == COUNT - 1)
    session.wait_gone("● line-7")
    session.wait("2600", f"{COUNT - 1} PLCs")
    # Released, and not written.
    writes = len(plant.writes())
    time.sleep(2)
    assert len(plant.writes()) == writes and mbpoll_read(plant.port + 7, 4001) == 2500

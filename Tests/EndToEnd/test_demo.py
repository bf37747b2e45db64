"""`fabctl demo`: what `./demo/run` ends in."""

from conftest import BIN, fabctl_processes, wait_for


def test_demo_drifts_corrects_and_syncs_by_hand(terminal):
    session = terminal(columns=120, rows=40)
    session.type(f"{BIN}/fabctl demo --seed 7; echo exit=$?")
    session.wait("DriftDetected")
    session.wait("DriftCorrected")
    session.keys("q")
    session.wait("exit=0")
    wait_for("no process to be left", lambda: not fabctl_processes("demo"))

"""`fabctl demo`: what `./demo/run` ends in."""

import urllib.request

from conftest import BIN, fabctl_processes, free_port, manifest, wait_for


def test_demo_drifts_corrects_and_syncs_by_hand(terminal):
    session = terminal(columns=130, rows=42)
    session.type(f"{BIN}/fabctl demo --seed 7; echo exit=$?")
    session.wait("DriftDetected")
    session.wait("DriftCorrected")
    # conveyor-1 never corrects itself: it waits for an operator.
    session.keys("/")
    session.tmux("send-keys", "-l", "conveyor")
    session.keys("Enter")
    session.wait("DriftDetected   conveyor-1", "autoCorrect is off", timeout=120)
    session.keys("s")
    session.wait("Sync conveyor-1", "belt-speed-setpoint", "→ 0.850", "Cancel")
    session.keys("y")
    session.wait("DriftCorrected  conveyor-1")
    session.keys("Escape", "Escape", "q")
    session.wait("exit=0")
    wait_for("no process to be left", lambda: not fabctl_processes("demo"))


def test_metrics_are_served_beside_the_watch(fabctl, repository, plc):
    device = plc({4001: 2400})
    repository.commit({"line-1.yaml": manifest("line-1", device.port)})
    port = free_port()
    fabctl.start("watch", "--git", str(repository.path), "--plain", "--metrics", f"127.0.0.1:{port}")

    def scrape():
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=5) as answer:
                return answer.read().decode()
        except OSError:
            return ""

    wait_for("the correction in the metrics", lambda: 'corrections_total{plc_name="line-1"' in scrape())
    wait_for("the value", lambda: "2500" in "".join(
        line for line in scrape().splitlines() if line.startswith("register_value{")))

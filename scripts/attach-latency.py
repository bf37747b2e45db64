#!/usr/bin/env python3
"""How soon an attached dashboard shows what the operator saw: `scripts/attach-latency.py [TURNS]`.

Starts an API server, mock PLCs, an operator behind the API server's service proxy, and two dashboards in tmux as the viewer
role allows: one with the operator's stream, one with status only. A dial is turned TURNS (20) times; counted is the time from
the operator's own log line to the value on the screen.
"""

import datetime
import os
import pathlib
import re
import statistics
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "Tests" / "EndToEnd"))

from cluster import own_address  # noqa: E402
from conftest import BIN, Tmux, wait_for  # noqa: E402
from kube import MISSING, Cluster, Fleet, Operator, plc_yaml, write_register  # noqa: E402

LIMITS = {"stream": 0.5, "status only": 2.0}


def seen_by_operator(operator, value):
    """When the operator's log says that it read the value."""
    found = re.search(rf"^(\S+) .*Drift detected: holding-4001 is {value},", operator.log, re.M)
    return found and datetime.datetime.fromisoformat(found.group(1).replace("Z", "+00:00")).timestamp()


def turn(plant, operator, screens, value):
    """Seconds from the operator's eye to each screen."""
    write_register(plant.port, 4001, value)
    shown = {}
    deadline = time.monotonic() + 60
    while len(shown) < len(screens) and time.monotonic() < deadline:
        for name, screen in screens.items():
            if name not in shown and str(value) in screen.screen():
                shown[name] = time.time()
    at = wait_for("the operator", lambda: seen_by_operator(operator, value))
    write_register(plant.port, 4001, 2500)
    # A poll that sees it, or the next turn would be the same drift still.
    time.sleep(2)
    for screen in screens.values():
        screen.wait("4 in sync")
    return {name: shown.get(name, float("inf")) - at for name in screens}


def main():
    turns = int(sys.argv[1]) if len(sys.argv) > 1 else 20
    address = own_address()
    if MISSING or not address:
        sys.exit(f"attach-latency: {MISSING or 'needs an address that is not the loopback, for the service proxy'}")
    with tempfile.TemporaryDirectory() as folder:
        os.environ.update(XDG_STATE_HOME=f"{folder}/state", XDG_CONFIG_HOME=f"{folder}/config")
        cluster, screens, plant, operator = Cluster(folder), {}, None, None
        try:
            cluster.start().install()
            plant = Fleet(folder, 4)
            manual = "  autoCorrect: false\n"
            cluster.apply("".join(plc_yaml(f"line-{i}", plant.port + i, extra=manual) for i in range(4)))
            operator = Operator(cluster, folder, host=address).wait("Leading")
            operator.publish(cluster)
            for name, options in {"stream": "", "status only": " --operator-namespace default"}.items():
                screens[name] = Tmux(folder)
                screens[name].type(f"{BIN}/fabctl watch --kubeconfig {cluster.kubeconfig('viewer')}{options}")
            for screen in screens.values():
                screen.wait("ATTACHED", "4 in sync")
            measured = [turn(plant, operator, screens, 3000 + 7 * number) for number in range(turns)]
        finally:
            for screen in screens.values():
                screen.stop()
            for process in (operator, plant):
                if process:
                    process.kill() if process is operator else process.stop()
            cluster.stop()
    worst = 0
    for name, limit in LIMITS.items():
        times = sorted(one[name] for one in measured)
        late = times[max(0, round(0.95 * len(times)) - 1)]
        worst = max(worst, late / limit)
        print(f"{name}: median {statistics.median(times) * 1000:.0f} ms, 95 of 100 within {late * 1000:.0f} ms, "
              f"worst {times[-1] * 1000:.0f} ms of {turns} (limit {limit * 1000:.0f} ms)")
    sys.exit(0 if worst <= 1 else 1)


if __name__ == "__main__":
    main()

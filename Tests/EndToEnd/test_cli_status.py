"""get-status, list, diff, describe, sync: formats, selectors and every exit code they can end with."""

import json
import os
import re
import signal
import socket
import threading

import pytest
import yaml

from conftest import BIN, free_port, manifest, wait_for

LABELLED = (
    "apiVersion: fabgitops.io/v1\nkind: IndustrialPLC\n"
    "metadata: {{ name: {name}, labels: {{ zone: {zone} }} }}\n"
    "spec:\n  deviceAddress: 127.0.0.1\n  port: {port}\n  targetRegister: 4001\n  targetValue: {value}\n"
    "  tags: [{tag}]\n  autoCorrect: {auto}\n"
)


def labelled(name, port, zone="a", tag="boiler", value=2500, auto="true"):
    return LABELLED.format(name=name, port=port, zone=zone, tag=tag, value=value, auto=auto)


@pytest.fixture
def two(repository, plc):
    """line-1 in sync in zone a, line-2 drifted in zone b."""
    first, second = plc({4001: 2500}), plc({4001: 2400})
    repository.commit({
        "line-1.yaml": labelled("line-1", first.port),
        "line-2.yaml": labelled("line-2", second.port, zone="b", tag="press"),
    }, message="Set both lines")
    return first, second


def git(repository):
    return ["--git", str(repository.path)]


def test_table(fabctl, repository, two):
    done = fabctl("get-status", *git(repository))
    assert (done.returncode, done.stderr) == (0, "")
    header, *rows = done.stdout.splitlines()
    assert header.split() == ["NAME", "DEVICE", "REGISTER", "DESIRED", "ACTUAL", "STATUS", "PHASE", "DRIFTS"]
    assert [row.split()[:1] + row.split()[3:7] for row in rows] == [
        ["line-1", "2500", "2500", "InSync", "Connected"],
        ["line-2", "2500", "2400", "Drifted", "DriftDetected"],
    ]
    for column in re.finditer(r"\S+", header):
        assert all(row[column.start() - 1] == " " != row[column.start()] for row in rows if column.start()), done.stdout
    assert "\x1b" not in done.stdout
    assert two[1].writes() == []


def test_wide_name_and_no_headers(fabctl, repository, two):
    done = fabctl("get-status", *git(repository), "-o", "wide", "line-1")
    header, row = done.stdout.splitlines()
    assert header.split()[8:] == ["CORRECTIONS", "LAST-READ", "REVISION", "MESSAGE"]
    assert re.search(r"main@[0-9a-f]{7}  in sync$", row), row
    done = fabctl("get-status", *git(repository), "-o", "name")
    assert done.stdout == "industrialplc.fabgitops.io/line-1\nindustrialplc.fabgitops.io/line-2\n"
    done = fabctl("get-status", *git(repository), "--no-headers")
    assert [row.split()[0] for row in done.stdout.splitlines()] == ["line-1", "line-2"]


def test_json_and_yaml_are_the_kubernetes_shape(fabctl, repository, two):
    document = json.loads(fabctl("get-status", *git(repository), "-o", "json").stdout)
    assert (document["apiVersion"], document["kind"]) == ("v1", "List")
    first, second = document["items"]
    assert first["kind"] == "IndustrialPLC" and first["apiVersion"] == "fabgitops.io/v1"
    assert first["status"]["phase"] == "Connected" and first["status"]["inSync"] is True
    assert second["status"]["phase"] == "DriftDetected" and second["status"]["inSync"] is False
    assert second["status"]["currentValue"] == 2400
    assert second["status"]["source"]["revision"].startswith("main@sha1:")
    conditions = {c["type"]: c["status"] for c in second["status"]["conditions"]}
    assert conditions["InSync"] == "False" and conditions["Reachable"] == "True"
    same = yaml.safe_load(fabctl("get-status", *git(repository), "-o", "yaml").stdout)
    assert [item["metadata"] for item in same["items"]] == [item["metadata"] for item in document["items"]]
    assert [item["spec"] for item in same["items"]] == [item["spec"] for item in document["items"]]


@pytest.mark.parametrize("selector,expected", [
    ("zone=a", ["line-1"]), ("zone==b", ["line-2"]), ("zone!=a", ["line-2"]), ("zone in (a, b)", ["line-1", "line-2"]),
    ("zone notin (a)", ["line-2"]), ("zone", ["line-1", "line-2"]), ("!zone", []), ("tag:press", ["line-2"]),
    ("press", ["line-2"]), ("!tag:press", ["line-1"]), ("zone=a,tag:press", []), ("zone=b,tag:press", ["line-2"]),
])
def test_selectors(fabctl, repository, two, selector, expected):
    done = fabctl("list", *git(repository), "-l", selector)
    assert (done.returncode, done.stdout.split()) == (0, expected), done.stderr


def test_list_formats(fabctl, repository, two):
    assert fabctl("list", *git(repository)).stdout == "line-1\nline-2\n"
    wide = fabctl("list", *git(repository), "-o", "wide").stdout.splitlines()
    assert wide[0].split() == ["NAME", "DEVICE", "REGISTERS", "TAGS", "LABELS", "FILE"]
    assert wide[2].split()[3:] == ["press", "zone=b", "line-2.yaml:3"]
    items = json.loads(fabctl("list", *git(repository), "-o", "json").stdout)["items"]
    assert [item["metadata"]["name"] for item in items] == ["line-1", "line-2"]


def test_exit_codes_of_drift(fabctl, repository, two):
    assert fabctl("get-status", *git(repository), "--exit-code").returncode == 1
    assert fabctl("get-status", *git(repository), "--exit-code", "line-1").returncode == 0
    done = fabctl("diff", *git(repository))
    assert done.returncode == 1
    assert done.stdout.splitlines() == ["default/line-2 holding-4001  # line-2.yaml:8", "- desired  2500",
                                       "+ actual   2400"]
    assert fabctl("diff", *git(repository), "line-1").returncode == 0
    (drift,) = json.loads(fabctl("diff", *git(repository), "-o", "json").stdout)
    assert (drift["name"], drift["desired"], drift["actual"], drift["source"]["line"]) == ("line-2", 2500, 2400, 8)


def test_unreachable_is_three_and_the_others_are_shown(fabctl, repository, plc):
    device = plc({4001: 2500})
    repository.commit({"a.yaml": manifest("up", device.port), "b.yaml": manifest("down", free_port())})
    done = fabctl("get-status", *git(repository))
    assert done.returncode == 3
    rows = {row.split()[0]: row for row in done.stdout.splitlines()}
    assert "InSync" in rows["up"] and "Unreachable" in rows["down"] and " ? " in rows["down"]
    assert fabctl("diff", *git(repository)).returncode == 3
    assert fabctl("describe", *git(repository), "down").returncode == 3
    done = fabctl("sync", *git(repository), "--all", "--yes")
    assert done.returncode == 3 and "down: unreachable" in done.stderr


def test_watch_prints_what_changes(fabctl, repository, two):
    process = fabctl.start("get-status", *git(repository), "--watch")
    lines = []
    threading.Thread(target=lambda: lines.extend(iter(process.stdout.readline, "")), daemon=True).start()
    wait_for("the first table", lambda: len(lines) >= 3)
    assert lines[0].startswith("NAME") and "InSync" in lines[1]
    two_drifted = fabctl("sync", *git(repository), "line-2", "--yes")
    assert two_drifted.returncode == 0, two_drifted.stderr
    wait_for("line-2 in sync", lambda: any(l.startswith("line-2") and "InSync" in l for l in lines[3:]))
    assert not any(line.startswith(("NAME", "line-1")) for line in lines[3:]), lines
    process.send_signal(signal.SIGINT)
    assert process.wait(30) == 130


def test_describe_in_sections(fabctl, repository, two):
    done = fabctl("describe", *git(repository), "line-2")
    assert done.returncode == 0, done.stderr
    text = done.stdout
    for heading in ("Name:", "Registers:", "Conditions:", "Events:", "Controller:    none"):
        assert heading in text, text
    assert re.search(r"Desired:   2500  [0-9a-f]{10} Anna Ops, .* ago, line-2.yaml:8  Set both lines", text), text
    assert "Actual:    2400" in text and "Not written because: nobody controls these devices now" in text
    assert re.search(r"InSync +False +Drift", text), text
    assert "DriftDetected" in text


def test_sync_writes_after_telling(fabctl, repository, two):
    dry = fabctl("sync", *git(repository), "--all", "--dry-run")
    assert dry.returncode == 0 and "default/line-2 holding-4001  2400 → 2500" in dry.stdout, dry.stderr
    assert two[1].writes() == []
    unasked = fabctl("sync", *git(repository), "--all")
    assert unasked.returncode == 4 and "--yes" in unasked.stderr and two[1].writes() == []
    done = fabctl("sync", *git(repository), "line-1", "line-2", "--yes")
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == ["default/line-2 holding-4001  2400 → 2500",
                                       "default/line-2 holding-4001: corrected and read back"]
    assert "\x1b" not in done.stderr
    assert two[1].writes() == ["write 4001 2500"] and two[0].writes() == []
    again = fabctl("sync", *git(repository), "--all", "--yes")
    assert again.returncode == 0 and "nothing to write" in again.stdout


def test_sync_asks_on_a_terminal_and_shows_life(terminal, repository, two):
    session = terminal()
    session.type(f"{BIN}/fabctl sync --git {repository.path} --all; echo exit=$?")
    session.wait("2400", "2500", "[y/N]")
    session.type("n")
    session.wait("nothing was written", "exit=4")
    assert two[1].writes() == []
    session.type("clear")
    session.wait_gone("[y/N]")
    session.type(f"{BIN}/fabctl sync --git {repository.path} --all; echo exit=$?")
    session.wait("[y/N]")
    session.keys("C-c")
    session.wait("exit=130")
    assert two[1].writes() == []
    session.type("clear")
    session.wait_gone("[y/N]")
    session.type(f"{BIN}/fabctl sync --git {repository.path} --all; echo exit=$?")
    session.wait("[y/N]")
    session.type("y")
    session.wait("corrected and read back", "exit=0")
    assert two[1].writes() == ["write 4001 2500"]


REFUSED = (
    "apiVersion: fabgitops.io/v1\nkind: IndustrialPLC\nmetadata: {{ name: line-1 }}\n"
    "spec:\n  deviceAddress: 127.0.0.1\n  port: {port}\n  registers:\n"
    "  - {{ address: 4001, value: 2500 }}\n"
    "  correction:\n{correction}"
)


def test_refused_by_a_rule_is_four_and_force_has_limits(fabctl, repository, plc):
    device = plc({4001: 2400})
    closed = '    windows:\n    - { schedule: "0 0 29 2 *", durationMins: 1 }\n'
    repository.commit({"a.yaml": REFUSED.format(port=device.port, correction=closed)})
    done = fabctl("sync", *git(repository), "line-1", "--yes")
    assert done.returncode == 4 and "outside the correction window" in done.stdout, done.stderr
    assert device.writes() == []
    forced = fabctl("sync", *git(repository), "line-1", "--yes", "--force")
    assert forced.returncode == 0 and device.writes() == ["write 4001 2500"], forced.stderr
    repository.commit({"a.yaml": REFUSED.format(
        port=device.port, correction="    permit: { address: 10, table: holding, equals: 1 }\n").replace("2500", "2600")})
    held = fabctl("sync", *git(repository), "line-1", "--yes", "--force")
    assert held.returncode == 4 and "permit holding 10 is 0, must be 1" in held.stdout, held.stderr
    assert device.writes() == ["write 4001 2500"]


class Deaf:
    """Accepts connections and says nothing."""

    def __init__(self):
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        self.open = []
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                self.open.append(self.socket.accept()[0])
            except OSError:
                return


def test_timed_out_is_seven(fabctl, repository):
    deaf = Deaf()
    repository.commit({"a.yaml": manifest("line-1", deaf.port, extra="  timeoutMs: 60000\n")})
    done = fabctl("sync", *git(repository), "line-1", "--yes", "--timeout", "1")
    assert done.returncode == 7 and "within 1 s" in done.stderr, done.stderr
    assert len(done.stderr.splitlines()) == 1
    deaf.socket.close()


def test_interrupt_is_130(fabctl, repository):
    deaf = Deaf()
    repository.commit({"a.yaml": manifest("line-1", deaf.port, extra="  timeoutMs: 60000\n")})
    process = fabctl.start("get-status", *git(repository))
    wait_for("the connection", lambda: deaf.open)
    process.send_signal(signal.SIGINT)
    assert process.wait(30) == 130
    assert "Fatal" not in process.stderr.read()
    deaf.socket.close()


def test_source_codes(fabctl, repository, tmp_path):
    missing = fabctl("get-status", "--git", str(tmp_path / "nowhere"))
    assert missing.returncode == 6 and len(missing.stderr.splitlines()) == 1
    unreachable = fabctl("list", "--git", f"git://127.0.0.1:{free_port()}/plant")
    assert unreachable.returncode == 6, unreachable.stderr
    repository.commit({"a.yaml": manifest("line-1", 1502, value=70000)})
    invalid = fabctl("list", *git(repository))
    assert invalid.returncode == 5 and "a.yaml:8:" in invalid.stderr, invalid.stderr


def test_a_closed_pipe_is_no_error(repository, two):
    command = f"{BIN}/fabctl get-status --git {repository.path} | head -1"
    assert os.waitstatus_to_exitcode(os.system(f"bash -c 'set -o pipefail; {command} > /dev/null'")) == 0


def test_names_as_kubectl_prints_them(fabctl, repository, two):
    names = fabctl("get", "-o", "name", "--git", str(repository.path)).stdout.split()
    assert names and all(name.startswith("industrialplc.fabgitops.io/") for name in names)
    plain = fabctl("status", *names, "--no-headers", "--git", str(repository.path)).stdout
    assert len(plain.splitlines()) == len(names)
    short = "plc/" + names[0].split("/")[1]
    assert fabctl("describe", short, "--git", str(repository.path)).returncode in (0, 3)
    assert fabctl("ls", "--git", str(repository.path)).stdout == fabctl("list", "--git", str(repository.path)).stdout


def test_who_acts_says_which_namespace(fabctl, repository, plc):
    one, other = plc({4001: 2400}), plc({4001: 2400})
    repository.commit({
        "a.yaml": manifest("line-1", one.port).replace("name: line-1", "name: line-1, namespace: hall-1"),
        "b.yaml": manifest("line-1", other.port).replace("name: line-1", "name: line-1, namespace: hall-2")})
    seen = fabctl("get-status", "line-1", "--no-headers", "--git", str(repository.path))
    assert len(seen.stdout.splitlines()) == 2
    for words in (["sync", "line-1", "--yes"], ["adopt", "line-1"], ["suspend", "line-1"]):
        done = fabctl(*words, "--git", str(repository.path))
        assert (done.returncode, done.stdout) == (2, ""), (words, done)
        assert "line-1 is in several namespaces; say which: hall-1/line-1, hall-2/line-1" in done.stderr
    assert not one.writes() and not other.writes()
    done = fabctl("sync", "hall-2/line-1", "--yes", "--git", str(repository.path))
    assert done.returncode == 0 and other.read(4001) == 2500 and one.read(4001) == 2400

"""Wrong command lines and wrong manifests: clear lines, the right exit code, never a stack trace."""

import json
import pathlib
import re
import subprocess

import pytest

from conftest import BIN, HERE, manifest

TRACES = ("Fatal error", "Stack dump", "💣", "Backtrace", "Thread 0", "Swift/", "libswift")

# What is typed, and what the one line must name.
INVOCATIONS = [
    ("syn", "did you mean sync?"),
    ("frobnicate", "frobnicate: no such command"),
    ("get-status --bogus", "--bogus"),
    ("get-status -o xml", "'xml'"),
    ("get-status --git", "--git"),
    ("get-status", "name a repository of manifests with --git PATH"),
    ("get-status --kubeconfig /k", "/k: cannot be read: No such file"),
    ("get-status --git . --context plant", "--git is local mode, --context is cluster mode: not both"),
    ("get-status --context a --context a", "--context a is given twice"),
    ("list -A -n a", "--all-namespaces excludes --namespace"),
    ("sync line-1 --yes --kubeconfig /k", "/k: cannot be read: No such file"),
    ("watch --kubeconfig /k", "/k: cannot be read: No such file"),
    ("watch --git . --allow-sync", "--allow-sync is of cluster mode"),
    ("watch --git . --observe --attach", "leave --observe out"),
    ("watch --operator-url http://h --operator-namespace n", "exclude each other"),
    ("run --kubeconfig /k", "/k: cannot be read: No such file"),
    ("audit --kubeconfig /k", "/k: cannot be read: No such file"),
    ("get-status -w --exit-code --git .", "--watch never ends"),
    ("get-status --git-interval 0 --git .", "--git-interval 0 is outside 1...86400 seconds"),
    ("get-status --git ''", "--git is empty"),
    ("get-status --git ext::sh", "remote helpers are not allowed"),
    ("get-status --git ftp://x/y", "ftp://"),
    ("describe", "<name>"),
    ("describe a b", "'b'"),
    ("sync", "name the devices to sync"),
    ("sync line-1 --all", "--all and names exclude each other"),
    ("sync line-1 --timeout 0", "--timeout 0 is outside 1...3600"),
    ("sync line-1 --timeout soon", "'soon'"),
    ("list -l zone=a=b", "a selector is written"),
    ("list -l ,", "a selector is written"),
    ("diff -o table --git .", "'table'"),
    ("lint", "<paths>"),
    ("lint /does/not/exist", "/does/not/exist"),
    ("capture", "<address>"),
    ("capture 10.0.0.1", "--range"),
    ("capture 10.0.0.1 --range 70000", "--range 70000"),
    ("capture 10.0.0.1 --range 10-1", "--range 10-1"),
    ("capture 10.0.0.1 --range 1 --unit 300", "'300'"),
    ("capture 10.0.0.1 --range 1 --port 0", "--port 0 is outside 1...65535"),
    ("capture 10.0.0.1 --range 1 --type string", "--type string cannot be captured"),
    ("capture 'telnet://x' --range 1", "unknown transport telnet://"),
    ("adopt", "<name>"),
    ("history", "<name>"),
    ("history line-1 --since never", "a time is written"),
    ("history line-1 --limit 0", "--limit 0 is outside 1...100000"),
    ("audit --kind rumour", "--kind rumour: there is no such kind"),
    ("audit --from yesterday", "a moment is written"),
    ("audit --since 1h --from 2026-01-01T00:00:00Z", "--since and --from exclude each other"),
    ("audit verify --head 1234", "--head 1234: not a head"),
    ("shelve line-1 --for 1h", "--reason"),
    ("shelve line-1 --for 0s --reason x", "a time is written"),
    ("shelve line-1 --for 1h --reason ' '", "--reason is empty"),
    ("suspend", "name the devices"),
    ("hold", "--reason"),
    ("config use-context nowhere", "no such context: nowhere"),
    ("config set-context a", "give --git, or --kube-context"),
    ("config set-context a --git . --kube-context b", "not both"),
    ("completion ksh", "'ksh'"),
    ("version extra", "'extra'"),
    ("watch --fps 0 --git .", "--fps 0 is outside 1...60"),
    ("watch --theme plaid --git .", "plaid"),
    ("demo --seed many", "'many'"),
]


def test_wrong_invocations(state):
    assert len(INVOCATIONS) >= 30
    wrong = []
    for command, expected in INVOCATIONS:
        done = subprocess.run(
            ["sh", "-c", f"{BIN}/fabctl {command}"], capture_output=True, text=True, timeout=60,
            stdin=subprocess.DEVNULL, cwd="/", check=False)
        lines = done.stderr.splitlines()
        if (done.returncode, done.stdout, len(lines)) != (2, "", 1) or expected not in done.stderr:
            wrong.append((command, expected, done.returncode, done.stdout[:200], done.stderr))
        assert not any(trace in done.stderr for trace in TRACES), done.stderr
    assert not wrong, wrong


HEAD = "apiVersion: fabgitops.io/v1\nkind: IndustrialPLC\nmetadata: { name: a }\nspec:\n  deviceAddress: 10.0.0.1\n"
SHORT = HEAD + "  targetRegister: 1\n  targetValue: 2\n"
LONG = HEAD + "  registers:\n"

# A manifest, and what its first complaint must name.
MANIFESTS = [
    ("", "contains no IndustrialPLC"),
    ("hello", ""),
    ("[]", ""),
    ("{", ""),
    ("\tkind: x", ""),
    ("\x00\x01", ""),
    ("kind: IndustrialPLC\n", "apiVersion"),
    ("apiVersion: fabgitops.io/v2\nkind: IndustrialPLC\nmetadata: {name: a}\nspec: {}\n", "apiVersion"),
    ("apiVersion: fabgitops.io/v1\nkind: IndustrialPCL\nmetadata: {name: a}\nspec: {}\n", "IndustrialPLC"),
    ("apiVersion: fabgitops.io/v1\nkind: IndustrialPLC\nspec: {}\n", "metadata"),
    ("apiVersion: fabgitops.io/v1\nkind: IndustrialPLC\nmetadata: {name: a}\n", "spec"),
    (HEAD, "register"),
    (SHORT.replace("name: a", "name: A_B"), "metadata.name"),
    (SHORT.replace("name: a", "name: ''"), "metadata.name"),
    (SHORT.replace("  deviceAddress: 10.0.0.1\n", ""), "deviceAddress"),
    (SHORT.replace("10.0.0.1", "'not a host'"), "deviceAddress"),
    (SHORT.replace("targetValue: 2", "targetValue: 70000"), "targetValue"),
    (SHORT.replace("targetValue: 2", "targetValue: -1"), "targetValue"),
    (SHORT.replace("targetValue: 2", "targetValue: two"), "targetValue"),
    (SHORT.replace("targetValue: 2", "targetValue: 2.5"), "targetValue"),
    (SHORT.replace("  targetValue: 2\n", ""), "targetValue"),
    (SHORT.replace("targetRegister: 1", "targetRegister: 65536"), "targetRegister"),
    (SHORT.replace("targetRegister", "targetRegsiter"), "did you mean targetRegister?"),
    (SHORT + "  port: 0\n", "port"),
    (SHORT + "  port: 65536\n", "port"),
    (SHORT + "  port: '502'\n", "port"),
    (SHORT + "  unitId: 256\n", "unitId"),
    (SHORT + "  pollIntervalSecs: 0\n", "pollIntervalSecs"),
    (SHORT + "  timeoutMs: 0\n", "timeoutMs"),
    (SHORT + "  autoCorrect: perhaps\n", "autoCorrect"),
    (SHORT + "  connection: sometimes\n", "connection"),
    (SHORT + "  maxRegistersPerRequest: 126\n", "maxRegistersPerRequest"),
    (SHORT + "  addressBase: 2\n", "addressBase"),
    (SHORT + "  tags: production\n", "tags"),
    (SHORT + "  tags: [production]\n  tags: [x]\n", "tags"),
    (SHORT + "  registers: [{address: 1}]\n", "registers"),
    (LONG + "  - { value: 1 }\n", "address"),
    (LONG + "  - { address: 1, table: holdings }\n", "table"),
    (LONG + "  - { address: 1, type: uint12 }\n", "type"),
    (LONG + "  - { address: 1, table: input, value: 1 }\n", "value"),
    (LONG + "  - { address: 1, value: 120, max: 95 }\n", "above max 95"),
    (LONG + "  - { address: 1, value: 1, min: 5 }\n", "below min 5"),
    (LONG + "  - { address: 1, value: 1, min: 5, max: 4 }\n", "min"),
    (LONG + "  - { address: 1, value: 1, scale: 0 }\n", "scale"),
    (LONG + "  - { address: 1, value: 1, tolerance: -1 }\n", "tolerance"),
    (LONG + "  - { address: 1, value: 1, bit: 16, type: bool }\n", "bit"),
    (LONG + "  - { address: 1, type: string, length: 4, scale: 2, value: x }\n", "scale"),
    (LONG + "  - { address: 1, type: uint32, order: ABDC, value: 1 }\n", "order"),
    (LONG + "  - { address: 1, name: x, value: 1 }\n  - { address: 2, name: x, value: 1 }\n", "name"),
    (LONG + "  - { address: 1, type: uint32, value: 1 }\n  - { address: 2, type: float32, value: 1 }\n", "overlap"),
    (LONG + "  - { address: 65535, type: uint32, value: 1 }\n", "65535"),
    (SHORT + "  correction: { maxWritesPerHour: -1 }\n", "maxWritesPerHour"),
    (SHORT + "  correction: { windows: [{ schedule: 'at noon', durationMins: 5 }] }\n", "schedule"),
    (SHORT + "  correction: { permit: { address: 1, table: coil, equals: 2 } }\n", "equals"),
    (SHORT + "---\n" + SHORT, "already declared"),
]
PLACE = re.compile(r"^wrong-\d+\.yaml(:\d+:\d+)?: \S")


def test_wrong_manifests(fabctl, tmp_path, state):
    assert len(MANIFESTS) >= 50
    wrong = []
    for number, (text, expected) in enumerate(MANIFESTS):
        name = f"wrong-{number:02}.yaml"
        (tmp_path / name).write_text(text)
        done = fabctl("lint", name, cwd=tmp_path)
        lines = done.stdout.splitlines()
        fits = done.returncode == 5 and lines and all(PLACE.match(line) for line in lines) and expected in done.stdout
        if not fits or len(lines) > 3 or len(done.stderr.splitlines()) != 1:
            wrong.append((text, expected, done.returncode, done.stdout, done.stderr))
        assert not any(trace in done.stderr for trace in TRACES), done.stderr
    assert not wrong, "\n".join(map(repr, wrong))


def test_lint_of_a_folder_and_stdin(fabctl, tmp_path, state):
    (tmp_path / "plant").mkdir()
    (tmp_path / "plant" / "good.yaml").write_text(manifest("line-1", 502))
    (tmp_path / "plant" / "other.yaml").write_text("kind: Deployment\napiVersion: apps/v1\n")
    good = fabctl("lint", str(tmp_path / "plant"))
    assert (good.returncode, good.stdout) == (0, "") and "1 device" in good.stderr
    (tmp_path / "plant" / "bad.yml").write_text(manifest("line-2", 502, value=70000))
    bad = fabctl("lint", "plant", cwd=tmp_path)
    assert bad.returncode == 5 and bad.stdout.startswith("plant/bad.yml:8:16: spec.targetValue: 70000"), bad.stdout
    done = subprocess.run([str(BIN / "fabctl"), "lint", "-"], input=manifest("line-1", 99999), text=True,
                          capture_output=True, timeout=60, check=False)
    assert done.returncode == 5 and done.stdout.startswith("-:6:9: spec.port"), done.stdout


def test_lint_for_programs(fabctl, tmp_path, state):
    path = tmp_path / "a b.yaml"
    path.write_text(manifest("line-1", 502, value=70000, extra="  timeoutMs: 0\n"))
    done = fabctl("lint", "a b.yaml", "-o", "json", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (5, "")
    found = json.loads(done.stdout)
    assert [(d["file"], d["line"], d["column"], d["severity"], d["path"]) for d in found] == [
        ("a b.yaml", 8, 16, "error", "spec.targetValue"), ("a b.yaml", 10, 14, "error", "spec.timeoutMs")]
    sarif = json.loads(fabctl("lint", "a b.yaml", "-o", "sarif", cwd=tmp_path).stdout)
    assert sarif["version"] == "2.1.0" and sarif["runs"][0]["tool"]["driver"]["name"] == "fabctl lint"
    first = sarif["runs"][0]["results"][0]
    assert first["level"] == "error" and "70000" in first["message"]["text"]
    place = first["locations"][0]["physicalLocation"]
    assert place["artifactLocation"]["uri"] == "a%20b.yaml" and place["region"] == {"startLine": 8, "startColumn": 16}
    path.write_text(manifest("line-1", 502))
    assert json.loads(fabctl("lint", str(path), "-o", "json").stdout) == []
    assert json.loads(fabctl("lint", str(path), "-o", "sarif").stdout)["runs"][0]["results"] == []


def test_every_mistake_of_a_commit_is_one_line(fabctl, repository):
    for number, (text, _) in enumerate(MANIFESTS):
        if "IndustrialPLC" in text and "metadata: { name: a }" in text:
            target = repository.path / f"wrong-{number:02}.yaml"
            target.write_text(text.replace("name: a }", f"name: a-{number} }}"))
    repository.commit({})
    done = fabctl("get-status", "--git", str(repository.path))
    assert done.returncode == 5 and done.stdout == ""
    head, *lines = done.stderr.splitlines()
    assert head.startswith("fabctl: main@sha1:") and len(lines) > 30
    assert all(PLACE.match(line) for line in lines), lines


def test_the_repository_of_wrong_manifests_is_refused_too(fabctl, state):
    folder = pathlib.Path(HERE.parent / "ManifestTests" / "Wrong")
    files = sorted(folder.glob("*.yaml"))
    assert len(files) > 20
    for file in files:
        done = fabctl("lint", str(file))
        assert done.returncode == 5, (file, done.stdout, done.stderr)
        assert all(line.startswith(str(file)) for line in done.stdout.splitlines()), done.stdout
        assert not any(trace in done.stderr for trace in TRACES), done.stderr

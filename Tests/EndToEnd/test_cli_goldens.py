"""What people read, as goldens: help, tables, descriptions, errors. RECORD=1 writes them."""

import difflib
import os
import re
import subprocess

import pytest

from conftest import BIN, HERE, manifest

GOLDENS = HERE / "goldens"
COMMANDS = [
    "", "watch", "get-status", "describe", "diff", "list", "sync", "adopt", "shelve", "unshelve", "suspend", "resume",
    "hold", "release", "history", "audit", "audit list", "audit verify", "lint", "capture", "schema", "demo", "config",
    "config get-contexts", "config current-context", "config use-context", "config set-context",
    "config delete-context", "config view", "themes", "completion", "version",
]


def check(name, text):
    golden = GOLDENS / f"{name}.txt"
    if os.environ.get("RECORD"):
        GOLDENS.mkdir(exist_ok=True)
        golden.write_text(text)
    assert golden.exists(), f"{golden} is missing; RECORD=1 writes it"
    expected = golden.read_text()
    assert text == expected, "".join(difflib.unified_diff(
        expected.splitlines(True), text.splitlines(True), golden.name, "now"))


@pytest.mark.parametrize("command", COMMANDS)
def test_help(fabctl, command):
    done = fabctl(*command.split(), "--help", env=dict(os.environ, COLUMNS="80"))
    assert (done.returncode, done.stderr) == (0, "")
    check(f"help{'-' if command else ''}{command.replace(' ', '-')}", done.stdout)


def steady(text, repository):
    """Without what differs from run to run: ports, commits, times, ages, and the widths that follow from them."""
    text = text.replace(str(repository.path), "/plant")
    text = re.sub(r"127\.0\.0\.1:\d+", "127.0.0.1:PORT", text)
    text = re.sub(r"sha1:[0-9a-f]{40}", "sha1:COMMIT", text)
    text = re.sub(r"\b[0-9a-f]{10}\b|(?<=@)[0-9a-f]{7}\b", "COMMIT", text)
    text = re.sub(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", "TIME", text)
    text = re.sub(r"\d+(\.\d+)? (ms|s|min)( ago| read)", r"AGE\3", text)
    text = re.sub(r"adopt/([a-z0-9-]+)-\d{8}-\d{6}", r"adopt/\1-TIME", text)
    text = re.sub(r" {2,}", "  ", text)
    return text


MIXED = (
    "apiVersion: fabgitops.io/v1\nkind: IndustrialPLC\n"
    "metadata: {{ name: oven, namespace: hall-2, labels: {{ zone: b }} }}\n"
    "spec:\n  deviceAddress: 127.0.0.1\n  port: {port}\n  tags: [heat]\n  autoCorrect: false\n  registers:\n"
    "  - {{ address: 100, name: zone1, scale: 0.1, unit: °C, value: 72.5, tolerance: 0.5, min: 20, max: 95 }}\n"
    "  - {{ address: 101, name: belt, value: 12 }}\n"
    "  - {{ address: 102, name: counter }}\n"
)


def test_what_people_read(fabctl, repository, plc):
    calm, hot = plc({4001: 2500}), plc({100: 801, 101: 12, 102: 9})
    repository.commit({"line-1.yaml": manifest("line-1", calm.port, poll=5), "oven.yaml": MIXED.format(port=hot.port)},
                      message="Set the hall")
    pages = {
        "table": ["get-status"], "wide": ["get-status", "-o", "wide"], "list-wide": ["list", "-o", "wide"],
        "diff": ["diff"], "describe": ["describe", "oven"], "sync-dry-run": ["sync", "--all", "--dry-run"],
        "no-such-device": ["describe", "owen"], "audit-empty": ["audit", "line-9"],
    }
    for name, command in pages.items():
        done = fabctl(*command, "--git", str(repository.path))
        check(name, steady(done.stdout + done.stderr, repository) + f"exit {done.returncode}\n")


def test_man_pages_are_those_of_this_program(tmp_path):
    """`docs/man/make` writes them anew."""
    folder = HERE.parent.parent / "docs" / "man"
    subprocess.run([folder / "make", BIN / "fabctl", tmp_path], check=True)
    made = {page.name: page.read_text() for page in tmp_path.glob("*.1")}
    kept = {page.name: page.read_text() for page in folder.glob("*.1")}
    assert sorted(made) == sorted(kept)
    assert [name for name in made if made[name] != kept[name]] == []
    for page in tmp_path.glob("*.1"):
        checked = subprocess.run(["groff", "-man", "-Tutf8", "-ww", "-z", page], capture_output=True, text=True, check=False)
        assert checked.returncode == 0 and checked.stderr == "", checked.stderr

"""The reference pages tell what the code does, and nothing else."""

import json
import re
import subprocess

import pytest

from conftest import BIN, DOCS, ROOT, pages, source

REFERENCE = DOCS / "reference"


def table(page, column=0):
    """The code spans of one column of a page's tables."""
    found = []
    for line in (REFERENCE / page).read_text().splitlines():
        cells = [cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]]
        if len(cells) > column and not line.startswith("|-"):
            found += re.findall(r"`([^`]+)`", cells[column])
    return found


def test_generated_pages_are_those_of_this_program(tmp_path):
    """`docs/reference/make` writes them anew."""
    subprocess.run([REFERENCE / "make", BIN, tmp_path], check=True)
    different = [path.name for path in tmp_path.glob("*.md") if (REFERENCE / path.name).read_text() != path.read_text()]
    assert different == [], "run docs/reference/make"


def test_exit_codes():
    codes = {int(code) for code in re.findall(r"case \w+ = (\d+)", (ROOT / "Sources/fabctl/ExitStatus.swift").read_text())}
    documented = {int(code) for code in re.findall(r"(?m)^\| (\d+) \|", (REFERENCE / "exit-codes.md").read_text())}
    assert codes == documented
    assert codes <= {int(code) for code in re.findall(r"\b(\d+) [a-z]", (ROOT / "README.md").read_text())}


def test_events():
    words = set(re.findall(r"\.(?:info|notice|warning|alarm),\s*\"([A-Z]\w+)\"", source("LocalEngine")))
    words |= set(re.findall(r"failed == 0 \? \.notice : \.warning, \"(\w+)\"", source("LocalEngine")))
    words |= set(re.findall(r"\.event\([^\"]*?\"([A-Z]\w+)\"", source("fabctl")))
    words |= set(re.findall(r"event\(\s*nil, now, \"([A-Z]\w+)\"", source("fabctl")))
    words |= set(re.findall(r"record\([^\"]*?\.(?:info|notice|warning|alarm), nil, \"([A-Z]\w+)\"", source("LocalEngine"), re.S))
    words |= set(re.findall(r"reason: \"([A-Z]\w+)\"", source("Cluster/Operator")))
    assert {"RevisionApplied", "JournalRestored", "InvalidSpec", "DriftDetected"} <= words
    documented = set(table("events.md"))
    assert words <= documented, words - documented
    everything = source("LocalEngine") + source("fabctl") + source("Cluster") if (ROOT / "Sources/Cluster").is_dir() else (
        source("LocalEngine") + source("fabctl"))
    unknown = {word for word in documented if f'"{word}"' not in everything}
    assert unknown == set()


def test_conditions():
    text = (ROOT / "Sources/Manifest/Output/PLCCondition.swift").read_text()
    kinds = set(re.findall(r"case \w+ = \"(\w+)\"", text.split("public enum Status")[0]))
    reasons = set(re.findall(r"\.(?:true|false|unknown), \"(\w+)\"", text)) | set(re.findall(r"\? \"(\w+)\" : \"(\w+)\"", text)[0])
    assert set(table("conditions.md", 0)) >= kinds
    documented = set(table("conditions.md", 2))
    assert documented - {"Pending", "Connecting"} == reasons - {"Pending", "Connecting"}


def test_statuses_and_phases():
    page = (REFERENCE / "conditions.md").read_text()
    status = re.search(r"enum DeviceStatus: String.*?\{(.*?)\n\}", source("Control"), re.S).group(1)
    words = set(re.findall(r"case \w+ = \"(\w+)\"", status))
    assert len(words) == 9 and all(f"`{word}`" in page for word in words)
    phases = set(re.findall(r"case \w+ = \"(\w+)\"", (ROOT / "Sources/Control/Phase.swift").read_text()))
    assert all(re.search(rf"\b{phase}\b", page) for phase in phases)


def test_write_rules():
    text = (ROOT / "Sources/Control/Refusal+Explanation.swift").read_text()
    words = set(re.findall(r"case \.\w+: \"([A-Z]\w+)\"", text))
    assert len(words) >= 20 and set(table("write-rules.md", 1)) == words


def test_metrics():
    golden = (ROOT / "Tests/ObservabilityTests/Golden/metrics.txt").read_text()
    served = {name for name in re.findall(r"(?m)^# TYPE (\S+) ", golden) if not name.startswith("process_")}
    documented = set(table("metrics.md"))
    # Instruments of the engine are made at run time; the rest is all in the golden.
    code = "".join(map(source, ["LocalEngine", "Modbus", "Observability", "Cluster", "fabgitops-operator"]))
    labels = set(re.findall(r"label: \"(\w+)\"", code))
    assert served <= documented, served - documented
    # Written by the registry itself: not instruments.
    written = set(re.findall(r"fabgitops_[a-z_]+", source("Observability")))
    assert documented <= served | labels | written, documented - served - labels - written


def commands():
    """Every command line of fabctl that a page shows, with where it is."""
    for page in pages():
        if page.name == "CHANGELOG.md" or page.parent == DOCS / "adr":
            continue
        text = page.read_text()
        spans = re.findall(r"`(fabctl [^`]*)`", text)
        for block in re.findall(r"(?ms)^```(?:sh|bash|console)?\n(.*?)^```", text):
            joined = block.replace("\\\n", " ")
            spans += re.findall(r"(?:^|[\s(/;|&])(fabctl [^\n|;)#&>]*)", joined)
        for span in spans:
            yield page.relative_to(ROOT), span.strip()


def help_tree():
    dump = json.loads(subprocess.run([BIN / "fabctl", "--experimental-dump-help"], capture_output=True, text=True,
                                     check=True).stdout)
    def walk(command):
        flags = {("-" if name["kind"] == "short" else "--") + name["name"]
                 for argument in command.get("arguments", []) for name in argument.get("names", [])}
        subs = {sub["commandName"]: walk(sub) for sub in command.get("subcommands", [])}
        for sub in command.get("subcommands", []):
            for alias in sub.get("aliases", []):
                subs[alias] = subs[sub["commandName"]]
        return flags, subs, command.get("defaultSubcommand")
    return walk(dump["command"])


def test_commands_that_pages_show_exist():
    tree, wrong, count = help_tree(), [], 0
    for page, line in commands():
        words = line.replace("…", " ").split()[1:]
        flags, subs, default = tree
        used = set(flags)
        if words and re.fullmatch(r"[a-z][a-z-]*(?:\|.*|,)?", words[0]) and words[0].rstrip(",") not in subs:
            wrong.append(f"{page}: {line}: no such command")
            continue
        for word in words:
            word = word.strip("[],.`")
            if word in subs:
                flags, subs, default = subs[word]
                used |= flags
            elif re.fullmatch(r"--?[a-zA-Z][a-z-]*(?:=.*)?", word):
                name = word.split("=")[0]
                inherited = subs[default][0] if default in subs else set()
                if name not in used | inherited | {"--help", "-h", "--version"}:
                    wrong.append(f"{page}: {line}: {name} is no flag of it")
        count += 1
    assert count > 50
    assert wrong == []


@pytest.mark.parametrize("page", ["manifest.md", "cli.md", "dashboard.md", "events.md", "conditions.md", "write-rules.md",
                                  "metrics.md", "exit-codes.md", "annotations.md"])
def test_pages_are_there(page):
    assert (REFERENCE / page).read_text().startswith("# ")

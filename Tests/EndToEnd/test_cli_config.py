"""Contexts, completion in the real shells, schema, themes, version."""

import json
import os
import pathlib
import shutil
import subprocess

import jsonschema
import pytest
import yaml

from conftest import BIN, manifest


def test_contexts(fabctl, repository, state, tmp_path):
    repository.commit({"a.yaml": manifest("line-1", 1502), "b/b.yaml": manifest("line-2", 1503)})
    assert fabctl("config", "current-context").returncode == 2
    made = fabctl("config", "set-context", "plant", "--git", repository.path.name, cwd=tmp_path)
    assert made.returncode == 0 and made.stdout == 'Context "plant" created.\n', made.stderr
    # Relative when it was made, the same from everywhere since.
    assert fabctl("list", cwd="/").stdout == "line-1\nline-2\n"
    assert fabctl("config", "set-context", "part", "--git", str(repository.path), "--path", "b").returncode == 0
    assert fabctl("config", "current-context").stdout == "plant\n"
    assert fabctl("config", "use-context", "part").returncode == 0
    assert fabctl("list").stdout == "line-2\n"
    rows = fabctl("config", "get-contexts").stdout.splitlines()
    assert rows[0].split() == ["CURRENT", "NAME", "MODE", "SOURCE", "REF", "PATH"]
    assert [row.split()[0] for row in rows[1:]] == ["plant", "*"]
    assert fabctl("config", "get-contexts", "-o", "name").stdout == "plant\npart\n"
    assert fabctl("config", "set-context", "part", "--ref", "no-such").stdout == 'Context "part" changed.\n'
    assert fabctl("list").returncode == 6
    assert fabctl("list", "--git", str(repository.path)).returncode == 0
    view = yaml.safe_load(fabctl("config", "view").stdout)
    assert view["current-context"] == "part" and view["contexts"][1]["ref"] == "no-such"
    assert fabctl("config", "delete-context", "part").returncode == 0
    missing = fabctl("list")
    assert missing.returncode == 2 and "no source" in missing.stderr
    file = pathlib.Path(os.environ["XDG_CONFIG_HOME"]) / "fabgitops" / "config.yaml"
    assert yaml.safe_load(file.read_text()) == {"contexts": [{"name": "plant", "git": str(repository.path)}]}


def test_a_cluster_context_says_what_is_missing_of_it(fabctl, tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("KUBECONFIG", raising=False)
    assert fabctl("config", "set-context", "prod", "--kube-context", "prod-1", "-n", "plant").returncode == 0
    done = fabctl("get-status")
    assert done.returncode == 2 and "context prod: " in done.stderr and "/.kube/config: no such file" in done.stderr
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize("text,line,words", [
    ("contexts:\n- name: a\n  gti: /x\n", 3, "gti: unknown key"),
    ("contexts:\n- git: /x\n", 2, "no name"),
    ("contexts:\n- name: a\n", 2, "neither git nor kube-context"),
    ("contexts:\n- name: a\n  git: /x\n- name: a\n  git: /y\n", 4, "there twice"),
    ("contexts:\n- name: a\n  git: 'x\n", 3, "never closed"),
    ("contexts:\n- name: a\n   git: /x\n", 3, "indent"),
    ("contexts:\n\t- name: a\n", 2, "tab"),
    ("current: a\n", 1, "current: unknown key"),
    ("contexts:\n- name: a\n  git: /x\n  git-interval: soon\n", 4, "git-interval"),
    ("just text\n", 1, "key: value"),
])
def test_a_wrong_file_of_contexts_is_told_by_line(fabctl, tmp_path, text, line, words):
    file = tmp_path / "config" / "fabgitops" / "config.yaml"
    file.parent.mkdir(parents=True)
    file.write_text(text)
    done = fabctl("list")
    assert done.returncode == 2 and len(done.stderr.splitlines()) == 1
    assert f"{file}:{line}: " in done.stderr and words in done.stderr, done.stderr


def test_contexts_written_by_hand(fabctl, repository, tmp_path):
    repository.commit({"a.yaml": manifest("line-1", 1502)})
    file = tmp_path / "config" / "fabgitops" / "config.yaml"
    file.parent.mkdir(parents=True)
    file.write_text(
        f'---\n# mine\ncurrent-context: "the plant"   # the only one\ncontexts:\n\n  - git: \'{repository.path}\'\n'
        "    name: the plant\n    require-signed: false\n")
    done = fabctl("list")
    assert done.stdout == "line-1\n", done.stderr
    # By an editor of another system, with an accent where it makes one character with the quote.
    text = file.read_text() + "  - name: '\u0301b'\n    git: /x\n"
    file.write_bytes(text.replace("\n", "\r\n").encode())
    done = fabctl("list")
    assert done.stdout == "line-1\n", done.stderr
    names = fabctl("config", "set-context", "third", "--git", "/y")
    assert names.returncode == 0 and "'\u0301b'" in file.read_text(), names.stderr
    assert fabctl("list").stdout == "line-1\n"


def completions(shell, line, environment):
    """What the real shell offers at the end of `line`."""
    if shell == "bash":
        script = (
            f'source <("{BIN}/fabctl" completion bash); COMP_LINE="{line}"; COMP_POINT=${{#COMP_LINE}}; '
            'read -ra COMP_WORDS <<< "$COMP_LINE"; [[ "$COMP_LINE" == *" " ]] && COMP_WORDS+=(""); '
            "COMP_CWORD=$(( ${#COMP_WORDS[@]} - 1 )); "
            '$(complete -p fabctl | sed "s/.*-F \\([^ ]*\\).*/\\1/") fabctl "${COMP_WORDS[COMP_CWORD]}" '
            '"${COMP_WORDS[COMP_CWORD-1]}"; printf "%s\\n" "${COMPREPLY[@]}"')
        command = ["bash", "-c", script]
    elif shell == "fish":
        command = ["fish", "--no-config", "-c", f"{BIN}/fabctl completion fish | source; complete -C '{line}'"]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=120, check=False)
    return [word.split("\t")[0].strip() for word in done.stdout.splitlines()], done.stderr


@pytest.fixture
def shell_environment(repository, fabctl, tmp_path):
    repository.commit({"a.yaml": manifest("line-1", 1502), "b.yaml": manifest("line-2", 1503)})
    assert fabctl("config", "set-context", "plant", "--git", str(repository.path)).returncode == 0
    return dict(os.environ, PATH=f"{BIN}:{os.environ['PATH']}", HOME=str(tmp_path), TERM="xterm")


@pytest.mark.parametrize("shell", ["bash", "fish"])
def test_completion(shell, shell_environment):
    assert shutil.which(shell), f"{shell} is not installed; run ./ci-local.sh, which installs what these tests need"
    for line, expected in (("fabctl get-", ["get-status"]), ("fabctl describe ", ["line-1", "line-2"]),
                           ("fabctl completion ", ["bash", "fish", "zsh"])):
        found, errors = completions(shell, line, shell_environment)
        assert set(expected) <= set(found), (shell, line, found, errors)


def test_completion_in_zsh(terminal, shell_environment, tmp_path):
    assert shutil.which("zsh"), "zsh is not installed; run ./ci-local.sh, which installs what these tests need"
    folder = tmp_path / "zfunc"
    folder.mkdir()
    script = subprocess.run([str(BIN / "fabctl"), "completion", "zsh"], capture_output=True, text=True, check=True)
    (folder / "_fabctl").write_text(script.stdout)
    session = terminal(environment={"HOME": str(tmp_path), "PATH": shell_environment["PATH"]})
    session.type("zsh -f")
    session.type(f"PS1='z> '; fpath=({folder} $fpath); autoload -Uz compinit; compinit -u -d {tmp_path}/dump; echo re''ady")
    session.wait("ready")
    session.tmux("send-keys", "-l", "fabctl completion ba")
    session.keys("Tab")
    session.wait("fabctl completion bash")


def test_schema_and_crd(fabctl):
    schema = json.loads(fabctl("schema").stdout)
    jsonschema.Draft7Validator.check_schema(schema)
    check = jsonschema.Draft7Validator(schema)
    good = yaml.safe_load(manifest("line-1", 502))
    assert not list(check.iter_errors(good))
    for change in ({"port": 0}, {"targetRegsiter": 1}, {"pollIntervalSecs": "x"}):
        bad = dict(good, spec=dict(good["spec"], **change))
        assert list(check.iter_errors(bad)), change
    crd = yaml.safe_load(fabctl("schema", "--crd").stdout)
    assert crd["kind"] == "CustomResourceDefinition" and crd["spec"]["names"]["plural"] == "industrialplcs"


def test_themes_and_version(fabctl):
    names = [line.split()[0] for line in fabctl("themes").stdout.splitlines()]
    assert {"isa101", "isa101-light", "midnight", "high-contrast", "deuteranopia", "tritanopia", "mono"} <= set(names)
    version = fabctl("version").stdout
    assert version.startswith("fabctl ") and fabctl("--version").stdout == version
    assert json.loads(fabctl("version", "-o", "json").stdout)["clientVersion"]["version"] == version.split()[1]
    assert yaml.safe_load(fabctl("version", "-o", "yaml").stdout)["clientVersion"]["version"] == version.split()[1]


def test_version_needs_nothing(tmp_path):
    """No home, no configuration, no git, no terminal, an unreadable directory: still the version."""
    done = subprocess.run([str(BIN / "fabctl"), "version"], env={}, cwd="/proc", capture_output=True, text=True,
                          timeout=60, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_without_git_it_says_so(repository, tmp_path):
    repository.commit({"a.yaml": manifest("line-1", 1502)})
    done = subprocess.run(
        [str(BIN / "fabctl"), "list", "--git", str(repository.path)], capture_output=True, text=True, timeout=60,
        env={"PATH": str(tmp_path), "HOME": str(tmp_path)}, check=False)
    assert done.returncode == 6 and "install git" in done.stderr, done.stderr

"""`--require-signed` with keys of GPG and of SSH: only commits of those who may sign are applied."""

import os
import subprocess

import pytest

from conftest import free_port, manifest


@pytest.fixture(params=["ssh", "openpgp"])
def signing(request, tmp_path, repository, monkeypatch):
    """The user's git configuration with a key of Anna's, who may sign; and how to let her do so no more."""
    settings = tmp_path / "gitconfig"
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(settings))
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    if request.param == "ssh":
        key = tmp_path / "key"
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(key)], check=True)
        allowed = tmp_path / "allowed"
        allowed.write_text("ops@plant.example " + (tmp_path / "key.pub").read_text())
        settings.write_text(
            f"[gpg]\nformat = ssh\n[user]\nsigningKey = {key}\n[gpg \"ssh\"]\nallowedSignersFile = {allowed}\n")
        yield lambda: allowed.write_text("")
        return
    # A path of its own: the agent's socket may not have a long one.
    home = subprocess.run(["mktemp", "-d", "/tmp/gpg-XXXXXX"], capture_output=True, text=True, check=True).stdout.strip()
    monkeypatch.setenv("GNUPGHOME", home)
    subprocess.run(
        ["gpg", "--batch", "--passphrase", "", "--quick-gen-key", "Anna Ops <ops@plant.example>", "ed25519", "sign", "never"],
        check=True, capture_output=True)
    settings.write_text("[user]\nsigningKey = ops@plant.example\n")
    fingerprint = subprocess.run(
        ["gpg", "--batch", "--with-colons", "--list-keys"], capture_output=True, text=True, check=True).stdout
    fingerprint = next(line.split(":")[9] for line in fingerprint.splitlines() if line.startswith("fpr"))
    yield lambda: subprocess.run(
        ["gpg", "--batch", "--yes", "--delete-secret-and-public-key", fingerprint], check=True, capture_output=True)
    subprocess.run(["gpgconf", "--homedir", home, "--kill", "all"], check=False, capture_output=True)
    subprocess.run(["rm", "-rf", home], check=True)


def commit(repository, value, *options):
    (repository.path / "line-1.yaml").write_text(manifest("line-1", free_port(), value=value))
    subprocess.run(["git", "-C", str(repository.path), "add", "-A"], check=True)
    subprocess.run(
        ["git", "-C", str(repository.path), "-c", "user.name=Anna Ops", "-c", "user.email=ops@plant.example", "commit", "-q",
         "-m", f"Set {value}", *options], check=True, env=os.environ)


def test_only_what_was_signed_by_one_who_may_is_applied(repository, fabctl, signing):
    def listed():
        return fabctl("list", "--git", str(repository.path), "--require-signed")

    commit(repository, 1, "--no-gpg-sign")
    done = listed()
    assert done.returncode == 5 and "no signature that git accepts" in done.stderr, done
    commit(repository, 2, "-S")
    assert listed().stdout == "line-1\n", listed()
    # Changed after it was signed: the same signature over another message.
    raw = repository.git("cat-file", "commit", "HEAD").replace("Set 2", "Set 3")
    forged = subprocess.run(
        ["git", "-C", str(repository.path), "hash-object", "-t", "commit", "-w", "--stdin"], input=raw, capture_output=True,
        text=True, check=True).stdout.strip()
    repository.git("update-ref", "refs/heads/main", forged)
    assert listed().returncode == 5, listed()
    repository.git("update-ref", "refs/heads/main", forged + "^")
    commit(repository, 4, "-S")
    assert listed().returncode == 0, listed()
    signing()
    done = listed()
    assert done.returncode == 5 and "signature" in done.stderr and len(done.stderr.splitlines()) == 1, done

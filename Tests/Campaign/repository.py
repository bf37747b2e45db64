"""The Git side of a round: a work repository and, where wanted, a bare remote that the engine reads."""

import os
import shutil
import subprocess


class Repository:
    def __init__(self, scratch, remote):
        self.work = scratch / "plant"
        self.bare = scratch / "plant.git" if remote else None
        self.work.mkdir()
        self.git("init", "-q", "-b", "main")
        if self.bare:
            subprocess.run(["git", "init", "-q", "--bare", "-b", "main", str(self.bare)], check=True)
            self.git("remote", "add", "origin", str(self.bare))

    @property
    def source(self):
        return f"file://{self.bare}" if self.bare else str(self.work)

    def git(self, *arguments):
        environment = dict(
            os.environ, GIT_CONFIG_GLOBAL="/dev/null", GIT_CONFIG_NOSYSTEM="1", GIT_AUTHOR_NAME="Anna Ops",
            GIT_AUTHOR_EMAIL="ops@plant.example", GIT_COMMITTER_NAME="Anna Ops",
            GIT_COMMITTER_EMAIL="ops@plant.example")
        done = subprocess.run(
            ["git", "-C", str(self.work), *arguments], env=environment, capture_output=True, text=True, check=True)
        return done.stdout.strip()

    def declare(self, devices, message, amend=False):
        for device in devices:
            (self.work / f"{device.name}.yaml").write_text(device.manifest())
        self.commit(message, amend)

    def commit(self, message, amend=False):
        self.git("add", "-A")
        self.git("commit", "-q", "--allow-empty", "-m", message, *(["--amend"] if amend else []))
        if self.bare and self.bare.exists():
            self.git("push", "-q", "--force", "origin", "main")

    @property
    def head(self):
        return self.git("rev-parse", "HEAD")

    @property
    def read_directory(self):
        """Where the engine reads objects and references from."""
        return self.bare or self.work / ".git"

    def back_up(self, to):
        shutil.copytree(self.read_directory, to)

    def restore(self, backup):
        shutil.rmtree(self.read_directory, ignore_errors=True)
        shutil.copytree(backup, self.read_directory)

"""The repository that says what is desired."""

import os
import shutil

from faults import Fault, fault


class Source(Fault):
    area = "git"

    def disturbed(self, world):
        return []


@fault
class RemoteAway(Source):
    name = "git-remote-away"

    def prepare(self, world):
        world.remote = True

    async def strike(self, world):
        os.rename(world.repository.bare, world.scratch / "away.git")

    async def heal(self, world):
        os.rename(world.scratch / "away.git", world.repository.bare)


@fault
class ForcePush(Source):
    name = "git-force-push"

    def prepare(self, world):
        world.remote = True

    async def strike(self, world):
        world.devices[0].desired = 2510
        world.declare("Another history", amend=True)


@fault
class InvalidCommit(Source):
    name = "git-invalid-commit"

    async def strike(self, world):
        path = world.repository.work / "plc-4.yaml"
        path.write_text(path.read_text().replace("value: 2500", "value: 9999"))
        world.repository.commit("A setpoint out of its envelope")

    async def heal(self, world):
        world.declare("Back in its envelope")


@fault
class CorruptRepository(Source):
    name = "git-corrupt"

    async def strike(self, world):
        backup = world.scratch / "backup.git"
        world.repository.back_up(backup)
        directory = world.repository.read_directory
        (directory / "refs" / "heads" / "main").write_text("this is no commit\n")
        objects = directory / "objects"
        for path in sorted(p for p in objects.rglob("*") if p.is_file()):
            path.chmod(0o644)
            path.write_bytes(world.random.randbytes(64))

    async def heal(self, world):
        world.repository.restore(world.scratch / "backup.git")


@fault
class RepositoryGone(Source):
    name = "git-repository-gone"

    async def strike(self, world):
        shutil.move(world.repository.read_directory, world.scratch / "gone")

    async def heal(self, world):
        shutil.move(world.scratch / "gone", world.repository.read_directory)


@fault
class DeviceRemoved(Source):
    """A manifest that disappears releases its device, and it is not written."""

    name = "git-device-removed"

    async def strike(self, world):
        world.repository.git("rm", "-q", "plc-1.yaml")
        world.repository.commit("Take plc-1 out")

    async def heal(self, world):
        world.declare("Put plc-1 back")

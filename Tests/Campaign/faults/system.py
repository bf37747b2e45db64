"""The machine under the engine: disk, clock, names."""

import os
import pathlib
import shutil
import subprocess

from faults import Fault, fault


@fault
class DiskFull(Fault):
    name = "disk-full"
    area = "system"

    def unavailable(self):
        return None if os.geteuid() == 0 else "needs root, to mount a small file system"

    def equip(self, world):
        self.state = world.mount_state("12m")

    async def strike(self, world):
        filler = os.open(self.state / "filler", os.O_WRONLY | os.O_CREAT, 0o600)
        try:
            while True:
                os.write(filler, bytes(4096))
        except OSError:
            os.close(filler)

    async def heal(self, world):
        (self.state / "filler").unlink()

    def disturbed(self, world):
        return []


class ClockStep(Fault):
    area = "system"
    step = 0

    def unavailable(self):
        return None if shutil.which("cc") else "needs a C compiler"

    def equip(self, world):
        world.clock_is_wrong = True
        library = world.scratch / "clock.so"
        source = pathlib.Path(__file__).parent.parent / "clock.c"
        subprocess.run(["cc", "-O1", "-shared", "-fPIC", "-o", str(library), str(source)], check=True)
        self.file = world.scratch / "clock"
        self._set(0)
        # What is preloaded already stays: a sanitizer's.
        preload = ":".join(filter(None, [str(library), os.environ.get("LD_PRELOAD")]))
        world.engine.environment.update(LD_PRELOAD=preload, CAMPAIGN_CLOCK=str(self.file))

    def _set(self, seconds):
        with open(self.file, "r+b" if self.file.exists() else "wb") as file:
            file.write(seconds.to_bytes(8, "little", signed=True))

    async def strike(self, world):
        self._set(self.step)

    async def heal(self, world):
        self._set(0)

    def disturbed(self, world):
        return []


fault(type("ClockBack", (ClockStep,), {"name": "clock-back-1h", "step": -3600}))
fault(type("ClockAhead", (ClockStep,), {"name": "clock-ahead-10y", "step": 315360000}))


@fault
class NoNames(Fault):
    """The resolver fails while connections have to be made anew."""

    name = "dns-failing"
    area = "system"

    def unavailable(self):
        if os.geteuid() != 0 or not shutil.which("unshare"):
            return "needs root and unshare, for a hosts file of its own"
        return None

    def prepare(self, world):
        world.host_names = True

    def equip(self, world):
        self.hosts = world.scratch / "hosts"
        self.whole = "127.0.0.1 localhost\n127.0.0.1 line.plant.test\n"
        self.hosts.write_text(self.whole)
        world.engine.wrapper = [
            "unshare", "-m", "sh", "-c", f'mount --bind {self.hosts} /etc/hosts && exec "$0" "$@"']

    async def strike(self, world):
        self.hosts.write_text("127.0.0.1 localhost\n")
        for proxy in world.proxies.values():
            await proxy.set("cut")
            await proxy.set("pass")

    async def heal(self, world):
        self.hosts.write_text(self.whole)

    def blinded(self, world):
        return world.devices

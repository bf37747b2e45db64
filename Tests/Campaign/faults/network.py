"""The cable between the engine and one PLC."""

from faults import Fault, fault


class Link(Fault):
    area = "network"
    blinds = False

    async def strike(self, world):
        self.victim = world.random.choice(world.devices)
        await world.proxies[self.victim.name].set(self.name.replace("-", "_"))

    async def heal(self, world):
        await world.proxies[self.victim.name].set("pass")

    def blinded(self, world):
        return [self.victim] if self.blinds else []

    def disturbed(self, world):
        return [self.victim]


def link(mode, blinds):
    fault(type(mode, (Link,), {"name": mode, "blinds": blinds}))


link("cut", True)
link("refuse", True)
link("half-open", True)
link("blackhole", True)
link("throttle", False)
link("delay", False)
link("garbage", True)
link("reorder", False)
link("duplicate", False)
link("truncate", True)
link("reset", False)

"""PLCs that misbehave by themselves, all through the round."""

from faults import Fault, fault


class Misbehaving(Fault):
    area = "plc"
    spec = ""

    def prepare(self, world):
        world.plc_faults = (self.spec,)

    def disturbed(self, world):
        return world.devices


def misbehaving(name, spec):
    fault(type(name, (Misbehaving,), {"name": name, "spec": spec}))


misbehaving("plc-late-answers", "late=0.2")
misbehaving("plc-busy", "busy=0.3")
misbehaving("plc-ignores-writes", "ignore-writes=0.5")
misbehaving("plc-reverts", "revert=800ms")
misbehaving("plc-exceptions", "exception=0.2:4")
misbehaving("plc-resets", "reset=0.1")
misbehaving("plc-hangs", "hang=0.1")
misbehaving("plc-junk", "junk=0.1")
misbehaving("plc-one-connection", "max-connections=1")

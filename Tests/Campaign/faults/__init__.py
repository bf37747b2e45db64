"""What can strike. A fault is one class; `ALL` lists them by name."""


class Fault:
    """One kind of trouble."""

    name = ""
    #: What of the world it is.
    area = ""
    #: How long it lasts, seconds.
    seconds = 6.0
    #: How long recovery may take without help, seconds.
    patience = 75

    def unavailable(self):
        """Why it cannot be tried on this machine; `None`: it can."""
        return None

    def prepare(self, world):
        """Before anything runs."""

    def equip(self, world):
        """Before the engine starts."""

    async def strike(self, world):
        """Begins."""

    async def heal(self, world):
        """Ends; everything after this is the engine's own work."""

    def blinded(self, world):
        """Devices that must be shown as unreachable or stale at the end of the strike."""
        return []

    def disturbed(self, world):
        """Devices that may go unread meanwhile; all others must be read on."""
        return world.devices


ALL = {}


def fault(kind):
    ALL[kind.name] = kind
    return kind


from faults import engine, git, network, operators, plc, system  # noqa: E402,F401

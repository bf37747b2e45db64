"""What can happen to operators in a cluster: one small class a fault."""

import datetime
import json
import signal
import time

from kube import DEPLOY, SYSTEM

#: Every fault, in the order of the table.
FAULTS = {}


def fault(kind):
    FAULTS[kind.name] = kind
    return kind


class Fault:
    #: Nobody can hold a lease while it lasts, so nothing may be written soon after it began.
    silences = False
    #: Drifts of a device that may go uncounted (none is counted twice): a leader ends with what it had not told yet, which is
    #: what happened within about a second.
    spare = 0
    #: An attached screen must say that something is wrong.
    is_seen = False

    def strike(self, world):
        raise NotImplementedError

    def tick(self, world):
        """Again and again while it lasts."""

    def heal(self, world):
        """What an operator of the cluster, not of ours, would put right."""


@fault
class ServerKilled(Fault):
    name, silences, is_seen = "api-server-killed", True, True

    def strike(self, world):
        world.cluster.stop_server()

    def heal(self, world):
        world.cluster.start_server()


@fault
class ServerHangs(Fault):
    """It takes connections and answers nothing."""
    name, silences = "api-server-hangs", True

    def strike(self, world):
        world.cluster.processes["server"].send_signal(signal.SIGSTOP)

    def heal(self, world):
        world.cluster.processes["server"].send_signal(signal.SIGCONT)


@fault
class EtcdHangs(Fault):
    name, silences = "etcd-hangs", True

    def strike(self, world):
        world.cluster.processes["etcd"].send_signal(signal.SIGSTOP)

    def heal(self, world):
        world.cluster.processes["etcd"].send_signal(signal.SIGCONT)


@fault
class HistoryForgotten(Fault):
    """Compacted again and again, and the server begins anew with no memory of its own."""
    name = "etcd-compacted"

    def strike(self, world):
        world.cluster.compact()
        world.cluster.stop_server()
        world.cluster.compact()
        world.cluster.start_server()

    def tick(self, world):
        world.cluster.compact()


@fault
class RoleTaken(Fault):
    name, silences = "role-revoked", True

    def strike(self, world):
        world.cluster.must("delete", "clusterrolebinding", "fabgitops-operator")
        world.cluster.must("delete", "rolebinding", "-n", SYSTEM, "fabgitops-operator")

    def heal(self, world):
        world.cluster.apply((DEPLOY / "rbac.yaml").read_text())


@fault
class TokenRevoked(Fault):
    name, silences = "token-revoked", True

    def strike(self, world):
        self.file = world.cluster.folder / "tokens.csv"
        self.tokens = self.file.read_text()
        self.file.write_text("".join(
            line for line in self.tokens.splitlines(keepends=True) if not line.startswith("operator-token")))
        self._restart(world)

    def heal(self, world):
        self.file.write_text(self.tokens)
        self._restart(world)

    @staticmethod
    def _restart(world):
        world.cluster.stop_server()
        world.cluster.start_server()


@fault
class LeaseStolen(Fault):
    """Somebody else writes itself into the lease, and renews it."""
    name, silences, spare = "lease-stolen", True, 2

    def strike(self, world):
        self.tick(world)

    def tick(self, world):
        now = datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        world.cluster.must("patch", "lease", world.lease, "-n", SYSTEM, "--type=merge", "-p", json.dumps({
            "spec": {"holderIdentity": "thief", "renewTime": now, "leaseDurationSeconds": 4}}))


@fault
class LeaseDeleted(Fault):
    """Again and again, under the eyes of a leader that still acts."""
    name, spare = "lease-deleted", 2

    def strike(self, world):
        self.tick(world)

    def tick(self, world):
        world.cluster.kubectl("delete", "lease", world.lease, "-n", SYSTEM)


@fault
class LeaderKilled(Fault):
    name, spare = "leader-killed", 2

    def strike(self, world):
        self.operator = world.leader()
        self.operator.kill()

    def heal(self, world):
        self.operator.restart()


@fault
class LeaderTerminated(Fault):
    """As a rolling update does it."""
    name = "leader-terminated"

    def strike(self, world):
        self.operator = world.leader()
        self.operator.terminate()

    def heal(self, world):
        self.operator.restart()


@fault
class LeaderStopped(Fault):
    """It sleeps past its lease and wakes up as if nothing had happened."""
    name, spare = "leader-stopped", 2

    def strike(self, world):
        self.operator = world.leader()
        self.operator.process.send_signal(signal.SIGSTOP)
        # A second longer than a standby takes to find the lease run out.
        time.sleep(world.LEASE + 2 * world.RETRY + 1)

    def heal(self, world):
        self.operator.process.send_signal(signal.SIGCONT)


@fault
class BothKilled(Fault):
    name, spare = "both-killed", 2

    def strike(self, world):
        for operator in world.operators:
            operator.kill()

    def heal(self, world):
        for operator in world.operators:
            operator.restart()

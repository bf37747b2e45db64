"""Two rounds of the cluster campaign, and the proof that its oracle finds what it is there to find."""

import types

import pytest

import cluster_oracle
from cluster_campaign import play
from cluster_world import Frame, World
from kube import MISSING


@pytest.mark.skipif(MISSING is not None, reason=MISSING or "")
@pytest.mark.parametrize("name", ["lease-deleted", "leader-stopped"])
def test_a_round(kubernetes, tmp_path, name):
    parts, writes, _, found = play(kubernetes, tmp_path, 1, name)
    assert not found and writes > 0 and parts


class Seen:
    """A round as it should be: two operators, one after the other, and one dial turned twice."""

    DESIRED, DEADLINE = World.DESIRED, World.DEADLINE

    def __init__(self):
        self.violations, self.told = [], {"unreachable"}
        self.fault = types.SimpleNamespace(name="test", silences=True, spare=0, is_seen=True)
        self.struck, self.healing = 110.0, 120.0
        self.first, self.second = self._operator("one", [99.0], [(101.0, "line-0")]), self._operator(
            "two", [121.0], [(122.0, "line-0")])
        self.operators = [self.first, self.second]
        self.log = [Frame("line-0", 100.5, 2500, 2400), Frame("line-0", 101.1, 2400, 2500),
                    Frame("line-0", 121.5, 2500, 2400), Frame("line-0", 122.1, 2400, 2500)]
        self.statuses = [(101.0, {"line-0": {"driftEvents": 1, "correctionsApplied": 1}}),
                         (123.0, {"line-0": {"driftEvents": 2, "correctionsApplied": 2}})]
        self.shown = [("line-0", 100.9, 2400), ("line-0", 110.0, 2500), ("line-0", 122.0, 2500)]

    @staticmethod
    def _operator(name, elections, intents):
        return types.SimpleNamespace(
            name=name, elections=lambda: elections, intents=lambda: intents, audit_problem=lambda: None)

    def frames(self):
        return self.log

    def turns(self):
        return {"line-0": 2}


def test_a_good_round_is_good():
    assert cluster_oracle.violations(Seen()) == []


def planted(name):
    seen = Seen()
    first = seen.first
    if name == "unrecorded":
        first.intents = list
    if name == "twice":
        seen.log.insert(2, Frame("line-0", 101.2, 2500, 2500))
    if name == "after another was elected":
        seen.log.append(Frame("line-0", 125.0, 2400, 2500))
        first.intents = lambda: [(101.0, "line-0"), (124.9, "line-0")]
    if name == "without a lease":
        seen.log.insert(2, Frame("line-0", 115.0, 2400, 2500))
        first.intents = lambda: [(101.0, "line-0"), (114.9, "line-0")]
    if name == "a drift lost":
        seen.statuses[-1][1]["line-0"]["driftEvents"] = 1
    if name == "a drift counted twice":
        seen.statuses[-1][1]["line-0"]["driftEvents"] = 3
    if name == "counters went back":
        seen.statuses.insert(1, (110.0, {"line-0": {"driftEvents": 0, "correctionsApplied": 1}}))
    if name == "an old value shown as new":
        seen.shown.append(("line-0", 110.0, 2400))
    if name == "a silent screen":
        seen.told = set()
    if name == "an edited audit":
        first.audit_problem = lambda: "audit verify ended with 5"
    return seen


@pytest.mark.parametrize("name, words", {
    "unrecorded": "without a record", "twice": "without a record", "after another was elected": "when ['two'] led",
    "without a lease": "beyond its", "a drift lost": "turned 2 times", "a drift counted twice": "turned 2 times",
    "counters went back": "went back", "an old value shown as new": "was shown as read",
    "a silent screen": "said nothing", "an edited audit": "audit verify",
}.items())
def test_each_planted_violation_is_found(name, words):
    found = cluster_oracle.violations(planted(name))
    assert any(words in line for line in found), found

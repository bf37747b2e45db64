"""Somebody who turns dials while tests look at who puts them back, and what is counted."""

import threading
import time

from conftest import mbpoll_read
from kube import write_register


class Vandal(threading.Thread):
    """Turns dials all the time, each once and then again only when it has been put right.

    With `corrections`, which counts those of a dial, a dial is not turned between a correction and its read-back: that would be
    the same drift still. One that somebody else put right, unseen by anybody, is turned again after a while.
    """

    #: Seconds.
    UNSEEN = 6

    def __init__(self, plant, count, pause=0.15, most=None, corrections=None):
        super().__init__(daemon=True)
        self.plant, self.count, self.pause, self.most = plant, count, pause, most
        self.corrections = corrections
        self.turns = {i: 0 for i in range(count)}
        self.turned = {}
        self.ended = threading.Event()

    def is_over(self, i):
        if mbpoll_read(self.plant.port + i, 4001) != 2500:
            self.turned[i] = time.monotonic()
            return False
        if self.corrections is None or self.corrections(i) >= self.turns[i]:
            return True
        return time.monotonic() > self.turned[i] + self.UNSEEN

    def run(self):
        i = 0
        while not self.ended.wait(self.pause):
            i = (i + 1) % self.count
            if self.most is not None and self.turns[i] >= self.most:
                continue
            if self.is_over(i):
                self.write(i)
                self.turns[i] += 1
                self.turned[i] = time.monotonic()

    def write(self, i):
        write_register(self.plant.port + i, 4001, 2400)

    @property
    def total(self):
        return sum(self.turns.values())

    def end(self):
        self.ended.set()
        self.join()


def operators_writes(plant):
    """Writes of the desired value, as the mock PLCs logged them: (plc, connection, time)."""
    return [(w["plc"], int(w["conn"]), float(w["t"])) for w in plant.writes() if w["after"] == "2500"]

"""What must hold in every round of the cluster campaign: by the PLCs' own logs, the operators' audits, and what was shown."""

import bisect
import collections

#: Two clocks of one machine, and the time it takes to read a line; seconds.
SLACK = 0.3
#: A frame that comes later than this after its record has lost it.
LONGEST = 15.0


def violations(world):
    """One line each."""
    found = list(world.violations)
    frames = attributed(world, found)
    found += one_at_a_time(world, frames)
    found += silence(world, frames)
    found += counted(world)
    found += honest(world)
    for operator in world.operators:
        if problem := operator.audit_problem():
            found.append(f"{operator.name}: {problem}")
    return found


def attributed(world, found):
    """Each of our frames with the operator that recorded it; a frame without a record of its own is a violation."""
    open_intents = collections.defaultdict(list)
    for operator in world.operators:
        for at, name in operator.intents():
            open_intents[name].append((at, operator))
    frames = []
    for frame in world.frames():
        if frame.after != world.DESIRED:
            continue
        before = sorted((at, i) for i, (at, _) in enumerate(open_intents[frame.name])
                        if frame.at - LONGEST <= at <= frame.at + SLACK)
        if not before:
            found.append(f"{frame.name}: a frame at {frame.at:.3f} without a record")
            continue
        at, index = before[-1]
        frames.append((frame, open_intents[frame.name].pop(index)[1]))
    return frames


def one_at_a_time(world, frames):
    """Whoever writes is the one that was elected last."""
    elections = sorted((at, operator.name) for operator in world.operators for at in operator.elections())
    times = [at for at, _ in elections]
    for frame, operator in frames:
        index = bisect.bisect_right(times, frame.at + SLACK) - 1
        # Within the slack of an election either may be meant.
        near = {elections[i][1] for i in (index, bisect.bisect_right(times, frame.at - SLACK) - 1) if i >= 0}
        if operator.name not in near:
            yield f"{frame.name}: {operator.name} wrote at {frame.at:.3f}, when {sorted(near)} led"


def silence(world, frames):
    """Nobody could renew a lease: nothing is written after the last renewal's time is up."""
    if not world.fault.silences:
        return
    begin, end = world.struck + world.DEADLINE + SLACK, world.healing - SLACK
    for frame, operator in frames:
        if begin < frame.at < end:
            yield (f"{frame.name}: {operator.name} wrote {frame.at - world.struck:.1f} s after {world.fault.name}, "
                   f"beyond its {world.DEADLINE} s")


def counted(world):
    """Every turn of a dial is one drift, and every drift ended in one correction; counters never went back."""
    for name, turns in world.turns().items():
        status = world.statuses[-1][1].get(name, {})
        for word in ("driftEvents", "correctionsApplied"):
            if not turns - world.fault.spare <= status.get(word, 0) <= turns:
                yield f"{name}: {word} is {status.get(word)}, its dial was turned {turns} times"
    for (_, early), (at, late) in zip(world.statuses, world.statuses[1:]):
        for name in early.keys() & late.keys():
            for word in ("driftEvents", "correctionsApplied"):
                if late[name].get(word, 0) < early[name].get(word, 0):
                    yield f"{name}: {word} went back from {early[name][word]} to {late[name].get(word)} at {at:.3f}"


def honest(world):
    """What an attached screen shows as read at some time was so at that time."""
    changes = collections.defaultdict(list)
    for frame in world.frames():
        changes[frame.name].append((frame.at, frame.before, frame.after))
    said = set()
    for name, read, value in world.shown:
        times = [at for at, _, _ in changes[name]]
        begin = bisect.bisect_left(times, read - SLACK - 0.2)
        # Status tells whole seconds.
        late = 1.0 if read == int(read) else 0.0
        end = bisect.bisect_right(times, read + late + SLACK + 0.2)
        possible = {v for _, before, after in changes[name][begin:end] for v in (before, after)}
        possible.add(changes[name][begin - 1][2] if begin else world.DESIRED)
        if value not in possible and name not in said:
            said.add(name)
            yield f"{name}: {value} was shown as read at {read:.3f}, the PLC held {sorted(possible)}"
    if world.fault.is_seen and not world.told:
        yield "an attached screen said nothing of it"

"""What must hold in every round, whatever struck: checked on the PLCs' own logs, the audit, and what was shown."""

import collections
import json

#: Reading a log line and reading the API are not simultaneous; the machine may be busy.
SLACK = 2.5


async def violations(world):
    """Every violated rule of a finished round, one line each."""
    found = list(world.violations)
    code, _, errors = await world.engine.fabctl("audit", "verify", "--git", world.repository.source)
    if code != 0:
        found.append(f"audit verify ended with {code}: {errors.strip()}")
    code, out, errors = await world.engine.fabctl(
        "audit", "--git", world.repository.source, "--limit", "100000", "-o", "json", "--kind", "intent")
    intents = json.loads(out) if code == 0 and out.strip() else []
    if code != 0:
        found.append(f"audit ended with {code}: {errors.strip()}")
    found += unaudited(world, intents)
    found += forbidden(world)
    found += dishonest(world)
    found += miscounted(world)
    return found


def unaudited(world, intents):
    """Every frame that reached a PLC has its own record, so nothing is replayed either."""
    allowed = collections.Counter((intent["device"].split("/")[1], int(intent["after"])) for intent in intents)
    sent = collections.Counter()
    for write in world.plant.writes():
        sent[(world.device_of(write.plc).name, write.after)] += 1
    for key, count in sent.items():
        if count > allowed[key]:
            yield f"{key[0]}: {count} frames wrote {key[1]}, the audit has {allowed[key]} intents"


def forbidden(world):
    """No write that the manifests or an operator forbid."""
    for write in world.plant.writes():
        device = world.device_of(write.plc)
        what = f"{device.name}: {write.before} -> {write.after}"
        if not device.auto and not world.operator_synced(device, write.at):
            yield f"{what} without an operator's word (autoCorrect is off)"
        if not device.low <= write.after <= device.high:
            yield f"{what} outside {device.low}...{device.high}"
        if device.max_step and abs(write.after - write.before) > device.max_step + world.turned_since(write):
            yield f"{what} in one step, {device.max_step} allowed"
        if not device.max_step and write.after not in world.declared[device.name]:
            yield f"{what} was never declared"
        for begin, end in world.held:
            if begin < write.at < end:
                yield f"{what} while all writes were held"


def dishonest(world):
    """What was shown as a device's value is what it held when it is said to have been read."""
    if world.clock_is_wrong:
        return
    for shown in world.shown:
        for device in world.devices:
            entry = shown.devices.get(device.name)
            register = entry and entry["registers"][0]
            if not register or register.get("actual") is None or not register.get("lastRead"):
                continue
            read = world.monotonic(register["lastRead"])
            if not world.held_value(device, int(register["actual"]), read - SLACK, read + SLACK):
                yield f"{device.name}: shown as {register['actual']}, which it never held around that time"
                return


def miscounted(world):
    """A drift event is a change of the value, not a poll that sees it."""
    if not world.shown:
        return
    for device in world.devices:
        changes = sum(1 for change in world.plant.changes if change.plc == device.plc)
        counts = [shown.devices[device.name]["driftEvents"] for shown in world.shown if device.name in shown.devices]
        declared = len(world.declared[device.name])
        if counts and counts[-1] > changes + declared + world.engine.restarts:
            yield f"{device.name}: {counts[-1]} drift events from {changes} changes"
        if any(later < earlier for earlier, later in zip(counts, counts[1:])):
            yield f"{device.name}: the count of drift events went back: {counts}"

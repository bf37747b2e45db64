"""The operator's work as one would write it with kopf and pymodbus: a timer for each resource, on uvloop.

Reads the register once a second over a connection that stays, writes back what drifted and reads it again, and keeps
status (when something changes, and once a minute) and events. Run by `kopf run --all-namespaces --standalone`.
"""

import datetime
import time

import kopf
from pymodbus.client import AsyncModbusTcpClient


@kopf.on.startup()
def configure(settings, **_):
    # Only the events below are posted, not kopf's own log.
    settings.posting.level = 60


@kopf.timer("fabgitops.io", "v1", "industrialplcs", interval=1.0, sharp=True)
async def hold(spec, body, memo, patch, **_):
    register, wanted = spec["targetRegister"], spec["targetValue"]
    if "client" not in memo:
        memo.client = AsyncModbusTcpClient(spec["deviceAddress"], port=spec.get("port", 502), timeout=1)
        memo.told, memo.told_at, memo.drifts, memo.corrections = None, 0.0, 0, 0
    unit = spec.get("unitId", 1)
    try:
        if not memo.client.connected:
            await memo.client.connect()
        value = await read(memo.client, register, unit)
        if value != wanted:
            memo.drifts += 1
            kopf.event(body, type="Warning", reason="DriftDetected", message=f"{register}: {wanted} -> {value}")
            if spec.get("autoCorrect", True):
                await memo.client.write_register(register, wanted, device_id=unit)
                value = await read(memo.client, register, unit)
                if value == wanted:
                    memo.corrections += 1
                    kopf.event(body, type="Normal", reason="DriftCorrected", message=f"{register}: {value}")
        phase = "Connected" if value == wanted else "DriftDetected"
    except Exception:  # a PLC that is away is no reason for kopf's own retries
        phase, value = "Failed", None
    state = (phase, value, memo.drifts, memo.corrections)
    if state != memo.told or time.monotonic() - memo.told_at >= 60:
        memo.told, memo.told_at = state, time.monotonic()
        patch.status.update({
            "phase": phase, "currentValue": value, "inSync": value == wanted, "driftEvents": memo.drifts,
            "correctionsApplied": memo.corrections,
            "lastUpdate": datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")})


async def read(client, register, unit):
    answer = await client.read_holding_registers(register, count=1, device_id=unit)
    if answer.isError():
        raise ValueError(answer)
    return answer.registers[0]

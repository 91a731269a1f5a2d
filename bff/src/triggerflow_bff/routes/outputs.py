"""Answer an outsider with what a run gave: whole, since who may not read executions may follow no references."""

from __future__ import annotations

from typing import Any, Final

from triggerflow_chassis.errors import RunFailed

from triggerflow_bff import bodies
from triggerflow_bff.call import Call

_WHOLE_BYTES: Final = 8_388_608


async def outcome(call: Call, execution: dict[str, Any], *, why: bool) -> dict[str, Any]:
    """The outputs of a run that ended. Raises RunFailed where it did not succeed; `why` to those who signed."""
    if execution["status"] == "succeeded":
        return await whole(call, execution["outputs"])
    error = execution["error"] or {}
    said = f" {error.get('type', 'Error')}: {error.get('message', '')}"[:1_000] if why else ""
    how = "was cancelled" if execution["status"] == "cancelled" else "failed"
    raise RunFailed(execution["id"], f"The run {how}.{said}")


async def whole(call: Call, outputs: dict[str, Any]) -> dict[str, Any]:
    """Outputs with what they only refer to, as far as that is not too much."""
    left = _WHOLE_BYTES
    found = {}
    for name, value in outputs.items():
        if isinstance(value, dict) and "$value" in value and value.get("bytes", left + 1) <= left:
            left -= value["bytes"]
            _, pieces = await call.parts.orchestrator.value(call.principal, value["$value"])
            # What is stored is JSON already; parsed once, it is written once.
            found[name] = bodies.parse(b"".join([piece async for piece in pieces]))
        else:
            found[name] = value
    return found

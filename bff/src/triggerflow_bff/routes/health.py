"""`/healthz` and `/readyz`: for whoever starts, watches and restarts this server."""

from __future__ import annotations

from triggerflow_bff.answers import Answer, ok
from triggerflow_bff.call import Call
from triggerflow_bff.table import Operation, Reply, Resource


async def healthz(call: Call) -> Answer:
    return ok({"status": "ok"})


async def readyz(call: Call) -> Answer:
    await call.parts.health.check()
    return ok({"status": "ready"})


RESOURCES = (
    Resource(
        "/healthz",
        "Health",
        (Operation("GET", healthz, "Whether the server answers", (Reply(200, "It does.", "Status"),)),),
        open=True,
    ),
    Resource(
        "/readyz",
        "Health",
        (
            Operation(
                "GET",
                readyz,
                "Whether runs can start",
                (Reply(200, "They can.", "Status"),),
                reasons=("UNAVAILABLE",),
            ),
        ),
        open=True,
    ),
)

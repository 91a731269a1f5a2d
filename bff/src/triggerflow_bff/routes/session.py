"""`/session/links`: a fresh sign-in link, for `tfcanvas link` and for a second start."""

from __future__ import annotations

from triggerflow_chassis.errors import Violation

from triggerflow_bff import bodies, idempotency
from triggerflow_bff.answers import Answer, ok
from triggerflow_bff.call import Call
from triggerflow_bff.routes.parameters import IDEMPOTENCY_KEY
from triggerflow_bff.table import Operation, Reply, Resource


async def make_link(call: Call) -> Answer:
    raw = await bodies.read(call)
    request_id = idempotency.request_id(call)
    body = bodies.parse(raw, empty=True)
    found = [] if body == {} else [Violation("", "Must be an empty object.")]
    bodies.checked(call, request_id, body, found)
    return ok({"url": call.parts.sign_in.link(request_id)}, 201)


RESOURCES = (
    Resource(
        "/session/links",
        "Session",
        (
            Operation(
                "POST",
                make_link,
                "Make a link that signs a browser in, once",
                (Reply(201, "The link.", "Link"),),
                reasons=("BAD_PARAMETER", "IDEMPOTENCY_KEY_REUSED"),
                parameters=(IDEMPOTENCY_KEY,),
                body="Empty",
                body_required=False,
            ),
        ),
    ),
)

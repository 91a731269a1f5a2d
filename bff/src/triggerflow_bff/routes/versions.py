"""`/flows/{flowId}/versions`: what was published."""

from __future__ import annotations

import re

from triggerflow_chassis.errors import NotFound

from triggerflow_bff import bodies, idempotency
from triggerflow_bff.answers import Answer, ok
from triggerflow_bff.call import Call
from triggerflow_bff.routes.flows import flow_exists
from triggerflow_bff.routes.parameters import IDEMPOTENCY_KEY, PAGE
from triggerflow_bff.table import Operation, Reply, Resource

_VERSION = re.compile(r"[1-9][0-9]{0,17}")


async def list_versions(call: Call) -> Answer:
    flow_id = call.id("flowId", "flow")
    async with bodies.path_first(lambda: flow_exists(call)):
        size, token = call.query.page_size, call.query.page_token
    page = await call.parts.registry.list_versions(call.principal, flow_id, size, token)
    return ok({"items": page.items, "nextPageToken": page.next_token or None})


async def publish(call: Call) -> Answer:
    flow_id = call.id("flowId", "flow")
    async with bodies.path_first(lambda: flow_exists(call)):
        raw = await bodies.read(call)
        request_id = idempotency.request_id(call)
        body = bodies.parse(raw, empty=True)
        bodies.checked(call, request_id, body, bodies.violations("publish-version", body))
    version, created = await call.parts.registry.publish(call.principal, request_id, flow_id, body.get("message", ""))
    call.parts.remembered.keep(request_id, body)
    location = (b"location", f"/flows/{flow_id}/versions/{version['version']}".encode())
    return ok(version, 201 if created else 200, *((location,) if created else ()))


async def get_version(call: Call) -> Answer:
    return ok(await _version(call))


async def _version(call: Call) -> dict[str, object]:
    flow_id, version = call.id("flowId", "flow"), call.parameter("version")
    if _VERSION.fullmatch(version) is None:
        await flow_exists(call)
        raise NotFound("version", version[:100])
    return await call.parts.registry.get_version(call.principal, flow_id, version)


RESOURCES = (
    Resource(
        "/flows/{flowId}/versions",
        "Versions",
        (
            Operation(
                "GET",
                list_versions,
                "List versions, newest first",
                (Reply(200, "A page of versions.", "VersionPage"),),
                reasons=("NOT_FOUND", "BAD_PARAMETER", "BAD_CURSOR"),
                parameters=PAGE,
            ),
            Operation(
                "POST",
                publish,
                "Publish the draft",
                (
                    Reply(201, "The new version.", "VersionSummary", headers=("Location",)),
                    Reply(200, "The newest version, which equals the draft in meaning.", "VersionSummary"),
                ),
                reasons=("NOT_FOUND", "BAD_PARAMETER", "HAS_PROBLEMS", "IDEMPOTENCY_KEY_REUSED"),
                parameters=(IDEMPOTENCY_KEY,),
                body="PublishVersion",
                body_required=False,
            ),
        ),
        exists=flow_exists,
    ),
    Resource(
        "/flows/{flowId}/versions/{version}",
        "Versions",
        (
            Operation(
                "GET",
                get_version,
                "Read a version with what was published",
                (Reply(200, "The version.", "Version"),),
                reasons=("NOT_FOUND",),
            ),
        ),
        exists=_version,
    ),
)

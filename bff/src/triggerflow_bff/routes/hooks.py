"""`/hooks/{path}`: what other programs and anybody with the address reach without a session."""

from __future__ import annotations

from typing import Any

from starlette.types import ASGIApp
from triggerflow_chassis.errors import MethodNotAllowed, NotFound, RunFailed

from triggerflow_bff import bodies
from triggerflow_bff.answers import Answer, encode
from triggerflow_bff.call import Call
from triggerflow_bff.clients.orchestrator import ENDED
from triggerflow_bff.table import Operation, Parameter, Reply, Resource

SIGNATURE = b"x-triggerflow-signature"
_WEBHOOK = "core:webhook"
_TEST = "test/"
# Large outputs are fetched into the answer up to this much in all: who calls may read no references.
_WHOLE_BYTES = 8_388_608


async def open_hook(call: Call) -> ASGIApp:
    page = await call.parts.hooks.page(call.principal, _path(call))
    raise MethodNotAllowed("A webhook is called with POST." if page.kind == _WEBHOOK else "There is no page here yet.")


async def call_hook(call: Call) -> Answer:
    path = _path(call)
    test = path.startswith(_TEST)
    async with bodies.path_first(lambda: _exists_for_body(call)):
        body = await call.read()
    called = await call.parts.hooks.call(
        call.principal,
        path.removeprefix(_TEST),
        test=test,
        method=call.method,
        query=call.scope["query_string"].decode("latin-1"),
        headers=[(name.decode("latin-1"), value.decode("latin-1")) for name, value in call.scope["headers"]],
        body=body,
    )
    if called.execution is None:
        return _json({"received": True}, 202)
    if not called.sync or called.execution["status"] not in ENDED:
        return _json({"executionId": called.execution["id"]}, 202)
    return await _ended(call, called.execution)


async def put_hook(call: Call) -> Answer:
    return await call_hook(call)


async def patch_hook(call: Call) -> Answer:
    return await call_hook(call)


async def delete_hook(call: Call) -> Answer:
    return await call_hook(call)


async def hook_exists(call: Call) -> None:
    """Raise NotFound unless a published flow answers at the path."""
    await call.parts.hooks.page(call.principal, _path(call))


async def _exists_for_body(call: Call) -> None:
    # Who listens for a draft is known only to whoever signs.
    if not _path(call).startswith(_TEST):
        await hook_exists(call)


async def _ended(call: Call, execution: dict[str, Any]) -> Answer:
    if execution["status"] == "succeeded":
        return _json(await _whole(call, execution["outputs"]), 200)
    error = execution["error"] or {}
    said = f"{error.get('type', 'Error')}: {error.get('message', '')}"[:1_000]
    raise RunFailed(execution["id"], f"The run {execution['status']}. {said}")


async def _whole(call: Call, outputs: dict[str, Any]) -> dict[str, Any]:
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


def _path(call: Call) -> str:
    path = call.parameter("path")
    if not path.isascii():
        raise NotFound("hook", path[:100], "No published flow answers at this path.")
    return path


def _json(value: Any, status: int) -> Answer:
    return Answer(status, encode(value), [(b"content-type", b"application/json"), (b"cache-control", b"no-store")])


_SIGNED = Parameter(
    "X-TriggerFlow-Signature",
    't=<unix seconds>,v1=<hex HMAC-SHA256 of "t.body"> with the hook\'s secret, at most 5 minutes old. Sent again, it '
    "is answered as the first time.",
    where="header",
)
_REPLIES = (
    Reply(200, "Where the trigger answers `sync`: the run's outputs.", "HookOutputs"),
    Reply(
        202,
        "The run is durable and goes on, or waits as the trigger's limits have it; or a draft's call was heard.",
        "HookAccepted",
    ),
)
_REASONS = (
    "UNAUTHENTICATED", "NOT_FOUND", "BAD_JSON", "BAD_PARAMETER", "TOO_LARGE", "UNSUPPORTED_MEDIA_TYPE", "INVALID",
    "RUN_FAILED", "TOO_MANY",
)  # fmt: skip

RESOURCES = (
    Resource(
        "/hooks/{path:path}",
        "Webhooks",
        (
            Operation(
                "GET", open_hook, "Open the page of a form or chat", (), reasons=("NOT_FOUND", "METHOD_NOT_ALLOWED")
            ),
            Operation(
                "POST",
                call_hook,
                "Call a webhook",
                _REPLIES,
                reasons=_REASONS,
                parameters=(_SIGNED,),
                description="The body is JSON, a form or text, at most 8 MiB. Below `/hooks/test/` it reaches whoever "
                "listens for a draft.",
            ),
            Operation("PUT", put_hook, "Call a webhook", _REPLIES, reasons=_REASONS, parameters=(_SIGNED,)),
            Operation("PATCH", patch_hook, "Call a webhook", _REPLIES, reasons=_REASONS, parameters=(_SIGNED,)),
            Operation("DELETE", delete_hook, "Call a webhook", _REPLIES, reasons=_REASONS, parameters=(_SIGNED,)),
        ),
        exists=hook_exists,
        open=True,
    ),
)

"""`/hooks/{path}`: what other programs and anybody with the address reach without a session."""

from __future__ import annotations

from typing import Any

from starlette.types import ASGIApp
from triggerflow_chassis.errors import MethodNotAllowed, NotFound

from triggerflow_bff import bodies
from triggerflow_bff.answers import Answer, encode
from triggerflow_bff.call import Call
from triggerflow_bff.clients.orchestrator import ENDED
from triggerflow_bff.hook_pages import page as pages
from triggerflow_bff.routes import hook_pages
from triggerflow_bff.routes.outputs import outcome
from triggerflow_bff.routes.parameters import LAST_EVENT_ID
from triggerflow_bff.table import Operation, Parameter, Reply, Resource

SIGNATURE = b"x-triggerflow-signature"
_WEBHOOK = "core:webhook"
_TEST = "test/"


async def open_hook(call: Call) -> ASGIApp:
    path = _path(call)
    at = await call.parts.hooks.page(call.principal, path)
    if at.kind == _WEBHOOK:
        raise MethodNotAllowed("A webhook is called with POST.")
    return await hook_pages.show(call, path, at)


async def get_hook_style(call: Call) -> Answer:
    return _asset(call, "hooks.css")


async def get_hook_script(call: Call) -> Answer:
    return _asset(call, "chat.js")


def _asset(call: Call, name: str) -> Answer:
    digest = call.parameter("digest")
    asset = pages.asset_answer(f"{digest}/{name}")
    if asset is None:
        raise NotFound("asset", f"{digest[:60]}/{name}", "There is nothing at this path.")
    return asset


async def call_hook(call: Call) -> Answer:
    path = _path(call)
    if call.method == "POST" and not path.startswith(_TEST) and call.header(SIGNATURE) is None:
        at = await call.parts.hooks.page(call.principal, path)
        if at.kind != _WEBHOOK:
            return await hook_pages.send(call, path, at)
    return await _call_webhook(call, path)


async def _call_webhook(call: Call, path: str) -> Answer:
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
    return _json(await outcome(call, called.execution, why=True), 200)


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
    Reply(303, "A form was sent: the page that tells its outcome.", headers=("Location",)),
    Reply(200, "Where the trigger answers `sync`: the run's outputs.", "HookOutputs"),
    Reply(
        202,
        "The run is durable and goes on, or waits as the trigger's limits have it; or a draft's call was heard.",
        "HookAccepted",
    ),
)
_REASONS = (
    "UNAUTHENTICATED", "NOT_FOUND", "BAD_JSON", "BAD_PARAMETER", "TOO_SLOW", "TOO_LARGE", "UNSUPPORTED_MEDIA_TYPE",
    "INVALID", "RUN_FAILED", "TOO_MANY",
)  # fmt: skip

RESOURCES = (
    Resource(
        "/hooks/-/{digest}/hooks.css",
        "Webhooks",
        (
            Operation(
                "GET",
                get_hook_style,
                "How pages of hooks look",
                (Reply(200, "The style sheet of this content.", media_type="text/css"),),
                reasons=("NOT_FOUND",),
            ),
        ),
        open=True,
    ),
    Resource(
        "/hooks/-/{digest}/chat.js",
        "Webhooks",
        (
            Operation(
                "GET",
                get_hook_script,
                "What pages of chats run",
                (Reply(200, "The script of this content.", media_type="text/javascript"),),
                reasons=("NOT_FOUND",),
            ),
        ),
        open=True,
    ),
    Resource(
        "/hooks/{path:path}",
        "Webhooks",
        (
            Operation(
                "GET",
                open_hook,
                "Open the page of a form or chat",
                (
                    Reply(
                        200,
                        "The page, or with `sent` what became of what was sent.",
                        media_type="text/html",
                        also=("text/event-stream",),
                    ),
                    Reply(204, "Of a chat's stream: nothing follows."),
                ),
                reasons=("NOT_FOUND", "METHOD_NOT_ALLOWED", "BAD_PARAMETER", "BAD_CURSOR", "TOO_MANY"),
                parameters=(Parameter("sent", "Names what was sent, as the page did."), LAST_EVENT_ID),
                told_as_page=(404,),
                description="Of a chat with `sent`: an event stream of `token` `{text}`, then `answer` `{text}` or "
                "`failed`.",
            ),
            Operation(
                "POST",
                call_hook,
                "Call a webhook",
                _REPLIES,
                reasons=(*_REASONS, "IDEMPOTENCY_KEY_REUSED"),
                parameters=(_SIGNED,),
                told_as_page=(422,),
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

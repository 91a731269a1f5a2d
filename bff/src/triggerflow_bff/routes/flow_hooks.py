"""`/flows/{flowId}/hooks`: the addresses of a flow's webhooks, forms and chats, and their secrets."""

from __future__ import annotations

from typing import Any

from triggerflow_bff import bodies, idempotency
from triggerflow_bff.answers import Answer, ok
from triggerflow_bff.call import Call
from triggerflow_bff.routes.executions import nothing
from triggerflow_bff.routes.flows import flow_exists
from triggerflow_bff.routes.parameters import IDEMPOTENCY_KEY
from triggerflow_bff.table import Operation, Reply, Resource


async def list_hooks(call: Call) -> Answer:
    hooks = await call.parts.hooks.of_flow(call.principal, call.id("flowId", "flow"))
    return ok([_addressed(call, hook) for hook in hooks])


async def rotate_hook_secret(call: Call) -> Answer:
    flow_id, node_id = call.id("flowId", "flow"), call.id("nodeId", "webhook")
    request_id = await _asked(call)
    return ok(_addressed(call, await call.parts.hooks.rotate(call.principal, request_id, flow_id, node_id)))


async def listen_hook(call: Call) -> Answer:
    flow_id, node_id = call.id("flowId", "flow"), call.id("nodeId", "webhook")
    request_id = await _asked(call)
    return ok(_listening(call, await call.parts.hooks.listen(call.principal, request_id, flow_id, node_id)))


async def get_hook_listen(call: Call) -> Answer:
    flow_id, node_id = call.id("flowId", "flow"), call.id("nodeId", "webhook")
    return ok(_listening(call, await call.parts.hooks.listening(call.principal, flow_id, node_id)))


async def hook_of_flow_exists(call: Call) -> None:
    """Raise NotFound unless the flow exists; nodes come and go with drafts and versions."""
    await flow_exists(call)
    call.id("nodeId", "webhook")


async def _asked(call: Call) -> str:
    """The request id of a call that needs no body."""
    async with bodies.path_first(lambda: hook_of_flow_exists(call)):
        raw = await bodies.read(call)
        request_id = idempotency.request_id(call)
        body = bodies.parse(raw, empty=True)
        bodies.checked(call, request_id, body, nothing(body))
    return request_id


def _addressed(call: Call, hook: dict[str, Any]) -> dict[str, Any]:
    base = _base(call)
    url = f"{base}{hook['path']}" if hook["path"] else None
    test = f"{base}test/{hook['path']}" if hook["path"] and hook["kind"] == "core:webhook" else None
    return {**hook, "url": url, "testUrl": test}


def _listening(call: Call, listen: dict[str, Any]) -> dict[str, Any]:
    return {
        "testUrl": f"{_base(call)}test/{listen['path']}",
        "until": listen["until"],
        "call": listen["call"],
        "calledAt": listen["calledAt"],
    }


def _base(call: Call) -> str:
    # The gate lets own hosts in alone.
    return f"{call.parts.settings.scheme}://{call.header(b'host')}/hooks/"


_HOOK = Reply(200, "The hook with its new secret; the old one is refused from now on.", "Hook")
_LISTEN = Reply(200, "Whether a call came, and what the trigger would get of it.", "HookListen")

RESOURCES = (
    Resource(
        "/flows/{flowId}/hooks",
        "Webhooks",
        (
            Operation(
                "GET",
                list_hooks,
                "List the hooks of a flow, with the secrets that the server made",
                (Reply(200, "Those of the draft, then those that only the active version has.", "HookList"),),
                reasons=("NOT_FOUND",),
            ),
        ),
        exists=flow_exists,
    ),
    Resource(
        "/flows/{flowId}/hooks/{nodeId}/rotate",
        "Webhooks",
        (
            Operation(
                "POST",
                rotate_hook_secret,
                "Make a webhook's secret anew",
                (_HOOK,),
                reasons=("NOT_FOUND", "BAD_PARAMETER", "IDEMPOTENCY_KEY_REUSED"),
                parameters=(IDEMPOTENCY_KEY,),
                body="Empty",
                body_required=False,
            ),
        ),
        exists=hook_of_flow_exists,
    ),
    Resource(
        "/flows/{flowId}/hooks/{nodeId}/listen",
        "Webhooks",
        (
            Operation(
                "POST",
                listen_hook,
                "Listen for one call of the draft's webhook, for 120 seconds",
                (_LISTEN,),
                reasons=("NOT_FOUND", "BAD_PARAMETER", "IDEMPOTENCY_KEY_REUSED"),
                parameters=(IDEMPOTENCY_KEY,),
                body="Empty",
                body_required=False,
            ),
            Operation("GET", get_hook_listen, "Read what was heard", (_LISTEN,), reasons=("NOT_FOUND",)),
        ),
        exists=hook_of_flow_exists,
    ),
)

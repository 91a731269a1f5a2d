"""The RPCs of hooks: convert, call, convert back."""

from __future__ import annotations

from typing import Any, Final

from triggerflow.orchestrator.v1 import hook_pb2 as pb
from triggerflow_chassis.clock import to_timestamp
from triggerflow_chassis.errors import BadParameter, NotFound
from triggerflow_chassis.ids import is_uuid, normalise
from triggerflow_chassis.jsontext import dumps
from triggerflow_chassis.wire import freeform

from triggerflow_orchestrator.app.fire_within import Waits
from triggerflow_orchestrator.app.hook_desk import Hook, HookDesk
from triggerflow_orchestrator.app.hook_ports import Listen
from triggerflow_orchestrator.app.hooks import PAGES, Hooks
from triggerflow_orchestrator.domain.hook_call import HookCall
from triggerflow_orchestrator.transport import messages
from triggerflow_orchestrator.transport.callers import project as _project

MOST_WAIT_SECONDS: Final = 30


class HookCalls:
    """Part of OrchestratorServicer."""

    _hooks: Hooks
    _hook_desk: HookDesk

    async def CallHook(self, request: pb.CallHookRequest, context: Any) -> pb.CallHookResponse:
        project_id = _project(request.project_id)
        headers = [(header.name.lower(), header.value) for header in request.headers]
        call = HookCall(request.method, request.query, headers, request.body)
        if request.test:
            await self._hook_desk.hear(project_id, request.path, call)
            return pb.CallHookResponse()
        called = await self._hooks.call(project_id, request.path, call, _wait(request.wait_seconds))
        if called.record is None:
            return pb.CallHookResponse()
        return pb.CallHookResponse(execution=messages.execution(called.record), sync=called.sync)

    async def GetHookPage(self, request: pb.GetHookPageRequest, context: Any) -> pb.GetHookPageResponse:
        trigger = await self._hooks.page(_project(request.project_id), request.path)
        config = dumps(trigger.config) if trigger.kind in PAGES else ""
        return pb.GetHookPageResponse(kind=trigger.kind, config_json=config, flow_name=trigger.flow_name)

    async def SubmitHook(self, request: pb.SubmitHookRequest, context: Any) -> pb.SubmitHookResponse:
        project_id = _project(request.project_id)
        inputs = freeform.read(request.inputs_json, "/inputs")
        if not isinstance(inputs, dict):
            raise BadParameter("inputs_json", "Inputs are a JSON object.")
        record = await self._hooks.submit(project_id, request.path, inputs, request.submission_id)
        if isinstance(record, Waits):
            return pb.SubmitHookResponse(waiting=record.reason)
        return pb.SubmitHookResponse(execution=messages.execution(record))

    async def GetSubmission(self, request: pb.GetSubmissionRequest, context: Any) -> pb.GetSubmissionResponse:
        record = await self._hooks.submission(
            _project(request.project_id), request.path, request.submission_id, _wait(request.wait_seconds)
        )
        if isinstance(record, Waits):
            return pb.GetSubmissionResponse(waiting=record.reason)
        return pb.GetSubmissionResponse(execution=messages.execution(record))

    async def ListHooks(self, request: pb.ListHooksRequest, context: Any) -> pb.ListHooksResponse:
        found = await self._hook_desk.hooks(_project(request.project_id), _id("flow", request.flow_id))
        return pb.ListHooksResponse(hooks=[_hook(hook) for hook in found])

    async def RotateHookSecret(self, request: pb.RotateHookSecretRequest, context: Any) -> pb.RotateHookSecretResponse:
        hook = await self._hook_desk.rotate(
            _project(request.project_id),
            _id("flow", request.flow_id),
            _id("webhook", request.node_id),
            request.request_id,
        )
        return pb.RotateHookSecretResponse(hook=_hook(hook))

    async def ListenHook(self, request: pb.ListenHookRequest, context: Any) -> pb.ListenHookResponse:
        listen = await self._hook_desk.listen(
            _project(request.project_id),
            _id("flow", request.flow_id),
            _id("webhook", request.node_id),
            request.request_id,
        )
        return pb.ListenHookResponse(listen=_listen(listen))

    async def GetHookListen(self, request: pb.GetHookListenRequest, context: Any) -> pb.GetHookListenResponse:
        listen = await self._hook_desk.listening(
            _project(request.project_id), _id("flow", request.flow_id), _id("webhook", request.node_id)
        )
        return pb.GetHookListenResponse(listen=_listen(listen))


def _id(resource: str, value: str) -> str:
    if not is_uuid(value):
        raise NotFound(resource, value[:100])
    return normalise(value)


def _wait(seconds: int) -> int:
    if not 0 <= seconds <= MOST_WAIT_SECONDS:
        raise BadParameter("wait_seconds", f"wait_seconds must be from 0 to {MOST_WAIT_SECONDS}.")
    return seconds


def _hook(hook: Hook) -> pb.Hook:
    return pb.Hook(
        node_id=hook.node_id,
        name=hook.name,
        kind=hook.kind,
        path=hook.path,
        secret=hook.secret or "",
        active=hook.active,
    )


def _listen(listen: Listen) -> pb.HookListen:
    message = pb.HookListen(path=listen.path, until=to_timestamp(listen.until), inputs_json=listen.inputs_json or "")
    if listen.called_at is not None:
        message.called_at.CopyFrom(to_timestamp(listen.called_at))
    return message

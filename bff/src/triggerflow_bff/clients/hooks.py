"""The orchestrator's hooks: calls of webhooks, what forms and chats send, and what editors see of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import grpc.aio
from triggerflow.orchestrator.v1 import hook_pb2 as pb
from triggerflow.orchestrator.v1.orchestrator_service_pb2_grpc import OrchestratorServiceStub
from triggerflow_chassis.clock import from_timestamp, rfc3339
from triggerflow_chassis.identity import Principal
from triggerflow_chassis.jsontext import dumps
from triggerflow_chassis.wire import freeform
from triggerflow_chassis.wire.execution import execution_to_json

from triggerflow_bff.clients.registry import Json
from triggerflow_bff.clients.unary import unary
from triggerflow_bff.settings import Limits


@dataclass(frozen=True, slots=True)
class HookPage:
    """What is at a path."""

    kind: str
    config: Json
    flow_name: str


@dataclass(frozen=True, slots=True)
class Called:
    """What a call did. Without an execution it went to whoever listens for a draft."""

    execution: Json | None
    sync: bool


class HookClient:
    """Every method raises ServiceError as the orchestrator raised it."""

    def __init__(self, channel: grpc.aio.Channel, limits: Limits) -> None:
        self._stub = OrchestratorServiceStub(channel)
        self._read = limits.read_seconds
        self._write = limits.write_seconds
        self._wait = limits.wait_seconds

    async def call(
        self,
        who: Principal,
        path: str,
        *,
        test: bool,
        method: str,
        query: str,
        headers: Sequence[tuple[str, str]],
        body: bytes,
    ) -> Called:
        """Call a webhook; one that answers with its run's end is waited for."""
        request = pb.CallHookRequest(
            project_id=who.project_id,
            path=path,
            test=test,
            method=method,
            query=query,
            headers=[pb.HookHeader(name=name, value=value) for name, value in headers],
            body=body,
            wait_seconds=self._wait,
        )
        answer = await unary(self._stub.CallHook, request, self._write + self._wait)
        execution = execution_to_json(answer.execution) if answer.HasField("execution") else None
        return Called(execution, answer.sync)

    async def page(self, who: Principal, path: str) -> HookPage:
        """What is at a path."""
        request = pb.GetHookPageRequest(project_id=who.project_id, path=path)
        answer = await unary(self._stub.GetHookPage, request, self._read)
        config = freeform.trusted(answer.config_json) if answer.config_json else {}
        return HookPage(answer.kind, config, answer.flow_name)

    async def submit(self, who: Principal, path: str, inputs: Json, submission_id: str) -> Json | None:
        """Send a form or a message; the execution, None where it waits to start."""
        request = pb.SubmitHookRequest(
            project_id=who.project_id, path=path, inputs_json=dumps(inputs), submission_id=submission_id
        )
        answer = await unary(self._stub.SubmitHook, request, self._write)
        return execution_to_json(answer.execution) if answer.HasField("execution") else None

    async def submission(self, who: Principal, path: str, submission_id: str, wait: int) -> Json | None:
        """What became of what was sent, at its end or after `wait` seconds; None where it waits to start."""
        request = pb.GetSubmissionRequest(
            project_id=who.project_id, path=path, submission_id=submission_id, wait_seconds=wait
        )
        answer = await unary(self._stub.GetSubmission, request, self._read + wait)
        return execution_to_json(answer.execution) if answer.HasField("execution") else None

    async def of_flow(self, who: Principal, flow_id: str) -> list[Json]:
        """The hooks of a flow, without addresses."""
        request = pb.ListHooksRequest(project_id=who.project_id, flow_id=flow_id)
        answer = await unary(self._stub.ListHooks, request, self._read)
        return [_hook(hook) for hook in answer.hooks]

    async def rotate(self, who: Principal, request_id: str, flow_id: str, node_id: str) -> Json:
        """Make a secret anew; the hook."""
        request = pb.RotateHookSecretRequest(
            project_id=who.project_id, request_id=request_id, flow_id=flow_id, node_id=node_id
        )
        answer = await unary(self._stub.RotateHookSecret, request, self._write)
        return _hook(answer.hook)

    async def listen(self, who: Principal, request_id: str, flow_id: str, node_id: str) -> Json:
        """Listen for one call of a draft's webhook."""
        request = pb.ListenHookRequest(
            project_id=who.project_id, request_id=request_id, flow_id=flow_id, node_id=node_id
        )
        answer = await unary(self._stub.ListenHook, request, self._write)
        return _listen(answer.listen)

    async def listening(self, who: Principal, flow_id: str, node_id: str) -> Json:
        """What was heard."""
        request = pb.GetHookListenRequest(project_id=who.project_id, flow_id=flow_id, node_id=node_id)
        answer = await unary(self._stub.GetHookListen, request, self._read)
        return _listen(answer.listen)


def _hook(hook: Any) -> Json:
    return {
        "nodeId": hook.node_id,
        "name": hook.name,
        "kind": hook.kind,
        "path": hook.path,
        "secret": hook.secret or None,
        "active": hook.active,
    }


def _listen(listen: Any) -> Json:
    called = listen.HasField("called_at")
    return {
        "path": listen.path,
        "until": rfc3339(from_timestamp(listen.until)),
        "call": freeform.trusted(listen.inputs_json) if called else None,
        "calledAt": rfc3339(from_timestamp(listen.called_at)) if called else None,
    }

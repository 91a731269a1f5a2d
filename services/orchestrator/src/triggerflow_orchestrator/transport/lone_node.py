"""The RPC that runs one node of a draft."""

from __future__ import annotations

import hashlib
from typing import Any, Final

import orjson
from triggerflow.orchestrator.v1 import lone_node_pb2 as pb
from triggerflow_chassis import jsontext
from triggerflow_chassis.errors import Invalid, ServiceError, Violation
from triggerflow_chassis.ids import normalise
from triggerflow_chassis.wire import freeform

from triggerflow_orchestrator.app.idempotency import Idempotency, Replayed
from triggerflow_orchestrator.app.lone_node import NodeRun
from triggerflow_orchestrator.app.read_executions import known_id
from triggerflow_orchestrator.app.run_node import RunNode
from triggerflow_orchestrator.transport import messages
from triggerflow_orchestrator.transport.callers import project, request_key

_METHOD: Final = "RunNode"


class LoneNodeRpcs:
    """To be inherited by the service, which sets both."""

    _run_node: RunNode
    _idempotency: Idempotency

    async def RunNode(self, request: pb.RunNodeRequest, context: Any) -> pb.RunNodeResponse:
        project_id = project(request.project_id)
        named = (normalise(request.flow_id), normalise(request.node_id))
        inputs, refusal = _inputs(request.inputs_json)
        key = None
        if request.request_id:
            fingerprint = hashlib.sha256(jsontext.canonical([*named, inputs])).hexdigest()
            key = request_key(project_id, request.request_id, _METHOD, fingerprint, _render)

        async def perform() -> NodeRun:
            flow_id, node_id = known_id("flow", request.flow_id), known_id("node", request.node_id)
            if refusal is not None:
                raise refusal
            ran = await self._run_node(project_id, flow_id, node_id, inputs)
            if key is not None:
                await self._idempotency.keep(key, key.render(ran))
            return ran

        answer = await self._idempotency.once(key, perform)
        if isinstance(answer, Replayed):
            response = pb.RunNodeResponse()
            response.ParseFromString(answer.response)
            return response
        return _response(answer)


def _inputs(text: str) -> tuple[Any, ServiceError | None]:
    try:
        inputs = freeform.read(text, "/inputs") if text else {}
    except ServiceError as refusal:
        return text, refusal
    if not isinstance(inputs, dict):
        return inputs, Invalid([Violation("/inputs", "Must be an object.")])
    return inputs, None


def _response(ran: NodeRun) -> pb.RunNodeResponse:
    ports = {port: orjson.Fragment(text) for port, text in ran.ports.items()}
    response = pb.RunNodeResponse(
        ports_json=orjson.dumps(ports).decode(),
        logs=[pb.NodeLogLine(level=line.level, message=line.message) for line in ran.logs],
        seconds=ran.seconds,
    )
    if ran.failure is not None:
        response.error.CopyFrom(messages.failure(ran.failure))
    return response


def _render(ran: NodeRun) -> bytes:
    return _response(ran).SerializeToString()

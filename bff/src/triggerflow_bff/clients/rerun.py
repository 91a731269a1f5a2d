"""The orchestrator, as far as executions run again."""

from __future__ import annotations

from typing import Any

import grpc.aio
from google.rpc import status_pb2
from triggerflow.orchestrator.v1 import lone_node_pb2
from triggerflow.orchestrator.v1 import rerun_pb2 as pb
from triggerflow.orchestrator.v1.orchestrator_service_pb2_grpc import OrchestratorServiceStub
from triggerflow_chassis.errors import ServiceError
from triggerflow_chassis.grpc.status import from_status
from triggerflow_chassis.identity import Principal
from triggerflow_chassis.jsontext import dumps
from triggerflow_chassis.wire import freeform
from triggerflow_chassis.wire.execution import error_to_json, execution_to_json

from triggerflow_bff.clients.registry import Json
from triggerflow_bff.clients.unary import unary
from triggerflow_bff.settings import Limits

# Large results are copied before the answer.
_LONGEST_SECONDS = 55.0
# A node may take 60 s, and a worker is looked for before.
_NODE_SECONDS = 73.0


class RerunClient:
    """Every method raises ServiceError as the orchestrator raised it."""

    def __init__(self, channel: grpc.aio.Channel, limits: Limits) -> None:
        self._stub = OrchestratorServiceStub(channel)
        self._read = limits.read_seconds

    async def retry(self, who: Principal, request_id: str, execution_id: str, body: Json) -> Json:
        """Run an execution again; the new one."""
        request = pb.RetryExecutionRequest(
            project_id=who.project_id, request_id=request_id, execution_id=execution_id, **_asked(body)
        )
        return execution_to_json((await unary(self._stub.RetryExecution, request, _LONGEST_SECONDS)).execution)

    async def plan(self, who: Principal, execution_id: str, body: Json) -> Json:
        """What that would do."""
        request = pb.PlanRetryRequest(project_id=who.project_id, execution_id=execution_id, **_asked(body))
        return _plan((await unary(self._stub.PlanRetry, request, self._read)).plan)

    async def retry_many(
        self, who: Principal, request_id: str, body: Json
    ) -> list[tuple[str, str | None, ServiceError | None]]:
        """Run several again: of each its id, the new one's, or why it was refused."""
        request = pb.RetryExecutionsRequest(
            project_id=who.project_id,
            request_id=request_id,
            execution_ids=body["executionIds"],
            start=body["from"],
            blueprint_version=body.get("blueprintVersion"),
        )
        answer = await unary(self._stub.RetryExecutions, request, _LONGEST_SECONDS)
        return [
            (item.execution_id, item.retried_as if item.HasField("retried_as") else None, _refusal(item.refusal))
            for item in answer.items
        ]

    async def run_node(self, who: Principal, request_id: str, flow_id: str, node_id: str, inputs: Json) -> Json:
        """Run one node of a draft; what it did."""
        request = lone_node_pb2.RunNodeRequest(
            project_id=who.project_id,
            request_id=request_id,
            flow_id=flow_id,
            node_id=node_id,
            inputs_json=dumps(inputs),
        )
        ran = await unary(self._stub.RunNode, request, _NODE_SECONDS)
        failed = ran.HasField("error")
        return {
            "status": "failed" if failed else "succeeded",
            "ports": freeform.trusted(ran.ports_json),
            "error": error_to_json(ran.error) if failed else None,
            "logs": [{"level": line.level, "message": line.message} for line in ran.logs],
            "seconds": ran.seconds,
        }


def _asked(body: Json) -> dict[str, Any]:
    inputs = dumps(body["inputs"]) if "inputs" in body else None
    return {"start": body["from"], "blueprint_version": body.get("blueprintVersion"), "inputs_json": inputs}


def _refusal(text: bytes) -> ServiceError | None:
    if not text:
        return None
    status = status_pb2.Status()
    status.ParseFromString(text)
    return from_status(status)


def _plan(plan: Any) -> Json:
    return {
        "executionId": plan.execution_id,
        "from": plan.start,
        "blueprintVersion": plan.blueprint_version,
        "reused": [
            {"nodeId": one.node_id, "scope": one.scope, "activationId": one.activation_id} for one in plan.reused
        ],
        "repeats": [
            {
                "nodeId": one.node_id,
                "name": one.name,
                "effect": one.effect,
                "lastSeconds": _known(one.last, "seconds"),
                "lastTokens": _known(one.last, "tokens"),
                "lastCost": _known(one.last, "cost"),
            }
            for one in plan.repeats
        ],
        "changed": list(plan.changed),
        "warnings": list(plan.warnings),
        "estimate": {name: _known(plan.estimate, name) for name in ("seconds", "tokens", "cost")},
    }


def _known(cost: Any, name: str) -> float | None:
    return getattr(cost, name) if cost.HasField(name) else None

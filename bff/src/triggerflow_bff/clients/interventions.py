"""The orchestrator, as far as context is added to executions."""

from __future__ import annotations

import grpc.aio
from triggerflow.orchestrator.v1 import intervention_pb2 as pb
from triggerflow.orchestrator.v1.orchestrator_service_pb2_grpc import OrchestratorServiceStub
from triggerflow_chassis.clock import from_timestamp, rfc3339
from triggerflow_chassis.identity import Principal
from triggerflow_chassis.jsontext import dumps
from triggerflow_chassis.wire.freeform import trusted

from triggerflow_bff.clients.registry import Json
from triggerflow_bff.clients.unary import unary
from triggerflow_bff.settings import Limits


class InterventionClient:
    """Every method raises ServiceError as the orchestrator raised it."""

    def __init__(self, channel: grpc.aio.Channel, limits: Limits) -> None:
        self._stub = OrchestratorServiceStub(channel)
        self._limits = limits

    async def add(self, who: Principal, request_id: str, execution_id: str, value: object) -> Json:
        """Add context; what was added."""
        request = pb.AddInterventionRequest(
            project_id=who.project_id, request_id=request_id, execution_id=execution_id, value_json=dumps(value)
        )
        return _shown((await unary(self._stub.AddIntervention, request, self._limits.write_seconds)).intervention)

    async def of_execution(self, who: Principal, execution_id: str) -> list[Json]:
        """What was added, in order."""
        request = pb.ListInterventionsRequest(project_id=who.project_id, execution_id=execution_id)
        answer = await unary(self._stub.ListInterventions, request, self._limits.read_seconds)
        return [_shown(each) for each in answer.interventions]


def _shown(intervention: pb.Intervention) -> Json:
    return {
        "id": intervention.id,
        "executionId": intervention.execution_id,
        "value": trusted(intervention.value_json),
        "by": intervention.by,
        "at": rfc3339(from_timestamp(intervention.at)),
    }

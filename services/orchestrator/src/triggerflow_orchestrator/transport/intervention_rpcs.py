"""The RPCs that add context to executions: convert, call, convert back."""

from __future__ import annotations

import hashlib
from typing import Any, Final

from triggerflow.orchestrator.v1 import intervention_pb2 as pb
from triggerflow_chassis.clock import to_timestamp
from triggerflow_chassis.identity import current
from triggerflow_chassis.jsontext import canonical
from triggerflow_chassis.wire.freeform import read

from triggerflow_orchestrator.app.commands import RequestKey
from triggerflow_orchestrator.app.idempotency import Idempotency, Replayed
from triggerflow_orchestrator.app.intervene import Intervene
from triggerflow_orchestrator.app.read_executions import known_id
from triggerflow_orchestrator.domain.intervention import Intervention
from triggerflow_orchestrator.transport.callers import project, request_key

_METHOD: Final = "AddIntervention"


class InterventionRpcs:
    """A part of the servicer. Every RPC acts for the caller's project; another one may not be named."""

    _intervene: Intervene
    _idempotency: Idempotency

    async def AddIntervention(self, request: pb.AddInterventionRequest, context: Any) -> pb.AddInterventionResponse:
        project_id = project(request.project_id)
        key: RequestKey | None = None
        if request.request_id:
            asked = canonical([request.execution_id.lower(), request.value_json])
            key = request_key(
                project_id, request.request_id, _METHOD, hashlib.sha256(asked).hexdigest(), _never_rendered
            )

        async def perform() -> Intervention:
            execution_id = known_id("execution", request.execution_id)
            value = read(request.value_json or "null", "/value")
            return await self._intervene(project_id, execution_id, current().subject, value, key, _render)

        answer = await self._idempotency.once(key, perform)
        if isinstance(answer, Replayed):
            response = pb.AddInterventionResponse()
            response.ParseFromString(answer.response)
            return response
        return pb.AddInterventionResponse(intervention=message(answer))

    async def ListInterventions(
        self, request: pb.ListInterventionsRequest, context: Any
    ) -> pb.ListInterventionsResponse:
        execution_id = known_id("execution", request.execution_id)
        found = await self._intervene.of_execution(project(request.project_id), execution_id)
        return pb.ListInterventionsResponse(interventions=[message(each) for each in found])


def message(intervention: Intervention) -> pb.Intervention:
    """The intervention as a message."""
    return pb.Intervention(
        id=intervention.id,
        execution_id=intervention.execution_id,
        value_json=intervention.value_json,
        by=intervention.by,
        at=to_timestamp(intervention.at),
    )


def _render(intervention: Intervention) -> bytes:
    return pb.AddInterventionResponse(intervention=message(intervention)).SerializeToString()


def _never_rendered(record: object) -> bytes:
    raise AssertionError("the answer is no execution")

"""The orchestrator: executions, activations, history and large values, as the JSON that REST shows."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Any

import grpc.aio
from triggerflow.orchestrator.v1 import orchestrator_service_pb2 as pb
from triggerflow.orchestrator.v1 import wait_pb2
from triggerflow.orchestrator.v1.orchestrator_service_pb2_grpc import OrchestratorServiceStub
from triggerflow_chassis.clock import to_timestamp
from triggerflow_chassis.errors import AlreadyAnswered
from triggerflow_chassis.identity import Principal
from triggerflow_chassis.ids import normalise
from triggerflow_chassis.jsontext import dumps
from triggerflow_chassis.wire.execution import (
    STATUS_NAMES,
    STATUSES,
    activation_to_json,
    context_from_json,
    execution_to_json,
    options_from_json,
)
from triggerflow_chassis.wire.wait import wait_to_json

from triggerflow_bff.clients.events import live_event
from triggerflow_bff.clients.paging import fitting
from triggerflow_bff.clients.registry import Json, Page
from triggerflow_bff.clients.unary import unary
from triggerflow_bff.live.event import EventPage, LiveEvent
from triggerflow_bff.problems import ANSWER
from triggerflow_bff.settings import Limits

EXECUTION_STATUSES = tuple(STATUS_NAMES.values())
ENDED = frozenset({"succeeded", "failed", "cancelled"})


@dataclass(frozen=True, slots=True)
class Filter:
    """Which executions a list has. Times are microseconds since the epoch."""

    flow_id: str = ""
    statuses: Sequence[str] = ()
    labels: Sequence[str] = ()
    since: int | None = None
    before: int | None = None
    query: str = ""


@dataclass(frozen=True, slots=True)
class WaitFilter:
    """Which waits a list has. Empty means all."""

    status: str = ""
    flow_id: str = ""
    execution_id: str = ""
    assignee: str = ""


class OrchestratorClient:
    """Every method raises ServiceError as the orchestrator raised it."""

    def __init__(self, channel: grpc.aio.Channel, limits: Limits) -> None:
        self._stub = OrchestratorServiceStub(channel)
        self._read = limits.read_seconds
        self._write = limits.write_seconds

    async def start(self, who: Principal, request_id: str, body: Json, trigger: str | None, wait: int) -> Json:
        """Start a run of a checked request, and wait up to `wait` seconds for its end."""
        request = pb.StartExecutionRequest(
            project_id=who.project_id,
            request_id=request_id,
            flow_id=normalise(body["flowId"]),
            blueprint_version=body.get("blueprintVersion"),
            inputs_json=dumps(body["inputs"]),
            trigger_node_id=trigger,
            wait_seconds=wait,
        )
        if "context" in body:
            request.context.CopyFrom(context_from_json(body["context"]))
        if "executionOptions" in body:
            request.options.CopyFrom(options_from_json(body["executionOptions"]))
        answer = await unary(self._stub.StartExecution, request, self._write + wait)
        return execution_to_json(answer.execution)

    async def get(self, who: Principal, execution_id: str) -> Json:
        """Read an execution."""
        request = pb.GetExecutionRequest(project_id=who.project_id, execution_id=execution_id)
        answer = await unary(self._stub.GetExecution, request, self._read)
        return execution_to_json(answer.execution)

    async def list(self, who: Principal, size: int, token: str, only: Filter) -> Page:
        """A page of executions."""

        async def fetch(size: int) -> Any:
            request = pb.ListExecutionsRequest(
                project_id=who.project_id,
                page_size=size,
                page_token=token,
                flow_id=only.flow_id,
                statuses=[STATUSES[status] for status in only.statuses],
                labels=only.labels,
                to=None if only.before is None else to_timestamp(only.before),
                query=only.query,
            )
            if only.since is not None:
                # "from" is a word of Python.
                getattr(request, "from").CopyFrom(to_timestamp(only.since))
            return await unary(self._stub.ListExecutions, request, self._read)

        answer = await fitting(fetch, size)
        return Page([execution_to_json(execution) for execution in answer.executions], answer.next_page_token)

    async def cancel(self, who: Principal, request_id: str, execution_id: str) -> Json:
        """Ask an execution to end."""
        request = pb.CancelExecutionRequest(project_id=who.project_id, request_id=request_id, execution_id=execution_id)
        answer = await unary(self._stub.CancelExecution, request, self._write)
        return execution_to_json(answer.execution)

    async def list_activations(self, who: Principal, execution_id: str, size: int, token: str) -> Page:
        """A page of activations."""

        async def fetch(size: int) -> Any:
            request = pb.ListActivationsRequest(
                project_id=who.project_id, execution_id=execution_id, page_size=size, page_token=token
            )
            return await unary(self._stub.ListActivations, request, self._read)

        answer = await fitting(fetch, size)
        return Page([activation_to_json(activation) for activation in answer.activations], answer.next_page_token)

    async def resume(self, who: Principal, request_id: str, execution_id: str, wait_id: str, value: Any) -> Json:
        """Answer a wait. Where another answer was first, AlreadyAnswered carries that as JSON in `answer`."""
        request = wait_pb2.ResumeExecutionRequest(
            project_id=who.project_id,
            request_id=request_id,
            execution_id=execution_id,
            wait_id=wait_id,
            value_json=dumps(value),
        )
        try:
            answer = await unary(self._stub.ResumeExecution, request, self._write)
        except AlreadyAnswered as error:
            # Not in the refusal itself, which a call's trailers must hold.
            wait = await self.wait(who, error.metadata.get("waitId", wait_id))
            raise AlreadyAnswered(error.detail, metadata={**error.metadata, ANSWER: dumps(wait["answer"])}) from None
        return wait_to_json(answer.wait)

    async def signal(self, who: Principal, request_id: str, name: str, key: str, value: Any) -> int:
        """Answer every open event of a name and key; how many."""
        request = wait_pb2.SignalEventRequest(
            project_id=who.project_id, request_id=request_id, name=name, key=key, value_json=dumps(value)
        )
        answer = await unary(self._stub.SignalEvent, request, self._write)
        return int(answer.matched)

    async def wait(self, who: Principal, wait_id: str) -> Json:
        """Read a wait."""
        request = wait_pb2.GetWaitRequest(project_id=who.project_id, wait_id=wait_id)
        answer = await unary(self._stub.GetWait, request, self._read)
        return wait_to_json(answer.wait)

    async def waits(self, who: Principal, size: int, token: str, only: WaitFilter) -> Page:
        """A page of waits."""

        async def fetch(size: int) -> Any:
            request = wait_pb2.ListWaitsRequest(
                project_id=who.project_id,
                page_size=size,
                page_token=token,
                status=only.status,
                flow_id=only.flow_id,
                execution_id=only.execution_id,
                assignee=only.assignee,
            )
            return await unary(self._stub.ListWaits, request, self._read)

        answer = await fitting(fetch, size)
        return Page([wait_to_json(wait) for wait in answer.waits], answer.next_page_token)

    async def events(self, who: Principal, execution_id: str, after: str, limit: int) -> EventPage:
        """Events after a cursor, from history; fewer than the limit where a message could not hold them."""

        async def fetch(size: int) -> Any:
            request = pb.ListEventsRequest(
                project_id=who.project_id, execution_id=execution_id, after=after, limit=size
            )
            return await unary(self._stub.ListEvents, request, self._read)

        answer = await fitting(fetch, limit)
        events: list[LiveEvent] = [live_event(event) for event in answer.events]
        return EventPage(events, answer.next, answer.ended, more=bool(events) and not answer.complete)

    async def value(self, who: Principal, ref: str) -> tuple[int, AsyncIterator[bytes]]:
        """A large value: how many bytes its JSON has, and the bytes, in pieces."""
        first = await self._piece(who, ref, 0)
        return first.total_bytes, self._pieces(who, ref, first)

    async def _pieces(self, who: Principal, ref: str, piece: Any) -> AsyncIterator[bytes]:
        total, sent = piece.total_bytes, 0
        while True:
            yield piece.json
            sent += len(piece.json)
            if sent >= total or not piece.json:
                return
            piece = await self._piece(who, ref, sent)

    async def _piece(self, who: Principal, ref: str, offset: int) -> Any:
        request = pb.GetValueRequest(project_id=who.project_id, ref=ref, offset=offset)
        return await unary(self._stub.GetValue, request, self._read)

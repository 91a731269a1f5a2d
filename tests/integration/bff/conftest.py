"""The BFF under a real uvicorn, in front of a real gRPC server that holds flows and executions in memory.

The servicers keep the rules that the BFF relies on (existence before preconditions before content, request ids,
events that are durable before they are live), note what they were asked, and fail on request.
"""

from __future__ import annotations

import asyncio
import hashlib
import socket
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from hook_backend import HookBackend
from triggerflow.orchestrator.v1 import (
    activation_pb2,
    event_pb2,
    execution_pb2,
    intervention_pb2,
    load_pb2,
    lone_node_pb2,
    rerun_pb2,
    schedule_pb2,
)
from triggerflow.orchestrator.v1 import orchestrator_service_pb2 as orchestrator_pb
from triggerflow.orchestrator.v1.orchestrator_service_pb2_grpc import (
    OrchestratorServiceServicer,
    add_OrchestratorServiceServicer_to_server,
)
from triggerflow.registry.v1 import catalogue_pb2, flow_pb2, node_pb2, schema_pb2, version_pb2
from triggerflow.registry.v1 import registry_service_pb2 as registry_pb
from triggerflow.registry.v1.registry_service_pb2_grpc import (
    RegistryServiceServicer,
    add_RegistryServiceServicer_to_server,
)
from triggerflow.stream.v1 import stream_service_pb2 as stream_pb
from triggerflow.stream.v1.stream_service_pb2_grpc import StreamServiceServicer, add_StreamServiceServicer_to_server
from triggerflow_bff.bootstrap import create_app
from triggerflow_bff.server import Server
from triggerflow_bff.settings import BffSettings, Limits
from triggerflow_chassis import ids
from triggerflow_chassis.clock import now_us, to_timestamp
from triggerflow_chassis.errors import (
    AlreadyEnded,
    IdempotencyKeyReused,
    Invalid,
    NotFound,
    NoVersion,
    PreconditionRequired,
    Running,
    ServiceError,
    StaleEtag,
    Violation,
)
from triggerflow_chassis.grpc.interceptors import Interceptor, Unary
from triggerflow_chassis.grpc.interceptors import Stream as Streaming
from triggerflow_chassis.grpc.peers import open_peers
from triggerflow_chassis.grpc.server import open_server
from triggerflow_chassis.identity import LOCAL
from triggerflow_chassis.settings import Secret
from wait_backend import WaitBackend

TOKEN = "a-token-of-the-tests"


class Backend:
    """What the three servicers share: the rows, the questions, and the failures to come."""

    def __init__(self) -> None:
        self.flows: dict[str, flow_pb2.Flow] = {}
        self.versions: dict[str, list[version_pb2.Version]] = {}
        self.executions: dict[str, execution_pb2.Execution] = {}
        self.events: dict[str, list[event_pb2.ExecutionEvent]] = {}
        self.values: dict[str, bytes] = {}
        self.asked: list[tuple[str, Any]] = []
        self.failures: dict[str, ServiceError] = {}
        self.answers: dict[str, tuple[bytes, Any]] = {}
        self.watchers: dict[str, set[asyncio.Queue[event_pb2.ExecutionEvent | None]]] = {}
        self.schemas: list[schema_pb2.Schema] = []
        self.project: set[asyncio.Queue[stream_pb.ProjectEvent]] = set()
        self.project_log: list[stream_pb.ProjectEvent] = []
        self.older_stream = False
        # As in local mode, where nothing waits for workers.
        self.load = load_pb2.Load()
        # Pages may be cut by their size, whatever was asked for.
        self.most_events = 5_000
        # A synchronous run waits for this; tests set it.
        self.end_of_runs = asyncio.Event()

    def note(self, method: str, request: Any) -> None:
        self.asked.append((method, request))
        if method in self.failures:
            raise self.failures[method]

    def count(self, method: str) -> int:
        return sum(1 for name, _ in self.asked if name == method)

    def once(self, request: Any, make: Callable[[], Any]) -> Any:
        if not request.request_id:
            return make()
        said = request.SerializeToString(deterministic=True)
        if request.request_id in self.answers:
            before, answer = self.answers[request.request_id]
            if before != said:
                raise IdempotencyKeyReused()
            return answer
        answer = make()
        self.answers[request.request_id] = (said, answer)
        return answer

    def flow(self, flow_id: str) -> flow_pb2.Flow:
        if flow_id not in self.flows:
            raise NotFound("flow", flow_id)
        return self.flows[flow_id]

    def execution(self, execution_id: str) -> execution_pb2.Execution:
        if execution_id not in self.executions:
            raise NotFound("execution", execution_id)
        return self.executions[execution_id]

    def run(self, flow_id: str = "00000000-0000-7000-8000-0000000000aa") -> str:
        """A new execution without events."""
        execution_id = ids.uuid7()
        self.executions[execution_id] = execution_pb2.Execution(
            id=execution_id,
            project_id=LOCAL.project_id,
            flow_id=flow_id,
            blueprint_version="1",
            content_hash="f" * 64,
            status=execution_pb2.EXECUTION_STATUS_RUNNING,
            inputs_json="{}",
            outputs_json="{}",
            created_at=to_timestamp(now_us()),
            started_at=to_timestamp(now_us()),
            principal="local",
            flow_name="A flow",
        )
        self.events[execution_id] = []
        return execution_id

    def emit(self, execution_id: str, message: str = "", *, last: bool = False, size: int = 0) -> str:
        """Add a log event, or the last event, to the execution: durable first, then live."""
        log = self.events[execution_id]
        event = event_pb2.ExecutionEvent(
            id=ids.next_uuid7(log[-1].id if log else None),
            execution_id=execution_id,
            timestamp=to_timestamp(now_us()),
            sequence=len(log) + 1,
        )
        if last:
            event.type = event_pb2.EXECUTION_EVENT_TYPE_EXECUTION_COMPLETED
            event.state.status = event_pb2.EVENT_STATUS_SUCCEEDED
            execution = self.executions[execution_id]
            execution.status = execution_pb2.EXECUTION_STATUS_SUCCEEDED
            execution.ended_at.CopyFrom(to_timestamp(now_us()))
        else:
            event.type = event_pb2.EXECUTION_EVENT_TYPE_LOG
            event.log.level = "info"
            event.log.message = message + "x" * size
        log.append(event)
        for watcher in self.watchers.get(execution_id, set()):
            watcher.put_nowait(event)
        return event.id


def etag_of(message: Any) -> str:
    return hashlib.sha256(message.SerializeToString(deterministic=True)).hexdigest()[:32]


def require(etag: str, current: str) -> None:
    if not etag:
        raise PreconditionRequired()
    if etag not in ("*", current):
        raise StaleEtag(current)


class Registry(RegistryServiceServicer):
    def __init__(self, backend: Backend) -> None:
        self.backend = backend

    async def CreateFlow(self, request: Any, context: Any) -> Any:
        self.backend.note("CreateFlow", request)

        def make() -> Any:
            flow = flow_pb2.Flow()
            flow.CopyFrom(request.flow)
            flow.id = ids.uuid7()
            flow.project_id = LOCAL.project_id
            self._saved(flow)
            return registry_pb.CreateFlowResponse(flow=flow)

        return self.backend.once(request, make)

    def _saved(self, flow: flow_pb2.Flow) -> None:
        flow.etag = ""
        flow.created_at.CopyFrom(to_timestamp(1_790_000_000_000_000))
        flow.updated_at.CopyFrom(to_timestamp(now_us()))
        shown = flow_pb2.Flow()
        shown.CopyFrom(flow)
        shown.ClearField("updated_at")
        flow.etag = etag_of(shown)
        self.backend.flows[flow.id] = flow

    async def GetFlow(self, request: Any, context: Any) -> Any:
        self.backend.note("GetFlow", request)
        return registry_pb.GetFlowResponse(flow=self.backend.flow(request.flow_id))

    async def UpdateFlow(self, request: Any, context: Any) -> Any:
        self.backend.note("UpdateFlow", request)
        require(request.etag, self.backend.flow(request.flow.id).etag)
        flow = flow_pb2.Flow()
        flow.CopyFrom(request.flow)
        flow.project_id = LOCAL.project_id
        self._saved(flow)
        return registry_pb.UpdateFlowResponse(flow=flow)

    async def DeleteFlow(self, request: Any, context: Any) -> Any:
        self.backend.note("DeleteFlow", request)
        require(request.etag, self.backend.flow(request.flow_id).etag)
        running = execution_pb2.EXECUTION_STATUS_RUNNING
        if any(each.flow_id == request.flow_id and each.status == running for each in self.backend.executions.values()):
            raise Running()
        del self.backend.flows[request.flow_id]
        return registry_pb.DeleteFlowResponse()

    async def ListFlows(self, request: Any, context: Any) -> Any:
        self.backend.note("ListFlows", request)
        flows = sorted(self.backend.flows.values(), key=lambda flow: flow.id, reverse=True)
        start = int(request.page_token or 0)
        page = flows[start : start + request.page_size]
        more = start + request.page_size < len(flows)
        return registry_pb.ListFlowsResponse(flows=page, next_page_token=str(start + request.page_size) if more else "")

    def _node(self, flow_id: str, node_id: str) -> node_pb2.Node:
        for node in self.backend.flow(flow_id).nodes:
            if node.id == node_id:
                return node
        raise NotFound("node", node_id)

    async def GetNode(self, request: Any, context: Any) -> Any:
        self.backend.note("GetNode", request)
        node = self._node(request.flow_id, request.node_id)
        return registry_pb.GetNodeResponse(node=node, etag=etag_of(node))

    async def PutNode(self, request: Any, context: Any) -> Any:
        self.backend.note("PutNode", request)
        flow = self.backend.flow(request.flow_id)
        try:
            node = self._node(request.flow_id, request.node.id)
        except NotFound:
            if not request.create_only:
                raise
            node = flow.nodes.add()
            created = True
        else:
            if request.create_only:
                raise StaleEtag(etag_of(node))
            require(request.etag, etag_of(node))
            created = False
        node.CopyFrom(request.node)
        node.version = 1
        return registry_pb.PutNodeResponse(node=node, etag=etag_of(node), created=created)

    async def DeleteNode(self, request: Any, context: Any) -> Any:
        self.backend.note("DeleteNode", request)
        node = self._node(request.flow_id, request.node_id)
        require(request.etag, etag_of(node))
        self.backend.flow(request.flow_id).nodes.remove(node)
        return registry_pb.DeleteNodeResponse()

    async def ListNodes(self, request: Any, context: Any) -> Any:
        self.backend.note("ListNodes", request)
        return registry_pb.ListNodesResponse(nodes=self.backend.flow(request.flow_id).nodes)

    async def PublishVersion(self, request: Any, context: Any) -> Any:
        self.backend.note("PublishVersion", request)

        def make() -> Any:
            flow = self.backend.flow(request.flow_id)
            versions = self.backend.versions.setdefault(flow.id, [])
            blueprint = version_pb2.Blueprint(
                name=flow.name, nodes=flow.nodes, edges=flow.edges, settings=flow.settings
            )
            content_hash = hashlib.sha256(blueprint.SerializeToString(deterministic=True)).hexdigest()
            created = not versions or versions[-1].content_hash != content_hash
            if created:
                versions.append(
                    version_pb2.Version(
                        flow_id=flow.id,
                        version=str(len(versions) + 1),
                        content_hash=content_hash,
                        created_at=to_timestamp(now_us()),
                        message=request.message,
                        blueprint=blueprint,
                    )
                )
                flow.latest_version = versions[-1].version
            shown = version_pb2.Version()
            shown.CopyFrom(versions[-1])
            shown.ClearField("blueprint")
            return registry_pb.PublishVersionResponse(version=shown, created=created)

        return self.backend.once(request, make)

    async def GetVersion(self, request: Any, context: Any) -> Any:
        self.backend.note("GetVersion", request)
        self.backend.flow(request.flow_id)
        for version in self.backend.versions.get(request.flow_id, []):
            if version.version == request.version:
                return registry_pb.GetVersionResponse(version=version)
        raise NotFound("version", request.version)

    async def ListVersions(self, request: Any, context: Any) -> Any:
        self.backend.note("ListVersions", request)
        self.backend.flow(request.flow_id)
        shown = []
        for version in reversed(self.backend.versions.get(request.flow_id, [])):
            shown.append(version_pb2.Version())
            shown[-1].CopyFrom(version)
            shown[-1].ClearField("blueprint")
        return registry_pb.ListVersionsResponse(versions=shown[: request.page_size])

    async def ListHandlers(self, request: Any, context: Any) -> Any:
        self.backend.note("ListHandlers", request)
        node = node_pb2.Node(type=node_pb2.NODE_TYPE_ACTION, name="Map values")
        node.handlers["main"].entrypoint = "core:map"
        handler = catalogue_pb2.CatalogueHandler(
            reference="core:map",
            adapter="core",
            node=node,
            config_schema_json='{"type":"object"}',
            ui_json='{"group":"Data"}',
            pure=True,
            health=catalogue_pb2.AdapterHealth(status="ok"),
        )
        return registry_pb.ListHandlersResponse(handlers=[handler])

    async def ListSchemas(self, request: Any, context: Any) -> Any:
        self.backend.note("ListSchemas", request)
        return registry_pb.ListSchemasResponse(schemas=self.backend.schemas)

    async def GetSchema(self, request: Any, context: Any) -> Any:
        self.backend.note("GetSchema", request)
        for schema in self.backend.schemas:
            if schema.subject == request.subject and request.version in (0, schema.version):
                found = schema_pb2.Schema(text='{"type":"string"}')
                found.MergeFrom(schema)
                return registry_pb.GetSchemaResponse(schema=found)
        raise NotFound("schema", request.subject)

    async def ListFlowEvents(self, request: Any, context: Any) -> Any:
        self.backend.note("ListFlowEvents", request)
        return registry_pb.ListFlowEventsResponse()


def _intervention(execution_id: str) -> intervention_pb2.Intervention:
    return intervention_pb2.Intervention(
        id=ids.uuid7(), execution_id=execution_id, value_json='{"hint":1}', by="local", at=to_timestamp(now_us())
    )


class Orchestrator(HookBackend, WaitBackend, OrchestratorServiceServicer):
    def __init__(self, backend: Backend) -> None:
        self.backend = backend

    async def GetLoad(self, request: Any, context: Any) -> Any:
        self.backend.note("GetLoad", request)
        return orchestrator_pb.GetLoadResponse(load=self.backend.load)

    async def StartExecution(self, request: Any, context: Any) -> Any:
        self.backend.note("StartExecution", request)

        def make() -> Any:
            if request.flow_id not in self.backend.flows:
                raise Invalid([Violation("/flowId", "There is no such flow.")])
            if not self.backend.versions.get(request.flow_id):
                raise NoVersion()
            execution = self.backend.execution(self.backend.run(request.flow_id))
            execution.inputs_json = request.inputs_json
            execution.context.CopyFrom(request.context)
            execution.options.CopyFrom(request.options)
            return execution

        execution = self.backend.once(request, make)
        if request.wait_seconds:
            try:
                async with asyncio.timeout(request.wait_seconds):
                    await self.backend.end_of_runs.wait()
                    if execution.status == execution_pb2.EXECUTION_STATUS_RUNNING:
                        self.backend.emit(execution.id, last=True)
            except TimeoutError:
                pass
        return orchestrator_pb.StartExecutionResponse(execution=execution)

    async def GetExecution(self, request: Any, context: Any) -> Any:
        self.backend.note("GetExecution", request)
        return orchestrator_pb.GetExecutionResponse(execution=self.backend.execution(request.execution_id))

    async def ListExecutions(self, request: Any, context: Any) -> Any:
        self.backend.note("ListExecutions", request)
        found = sorted(self.backend.executions.values(), key=lambda each: each.id, reverse=True)
        return orchestrator_pb.ListExecutionsResponse(executions=found[: request.page_size])

    async def CancelExecution(self, request: Any, context: Any) -> Any:
        self.backend.note("CancelExecution", request)
        execution = self.backend.execution(request.execution_id)
        if execution.status != execution_pb2.EXECUTION_STATUS_RUNNING:
            raise AlreadyEnded()
        return orchestrator_pb.CancelExecutionResponse(execution=execution)

    async def RetryExecution(self, request: Any, context: Any) -> Any:
        self.backend.note("RetryExecution", request)
        return rerun_pb2.RetryExecutionResponse(execution=self.backend.execution(request.execution_id))

    async def AddIntervention(self, request: Any, context: Any) -> Any:
        self.backend.note("AddIntervention", request)
        self.backend.execution(request.execution_id)
        return intervention_pb2.AddInterventionResponse(intervention=_intervention(request.execution_id))

    async def ListInterventions(self, request: Any, context: Any) -> Any:
        self.backend.note("ListInterventions", request)
        self.backend.execution(request.execution_id)
        return intervention_pb2.ListInterventionsResponse(interventions=[_intervention(request.execution_id)])

    async def PlanRetry(self, request: Any, context: Any) -> Any:
        self.backend.note("PlanRetry", request)
        self.backend.execution(request.execution_id)
        return rerun_pb2.PlanRetryResponse(plan={"execution_id": request.execution_id, "start": request.start})

    async def RunNode(self, request: Any, context: Any) -> Any:
        self.backend.note("RunNode", request)
        return lone_node_pb2.RunNodeResponse(ports_json='{"out":1}', seconds=0.5)

    async def RetryExecutions(self, request: Any, context: Any) -> Any:
        self.backend.note("RetryExecutions", request)
        items = [{"execution_id": id, "retried_as": ids.uuid7()} for id in request.execution_ids]
        return rerun_pb2.RetryExecutionsResponse(items=items)

    async def ListSchedules(self, request: Any, context: Any) -> Any:
        self.backend.note("ListSchedules", request)
        return schedule_pb2.ListSchedulesResponse(schedules=[_schedule(request)])

    async def GetSchedule(self, request: Any, context: Any) -> Any:
        self.backend.note("GetSchedule", request)
        self.backend.flow(request.flow_id)
        return schedule_pb2.GetScheduleResponse(schedule=_schedule(request))

    async def ListScheduleFires(self, request: Any, context: Any) -> Any:
        self.backend.note("ListScheduleFires", request)
        self.backend.flow(request.flow_id)
        missed = schedule_pb2.Firing(due_at=to_timestamp(2), since=to_timestamp(1), status="missed", reason="down")
        return schedule_pb2.ListScheduleFiresResponse(fires=[missed])

    async def PauseSchedules(self, request: Any, context: Any) -> Any:
        self.backend.note("PauseSchedules", request)
        one = _schedule(request) if request.flow_id and self.backend.flow(request.flow_id) else None
        return schedule_pb2.PauseSchedulesResponse(count=1, schedule=one)

    async def RunSchedule(self, request: Any, context: Any) -> Any:
        self.backend.note("RunSchedule", request)
        self.backend.flow(request.flow_id)
        started = schedule_pb2.Firing(due_at=to_timestamp(1), status="started", execution_id=ids.uuid7())
        return schedule_pb2.RunScheduleResponse(firing=started)

    async def PreviewSchedule(self, request: Any, context: Any) -> Any:
        self.backend.note("PreviewSchedule", request)
        return schedule_pb2.PreviewScheduleResponse(sentence="At 02:30 every day", next=[to_timestamp(1)])

    async def ListActivations(self, request: Any, context: Any) -> Any:
        self.backend.note("ListActivations", request)
        self.backend.execution(request.execution_id)
        activation = activation_pb2.Activation(
            id=ids.uuid7(),
            node_id=ids.uuid7(),
            attempt=1,
            status=activation_pb2.ACTIVATION_STATUS_SUCCEEDED,
            ports_json='{"out":1}',
            started_at=to_timestamp(now_us()),
            ended_at=to_timestamp(now_us()),
        )
        return orchestrator_pb.ListActivationsResponse(activations=[activation])

    async def ListEvents(self, request: Any, context: Any) -> Any:
        self.backend.note("ListEvents", request)
        execution = self.backend.execution(request.execution_id)
        events = [each for each in self.backend.events[execution.id] if each.id > request.after]
        page = events[: min(request.limit or 500, self.backend.most_events)]
        return orchestrator_pb.ListEventsResponse(
            events=page,
            next=page[-1].id if page else request.after,
            ended=len(page) == len(events) and execution.status != execution_pb2.EXECUTION_STATUS_RUNNING,
            complete=len(page) == len(events),
        )

    async def GetValue(self, request: Any, context: Any) -> Any:
        self.backend.note("GetValue", request)
        if request.ref not in self.backend.values:
            raise NotFound("value", request.ref)
        value = self.backend.values[request.ref]
        return orchestrator_pb.GetValueResponse(
            json=value[request.offset : request.offset + 100_000], total_bytes=len(value)
        )

    async def ListExecutionNotices(self, request: Any, context: Any) -> Any:
        self.backend.note("ListExecutionNotices", request)
        return orchestrator_pb.ListExecutionNoticesResponse()


class Stream(StreamServiceServicer):
    def __init__(self, backend: Backend) -> None:
        self.backend = backend

    async def WatchExecution(self, request: Any, context: Any) -> Any:
        self.backend.note("WatchExecution", request)
        execution = self.backend.execution(request.execution_id)
        queue: asyncio.Queue[event_pb2.ExecutionEvent | None] = asyncio.Queue()
        watchers = self.backend.watchers.setdefault(execution.id, set())
        watchers.add(queue)
        try:
            after = request.after
            for event in [each for each in self.backend.events[execution.id] if each.id > after]:
                after = event.id
                yield stream_pb.WatchExecutionResponse(events=[event], cursor=after)
                if event.type == event_pb2.EXECUTION_EVENT_TYPE_EXECUTION_COMPLETED:
                    return
            yield stream_pb.WatchExecutionResponse(cursor=after)
            while True:
                live = await queue.get()
                if live is None:
                    raise self.backend.failures["WatchExecution"]
                if live.id <= after:
                    continue
                yield stream_pb.WatchExecutionResponse(events=[live], cursor=live.id)
                if live.type == event_pb2.EXECUTION_EVENT_TYPE_EXECUTION_COMPLETED:
                    return
        finally:
            watchers.discard(queue)

    async def WatchProject(self, request: Any, context: Any) -> Any:
        self.backend.note("WatchProject", request)
        queue: asyncio.Queue[stream_pb.ProjectEvent] = asyncio.Queue()
        if self.backend.older_stream:
            # Says nothing before there is something to say.
            self.backend.project.add(queue)
        else:
            # Where now is takes a while to find.
            await asyncio.sleep(0.3)
            self.backend.project.add(queue)
            yield stream_pb.WatchProjectResponse()
        try:
            for event in self.backend.project_log:
                if request.after and event.id > request.after:
                    yield stream_pb.WatchProjectResponse(events=[event])
            while True:
                yield stream_pb.WatchProjectResponse(events=[await queue.get()])
        finally:
            self.backend.project.discard(queue)


class Health(Interceptor):
    """Says of a service what a test wants said."""

    def __init__(self) -> None:
        self.statuses: dict[str, int] = {}

    def unary(self, method: str, proceed: Unary) -> Unary:
        async def check(request: Any, context: Any) -> Any:
            answer = await proceed(request, context)
            if method == "/grpc.health.v1.Health/Check" and request.service in self.statuses:
                return type(answer)(status=self.statuses[request.service])
            return answer

        return check

    def stream(self, method: str, proceed: Streaming) -> Streaming:
        def same(request: Any, context: Any) -> Any:
            return proceed(request, context)

        return same


@dataclass
class Bff:
    """A running BFF and what stands behind it, at `address`."""

    port: int
    address: str
    backend: Backend
    app: Any
    server: Server
    client: httpx.AsyncClient
    settings: BffSettings
    channel: Any
    health: Any

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def ws(self) -> str:
        return f"ws://127.0.0.1:{self.port}"

    @property
    def bearer(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {TOKEN}"}

    async def flow(self, **members: Any) -> tuple[str, str]:
        """A new flow's id and etag, as header."""
        answer = await self.client.post("/flows", json={"name": "A flow", **members})
        assert answer.status_code == 201, answer.text
        return answer.json()["id"], answer.headers["etag"]


def free_socket() -> socket.socket:
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(("127.0.0.1", 0))
    listener.listen(128)
    return listener


@asynccontextmanager
async def running(
    folder: Path, *, limits: Limits | None = None, canvas: Path | None = None, stream_address: str | None = None
) -> AsyncIterator[Bff]:
    backend = Backend()
    address = f"unix:{folder}/grpc.sock"

    def register(server: Any) -> list[str]:
        add_RegistryServiceServicer_to_server(Registry(backend), server)
        add_OrchestratorServiceServicer_to_server(Orchestrator(backend), server)
        add_StreamServiceServicer_to_server(Stream(backend), server)
        return [
            "triggerflow.registry.v1.RegistryService",
            "triggerflow.orchestrator.v1.OrchestratorService",
            "triggerflow.stream.v1.StreamService",
        ]

    async with AsyncExitStack() as stack:
        health = Health()
        await stack.enter_async_context(
            open_server(addresses=[address], register=[register], token=TOKEN, interceptors=[health])
        )
        channel = await stack.enter_async_context(
            open_peers({"registry": address, "orchestrator": address, "stream": stream_address or address}, TOKEN)
        )
        listener = free_socket()
        port = listener.getsockname()[1]
        settings = BffSettings(
            port=port, token=Secret(TOKEN), home=folder, canvas_dir=canvas, limits=limits or Limits()
        )
        app = create_app(settings, channel=channel)
        server = Server(app)
        await stack.enter_async_context(serving(server, listener))
        client = await stack.enter_async_context(
            httpx.AsyncClient(
                base_url=f"http://127.0.0.1:{port}", headers={"Authorization": f"Bearer {TOKEN}"}, timeout=20
            )
        )
        yield Bff(port, address, backend, app, server, client, settings, channel, health)


@asynccontextmanager
async def serving(server: Server, listener: socket.socket) -> AsyncIterator[None]:
    @contextmanager
    def nothing() -> Iterator[None]:
        yield

    # The test run keeps its own way of being interrupted.
    server.capture_signals = nothing  # type: ignore[method-assign]
    task = asyncio.create_task(server.serve(sockets=[listener]))
    while not server.started and not task.done():
        await asyncio.sleep(0)
    try:
        yield
    finally:
        server.should_exit = True
        await task


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    with free_socket() as one:
        yield one


@pytest.fixture
def serve() -> Callable[..., Any]:
    """Run a server on a listener: an async context manager."""
    return serving


@pytest.fixture
async def bff(tmp_path: Path) -> AsyncIterator[Bff]:
    async with running(tmp_path) as one:
        yield one


@pytest.fixture
def run_bff() -> Callable[..., Any]:
    """For tests that need limits or files of their own: an async context manager."""
    return running


@pytest.fixture
def node() -> Callable[..., dict[str, Any]]:
    def make(**members: Any) -> dict[str, Any]:
        return {
            "id": ids.uuid7(),
            "type": "action",
            "name": "A node",
            "handlers": {"main": {"entrypoint": "core:map", "config": {"expression": "$"}}},
            "position": {"x": 10, "y": 20.5},
            **members,
        }

    return make


def _schedule(request: Any) -> schedule_pb2.Schedule:
    return schedule_pb2.Schedule(
        flow_id=getattr(request, "flow_id", "") or ids.uuid7(),
        flow_name="Report",
        node_id=getattr(request, "node_id", "") or ids.uuid7(),
        node_name="Daily",
        cron="30 2 * * *",
        sentence="At 02:30 every day",
        time_zone="Europe/Berlin",
        missed="once",
        next_at=to_timestamp(1),
    )

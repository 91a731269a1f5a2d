"""A real orchestrator on a Unix socket, with a registry beside it that the test fills and watches."""

from __future__ import annotations

import asyncio
import json
import shutil
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import grpc
import grpc.aio
import pytest
from drawing import Drawing
from sqlalchemy import create_engine, insert
from triggerflow.orchestrator.v1 import orchestrator_service_pb2 as pb
from triggerflow.orchestrator.v1 import orchestrator_service_pb2_grpc as pb_grpc
from triggerflow.registry.v1 import flow_pb2, registry_service_pb2, registry_service_pb2_grpc
from triggerflow_adapter_sdk import Catalogue, TriggerFlowIntegrationAdapter
from triggerflow_chassis.bus import EXECUTION_NOTICES, FLOW_EVENTS, InProcessBus
from triggerflow_chassis.errors import NotFound, NoVersion, ServiceError
from triggerflow_chassis.grpc.client import open_channel
from triggerflow_chassis.grpc.server import open_server
from triggerflow_chassis.grpc.status import from_rpc_error
from triggerflow_chassis.identity import LOCAL
from triggerflow_chassis.ids import uuid7
from triggerflow_chassis.wire.flow import version_from_json
from triggerflow_orchestrator.bootstrap import Orchestrator, open_orchestrator
from triggerflow_orchestrator.settings import OrchestratorSettings
from triggerflow_orchestrator.store import tables


class Tally:
    """Counts, and lets a test wait for a count."""

    def __init__(self) -> None:
        self.items: list[Any] = []
        self._reached: dict[int, asyncio.Event] = {}

    def add(self, item: Any) -> None:
        self.items.append(item)
        if len(self.items) in self._reached:
            self._reached[len(self.items)].set()

    async def reach(self, count: int) -> None:
        if len(self.items) < count:
            await self._reached.setdefault(count, asyncio.Event()).wait()


class Registry(registry_service_pb2_grpc.RegistryServiceServicer):
    """Flows with their published versions. Counts what it is asked; holds answers back while `gate` is not set."""

    def __init__(self, bus: InProcessBus) -> None:
        self._bus = bus
        self.names: dict[str, str] = {}
        self.versions: dict[str, list[dict[str, Any]]] = {}
        self.asked = Tally()
        self.answers_run_versions = True
        """A registry of First light does not."""
        self.gate = asyncio.Event()
        self.gate.set()

    def add(self, name: str = "Weather", flow_id: str | None = None) -> str:
        flow_id = flow_id or uuid7()
        self.names[flow_id] = name
        self.versions[flow_id] = []
        return flow_id

    def publish(self, flow_id: str, drawing: Drawing) -> None:
        number = str(len(self.versions[flow_id]) + 1)
        version = {
            "version": number,
            "contentHash": f"hash-{number}",
            "createdAt": "2026-01-01T00:00:00Z",
            "message": "",
            "flow": {"description": "", "settings": {}, "channels": [], **drawing.body()},
        }
        self.versions[flow_id].append(version)
        self.tell(flow_id, "flow.published")

    def rename(self, flow_id: str, name: str) -> None:
        self.names[flow_id] = name
        self.tell(flow_id, "flow.updated")

    def delete(self, flow_id: str) -> None:
        del self.names[flow_id], self.versions[flow_id]
        self.tell(flow_id, "flow.updated", deleted=True)

    def tell(self, flow_id: str, type: str, *, deleted: bool = False) -> None:
        item = {
            "id": uuid7(),
            "type": type,
            "timestamp": 1,
            "projectId": LOCAL.project_id,
            "flowId": flow_id,
            "deleted": deleted,
        }
        self._bus.publish(FLOW_EVENTS, LOCAL.project_id, [item])

    async def ListHandlers(self, request: Any, context: Any) -> registry_service_pb2.ListHandlersResponse:
        return registry_service_pb2.ListHandlersResponse()

    async def GetFlow(self, request: Any, context: Any) -> registry_service_pb2.GetFlowResponse:
        self.asked.add(("flow", request.flow_id))
        name = self.names.get(request.flow_id)
        await self.gate.wait()
        if name is None:
            raise NotFound("flow", request.flow_id)
        return registry_service_pb2.GetFlowResponse(flow=flow_pb2.Flow(id=request.flow_id, name=name))

    async def GetRunVersion(self, request: Any, context: Any) -> registry_service_pb2.GetRunVersionResponse:
        self.asked.add(("run version", request.flow_id, request.version))
        if not self.answers_run_versions:
            await context.abort(grpc.StatusCode.UNIMPLEMENTED, "Method not found!")
        name, versions = self.names.get(request.flow_id), list(self.versions.get(request.flow_id, ()))
        await self.gate.wait()
        if name is None:
            raise NotFound("flow", request.flow_id)
        if not request.version and not versions:
            raise NoVersion
        number = request.version or versions[-1]["version"]
        if number not in [version["version"] for version in versions]:
            raise NotFound("version", number)
        return registry_service_pb2.GetRunVersionResponse(version=number, flow_name=name)

    async def GetVersion(self, request: Any, context: Any) -> registry_service_pb2.GetVersionResponse:
        self.asked.add(("version", request.flow_id, request.version))
        versions = list(self.versions.get(request.flow_id, ()))
        await self.gate.wait()
        if request.flow_id not in self.names:
            raise NotFound("flow", request.flow_id)
        if not request.version:
            if not versions:
                raise NoVersion
            return registry_service_pb2.GetVersionResponse(version=version_from_json(versions[-1], request.flow_id))
        for version in versions:
            if version["version"] == request.version:
                return registry_service_pb2.GetVersionResponse(version=version_from_json(version, request.flow_id))
        raise NotFound("version", request.version)


class Gate(TriggerFlowIntegrationAdapter):
    """`gate:pass` passes its input on once the gate is open."""

    name = "gate"

    def __init__(self) -> None:
        self.open_gate = asyncio.Event()

    def describe(self) -> Mapping[str, Any]:
        node = {"type": "action", "name": "Gate", "handlers": {"main": {"entrypoint": "gate:pass"}}}
        handler = {"reference": "gate:pass", "node": node, "configSchema": {}, "ui": {}, "pure": False}
        return {"version": "1", "capabilities": [], "health": {"status": "ok", "message": ""}, "handlers": [handler]}

    def resolve_handler(self, reference: str) -> Any:
        async def handler(inputs: Mapping[str, Any], ctx: Any) -> Any:
            await self.open_gate.wait()
            return inputs["input"]

        return handler

    def load_blue_print(self, *, source: Mapping[str, Any]) -> Any:
        raise NotImplementedError

    def save_blue_print(self, *, blue_print: Any) -> Mapping[str, Any]:
        raise NotImplementedError


@dataclass
class Served:
    """What a test holds of a running orchestrator."""

    stub: Any
    channel: grpc.aio.Channel
    orchestrator: Orchestrator
    registry: Registry
    bus: InProcessBus
    gate: Gate
    settings: OrchestratorSettings
    address: str
    started: Tally
    inserts: Any = field(repr=False)

    def insert(self, table: Any, **values: Any) -> None:
        """A row by SQL; members that are objects become JSON text."""
        stored = {
            name: json.dumps(value) if isinstance(value, dict | list) else value for name, value in values.items()
        }
        with self.inserts.begin() as connection:
            connection.execute(insert(table).values(**stored))

    def insert_execution(self, execution_id: str, **changes: Any) -> str:
        row: dict[str, Any] = {
            "id": execution_id,
            "project_id": LOCAL.project_id,
            "principal": "local",
            "flow_id": uuid7(),
            "flow_name": "Weather",
            "version": "1",
            "content_hash": "hash",
            "status": "succeeded",
            "priority": 1,
            "inputs": {"a": 1},
            "outputs": {"report": "ok"},
            "context": {},
            "options": {"async": True, "trace": False},
            "epoch": 1,
            "created_at": 1_700_000_000_000_001,
            "started_at": 1_700_000_000_000_002,
            "ended_at": 1_700_000_000_000_003,
            **changes,
        }
        self.insert(tables.executions, **row)
        return execution_id

    async def refused(self, call: Any) -> ServiceError:
        """The error of a call that must be refused."""
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await call
        return from_rpc_error(caught.value)


@asynccontextmanager
async def _serve(home: Path) -> AsyncIterator[Served]:
    # Of this process's own: a test's own temporary folder may be longer than a socket's path can be.
    folder = Path(tempfile.mkdtemp(prefix="tf-"))
    address = f"unix:{folder / 's'}"
    async with AsyncExitStack() as stack:
        stack.callback(shutil.rmtree, folder)
        bus, gate = InProcessBus(), Gate()
        registry = Registry(bus)  # type: ignore[abstract]  # the orchestrator calls two of its methods
        catalogue = Catalogue([gate])
        await catalogue.open()
        stack.push_async_callback(catalogue.close)
        channel = await stack.enter_async_context(open_channel(address, "secret"))
        settings = OrchestratorSettings.under(home)
        orchestrator = await stack.enter_async_context(
            open_orchestrator(settings, channel=channel, bus=bus, catalogue=catalogue)
        )

        def register_registry(server: grpc.aio.Server) -> tuple[str]:
            registry_service_pb2_grpc.add_RegistryServiceServicer_to_server(registry, server)
            return ("triggerflow.registry.v1.RegistryService",)

        await stack.enter_async_context(
            open_server(
                addresses=[address],
                register=[orchestrator.register, register_registry],
                token="secret",
                interceptors=orchestrator.interceptors,
                grace_seconds=0.1,
            )
        )
        inserts = create_engine(f"sqlite:///{settings.database}")
        stack.callback(inserts.dispose)
        stub = pb_grpc.OrchestratorServiceStub(channel)
        started = Tally()

        def hear(notices: Sequence[Mapping[str, Any]]) -> None:
            for notice in notices:
                if notice["type"] == "execution.started":
                    started.add(notice["executionId"])

        stack.callback(bus.subscribe(EXECUTION_NOTICES, None, hear))
        yield Served(stub, channel, orchestrator, registry, bus, gate, settings, address, started, inserts)


@pytest.fixture
def serve(tmp_path: Path) -> Callable[[], Any]:
    """Opens an orchestrator on this test's folder; again after it was closed, on the same data."""
    return lambda: _serve(tmp_path)


@pytest.fixture
async def served(tmp_path: Path) -> AsyncIterator[Served]:
    async with _serve(tmp_path) as opened:
        yield opened


@pytest.fixture
def draw() -> Iterator[Callable[..., Drawing]]:
    """A flow that passes its input to an output node, through the gate where asked."""

    def make(*, gated: bool = False) -> Drawing:
        drawing = Drawing("Published name")
        drawing.trigger()
        drawing.node("output", "report")
        if gated:
            drawing.node("action", "gate", "gate:pass")
            drawing.wire("start", "gate")
            drawing.wire("gate", "report")
        else:
            drawing.wire("start", "report")
        return drawing

    yield make


@pytest.fixture
def start_request() -> Callable[..., pb.StartExecutionRequest]:
    def make(flow_id: str, inputs: Any = None, **changes: Any) -> pb.StartExecutionRequest:
        return pb.StartExecutionRequest(flow_id=flow_id, inputs_json=json.dumps(inputs or {}), **changes)

    return make

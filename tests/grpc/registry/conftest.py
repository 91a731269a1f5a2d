"""A registry on a socket of its own, a caller, and a stand-in for the orchestrator."""

from __future__ import annotations

import asyncio
import shutil
import sqlite3
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, closing
from pathlib import Path
from typing import Any
from uuid import UUID

import grpc.aio
import pytest
from triggerflow.orchestrator.v1 import execution_pb2, orchestrator_service_pb2_grpc
from triggerflow.orchestrator.v1 import orchestrator_service_pb2 as orchestrator_pb2
from triggerflow.registry.v1 import registry_service_pb2 as pb
from triggerflow.registry.v1 import registry_service_pb2_grpc
from triggerflow_adapter_sdk.catalogue import Catalogue
from triggerflow_adapter_sdk.settings import AdapterSettings
from triggerflow_chassis.bus import FLOW_EVENTS, InProcessBus
from triggerflow_chassis.clock import now_us
from triggerflow_chassis.errors import ServiceError, Unavailable
from triggerflow_chassis.grpc.client import open_channel
from triggerflow_chassis.grpc.server import open_server
from triggerflow_chassis.grpc.status import from_rpc_error
from triggerflow_chassis.postgres.address import Postgres, advisory_key, parse_postgres
from triggerflow_chassis.postgres.connections import connect
from triggerflow_chassis.wire import flow as wire
from triggerflow_registry.bootstrap import open_registry
from triggerflow_registry.settings import RegistrySettings

TOKEN = "only-for-this-test"


class Runs(orchestrator_service_pb2_grpc.OrchestratorServiceServicer):
    """Stands in for the orchestrator: which flows run, who asked, and whether it can tell."""

    def __init__(self) -> None:
        self.running: set[str] = set()
        self.asked: list[orchestrator_pb2.ListExecutionsRequest] = []
        self.shown: list[str] = []
        self.down = False

    async def ListExecutions(self, request: Any, context: Any) -> orchestrator_pb2.ListExecutionsResponse:
        self.asked.append(request)
        self.shown.append(dict(context.invocation_metadata()).get("authorization", ""))
        if self.down:
            raise Unavailable()
        found = [execution_pb2.Execution(flow_id=request.flow_id)] if request.flow_id in self.running else []
        return orchestrator_pb2.ListExecutionsResponse(executions=found)

    def register(self, server: grpc.aio.Server) -> list[str]:
        orchestrator_service_pb2_grpc.add_OrchestratorServiceServicer_to_server(self, server)
        return ["triggerflow.orchestrator.v1.OrchestratorService"]


class Caller:
    """Calls the registry with JSON in and JSON out; a refusal is raised as the error it was."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        self.stub = registry_service_pb2_grpc.RegistryServiceStub(channel)

    async def ask(self, call: Awaitable[Any]) -> Any:
        try:
            return await call
        except grpc.aio.AioRpcError as error:
            raise from_rpc_error(error) from None

    async def create(self, body: Any, **rest: Any) -> Any:
        return (await self.ask(self.stub.CreateFlow(pb.CreateFlowRequest(flow=wire.flow_from_json(body), **rest)))).flow

    async def get(self, flow_id: str) -> Any:
        return (await self.ask(self.stub.GetFlow(pb.GetFlowRequest(flow_id=flow_id)))).flow

    async def update(self, flow_id: str, body: Any, etag: str, **rest: Any) -> Any:
        message = wire.flow_from_json({**body, "id": flow_id})
        request = pb.UpdateFlowRequest(flow=message, etag=etag, **rest)
        return (await self.ask(self.stub.UpdateFlow(request))).flow

    async def delete(self, flow_id: str, etag: str, **rest: Any) -> None:
        await self.ask(self.stub.DeleteFlow(pb.DeleteFlowRequest(flow_id=flow_id, etag=etag, **rest)))

    async def flows(self, **rest: Any) -> Any:
        return await self.ask(self.stub.ListFlows(pb.ListFlowsRequest(**rest)))

    async def node(self, flow_id: str, node_id: str) -> Any:
        return await self.ask(self.stub.GetNode(pb.GetNodeRequest(flow_id=flow_id, node_id=node_id)))

    async def put_node(self, flow_id: str, body: Any, etag: str = "", **rest: Any) -> Any:
        request = pb.PutNodeRequest(flow_id=flow_id, node=wire.node_from_json(body), etag=etag, **rest)
        return await self.ask(self.stub.PutNode(request))

    async def delete_node(self, flow_id: str, node_id: str, etag: str, **rest: Any) -> None:
        request = pb.DeleteNodeRequest(flow_id=flow_id, node_id=node_id, etag=etag, **rest)
        await self.ask(self.stub.DeleteNode(request))

    async def publish(self, flow_id: str, message: str = "", **rest: Any) -> Any:
        request = pb.PublishVersionRequest(flow_id=flow_id, message=message, **rest)
        return await self.ask(self.stub.PublishVersion(request))

    async def version(self, flow_id: str, version: str = "") -> Any:
        request = pb.GetVersionRequest(flow_id=flow_id, version=version)
        return (await self.ask(self.stub.GetVersion(request))).version

    async def events(self, after: str = "", limit: int = 0) -> Any:
        response = await self.ask(self.stub.ListFlowEvents(pb.ListFlowEventsRequest(after=after, limit=limit)))
        return list(response.events)

    async def refusal(self, call: Awaitable[Any]) -> ServiceError:
        """The error of a call that must be refused."""
        try:
            answer = await call
        except ServiceError as error:
            return error
        raise AssertionError(f"it was answered: {answer}")


class House:
    """One registry with all around it. `open` may be called again after `close`: the file stays."""

    def __init__(self, folder: Path, postgres: Postgres | None = None) -> None:
        self.database = folder / "registry.sqlite3"
        self.postgres = postgres
        self.address = f"unix:{folder}/s"
        self.token = TOKEN
        self.runs = Runs()  # type: ignore[abstract]  # it answers the one question that is asked
        self.bus = InProcessBus()
        self.told: list[Any] = []
        self.bus.subscribe(FLOW_EVENTS, None, self.told.extend)
        # Set before `open` where a test is about time.
        self.clock: Callable[[], int] = now_us
        self._stack = AsyncExitStack()

    async def open(self, *, busy_ms: int = 150, own_token: str | None = None, keep_days: int | None = None) -> Caller:
        stack = self._stack = AsyncExitStack()
        channel = await stack.enter_async_context(open_channel(self.address, own_token))
        settings = RegistrySettings(self.database, busy_ms=busy_ms, keep_days=keep_days, postgres=self.postgres)
        catalogue = Catalogue.load(AdapterSettings())
        registry = await stack.enter_async_context(
            open_registry(settings, channel=channel, bus=self.bus, catalogue=catalogue, clock=self.clock)
        )
        await stack.enter_async_context(
            open_server(addresses=[self.address], register=[registry.register, self.runs.register], token=TOKEN)
        )
        await registry.ready()
        return Caller(await stack.enter_async_context(open_channel(self.address, TOKEN)))

    async def close(self) -> None:
        await self._stack.aclose()

    @asynccontextmanager
    async def locked(self) -> AsyncIterator[None]:
        """Be another process that changes something, for the length of the block."""
        if self.postgres is None:
            with closing(sqlite3.connect(self.database, isolation_level=None)) as other:
                other.execute("BEGIN IMMEDIATE")
                yield
                other.execute("ROLLBACK")
            return
        other_one = await connect(self.postgres)
        await other_one.execute("SELECT pg_advisory_lock($1)", advisory_key(self.postgres.schema, "write"))
        yield
        await other_one.close()


@pytest.fixture
def folder() -> Iterator[Path]:
    # A socket's path has 107 bytes at most, and pytest's own folders are deep.
    made = Path(tempfile.mkdtemp(prefix="tfr-"))
    yield made
    shutil.rmtree(made)


@pytest.fixture
async def house(folder: Path, request: pytest.FixtureRequest) -> AsyncIterator[House]:
    """On a file; on PostgreSQL where the module asks for that too: `parametrize("house", …, indirect=True)`."""
    postgres = None
    if getattr(request, "param", "sqlite") == "postgres":
        postgres = parse_postgres(request.getfixturevalue("database_url"), "registry", "test")
    opened = House(folder, postgres)
    yield opened
    await asyncio.wait_for(opened.close(), 10)


@pytest.fixture
async def caller(house: House) -> Caller:
    return await house.open()


class Pencil:
    """Draws flows as JSON."""

    def id(self, number: int) -> str:
        return str(UUID(int=number, version=4))

    def node(self, number: int, type: str = "action", **members: Any) -> dict[str, Any]:
        handlers: dict[str, Any] = {
            "trigger": {"main": {"entrypoint": "core:manual"}},
            "action": {"main": {"entrypoint": "core:map", "config": {"expression": "input"}}},
            "output": {},
        }
        return {
            "id": self.id(number),
            "type": type,
            "name": f"{type} {number}",
            "handlers": handlers.get(type, {}),
            "position": {"x": 10, "y": -2.5},
            **members,
        }

    def edge(self, number: int, source: int, target: int, out: str = "out", into: str = "input") -> dict[str, Any]:
        return {
            "id": self.id(1000 + number),
            "source": {"nodeId": self.id(source), "port": out},
            "target": {"nodeId": self.id(target), "port": into},
        }

    def chain(self, name: str = "A flow") -> dict[str, Any]:
        """Trigger, action, output: a flow without a problem."""
        return {
            "name": name,
            "nodes": [self.node(1, "trigger"), self.node(2), self.node(3, "output")],
            "edges": [self.edge(1, 1, 2), self.edge(2, 2, 3)],
        }


@pytest.fixture
def pencil() -> Pencil:
    return Pencil()


@pytest.fixture
def make_house() -> type[House]:
    return House


@pytest.fixture
def caller_type() -> type[Caller]:
    return Caller

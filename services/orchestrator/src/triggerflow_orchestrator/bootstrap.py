"""Put the orchestrator together. The only place that knows both the ports and what fills them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Protocol

import grpc.aio
import structlog
from google.rpc import status_pb2
from sqlalchemy.exc import DBAPIError
from triggerflow.orchestrator.v1 import orchestrator_service_pb2_grpc as pb_grpc
from triggerflow_adapter_sdk import AdapterSettings
from triggerflow_chassis.bus import Bus
from triggerflow_chassis.clock import now_us
from triggerflow_chassis.errors import ServiceError, Unavailable
from triggerflow_chassis.grpc.interceptors import Interceptor
from triggerflow_chassis.grpc.status import from_status, to_status
from triggerflow_chassis.lifecycle import open_task
from triggerflow_chassis.schema_chain import migrate_file

from triggerflow_orchestrator.app.answers import AnswerWait, SignalEvent
from triggerflow_orchestrator.app.cancel import CancelExecution
from triggerflow_orchestrator.app.commands import RequestKey
from triggerflow_orchestrator.app.compiled import Binder, CompiledFlows
from triggerflow_orchestrator.app.end_unrun import EndUnrun
from triggerflow_orchestrator.app.engine import Engine
from triggerflow_orchestrator.app.follow_flows import FollowFlows
from triggerflow_orchestrator.app.follow_topics import OpenTopic
from triggerflow_orchestrator.app.idempotency import Idempotency
from triggerflow_orchestrator.app.intervene import Intervene, TakeInterventions
from triggerflow_orchestrator.app.read_executions import ReadExecutions
from triggerflow_orchestrator.app.read_history import ReadHistory
from triggerflow_orchestrator.app.read_waits import ReadWaits
from triggerflow_orchestrator.app.recover import Recover
from triggerflow_orchestrator.app.resume import Deliver, Locally, Waking
from triggerflow_orchestrator.app.retention import Retention
from triggerflow_orchestrator.app.retry import RetryExecution
from triggerflow_orchestrator.app.run_node import Here, RunNode
from triggerflow_orchestrator.app.start import StartExecution
from triggerflow_orchestrator.app.take_up import TakeUp
from triggerflow_orchestrator.app.waiters import EndWaiters
from triggerflow_orchestrator.domain.execution import ExecutionRecord
from triggerflow_orchestrator.domain.lease import Load
from triggerflow_orchestrator.failure_parts import telling_of_failures
from triggerflow_orchestrator.firing_parts import firing_parts
from triggerflow_orchestrator.runtime.triggerflow import TriggerFlowRuntime
from triggerflow_orchestrator.settings import OrchestratorSettings
from triggerflow_orchestrator.store.database import open_sqlite
from triggerflow_orchestrator.store.executions import SqlReads
from triggerflow_orchestrator.store.firings import SqlFirings
from triggerflow_orchestrator.store.interventions import SqlInterventions
from triggerflow_orchestrator.store.journal import SqliteJournal
from triggerflow_orchestrator.store.migrations import CHAIN
from triggerflow_orchestrator.store.objects import FileObjects
from triggerflow_orchestrator.store.pruning import SqlPruning
from triggerflow_orchestrator.store.read_recovery import RecoveryReads
from triggerflow_orchestrator.store.waits import SqlWaits
from triggerflow_orchestrator.transport.readiness import Readiness
from triggerflow_orchestrator.transport.registry_client import RegistryBlueprints
from triggerflow_orchestrator.transport.registry_drafts import RegistryDrafts
from triggerflow_orchestrator.transport.registry_flow_events import RegistryFlowEvents
from triggerflow_orchestrator.transport.registry_handlers import PureHandlers
from triggerflow_orchestrator.transport.service import SERVICE, Cancel, Handlers, OrchestratorServicer
from triggerflow_orchestrator.transport.waits import WaitHandlers
from triggerflow_orchestrator.trigger_parts import trigger_parts

log = structlog.get_logger(__name__)

_MIGRATION_BUSY_MS = 10_000
_FIRST_RETRY_SECONDS = 1.0
_LAST_RETRY_SECONDS = 60.0


class Loadable(Protocol):
    """What runs nodes, as far as it is needed here."""

    async def load(self) -> None: ...


class Orchestrator:
    """An open orchestrator, to be put on a server. Made by `open_orchestrator`."""

    def __init__(self, servicer: OrchestratorServicer, ready: asyncio.Event) -> None:
        self._servicer = servicer
        self._ready = ready
        self.interceptors: Sequence[Interceptor] = (Readiness(SERVICE, ready),)
        """For the server: until runs can start, health says NOT_SERVING."""

    def register(self, server: grpc.aio.Server) -> Sequence[str]:
        """Add the service to a server that has not started. Returns its full name."""
        pb_grpc.add_OrchestratorServiceServicer_to_server(self._servicer, server)
        return (SERVICE,)

    @property
    def is_ready(self) -> bool:
        """Whether TriggerFlow is loaded and what was interrupted goes on."""
        return self._ready.is_set()

    async def ready(self) -> None:
        """Return once runs can start. One asked for earlier is accepted, and queued until then."""
        await self._ready.wait()


@asynccontextmanager
async def open_orchestrator(
    settings: OrchestratorSettings,
    *,
    channel: grpc.aio.Channel,
    bus: Bus,
    catalogue: Binder,
    adapters: AdapterSettings | None = None,
    stray_threads: Callable[[], int] = lambda: 0,
    open_topic: OpenTopic | None = None,
) -> AsyncIterator[Orchestrator]:
    """The orchestrator on its database, until the block ends. Closes nothing that was given to it.

    `stray_threads` counts those of handlers that nobody waits for. `channel` leads to the registry, which may come up
    later. `adapters` says what triggers may read from the
    environment; without it nothing. Raises OSError, Unavailable where the database cannot be
    opened or migrated. What runs when the block ends goes on at the next start.
    """
    try:
        await asyncio.to_thread(migrate_file, CHAIN, settings.database, _MIGRATION_BUSY_MS)
    except DBAPIError as error:
        raise Unavailable(f"The database {settings.database} cannot be opened: {error.orig}.") from error
    async with AsyncExitStack() as stack:
        database = await stack.enter_async_context(open_sqlite(settings.database))
        reads = SqlReads(database)
        objects = FileObjects(settings.objects)
        pruning = SqlPruning(database, objects)
        journal = SqliteJournal(settings.database, objects, asyncio.get_running_loop())
        await journal.open()
        stack.push_async_callback(journal.close)
        blueprints = RegistryBlueprints(channel, bus)
        stack.callback(blueprints.close)
        idempotency = Idempotency(reads, journal, pruning, now_us, encode_refusal, decode_refusal)
        stack.push_async_callback(idempotency.close)
        runtime = TriggerFlowRuntime()
        waits = SqlWaits(database)
        waking = Waking(waits)
        engine = Engine(
            journal,
            runtime,
            bus,
            max_live=settings.max_live,
            max_events=settings.max_events,
            max_children=settings.max_children,
            fuses=settings.fuses,
            gone=lambda _: waking.room_came(),
            rested=waking.nudge,
        )
        stack.push_async_callback(engine.stop)
        waiters = EndWaiters(bus, reads, _live_in(engine))
        stack.callback(waiters.close)
        flows = CompiledFlows(catalogue, blueprints)
        ready = asyncio.Event()
        follow = FollowFlows(RegistryFlowEvents(channel), reads, journal, bus, idle_seconds=settings.follow_seconds)
        places = SqlFirings(database)
        start = StartExecution(engine, blueprints, flows, places)
        sources = RecoveryReads(database, objects)
        end_unrun = EndUnrun(reads, sources, journal, bus)
        take_up = TakeUp(engine, reads, blueprints, flows, sources, end_unrun)
        locally = Locally(engine, Deliver(engine, waits, sources), take_up)
        stack.push_async_callback(locally.close)
        locally.nudge = waking.nudge
        cancel = _once_taken_up(CancelExecution(engine, reads, waits, end_unrun, locally.adopt), ready)
        triggers = trigger_parts(
            database=database,
            channel=channel,
            bus=bus,
            start=start,
            cancel=cancel,
            reads=reads,
            waiters=waiters,
            adapters=adapters or AdapterSettings(),
            idle_seconds=settings.follow_seconds,
            bus_is_sure=True,
        )
        firings = firing_parts(database, triggers, sources, bus, open_topic)
        interventions = SqlInterventions(database)
        servicer = OrchestratorServicer(
            Handlers(
                start=start,
                cancel=cancel,
                executions=ReadExecutions(reads),
                history=ReadHistory(reads, objects, follow),
                idempotency=idempotency,
                waiters=waiters,
                load=lambda: _load(engine, stray_threads),
                retry=RetryExecution(engine, reads, blueprints, flows, sources, PureHandlers(channel), places),
                run_node=RunNode(RegistryDrafts(channel), Here(catalogue)),
                hooks=triggers.hooks,
                hook_desk=triggers.hook_desk,
                schedules=firings.schedules,
                intervene=Intervene(interventions, TakeInterventions(engine, interventions)),
                waits=WaitHandlers(
                    answer=AnswerWait(waits, reads, objects, waking.told),
                    signal=SignalEvent(waits, waking.told),
                    read=ReadWaits(waits),
                ),
            )
        )
        recover = Recover(engine, reads, journal, take_up)
        await recover.note()
        await stack.enter_async_context(open_task("begin-runs", lambda: _begin(runtime, channel, recover, ready)))
        await stack.enter_async_context(open_task("waits", lambda: _wake(waking, locally, ready)))
        await stack.enter_async_context(open_task("follow-flows", follow.run))
        for name, run in {"keep-triggers": triggers.keep.run, **firings.tasks}.items():
            await stack.enter_async_context(open_task(name, run))
        telling = telling_of_failures(
            database=database, reads=reads, start=start, bus=bus, adapters=adapters or AdapterSettings()
        )
        await stack.enter_async_context(telling)
        retention = Retention(pruning, now_us, keep_days=settings.keep_days, firings=firings.firings)
        await stack.enter_async_context(open_task("retention", retention.run))
        yield Orchestrator(servicer, ready)


async def _begin(runtime: Loadable, channel: grpc.aio.Channel, recover: Recover, ready: asyncio.Event) -> None:
    await runtime.load()
    # What is to go on needs its version, and the registry may be slower than we are.
    await channel.channel_ready()
    await recover()
    ready.set()
    log.info("orchestrator_ready")
    wait = _FIRST_RETRY_SECONDS
    while recover.left:
        await asyncio.sleep(wait)
        await recover()
        wait = min(wait * 2, _LAST_RETRY_SECONDS)


async def _wake(waking: Waking, locally: Locally, ready: asyncio.Event) -> None:
    # What runs take up needs TriggerFlow and the registry; what was interrupted is older.
    await ready.wait()
    await waking.run(locally)


def _once_taken_up(cancel: CancelExecution, ready: asyncio.Event) -> Cancel:
    async def patient(
        project_id: str, execution_id: str, principal: str, request: RequestKey | None
    ) -> ExecutionRecord:
        try:
            return await cancel(project_id, execution_id, principal, request)
        except Unavailable:
            if ready.is_set():
                raise
            # Interrupted by the last stop, and not taken up again yet: nobody could end it now.
            await ready.wait()
            return await cancel(project_id, execution_id, principal, request)

    return patient


def _live_in(engine: Engine) -> Callable[[str], ExecutionRecord | None]:
    def live(execution_id: str) -> ExecutionRecord | None:
        run = engine.live(execution_id)
        return run.state.snapshot() if run is not None else None

    return live


async def _load(engine: Engine, stray_threads: Callable[[], int]) -> Load:
    # One process queues for itself alone; there is nothing to scale.
    return Load({}, 0.0, (), engine.strays + stray_threads())


def encode_refusal(error: ServiceError) -> bytes:
    """As it is stored, to be replayed."""
    stored: bytes = to_status(error).SerializeToString()
    return stored


def decode_refusal(stored: bytes) -> ServiceError:
    """As it was raised."""
    status = status_pb2.Status()
    status.ParseFromString(stored)
    return from_status(status)

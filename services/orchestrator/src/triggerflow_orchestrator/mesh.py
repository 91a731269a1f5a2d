"""Put the orchestrator of the mesh together: it accepts, answers and watches over runs, and runs none."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any, Final, NoReturn

import grpc.aio
import structlog
from triggerflow_adapter_sdk import AdapterSettings, BoundHandler
from triggerflow_chassis.bus import Bus
from triggerflow_chassis.clock import now_us
from triggerflow_chassis.errors import Unavailable
from triggerflow_chassis.lifecycle import open_task

from triggerflow_orchestrator.app.answers import AnswerWait, SignalEvent
from triggerflow_orchestrator.app.archive import Archive
from triggerflow_orchestrator.app.ask_cancel import AskCancel
from triggerflow_orchestrator.app.compiled import CompiledFlows
from triggerflow_orchestrator.app.follow_topics import OpenTopic
from triggerflow_orchestrator.app.idempotency import Idempotency
from triggerflow_orchestrator.app.intervene import Intervene
from triggerflow_orchestrator.app.queue_start import QueueStart
from triggerflow_orchestrator.app.read_executions import ReadExecutions
from triggerflow_orchestrator.app.read_history import ReadHistory
from triggerflow_orchestrator.app.read_waits import ReadWaits
from triggerflow_orchestrator.app.reaping import Reaping
from triggerflow_orchestrator.app.relay import OpenPublisher, Relay
from triggerflow_orchestrator.app.relay_ports import OutboxEvent
from triggerflow_orchestrator.app.resume import InTheMesh, Waking
from triggerflow_orchestrator.app.retention import Retention
from triggerflow_orchestrator.app.retry import RetryExecution
from triggerflow_orchestrator.app.run_node import RunNode
from triggerflow_orchestrator.app.start import StartExecution
from triggerflow_orchestrator.app.waiters import EndWaiters
from triggerflow_orchestrator.bootstrap import Orchestrator, decode_refusal, encode_refusal
from triggerflow_orchestrator.bucket_place import BucketPlace
from triggerflow_orchestrator.domain.execution import ProjectNotice
from triggerflow_orchestrator.failure_parts import telling_of_failures
from triggerflow_orchestrator.firing_parts import firing_parts
from triggerflow_orchestrator.mesh_parts import MeshParts, open_parts
from triggerflow_orchestrator.ports import Leases
from triggerflow_orchestrator.queue.node_desk import AskWorkers
from triggerflow_orchestrator.settings import MeshSettings
from triggerflow_orchestrator.store.archiving import SqlArchiving
from triggerflow_orchestrator.store.firings import SqlFirings
from triggerflow_orchestrator.store.interventions import SqlInterventions
from triggerflow_orchestrator.store.postgres_outbox import PostgresOutbox
from triggerflow_orchestrator.store.pruning import SqlPruning
from triggerflow_orchestrator.store.s3_archives import S3Archives
from triggerflow_orchestrator.store.s3_bucket import Bucket
from triggerflow_orchestrator.transport.registry_client import FreshBlueprints
from triggerflow_orchestrator.transport.registry_drafts import RegistryDrafts
from triggerflow_orchestrator.transport.registry_flow_events import RegistryFlowEvents
from triggerflow_orchestrator.transport.registry_handlers import PureHandlers
from triggerflow_orchestrator.transport.service import Handlers, OrchestratorServicer
from triggerflow_orchestrator.transport.waits import WaitHandlers
from triggerflow_orchestrator.trigger_parts import trigger_parts

log = structlog.get_logger(__name__)

_WATCH_SECONDS: Final = 1.0
_SWEEP_SECONDS: Final = 0.5
_TRIGGERS_SECONDS: Final = 5.0


@asynccontextmanager
async def open_mesh_orchestrator(
    settings: MeshSettings,
    *,
    keep_days: int | None,
    channel: grpc.aio.Channel,
    bus: Bus,
    open_publisher: OpenPublisher | None = None,
    open_topic: OpenTopic | None = None,
    adapters: AdapterSettings | None = None,
) -> AsyncIterator[Orchestrator]:
    """The orchestrator on PostgreSQL, until the block ends. Closes nothing that was given to it.

    `channel` leads to the registry, which may come up later; so may Redis, brokers and the object store. Without a
    publisher there is no broker to tell. Raises Unavailable where the database cannot be opened or migrated.
    """
    async with AsyncExitStack() as stack:
        parts = await stack.enter_async_context(open_parts(settings, bus))
        archive = _archive(settings, parts)
        pruning = SqlPruning(parts.database, parts.objects, archived=archive is not None)
        idempotency = Idempotency(parts.reads, parts.journal, pruning, now_us, encode_refusal, decode_refusal)
        stack.push_async_callback(idempotency.close)
        waiters = EndWaiters(bus, parts.reads, lambda _: None)
        stack.callback(waiters.close)
        blueprints = FreshBlueprints(channel)
        queue, flows = (
            QueueStart(parts.journal, parts.kicks),
            CompiledFlows(_NoHandlers(), blueprints),
        )
        places = SqlFirings(parts.database)
        start = StartExecution(queue, blueprints, flows, places)
        cancel = AskCancel(parts.commands, parts.end_unrun, parts.kicks)
        ready = asyncio.Event()
        household = InTheMesh(parts.kicks)
        waking = Waking(parts.waits)

        async def added(owner: str | None) -> None:
            household.nudge_owners([owner])

        def answered(owners: Sequence[str | None]) -> None:
            household.nudge_owners(owners)
            waking.nudge()

        of_relay = settings.postgres.named(f"{settings.postgres.application}-relay")
        relay = Relay(
            PostgresOutbox(of_relay, parts.database), RegistryFlowEvents(channel), bus, open_publisher or _tell_nobody
        )
        triggers = trigger_parts(
            database=parts.database,
            channel=channel,
            bus=bus,
            start=start,
            cancel=cancel,
            reads=parts.reads,
            waiters=waiters,
            adapters=adapters or AdapterSettings(),
            idle_seconds=_TRIGGERS_SECONDS,
            bus_is_sure=False,
        )
        firings = firing_parts(parts.database, triggers, parts.sources, bus, open_topic)
        servicer = OrchestratorServicer(
            Handlers(
                start=start,
                cancel=cancel,
                executions=ReadExecutions(parts.reads),
                history=ReadHistory(parts.reads, parts.objects, relay),
                idempotency=idempotency,
                waiters=waiters,
                load=parts.leases.load,
                retry=RetryExecution(
                    queue, parts.reads, blueprints, flows, parts.sources, PureHandlers(channel), places
                ),
                run_node=RunNode(RegistryDrafts(channel), AskWorkers(settings.redis.reveal())),
                hooks=triggers.hooks,
                hook_desk=triggers.hook_desk,
                schedules=firings.schedules,
                intervene=Intervene(SqlInterventions(parts.database), added),
                waits=WaitHandlers(
                    answer=AnswerWait(parts.waits, parts.reads, parts.objects, answered),
                    signal=SignalEvent(parts.waits, answered),
                    read=ReadWaits(parts.waits),
                ),
            )
        )
        for name, run in {
            "ends": lambda: waiters.ask(lambda: open_publisher is not None and bus.healthy),
            "relay": relay.run,
            "keep-triggers": triggers.keep.run,
            **firings.tasks,
            "retention": Retention(pruning, now_us, keep_days=keep_days, firings=firings.firings).run,
            "reaping": Reaping(parts.leases, parts.kicks).run,
            "waits": lambda: waking.run(household),
            "orphaned-commands": lambda: _sweep(cancel),
            "readiness": lambda: _watch(parts.leases, ready),
            **({"archive": archive.run} if archive is not None else {}),
        }.items():
            await stack.enter_async_context(open_task(name, run))
        telling = telling_of_failures(
            database=parts.database, reads=parts.reads, start=start, bus=bus, adapters=adapters or AdapterSettings()
        )
        await stack.enter_async_context(telling)
        yield Orchestrator(servicer, ready)


def _archive(settings: MeshSettings, parts: MeshParts) -> Archive | None:
    if not isinstance(settings.objects, BucketPlace):
        return None
    archives = S3Archives(Bucket(settings.objects))
    runs = SqlArchiving(parts.database)
    return Archive(runs, parts.reads, archives, now_us, after_seconds=settings.archive_after_seconds)


async def _watch(leases: Leases, ready: asyncio.Event) -> None:
    """Runs can start where the database answers and a worker holds a lease."""
    while True:
        try:
            load = await leases.load()
            can_start = any(worker.lease_seconds > 0 for worker in load.workers)
        except Exception as error:
            can_start = False
            if not isinstance(error, Unavailable):
                log.exception("load_not_read")
        if can_start != ready.is_set():
            log.info("runs_can_start" if can_start else "runs_cannot_start")
        if can_start:
            ready.set()
        else:
            ready.clear()
        await asyncio.sleep(_WATCH_SECONDS)


async def _sweep(cancel: AskCancel) -> None:
    while True:
        await asyncio.sleep(_SWEEP_SECONDS)
        try:
            await cancel.sweep()
        except Unavailable as error:
            log.warning("orphaned_commands_not_read", error=error.detail)
        except Exception:
            log.exception("orphaned_commands_not_read")


class _Nobody:
    """`app.relay_ports.Publisher` where there is no broker."""

    async def publish(self, events: Sequence[OutboxEvent], notices: Sequence[ProjectNotice]) -> None:
        return


@asynccontextmanager
async def _tell_nobody() -> AsyncIterator[_Nobody]:
    yield _Nobody()


class _NoHandlers:
    """`app.compiled.Binder` where nothing runs: inputs are checked by the plan alone."""

    def bind(self, node: Mapping[str, Any], key: str = "main") -> BoundHandler:
        self._refuse()

    def _refuse(self) -> NoReturn:
        raise RuntimeError("this process runs no nodes")

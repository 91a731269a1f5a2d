"""Put a worker together, and take it apart again in the order that loses nothing and keeps nobody waiting.

Everything but handlers, Celery and the sender of kicks happens on one loop: the same engine as in local mode, behind a
lease. Celery has a thread of its own and hands over ids.
"""

from __future__ import annotations

import asyncio
import gc
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from typing import Final

import structlog
from triggerflow_adapter_sdk import Catalogue
from triggerflow_chassis import logging
from triggerflow_chassis.bus import InProcessBus
from triggerflow_chassis.errors import Unavailable
from triggerflow_chassis.grpc.client import open_channel
from triggerflow_chassis.lifecycle import open_task

from triggerflow_orchestrator.app.carrying_out import CarryingOut
from triggerflow_orchestrator.app.compiled import CompiledFlows
from triggerflow_orchestrator.app.engine import Engine
from triggerflow_orchestrator.app.intervene import TakeInterventions
from triggerflow_orchestrator.app.lease_keeper import LeaseKeeper
from triggerflow_orchestrator.app.reaping import Reaping
from triggerflow_orchestrator.app.results_first import ResultsFirst
from triggerflow_orchestrator.app.resume import Deliver, InTheMesh, Waking
from triggerflow_orchestrator.app.run_node import AtTheDesk
from triggerflow_orchestrator.app.take_up import TakeUp
from triggerflow_orchestrator.app.taking import Taking
from triggerflow_orchestrator.mesh_parts import MeshParts, open_parts
from triggerflow_orchestrator.queue.consumer import KickConsumer
from triggerflow_orchestrator.queue.node_desk import serve as serve_node_runs
from triggerflow_orchestrator.queue.nudges import listen
from triggerflow_orchestrator.runtime.triggerflow import TriggerFlowRuntime
from triggerflow_orchestrator.store.interventions import SqlInterventions
from triggerflow_orchestrator.transport.registry_client import NamedBlueprints
from triggerflow_orchestrator.transport.registry_drafts import RegistryDrafts
from triggerflow_orchestrator.worker.settings import WorkerSettings

log = structlog.get_logger("triggerflow.worker")

_HANDLERS_SECONDS: Final = 0.2
_FLUSH_SECONDS: Final = 1.5
_LEAVE_SECONDS: Final = 1.0


async def serve(settings: WorkerSettings, stopped: asyncio.Event) -> None:
    """Until the event is set. Raises OSError, ServiceError where it cannot start."""
    token = settings.token.reveal() if settings.token is not None else None
    async with AsyncExitStack() as stack:
        channel = await stack.enter_async_context(open_channel(settings.registry, token))
        catalogue = Catalogue.load(settings.adapters)
        await catalogue.open()
        stack.push_async_callback(catalogue.close)
        # Nobody in this process listens: what is told goes through the database and the relay.
        parts = await stack.enter_async_context(open_parts(settings.mesh, InProcessBus()))
        runtime = TriggerFlowRuntime()
        blueprints = NamedBlueprints(channel)
        flows = CompiledFlows(catalogue, blueprints)
        worker = Worker(settings, parts, runtime, blueprints, flows, lambda: catalogue.stray_threads)
        loading = asyncio.create_task(_load(runtime))
        stop = asyncio.create_task(stopped.wait())
        await asyncio.wait([loading, stop], return_when=asyncio.FIRST_COMPLETED)
        if not stop.done():
            loading.result()
            perform = AtTheDesk(RegistryDrafts(channel), catalogue)
            redis_url = settings.mesh.redis.reveal()
            async with open_task("node-runs", lambda: serve_node_runs(redis_url, perform)), worker.working():
                await stop


async def _load(runtime: TriggerFlowRuntime) -> None:
    with logging.kept():
        await runtime.load()
    # Start-up made much and dropped little. What it made stays, so the collector need not walk it again and again.
    gc.freeze()
    gc.enable()


class Worker:
    """Takes runs and drives them while it holds a lease."""

    def __init__(
        self,
        settings: WorkerSettings,
        parts: MeshParts,
        runtime: TriggerFlowRuntime,
        blueprints: NamedBlueprints,
        flows: CompiledFlows,
        stray_threads: Callable[[], int] = lambda: 0,
    ) -> None:
        self._parts = parts
        self._redis_url = settings.mesh.redis.reveal()
        self._loop = asyncio.get_running_loop()
        self._listener: asyncio.Task[None] | None = None
        self._keeper = LeaseKeeper(
            parts.leases,
            name=settings.name,
            most=settings.max_live,
            seconds=settings.mesh.lease_seconds,
            live=lambda: len(self._engine.live_ids),
            strays=lambda: self._engine.strays + stray_threads(),
        )
        self._waking = Waking(parts.waits)
        self._engine = Engine(
            parts.journal,
            runtime,
            InProcessBus(),
            max_live=settings.max_live,
            max_events=settings.max_events,
            max_children=settings.max_children,
            gone=lambda _: self._taking.look(),
            hold=self._keeper,
            keep=ResultsFirst(parts.objects),
            rested=self._waking.nudge,
            fuses=settings.fuses,
        )
        answers = Deliver(self._engine, parts.waits, parts.sources)
        context = TakeInterventions(self._engine, SqlInterventions(parts.database))

        async def deliver(owner: str | None) -> None:
            await answers(owner)
            await context(owner)

        take_up = TakeUp(self._engine, parts.reads, blueprints, flows, parts.sources, parts.end_unrun)
        self._taking = Taking(
            self._engine,
            parts.leases,
            parts.commands,
            self._keeper,
            take_up,
            parts.end_unrun,
            most=settings.max_live,
            room_changed=self._room_changed,
        )
        self._carrying_out = CarryingOut(parts.commands, self._engine, self._keeper, self._taking, deliver)
        self._consumer = KickConsumer(self._redis_url, self._kicked, name=settings.name)
        self._keeper.on_joined = self._joined
        self._keeper.on_renewed = self._carrying_out.nudge
        self._keeper.on_lost = self._lost

    @asynccontextmanager
    async def working(self) -> AsyncIterator[None]:
        """Take runs until the block ends; then let go of all, so that others go on at once. TriggerFlow is loaded."""
        self._engine.begin()
        async with AsyncExitStack() as stack:
            stack.push_async_callback(self._leave)
            for name, run in {
                "lease": self._keeper.run,
                "taking": self._taking.run,
                "commands": self._carrying_out.run,
                "waits": lambda: self._waking.run(InTheMesh(self._parts.kicks)),
                "reaping": Reaping(self._parts.leases, self._parts.kicks, may=lambda: self._keeper.sure).run,
            }.items():
                await stack.enter_async_context(open_task(name, run))
            stack.callback(self._deaf)
            self._consumer.start()
            stack.callback(self._consumer.stop, 0)
            yield

    async def _leave(self) -> None:
        """Let go of every run, write what they decided, and give them back."""
        await self._engine.stop(_HANDLERS_SECONDS)
        self._taking.drop()
        await self._parts.journal.close()
        with suppress(TimeoutError):
            async with asyncio.timeout(_FLUSH_SECONDS):
                await self._parts.rows.flush()
        worker_id = self._keeper.id
        if worker_id is None:
            return
        try:
            async with asyncio.timeout(_LEAVE_SECONDS):
                queued = await self._parts.leases.leave(worker_id)
        except (Unavailable, TimeoutError) as error:
            log.warning("worker_left_without_a_word", worker_id=worker_id, error=str(error))
            return
        self._parts.kicks.kick(queued)
        log.info("worker_left", worker_id=worker_id, runs=len(queued))

    # Told by the parts.

    def _kicked(self, execution_ids: Sequence[str]) -> None:
        # On a thread of Celery's. Without the loop nobody wants it any more.
        with suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self._taking.offer, execution_ids)

    def _room_changed(self, has_room: bool) -> None:
        if has_room:
            self._consumer.gate.open()
        else:
            self._consumer.gate.shut()

    def _joined(self, worker_id: str) -> None:
        self._deaf()
        self._listener = asyncio.create_task(listen(self._redis_url, worker_id, self._carrying_out.nudge))
        self._taking.look()

    def _lost(self) -> None:
        self._deaf()
        self._engine.drop(self._engine.live_ids)
        self._taking.drop()

    def _deaf(self) -> None:
        if self._listener is not None:
            self._listener.cancel()
            self._listener = None

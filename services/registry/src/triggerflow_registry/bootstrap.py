"""Put the registry together. The only place that knows both the ports and what fills them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager

import grpc.aio
from triggerflow.registry.v1 import registry_service_pb2_grpc
from triggerflow_chassis.bus import FLOW_EVENTS, Bus
from triggerflow_chassis.clock import now_us
from triggerflow_chassis.lifecycle import open_task

from triggerflow_registry.app.desk import Desk
from triggerflow_registry.app.inspection import Inspector
from triggerflow_registry.app.retention import Retention
from triggerflow_registry.ports import Clock, HandlerCatalogue, Store
from triggerflow_registry.settings import RegistrySettings
from triggerflow_registry.store.sqlite import open_sqlite
from triggerflow_registry.transport.executions import OrchestratorExecutions
from triggerflow_registry.transport.servicer import SERVICE, RegistryServicer


class Registry:
    """An open registry, to be put on a server. Made by `open_registry`."""

    def __init__(self, servicer: RegistryServicer, store: Store) -> None:
        self._servicer = servicer
        self._store = store

    def register(self, server: grpc.aio.Server) -> Sequence[str]:
        """Add the service to a server that has not started. Returns its full name."""
        registry_service_pb2_grpc.add_RegistryServiceServicer_to_server(self._servicer, server)
        return (SERVICE,)

    async def ready(self) -> None:
        """Return where calls can be answered. Raises Unavailable."""
        await self._store.ready()


@asynccontextmanager
async def open_registry(
    settings: RegistrySettings,
    *,
    channel: grpc.aio.Channel,
    bus: Bus,
    catalogue: HandlerCatalogue,
    clock: Clock = now_us,
) -> AsyncIterator[Registry]:
    """The registry on its database, until the block ends. Closes nothing that was given to it.

    `channel` leads to the orchestrator, which is asked only when a flow is deleted. Raises OSError, Unavailable where
    the database cannot be opened or migrated.
    """
    async with AsyncExitStack() as stack:
        kept = await stack.enter_async_context(_open_store(settings))
        store = await stack.enter_async_context(_cached(kept, settings, bus))
        desk = Desk(
            store=store,
            catalogue=catalogue,
            inspector=Inspector(catalogue),
            executions=OrchestratorExecutions(channel),
            announcer=bus,
            clock=clock,
        )
        if settings.keep_days is not None:
            retention = Retention(kept, clock, settings.keep_days)
            await stack.enter_async_context(open_task("retention", retention.run))
        yield Registry(RegistryServicer(desk), store)


@asynccontextmanager
async def _cached(store: Store, settings: RegistrySettings, bus: Bus) -> AsyncIterator[Store]:
    if settings.redis is None:
        yield store
        return
    # Local mode never loads this driver.
    from triggerflow_registry.store.redis_texts import open_redis_texts
    from triggerflow_registry.store.version_cache import CachedStore

    async with open_redis_texts(settings.redis.reveal()) as texts:
        cached = CachedStore(store, texts, settings.cache_secret.reveal() if settings.cache_secret else "")
        unsubscribe = bus.subscribe(FLOW_EVENTS, None, cached.hear)
        try:
            yield cached
        finally:
            unsubscribe()


def _open_store(settings: RegistrySettings) -> AbstractAsyncContextManager[Store]:
    if settings.postgres is None:
        return open_sqlite(settings.database, busy_ms=settings.busy_ms)
    # Local mode never loads this driver.
    from triggerflow_registry.store.postgres import open_postgres

    return open_postgres(settings.postgres)

"""Put the registry together. The only place that knows both the ports and what fills them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from functools import partial
from typing import Final

import grpc.aio
from triggerflow.registry.v1 import registry_service_pb2_grpc
from triggerflow_chassis.bus import FLOW_EVENTS, Bus
from triggerflow_chassis.clock import now_us
from triggerflow_chassis.errors import Unavailable
from triggerflow_chassis.identity import LOCAL
from triggerflow_chassis.lifecycle import open_task
from triggerflow_chassis.postgres.address import Postgres

from triggerflow_registry.app.desk import Desk
from triggerflow_registry.app.inspection import Inspector
from triggerflow_registry.app.relay import OpenPublisher, Relay
from triggerflow_registry.app.retention import Retention
from triggerflow_registry.app.schemas import register_schema
from triggerflow_registry.domain.schema import SchemaType
from triggerflow_registry.ports import Clock, HandlerCatalogue, Store
from triggerflow_registry.settings import RegistrySettings
from triggerflow_registry.store.sqlite import open_sqlite
from triggerflow_registry.transport.executions import OrchestratorExecutions
from triggerflow_registry.transport.servicer import SERVICE, RegistryServicer

_RETRY_SECONDS: Final = 2.0


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
    open_publisher: OpenPublisher | None = None,
) -> AsyncIterator[Registry]:
    """The registry on its database, until the block ends. Closes nothing that was given to it.

    `channel` leads to the orchestrator, which is asked only when a flow is deleted. With a publisher flow events are
    relayed from PostgreSQL to it. Raises OSError, Unavailable where the database cannot be opened or migrated.
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
        if open_publisher is not None and settings.postgres is not None:
            relay = _relay(settings.postgres, open_publisher, bus)
            await stack.enter_async_context(open_task("relay", relay.run))
            await stack.enter_async_context(open_task("schemas", lambda: _register_schemas(desk)))
        yield Registry(RegistryServicer(desk), store)


def _relay(postgres: Postgres, open_publisher: OpenPublisher, bus: Bus) -> Relay:
    # Local mode never loads this driver.
    from triggerflow_registry.store.postgres_published import open_reign

    return Relay(partial(open_reign, postgres.named(f"{postgres.application}-relay")), open_publisher, bus)


async def _register_schemas(desk: Desk) -> None:
    """What this service itself writes by, as it registers what others do."""
    from triggerflow_chassis.kafka.flow_events import FLOW_EVENT

    while True:
        try:
            await register_schema(desk, LOCAL, subject=FLOW_EVENT.subject, type=SchemaType.AVRO, text=FLOW_EVENT.text)
            return
        except Unavailable:
            await asyncio.sleep(_RETRY_SECONDS)


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

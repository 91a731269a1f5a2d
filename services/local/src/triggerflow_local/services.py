"""The half of the product that is heavy to load: registry, orchestrator and stream on one gRPC server."""

from __future__ import annotations

import gc
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace

from triggerflow_adapter_sdk import AdapterSettings, Catalogue
from triggerflow_chassis import logging
from triggerflow_chassis.bus import InProcessBus
from triggerflow_chassis.kafka.settings import KafkaSettings
from triggerflow_chassis.lifecycle import open_task
from triggerflow_orchestrator.app.follow_topics import OpenTopic
from triggerflow_orchestrator.bootstrap import Orchestrator, open_orchestrator
from triggerflow_orchestrator.settings import OrchestratorSettings
from triggerflow_registry.bootstrap import open_registry
from triggerflow_registry.settings import RegistrySettings
from triggerflow_stream.bootstrap import open_stream
from triggerflow_stream.settings import StreamSettings

from triggerflow_local.front import Front
from triggerflow_local.settings import LocalSettings


@asynccontextmanager
async def open_services(settings: LocalSettings, *, token: str, front: Front) -> AsyncIterator[None]:
    """Every service, on the front's server, until the block ends; the front must have stopped before that.

    Runs start a little later: TriggerFlow loads in a thread meanwhile. Raises OSError, Unavailable where a database
    cannot be opened.
    """
    own = (f"127.0.0.1:{front.port}", f"localhost:{front.port}")
    adapters = AdapterSettings(
        python_modules=settings.python_modules,
        env_allow=settings.env_allow,
        http_allow=own if settings.http_allow is None else settings.http_allow,
    )
    bus = InProcessBus()
    channel = front.channel
    async with AsyncExitStack() as stack:
        catalogue = Catalogue.load(adapters)
        await catalogue.open()
        stack.push_async_callback(catalogue.close)
        registry = await stack.enter_async_context(
            open_registry(
                RegistrySettings(settings.home / "registry.sqlite3", keep_days=settings.keep_days),
                channel=channel,
                bus=bus,
                catalogue=catalogue,
            )
        )
        orchestrator = await stack.enter_async_context(
            open_orchestrator(
                replace(
                    OrchestratorSettings.under(settings.home, settings.keep_days),
                    max_live=settings.max_live,
                    max_events=settings.max_events,
                    max_children=settings.max_children,
                    fuses=settings.fuses,
                ),
                channel=channel,
                bus=bus,
                catalogue=catalogue,
                adapters=adapters,
                open_topic=None if settings.kafka is None else _topics(settings.kafka),
                stray_threads=lambda: catalogue.stray_threads,
            )
        )
        stream = await stack.enter_async_context(open_stream(StreamSettings(), channel=channel, bus=bus))
        await front.grpc_server.open(
            register=[registry.register, orchestrator.register, stream.register],
            token=token,
            interceptors=orchestrator.interceptors,
        )
        await stack.enter_async_context(open_task("settle", lambda: _settle(orchestrator)))
        yield


async def _settle(orchestrator: Orchestrator) -> None:
    # Start-up made much and dropped little. What it made stays, so the collector need not walk it again and again;
    # its thresholds stay the default ones.
    gc.freeze()
    gc.enable()
    # TriggerFlow is imported meanwhile, in a thread.
    with logging.kept():
        await orchestrator.ready()
    gc.freeze()


def _topics(settings: KafkaSettings) -> OpenTopic:
    # Its library is loaded only where there are brokers.
    from triggerflow_orchestrator.transport.kafka_topics import open_kafka_topics

    return open_kafka_topics(settings)

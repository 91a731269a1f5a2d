"""Run the orchestrator as a process of its own: `python -m triggerflow_orchestrator`."""

from __future__ import annotations

import asyncio
import sys
from contextlib import AsyncExitStack
from functools import partial
from typing import Any

import grpc.aio
import structlog
from triggerflow_adapter_sdk import Catalogue
from triggerflow_chassis.bus import EXECUTION_NOTICES, FLOW_EVENTS, Bus, InProcessBus
from triggerflow_chassis.errors import ServiceError
from triggerflow_chassis.grpc.client import open_channel
from triggerflow_chassis.grpc.server import open_server
from triggerflow_chassis.lifecycle import open_task, run_until_stopped
from triggerflow_chassis.logging import configure
from triggerflow_chassis.settings import SettingsError

from triggerflow_orchestrator.bootstrap import Orchestrator, open_orchestrator
from triggerflow_orchestrator.settings import ServerSettings

log = structlog.get_logger("triggerflow.orchestrator")


async def serve(settings: ServerSettings, stopped: asyncio.Event) -> None:
    """Until the event is set. Raises OSError, ServiceError where it cannot start."""
    token = settings.token.reveal() if settings.token is not None else None
    async with AsyncExitStack() as stack:
        channel = await stack.enter_async_context(open_channel(settings.registry, token))
        if settings.orchestrator.mesh is not None:
            orchestrator = await _open_mesh(settings, channel, stack)
        else:
            catalogue = Catalogue.load(settings.adapters)
            await catalogue.open()
            stack.push_async_callback(catalogue.close)
            orchestrator = await stack.enter_async_context(
                open_orchestrator(
                    settings.orchestrator,
                    channel=channel,
                    bus=InProcessBus(),
                    catalogue=catalogue,
                    adapters=settings.adapters,
                )
            )
        await stack.enter_async_context(
            open_server(
                addresses=[settings.address],
                register=[orchestrator.register],
                token=token,
                interceptors=orchestrator.interceptors,
            )
        )
        log.info("orchestrator_listening", address=settings.address)
        await stopped.wait()


async def _open_mesh(settings: ServerSettings, channel: grpc.aio.Channel, stack: AsyncExitStack) -> Orchestrator:
    # Here, since its libraries are the mesh's.
    from triggerflow_orchestrator.mesh import open_mesh_orchestrator

    mesh = settings.orchestrator.mesh
    assert mesh is not None
    bus: Bus = InProcessBus()
    open_publisher: Any = None
    open_topic: Any = None
    if settings.kafka is not None:
        from triggerflow_chassis.kafka.bus import open_kafka_bus
        from triggerflow_chassis.kafka.execution_event import SCHEMA
        from triggerflow_chassis.kafka.flow_events import PROJECT_EVENT
        from triggerflow_chassis.kafka.registered import RegisteredSchemas

        from triggerflow_orchestrator.transport.kafka_publisher import open_kafka_publisher
        from triggerflow_orchestrator.transport.kafka_topics import open_kafka_topics

        schemas = RegisteredSchemas(channel)
        # What runs tell of each step, others read.
        topics = [EXECUTION_NOTICES, FLOW_EVENTS]
        bus = await stack.enter_async_context(open_kafka_bus(settings.kafka, topics=topics, schema_text=schemas.text))
        await stack.enter_async_context(open_task("schemas", lambda: schemas.register([SCHEMA, PROJECT_EVENT])))
        open_publisher = partial(open_kafka_publisher, settings.kafka)
        open_topic = open_kafka_topics(settings.kafka)
    return await stack.enter_async_context(
        open_mesh_orchestrator(
            mesh,
            keep_days=settings.orchestrator.keep_days,
            channel=channel,
            bus=bus,
            open_publisher=open_publisher,
            open_topic=open_topic,
            adapters=settings.adapters,
        )
    )


def main() -> int:
    """The exit code: 0 after a stop, 1 where it cannot start."""
    try:
        settings = ServerSettings.read()
        configure(settings.log_level)
        run_until_stopped(lambda stopped: serve(settings, stopped))
    except SettingsError as error:
        sys.stderr.write("\n".join(error.problems) + "\n")
        return 1
    except (OSError, ServiceError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())

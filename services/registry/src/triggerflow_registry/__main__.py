"""Run the registry as a process of its own: `python -m triggerflow_registry`."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial

import structlog
from triggerflow_adapter_sdk.catalogue import Catalogue
from triggerflow_adapter_sdk.settings import AdapterSettings
from triggerflow_chassis import logging
from triggerflow_chassis.bus import FLOW_EVENTS, Bus, InProcessBus
from triggerflow_chassis.errors import Unavailable
from triggerflow_chassis.grpc.client import open_channel
from triggerflow_chassis.grpc.server import open_server
from triggerflow_chassis.kafka.settings import KafkaSettings
from triggerflow_chassis.lifecycle import run_until_stopped
from triggerflow_chassis.settings import Reader, SettingsError

from triggerflow_registry.app.relay import OpenPublisher
from triggerflow_registry.bootstrap import open_registry
from triggerflow_registry.settings import ServerSettings, read_settings

log = structlog.get_logger("triggerflow.registry")


async def serve(settings: ServerSettings, adapters: AdapterSettings, stopped: asyncio.Event) -> None:
    """Serve until the event is set."""
    catalogue = Catalogue.load(adapters)
    # No token of its own: what the registry asks the orchestrator, it asks as its caller.
    async with (
        open_channel(settings.orchestrator, None) as channel,
        _open_events(settings.kafka) as (bus, open_publisher),
        open_registry(
            settings.registry, channel=channel, bus=bus, catalogue=catalogue, open_publisher=open_publisher
        ) as registry,
        open_server(
            addresses=[settings.address],
            register=[registry.register],
            token=settings.token.reveal() if settings.token else None,
        ),
    ):
        await registry.ready()
        log.info("registry_started", address=settings.address, database=settings.registry.place)
        await stopped.wait()
    log.info("registry_stopped")


@asynccontextmanager
async def _open_events(kafka: KafkaSettings | None) -> AsyncIterator[tuple[Bus, OpenPublisher | None]]:
    if kafka is None:
        yield InProcessBus(), None
        return
    # Here, since its libraries are the mesh's.
    from triggerflow_chassis.kafka.bus import open_kafka_bus

    from triggerflow_registry.transport.kafka_publisher import open_kafka_publisher

    async with open_kafka_bus(kafka, topics=[FLOW_EVENTS]) as bus:
        yield bus, partial(open_kafka_publisher, kafka)


def main() -> int:
    """Exit with 0 after a clean stop, with 1 and a line for each reason where it cannot start."""
    try:
        settings = read_settings()
        reader = Reader(prefix="TFCANVAS_")
        adapters = AdapterSettings(
            python_modules=reader.names("PYTHON_MODULES"),
            env_allow=reader.names("ENV_ALLOW"),
            http_allow=reader.names("HTTP_ALLOW"),
        )
        logging.configure(settings.log_level)
        run_until_stopped(lambda stopped: serve(settings, adapters, stopped))
    except SettingsError as error:
        for problem in error.problems:
            print(problem, file=sys.stderr)  # noqa: T201
        return 1
    except (OSError, Unavailable) as error:
        database = "TFCANVAS_REGISTRY_DATABASE" if settings.registry.postgres is None else "DATABASE_URL"
        print(f"TFCANVAS_REGISTRY_ADDRESS or {database} cannot be used: {error}", file=sys.stderr)  # noqa: T201
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())

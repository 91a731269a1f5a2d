"""Run the stream service as a process of its own: `python -m triggerflow_stream`."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import grpc.aio
import structlog
from triggerflow_chassis.bus import EXECUTION_EVENTS, EXECUTION_NOTICES, Bus, InProcessBus
from triggerflow_chassis.grpc.peers import open_peers
from triggerflow_chassis.grpc.server import open_server
from triggerflow_chassis.kafka.settings import KafkaSettings
from triggerflow_chassis.lifecycle import run_until_stopped
from triggerflow_chassis.logging import configure
from triggerflow_chassis.settings import SettingsError

from triggerflow_stream.bootstrap import OTHERS, open_stream
from triggerflow_stream.settings import ServerSettings, read_settings

log = structlog.get_logger("triggerflow.stream")


async def serve(settings: ServerSettings, stopped: asyncio.Event) -> None:
    """Until the event is set. Raises OSError where the address cannot be bound."""
    token = settings.token.reveal() if settings.token is not None else None
    async with (
        open_peers(settings.peers, token) as channel,
        _open_bus(settings.kafka, channel) as bus,
        open_stream(settings.stream, channel=channel, bus=bus) as stream,
        open_server(
            addresses=[settings.address],
            register=[stream.register],
            token=token,
            reflected=OTHERS if settings.behind_edge else (),
        ),
    ):
        await stream.ready()
        log.info("stream_started", address=settings.address)
        await stopped.wait()
    log.info("stream_stopped")


@asynccontextmanager
async def _open_bus(kafka: KafkaSettings | None, channel: grpc.aio.Channel) -> AsyncIterator[Bus]:
    if kafka is None:
        yield InProcessBus()
        return
    # Here, since its libraries are the mesh's.
    from triggerflow_chassis.kafka.bus import open_kafka_bus
    from triggerflow_chassis.kafka.registered import RegisteredSchemas

    schemas = RegisteredSchemas(channel)
    topics = [EXECUTION_EVENTS, EXECUTION_NOTICES]
    async with open_kafka_bus(kafka, topics=topics, schema_text=schemas.text) as bus:
        yield bus


def main() -> int:
    """Exit with 0 after a clean stop, with 1 and a line for each reason where it cannot start."""
    try:
        settings = read_settings()
        configure(settings.log_level)
        run_until_stopped(lambda stopped: serve(settings, stopped))
    except SettingsError as error:
        sys.stderr.write("\n".join(error.problems) + "\n")
        return 1
    except OSError as error:
        sys.stderr.write(f"TFCANVAS_STREAM_ADDRESS cannot be used: {error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())

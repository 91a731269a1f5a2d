"""A relay by itself, to be killed: DATABASE_URL and KAFKA_BOOTSTRAP say between what it stands."""

from __future__ import annotations

import asyncio
import os
from functools import partial

from relay_lab import NoFlows
from triggerflow_chassis.bus import InProcessBus
from triggerflow_chassis.kafka.settings import KafkaSettings
from triggerflow_chassis.kafka.topics import make_topics
from triggerflow_chassis.postgres.address import parse_postgres
from triggerflow_orchestrator.app.relay import Relay
from triggerflow_orchestrator.store.postgres import open_postgres
from triggerflow_orchestrator.store.postgres_outbox import PostgresOutbox
from triggerflow_orchestrator.transport.kafka_publisher import open_kafka_publisher


async def main() -> None:
    postgres = parse_postgres(os.environ["DATABASE_URL"], "orchestrator", "relay")
    kafka = KafkaSettings(os.environ["KAFKA_BOOTSTRAP"])
    await asyncio.to_thread(make_topics, kafka)
    async with open_postgres(postgres) as database:
        publisher = partial(open_kafka_publisher, kafka)
        await Relay(PostgresOutbox(postgres, database), NoFlows(), InProcessBus(), publisher).run()


if __name__ == "__main__":
    asyncio.run(main())

"""Runs that write events, a relay between PostgreSQL and Kafka, and what a stranger finds in the topics afterwards."""

from __future__ import annotations

import asyncio
import os
import random
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import asyncpg
from confluent_kafka import Consumer, TopicPartition
from journal_units import FLOW, PROJECT, SampleRun, Told
from triggerflow_chassis.bus import BusEvent
from triggerflow_chassis.clock import now_us
from triggerflow_chassis.kafka.avro import Decoder, schema
from triggerflow_chassis.postgres.address import Postgres, parse_postgres
from triggerflow_orchestrator.app import events
from triggerflow_orchestrator.app.units import Fence, Unit
from triggerflow_orchestrator.domain.execution import FlowEvent
from triggerflow_orchestrator.store.postgres import PostgresDatabase, open_postgres
from triggerflow_orchestrator.store.postgres_journal import PostgresJournal

_PROCESS = Path(__file__).with_name("relay_process.py")


class NoFlows:
    """`ports.FlowLog` of a registry where nothing happens."""

    async def read(self, after: str, limit: int) -> list[FlowEvent]:
        return []


class ToldRun:
    """One run that writes real events."""

    def __init__(self) -> None:
        self._row = SampleRun()
        self.id = self._row.id
        self._writer = events.EventWriter(self.id)
        self.written: list[BusEvent] = []

    def start(self) -> Unit:
        unit = self._row.insert()
        self._event(unit, "execution.started", events.state("running"))
        self._row.notice(unit, "execution.started")
        return unit

    def step(self, count: int, text: str = "step") -> Unit:
        unit = Unit(fence=Fence(self.id, 1))
        for _ in range(count):
            self._event(unit, "log", events.log_line("info", text))
        return unit

    def end(self) -> Unit:
        unit = Unit(fence=Fence(self.id, 1))
        self._event(unit, "execution.completed", events.state("succeeded"))
        self._row.notice(unit, "execution.completed")
        return unit

    def _event(self, unit: Unit, kind: str, payload: dict[str, Any]) -> None:
        self._writer.add(unit, self.written, now_us(), kind, payload)


class Lab:
    """A migrated database with its journal."""

    def __init__(self, url: str, postgres: Postgres, database: PostgresDatabase, journal: PostgresJournal) -> None:
        self.url = url
        self.postgres = postgres
        self.database = database
        self.told = Told(journal.submit)
        self.runs: list[ToldRun] = []

    async def write(self, unit: Unit) -> None:
        """Durable when it returns."""
        assert await self.told.of(unit) is None

    async def live(self, steps: int, dice: random.Random) -> ToldRun:
        """One run from its start to its end."""
        run = ToldRun()
        self.runs.append(run)
        await self.write(run.start())
        for _ in range(steps):
            await self.write(run.step(1 + dice.randrange(4)))
            await asyncio.sleep(dice.random() * 0.01)
        await self.write(run.end())
        return run

    async def fetch(self, sql: str, *arguments: Any) -> list[asyncpg.Record]:
        connection = await asyncpg.connect(self.url, server_settings={"search_path": "orchestrator"})
        try:
            return list(await connection.fetch(sql, *arguments))
        finally:
            await connection.close()

    async def notices(self) -> list[asyncpg.Record]:
        """The project's log, in its order."""
        return await self.fetch("SELECT id, type, flow_id, execution_id FROM notices ORDER BY id")

    async def emptied(self, seconds: float = 60) -> None:
        """Return once the outbox is empty and the notices are published."""
        sql = (
            "SELECT (SELECT count(*) FROM outbox) + (SELECT count(*) FROM notices, followed"
            " WHERE followed.name = 'notices' AND notices.id > followed.position)"
        )
        async with asyncio.timeout(seconds):
            while (await self.fetch(sql))[0][0]:
                await asyncio.sleep(0.02)


@asynccontextmanager
async def open_lab(url: str) -> AsyncIterator[Lab]:
    postgres = parse_postgres(url, "orchestrator", "lab")
    async with open_postgres(postgres) as database:
        journal = PostgresJournal(postgres)
        await journal.open()
        try:
            yield Lab(url, postgres, database, journal)
        finally:
            await journal.close()


class RelayProcess:
    """A relay that may be killed."""

    def __init__(self, url: str, bootstrap: str) -> None:
        self._environment = {**os.environ, "DATABASE_URL": url, "KAFKA_BOOTSTRAP": bootstrap}
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        self._process = subprocess.Popen([sys.executable, _PROCESS], env=self._environment)

    def kill(self) -> None:
        """kill -9."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()


def records(bootstrap: str, topic: str, schema_name: str) -> list[dict[str, Any]]:
    """Every record of a topic that the broker has, partition by partition."""
    consumer = Consumer(
        {"bootstrap.servers": bootstrap, "group.id": "stranger", "enable.auto.commit": False, "log_level": 0}
    )
    decoder = Decoder(schema(schema_name))
    found: list[dict[str, Any]] = []
    try:
        for number in consumer.list_topics(topic, timeout=10).topics[topic].partitions:
            place = TopicPartition(topic, number, 0)
            low, high = consumer.get_watermark_offsets(place, timeout=10)
            if low == high:
                continue
            consumer.assign([TopicPartition(topic, number, low)])
            while True:
                message = consumer.poll(10)
                assert message is not None and message.error() is None, message
                value = message.value()
                assert value is not None
                found.append(decoder.decode(value))
                if (message.offset() or 0) + 1 >= high:
                    break
    finally:
        consumer.close()
    return found


def first_times(told: list[dict[str, Any]], key: str) -> dict[str, list[dict[str, Any]]]:
    """By key, records in the order in which each was there for the first time."""
    seen: set[tuple[str, str]] = set()
    found: dict[str, list[dict[str, Any]]] = {}
    for record in told:
        if (record[key], record["id"]) not in seen:
            seen.add((record[key], record["id"]))
            found.setdefault(record[key], []).append(record)
    return found


__all__ = ["FLOW", "PROJECT", "Lab", "RelayProcess", "ToldRun", "first_times", "open_lab", "records"]

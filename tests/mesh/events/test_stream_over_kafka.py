"""Two stream replicas over a real Kafka, its relay and the orchestrator's own log: nobody sees a gap or a repeat,
whoever reconnects to whichever replica while the broker dies and comes back."""

from __future__ import annotations

import asyncio
import dataclasses
import random
import tempfile
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

import grpc
import pytest
from kafka_broker import Broker
from relay_lab import Lab, NoFlows, ToldRun
from triggerflow.orchestrator.v1 import orchestrator_service_pb2_grpc
from triggerflow.stream.v1 import stream_service_pb2 as pb
from triggerflow.stream.v1 import stream_service_pb2_grpc
from triggerflow_chassis.bus import InProcessBus
from triggerflow_chassis.grpc.client import open_channel
from triggerflow_chassis.grpc.server import open_server
from triggerflow_chassis.kafka.bus import KafkaBus, open_kafka_bus
from triggerflow_chassis.kafka.settings import KafkaSettings
from triggerflow_chassis.lifecycle import open_task
from triggerflow_orchestrator.app.read_history import ReadHistory
from triggerflow_orchestrator.app.relay import Relay
from triggerflow_orchestrator.store.executions import SqlReads
from triggerflow_orchestrator.store.postgres_outbox import PostgresOutbox
from triggerflow_orchestrator.transport.kafka_publisher import open_kafka_publisher
from triggerflow_orchestrator.transport.service import Handlers, OrchestratorServicer
from triggerflow_stream.bootstrap import open_stream
from triggerflow_stream.settings import StreamSettings

pytestmark = [pytest.mark.kafka, pytest.mark.postgres, pytest.mark.slow, pytest.mark.timeout(240)]

TOKEN = "only-for-this-test"
NOBODY: Any = None


class Replicas:
    def __init__(self, buses: list[KafkaBus], channels: list[grpc.aio.Channel]) -> None:
        self.buses = buses
        self.stubs: list[Any] = [stream_service_pb2_grpc.StreamServiceStub(channel) for channel in channels]


@asynccontextmanager
async def two_replicas(lab: Lab, broker: Broker, folder: Path) -> AsyncIterator[Replicas]:
    settings = KafkaSettings(broker.bootstrap)
    outbox = PostgresOutbox(lab.postgres, lab.database)
    relay = Relay(outbox, NoFlows(), InProcessBus(), partial(open_kafka_publisher, settings))
    history = ReadHistory(SqlReads(lab.database), NOBODY, relay)
    servicer = OrchestratorServicer(
        Handlers(**{**{field.name: NOBODY for field in dataclasses.fields(Handlers)}, "history": history})
    )
    at = f"unix:{folder}/o"

    def register(server: grpc.aio.Server) -> list[str]:
        orchestrator_service_pb2_grpc.add_OrchestratorServiceServicer_to_server(servicer, server)
        return []

    async with AsyncExitStack() as stack:
        await stack.enter_async_context(open_task("relay", relay.run))
        await stack.enter_async_context(
            open_server(addresses=[at], register=[register], token=TOKEN, grace_seconds=0.1)
        )
        buses, channels = [], []
        for number in range(2):
            address = f"unix:{folder}/s{number}"
            bus = await stack.enter_async_context(open_kafka_bus(settings))
            channel = await stack.enter_async_context(open_channel(at, TOKEN))
            stream = await stack.enter_async_context(open_stream(StreamSettings(), channel=channel, bus=bus))
            await stack.enter_async_context(
                open_server(addresses=[address], register=[stream.register], token=TOKEN, grace_seconds=0.1)
            )
            buses.append(bus)
            channels.append(await stack.enter_async_context(open_channel(address, TOKEN)))
        async with asyncio.timeout(60):
            while not all(bus.healthy for bus in buses):
                await asyncio.sleep(0.02)
        yield Replicas(buses, channels)


async def read_run(replicas: Replicas, run: ToldRun, dice: random.Random) -> list[tuple[str, int]]:
    """Everything of one run, from one replica after another, each left after some batches."""
    seen: list[tuple[str, int]] = []
    cursor = ""
    while True:
        stub = dice.choice(replicas.stubs)
        call = stub.WatchExecution(pb.WatchExecutionRequest(execution_id=run.id, after=cursor))
        left = 1 + dice.randrange(12)
        try:
            async for answer in call:
                seen += [(event.id, event.sequence) for event in answer.events]
                cursor = answer.cursor
                left -= 1
                if not left:
                    break
            else:
                return seen
        except grpc.aio.AioRpcError as error:
            # The log does not answer for a moment: resumed by cursor, as anybody does.
            assert error.code() in (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED), error
        finally:
            call.cancel()


async def read_project(replicas: Replicas, cursor: str, count: int, dice: random.Random) -> list[str]:
    """So many entries of the project after a cursor."""
    seen: list[str] = []
    while len(seen) < count:
        call = dice.choice(replicas.stubs).WatchProject(pb.WatchProjectRequest(after=cursor))
        left = 2 + dice.randrange(8)
        try:
            async for answer in call:
                seen += [event.id for event in answer.events]
                cursor = seen[-1] if seen else cursor
                left -= 1
                if not left or len(seen) >= count:
                    break
        except grpc.aio.AioRpcError as error:
            assert error.code() in (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED), error
        finally:
            call.cancel()
    return seen


async def test_no_reader_sees_a_gap_or_a_repeat_across_broker_restarts(lab: Lab, own_broker: Broker) -> None:
    dice = random.Random(3)
    with tempfile.TemporaryDirectory(prefix="tfs-") as folder:
        async with two_replicas(lab, own_broker, Path(folder)) as replicas:
            first = await lab.live(1, dice)
            async with asyncio.timeout(20):
                while len(await lab.notices()) < 2:
                    await asyncio.sleep(0.02)
            start = (await lab.notices())[-1]["id"]
            projects = [asyncio.create_task(read_project(replicas, start, 60, dice)) for _ in range(4)]
            readers: list[tuple[ToldRun, asyncio.Task[list[tuple[str, int]]]]] = []

            async def live() -> None:
                for _ in range(3):
                    task = asyncio.create_task(lab.live(60, dice))
                    await asyncio.sleep(0)
                    run = lab.runs[-1]
                    # The run is there before anybody asks for it.
                    while not run.written or not await lab.fetch("SELECT 1 FROM executions WHERE id = $1", run.id):
                        await asyncio.sleep(0.005)
                    readers.extend((run, asyncio.create_task(read_run(replicas, run, dice))) for _ in range(3))
                    await task

            writers = [asyncio.create_task(live()) for _ in range(10)]
            for _ in range(2):
                await asyncio.sleep(0.7)
                own_broker.kill()
                await asyncio.sleep(1.5)
                own_broker.start()
            async with asyncio.timeout(120):
                await asyncio.gather(*writers)
                whole = {run.id: [(event.id, event.sequence) for event in run.written] for run in lab.runs}
                for run, reader in readers:
                    assert await reader == whole[run.id]
                log = [row["id"] for row in await lab.notices() if row["id"] > start]
                for project in projects:
                    assert await project == log[:60]
    assert first.id in {run.id for run in lab.runs}
    assert len(readers) == 90


async def test_while_the_broker_is_gone_a_watch_reads_the_log_and_goes_live_again(lab: Lab, own_broker: Broker) -> None:
    with tempfile.TemporaryDirectory(prefix="tfs-") as folder:
        async with two_replicas(lab, own_broker, Path(folder)) as replicas:
            run = ToldRun()
            await lab.write(run.start())
            call = replicas.stubs[0].WatchExecution(pb.WatchExecutionRequest(execution_id=run.id))
            assert len((await asyncio.wait_for(call.read(), 20)).events) == 1
            own_broker.kill()
            async with asyncio.timeout(20):
                while replicas.buses[0].healthy:
                    await asyncio.sleep(0.02)
            for number in range(2, 6):
                await lab.write(run.step(1))
                async with asyncio.timeout(20):
                    while not (answer := await call.read()).events:
                        pass
                assert [event.sequence for event in answer.events] == [number]
            own_broker.start()
            async with asyncio.timeout(60):
                while not replicas.buses[0].healthy:
                    await asyncio.sleep(0.02)
            await lab.write(run.end())
            rest: list[int] = []
            async with asyncio.timeout(20):
                while (answer := await call.read()) is not grpc.aio.EOF:
                    rest += [event.sequence for event in answer.events]
            assert rest == [6]

"""Many readers of one execution: what they share, what one of them may not do to the others, and what is lost behind
them without their noticing."""

from __future__ import annotations

import asyncio
import os
import socket as sockets
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from event_socket import BATCH, messages, rest, socket, some, until
from triggerflow_bff.live.wire import FrameWriter, frame_writer
from triggerflow_bff.server import Server
from triggerflow_bff.settings import Limits
from triggerflow_chassis import schemas
from triggerflow_chassis.errors import Forbidden, Internal, ServiceError, TooMany, Unavailable
from websockets.asyncio.client import connect

FRAMING = pytest.mark.parametrize("protocols", [None, [BATCH]], ids=["frames", "batches"])


@pytest.fixture(params=["wire", "asgi"])
def way(request: Any, monkeypatch: Any) -> str:
    """Prepared frames, and what there is under a server that does not let us write them."""
    if request.param == "asgi":
        monkeypatch.setattr("triggerflow_bff.server.Wired", lambda app: app)
    return str(request.param)


@FRAMING
async def test_every_reader_gets_each_event_once_and_in_order_wherever_it_comes_in(
    way: str, tmp_path: Any, run_bff: Any, protocols: Any
) -> None:
    async with run_bff(tmp_path) as bff:
        run = bff.backend.run()

        async def read(from_event: int) -> tuple[list[str], int]:
            await until(lambda: len(bff.backend.events[run]) >= from_event)
            after = bff.backend.events[run][from_event - 1].id if from_event else ""
            async with socket(bff, run, after, subprotocols=protocols) as connection:
                events, closed = await rest(connection)
            for event in events[:20]:
                assert schemas.violations("execution-event", event) == []
            return messages(events), closed

        async def produce() -> None:
            for number in range(2_000):
                bff.backend.emit(run, str(number), size=number % 50)
                if number % 7 == 0:
                    await asyncio.sleep(0)
            bff.backend.emit(run, last=True)

        starts = [0, 0, 0, 1, 500, 501, 1_200, 1_999, 2_000]
        found, _ = await asyncio.gather(asyncio.gather(*map(read, starts)), produce())
        for start, (said, closed) in zip(starts, found, strict=True):
            assert said == [str(number) for number in range(start, 2_000)]
            assert closed == 1000


@FRAMING
async def test_a_reader_that_comes_back_by_its_cursor_misses_nothing(bff: Any, protocols: Any) -> None:
    run = bff.backend.run()

    async def produce() -> None:
        for number in range(600):
            bff.backend.emit(run, str(number))
            if number % 5 == 0:
                await asyncio.sleep(0.001)
        bff.backend.emit(run, last=True)

    producing = asyncio.create_task(produce())
    events: list[dict[str, Any]] = []
    closed = 0
    while closed != 1000:
        async with socket(bff, run, events[-1]["id"] if events else "", subprotocols=protocols) as connection:
            if len(events) < 500:
                events += await some(connection, 90)
            else:
                last, closed = await rest(connection)
                events += last
    await producing
    assert messages(events) == [str(number) for number in range(600)]


@FRAMING
async def test_a_reader_that_stops_reading_is_closed_with_4429_and_the_others_go_on(
    way: str, tmp_path: Any, run_bff: Any, protocols: Any
) -> None:
    async with run_bff(tmp_path, limits=Limits(queued_events=50)) as bff:
        run = bff.backend.run()
        async with (
            socket(bff, run, subprotocols=protocols, max_queue=1, ping_interval=None) as stuck,
            socket(bff, run, subprotocols=protocols) as one,
            socket(bff, run, subprotocols=protocols) as other,
        ):
            await until(lambda: bff.app.state.feeds.upstreams == 1 and bff.backend.watchers.get(run))
            for number in range(300):
                bff.backend.emit(run, str(number), size=50_000)
                for quick in (one, other):
                    assert messages(await some(quick, 1)) == [str(number)]
            events, closed = await rest(stuck)
            assert closed == 4429
            assert messages(events) == [str(number) for number in range(len(events))]
            assert 0 < len(events) < 300
            # Its last event is the cursor to go on from.
            async with socket(bff, run, events[-1]["id"], subprotocols=protocols, close_timeout=0.1) as resumed:
                assert messages(await some(resumed, 1))[0] == str(len(events))


@FRAMING
async def test_a_reader_that_is_alone_sets_the_pace_and_is_not_dropped(
    way: str, tmp_path: Any, run_bff: Any, protocols: Any
) -> None:
    async with run_bff(tmp_path, limits=Limits(queued_events=20)) as bff:
        run = bff.backend.run()
        async with socket(bff, run, subprotocols=protocols, max_queue=1, ping_interval=None) as connection:
            await until(lambda: bff.app.state.feeds.upstreams == 1 and bff.backend.watchers.get(run))
            for number in range(400):
                bff.backend.emit(run, str(number), size=60_000)
            bff.backend.emit(run, last=True)
            events, closed = await rest(connection, pause=0.002)
            assert messages(events) == [str(number) for number in range(400)]
            assert closed == 1000


async def test_a_connection_that_takes_nothing_is_cut_at_last(tmp_path: Any, run_bff: Any) -> None:
    limits = Limits(stall_seconds=0.2, close_seconds=0.2)
    async with run_bff(tmp_path, limits=limits) as bff:
        run = bff.backend.run()
        for number in range(400):
            bff.backend.emit(run, str(number), size=50_000)
        never = sockets.create_connection(("127.0.0.1", bff.port))
        head = (
            f"GET /executions/{run}/events HTTP/1.1\r\nHost: 127.0.0.1:{bff.port}\r\n"
            f"Authorization: {bff.bearer['Authorization']}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
            "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
        )
        never.sendall(head.encode())
        await until(lambda: bff.app.state.feeds.watchers == 1)
        await until(lambda: bff.app.state.feeds.watchers == 0)
        await until(lambda: not bff.server.server_state.connections)
        never.close()


@pytest.mark.parametrize("error", [TooMany(), Unavailable(), Internal()], ids=lambda error: type(error).__name__)
async def test_an_upstream_that_is_lost_is_resumed_by_cursor_and_no_reader_notices(
    bff: Any, error: ServiceError
) -> None:
    run = bff.backend.run()
    async with socket(bff, run) as one, socket(bff, run) as other:
        for number in range(4):
            await until(lambda: bff.backend.watchers.get(run))
            bff.backend.emit(run, str(number))
            for connection in (one, other):
                assert messages(await some(connection, 1)) == [str(number)]
            bff.backend.failures["WatchExecution"] = error
            (watcher,) = bff.backend.watchers[run]
            watcher.put_nowait(None)
            await until(lambda: not bff.backend.watchers[run])
            # What happens while nobody is told of it comes from the log.
            bff.backend.emit(run, f"{number} meanwhile")
            del bff.backend.failures["WatchExecution"]
            for connection in (one, other):
                assert messages(await some(connection, 1)) == [f"{number} meanwhile"]


async def test_an_upstream_that_stays_away_closes_with_1012_and_one_that_refuses_at_once(
    tmp_path: Any, run_bff: Any
) -> None:
    async with run_bff(tmp_path, limits=Limits(resume_seconds=0.2)) as bff:
        run = bff.backend.run()
        for error, code, asked_again in ((Unavailable(), 1012, True), (Forbidden("No."), 4403, False)):
            async with socket(bff, run) as connection:
                await until(lambda: bff.backend.watchers.get(run))
                before = bff.backend.count("WatchExecution")
                bff.backend.failures["WatchExecution"] = error
                (watcher,) = bff.backend.watchers[run]
                watcher.put_nowait(None)
                assert await rest(connection) == ([], code)
                assert (bff.backend.count("WatchExecution") > before) == asked_again
            del bff.backend.failures["WatchExecution"]
            await until(lambda: bff.app.state.feeds.upstreams == 0)


async def test_an_upstream_that_says_nothing_is_taken_for_lost(tmp_path: Any, run_bff: Any) -> None:
    async with run_bff(tmp_path, limits=Limits(silent_seconds=0.1)) as bff:
        run = bff.backend.run()
        async with socket(bff, run) as connection:
            await until(lambda: bff.backend.count("WatchExecution") > 3)
            bff.backend.emit(run, "0")
            assert messages(await some(connection, 1)) == ["0"]
            await until(lambda: bff.backend.count("WatchExecution") > 6)
            bff.backend.emit(run, last=True)
            assert [event["type"] for event in (await rest(connection))[0]] == ["execution.completed"]


@FRAMING
async def test_a_stream_process_killed_and_started_again_leaves_no_gap(
    tmp_path: Path, run_bff: Any, protocols: Any
) -> None:
    address = f"unix:{tmp_path}/stream.sock"
    async with run_bff(tmp_path, stream_address=address) as bff:
        run = bff.backend.run()

        over = asyncio.Event()

        async def produce() -> None:
            while not over.is_set():
                bff.backend.emit(run, str(len(bff.backend.events[run])))
                await asyncio.sleep(0.005)
            bff.backend.emit(run, last=True)

        async with socket(bff, run, subprotocols=protocols) as one, socket(bff, run) as other:
            reading = asyncio.gather(rest(one), rest(other))
            producing = asyncio.create_task(produce())
            for kills in range(3):
                asked = bff.backend.count("ListEvents")
                async with stream_process(address, bff) as process:
                    # It reads the log for the feed, so it serves.
                    await until(lambda asked=asked: bff.backend.count("ListEvents") > asked + 3)
                    if kills < 2:
                        process.kill()
                        continue
                    over.set()
                    await producing
                    for events, closed in await reading:
                        assert messages(events) == [str(number) for number in range(len(events) - 1)]
                        assert len(events) == len(bff.backend.events[run])
                        assert closed == 1000


@asynccontextmanager
async def stream_process(address: str, bff: Any) -> AsyncIterator[asyncio.subprocess.Process]:
    environment = {
        **{key: value for key, value in os.environ.items() if not key.startswith("TFCANVAS_")},
        "TFCANVAS_STREAM_ADDRESS": address,
        "TFCANVAS_ORCHESTRATOR_ADDRESS": bff.address,
        "TFCANVAS_REGISTRY_ADDRESS": bff.address,
        "TFCANVAS_TOKEN": bff.bearer["Authorization"].removeprefix("Bearer "),
    }
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "triggerflow_stream", env=environment, stderr=asyncio.subprocess.DEVNULL
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def test_the_server_lets_prepared_frames_be_written(serve: Any, listener: Any) -> None:
    """Were this to fail with a new uvicorn, readers would be served as ever, only at several times the cost."""
    found: list[FrameWriter | None] = []

    class App:
        state = SimpleNamespace(drain=lambda: None)

        async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
            await receive()
            await send({"type": "websocket.accept"})
            found.append(frame_writer(scope))
            await send({"type": "websocket.close"})

    app: Any = App()
    async with serve(Server(app), listener), connect(f"ws://127.0.0.1:{listener.getsockname()[1]}/") as connection:
        assert await rest(connection) == ([], 1000)
    assert isinstance(found[0], FrameWriter)

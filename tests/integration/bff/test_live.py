"""Events as they happen: each once, in order, from any cursor, over WebSocket and SSE."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from event_socket import BATCH, messages, rest, socket, until
from triggerflow.stream.v1 import stream_service_pb2
from triggerflow_bff.settings import Limits
from triggerflow_chassis import ids, schemas
from triggerflow_chassis.clock import now_us, to_timestamp
from triggerflow_chassis.errors import CursorExpired, Unavailable
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus
from websockets.typing import Subprotocol


async def code(bff: Any, path: str, headers: dict[str, str]) -> int:
    async with connect(f"{bff.ws}{path}", additional_headers=headers, compression=None) as connection:
        events, closed = await rest(connection)
        assert events == []
        return closed


async def test_history_then_live_arrive_once_and_in_order_and_the_end_closes_with_1000(bff: Any) -> None:
    run = bff.backend.run()
    for number in range(3):
        bff.backend.emit(run, str(number))
    async with socket(bff, run) as connection:
        first = [json.loads(await connection.recv()) for _ in range(3)]
        await until(lambda: bff.backend.watchers.get(run))
        for number in range(3, 6):
            bff.backend.emit(run, str(number))
        bff.backend.emit(run, last=True)
        events, closed = await rest(connection)
    events = first + events
    assert messages(events) == list("012345")
    assert events[-1]["type"] == "execution.completed"
    assert closed == 1000
    assert [event["id"] for event in events] == [event.id for event in bff.backend.events[run]]
    for event in events:
        assert schemas.violations("execution-event", event) == []


async def test_a_cursor_resumes_after_it_and_is_compared_not_looked_up(bff: Any) -> None:
    run = bff.backend.run()
    made = [bff.backend.emit(run, str(number)) for number in range(4)]
    bff.backend.emit(run, last=True)
    async with socket(bff, run, made[1].upper()) as connection:
        assert messages((await rest(connection))[0]) == ["2", "3"]
    between = ids.next_uuid7(made[2])
    if between < made[3]:
        async with socket(bff, run, between) as connection:
            assert messages((await rest(connection))[0]) == ["3"]
    async with socket(bff, run, "ffffffff-ffff-7fff-bfff-ffffffffffff") as connection:
        assert await rest(connection) == ([], 1000)


async def test_many_readers_share_one_upstream_and_the_last_to_leave_ends_it(bff: Any) -> None:
    run = bff.backend.run()
    first = bff.backend.emit(run, "0")
    async with socket(bff, run) as one, socket(bff, run) as two, socket(bff, run, first) as three:
        await one.recv()
        await two.recv()
        await until(lambda: bff.app.state.feeds.upstreams == 1 and bff.backend.watchers.get(run))
        for number in range(1, 4):
            bff.backend.emit(run, str(number))
        for connection in (one, two, three):
            assert messages([json.loads(await connection.recv()) for _ in range(3)]) == ["1", "2", "3"]
        assert bff.backend.count("WatchExecution") == 1
    await until(lambda: bff.app.state.feeds.upstreams == 0 and not bff.backend.watchers[run])


@pytest.mark.parametrize("most_events", [5_000, 7])
async def test_a_late_reader_misses_nothing_while_events_keep_coming(bff: Any, most_events: int) -> None:
    run = bff.backend.run()
    bff.backend.most_events = most_events

    async def produce() -> None:
        for number in range(1500):
            bff.backend.emit(run, str(number))
            if number % 10 == 0:
                await asyncio.sleep(0)
        bff.backend.emit(run, last=True)

    async def read(delay: int) -> list[str]:
        await until(lambda: len(bff.backend.events[run]) >= delay)
        async with socket(bff, run) as connection:
            events, closed = await rest(connection)
            assert closed == 1000
            return messages(events)

    producing = asyncio.create_task(produce())
    readers = await asyncio.gather(*(read(delay) for delay in (0, 1, 400, 501, 900, 1400, 1501)))
    await producing
    for found in readers:
        assert found == [str(number) for number in range(1500)]


async def test_who_asks_for_batches_gets_arrays_and_nothing_else_is_negotiated(bff: Any) -> None:
    run = bff.backend.run()
    for number in range(5):
        bff.backend.emit(run, str(number))
    bff.backend.emit(run, last=True)
    async with socket(bff, run, subprotocols=[Subprotocol("other"), BATCH]) as connection:
        assert connection.subprotocol == BATCH
        said = json.loads(await connection.recv())
        assert isinstance(said, list)
        assert messages(said) == list("01234")
    async with socket(bff, run, subprotocols=[Subprotocol("other")]) as connection:
        assert connection.subprotocol is None
        assert isinstance(json.loads(await connection.recv()), dict)


async def test_each_refusal_has_its_close_code(bff: Any) -> None:
    run = bff.backend.run()
    good, path = bff.bearer, f"/executions/{run}/events"
    missing = f"/executions/{ids.uuid7()}/events"
    assert await code(bff, path, {}) == 4401
    assert await code(bff, missing, {}) == 4401
    assert await code(bff, missing, good) == 4404
    assert await code(bff, "/executions/nope/events", good) == 4404
    assert await code(bff, f"{missing}?after=x", good) == 4404
    assert await code(bff, f"{path}?after=x", good) == 4400
    bff.backend.failures["ListEvents"] = CursorExpired()
    assert await code(bff, path, good) == 4410
    bff.backend.failures["ListEvents"] = Unavailable()
    assert await code(bff, path, good) == 1012


@pytest.mark.parametrize("headers", [{"Host": "evil.example"}, {"Origin": "http://evil.example"}])
async def test_a_foreign_upgrade_is_403_before_it_is_accepted(bff: Any, headers: dict[str, str]) -> None:
    run = bff.backend.run()
    with pytest.raises(InvalidStatus) as refused:
        async with connect(f"{bff.ws}/executions/{run}/events", additional_headers={**bff.bearer, **headers}):
            pass
    assert refused.value.response.status_code == 403
    assert refused.value.response.body is not None
    assert json.loads(refused.value.response.body)["reason"] == "FORBIDDEN"


async def test_an_upgrade_elsewhere_is_404(bff: Any) -> None:
    with pytest.raises(InvalidStatus) as refused:
        async with connect(f"{bff.ws}/flows", additional_headers=bff.bearer):
            pass
    assert refused.value.response.status_code == 404


async def test_a_reader_of_history_may_be_slow_but_not_still(tmp_path: Any, run_bff: Any) -> None:
    async with run_bff(tmp_path, limits=Limits(stall_seconds=0.5)) as bff:
        run = bff.backend.run()
        for number in range(600):
            bff.backend.emit(run, str(number), size=50_000)
        bff.backend.emit(run, last=True)
        async with socket(bff, run, max_queue=1, ping_interval=None) as still:
            await still.recv()
            # Not waiting for anything: to be still for so long is what is tried here.
            await asyncio.sleep(1.5)
            events, closed = await rest(still)
            assert closed == 4429
            assert len(events) < 599
        path = f"/executions/{run}/events"
        reader, writer = await asyncio.open_connection("127.0.0.1", bff.port, limit=4096)
        head = f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{bff.port}\r\nAccept: text/event-stream\r\n"
        writer.write(f"{head}Authorization: {bff.bearer['Authorization']}\r\n\r\n".encode())
        assert (await reader.readline()).startswith(b"HTTP/1.1 200")
        await until(lambda: bff.app.state.feeds.watchers == 0)
        size = 0
        with contextlib.suppress(ConnectionResetError):
            while piece := await reader.read(65_536):
                size += len(piece)
        writer.close()
        assert size < 600 * 50_000
        # Slow, but never still for so long: it gets all.
        async with socket(bff, run, max_queue=1) as slow:
            events, closed = await rest(slow, pause=0.001)
            assert (len(events), closed) == (601, 1000)


async def test_more_readers_than_allowed_are_4429_and_429(tmp_path: Any, run_bff: Any) -> None:
    async with run_bff(tmp_path, limits=Limits(watchers=1)) as bff:
        run = bff.backend.run()
        async with socket(bff, run):
            assert await code(bff, f"/executions/{run}/events", bff.bearer) == 4429
            answer = await bff.client.get(f"/executions/{run}/events", headers={"Accept": "text/event-stream"})
            assert answer.status_code == 429
        await until(lambda: not bff.backend.watchers.get(run))
        async with socket(bff, run) as again:
            bff.backend.emit(run, "0")
            assert await again.recv()


async def test_stopping_the_server_closes_with_1012_and_ends_event_streams(tmp_path: Any, run_bff: Any) -> None:
    async with run_bff(tmp_path) as bff:
        run = bff.backend.run()
        bff.backend.emit(run, "0")
        async with socket(bff, run) as connection, stream(bff, f"/executions/{run}/events") as lines:
            await connection.recv()
            assert [line async for _, line in _first(lines, 4)][2].startswith("id: ")
            bff.server.should_exit = True
            assert (await rest(connection))[1] == 1012
            async with asyncio.timeout(5):
                assert [line async for line in lines if line.startswith("id:")] == []


@asynccontextmanager
async def stream(bff: Any, path: str, **headers: str) -> AsyncIterator[AsyncIterator[str]]:
    async with bff.client.stream("GET", path, headers={"Accept": "text/event-stream", **headers}) as answer:
        assert answer.status_code == 200, answer.status_code
        assert answer.headers["content-type"].startswith("text/event-stream")
        yield answer.aiter_lines()


async def events_of(lines: AsyncIterator[str]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    last = ""
    async for line in lines:
        assert not line.startswith("event:")
        if line.startswith("id: "):
            last = line[4:]
        elif line.startswith("data: "):
            found.append(json.loads(line[6:]))
            assert found[-1]["id"] == last
    return found


async def test_an_event_stream_ends_after_the_last_event_and_asked_again_is_204(bff: Any) -> None:
    run = bff.backend.run()
    bff.backend.emit(run, "0")
    async with stream(bff, f"/executions/{run}/events") as lines:
        await until(lambda: bff.backend.watchers.get(run))
        bff.backend.emit(run, "1")
        end = bff.backend.emit(run, last=True)
        found = await events_of(lines)
    assert messages(found) == ["0", "1"]
    assert found[-1]["id"] == end
    again = await bff.client.get(
        f"/executions/{run}/events", headers={"Accept": "text/event-stream", "Last-Event-ID": end}
    )
    assert (again.status_code, again.content) == (204, b"")


async def test_last_event_id_wins_over_after(bff: Any) -> None:
    run = bff.backend.run()
    made = [bff.backend.emit(run, str(number)) for number in range(3)]
    bff.backend.emit(run, last=True)
    async with stream(bff, f"/executions/{run}/events?after={made[0]}", **{"Last-Event-ID": made[1]}) as lines:
        assert messages(await events_of(lines)) == ["2"]


async def test_a_silent_event_stream_gets_comments(tmp_path: Any, run_bff: Any) -> None:
    async with run_bff(tmp_path, limits=Limits(sse_comment_seconds=0.02)) as bff:
        run = bff.backend.run()
        async with stream(bff, f"/executions/{run}/events") as lines:
            said = [line async for _, line in _first(lines, 6)]
            assert said == [":", ""] * 3
        await until(lambda: bff.app.state.feeds.upstreams == 0)


async def _first(lines: AsyncIterator[str], count: int) -> AsyncIterator[tuple[int, str]]:
    for number in range(count):
        yield number, await asyncio.wait_for(anext(lines), 5)


async def test_refusals_of_an_event_stream_have_a_status(bff: Any) -> None:
    run = bff.backend.run()
    accept = {"Accept": "text/event-stream"}
    missing = f"/executions/{ids.uuid7()}/events"
    assert (await bff.client.get(missing, headers=accept)).status_code == 404
    assert (await bff.client.get(f"{missing}?after=x", headers=accept)).status_code == 404
    for path in (f"/executions/{run}/events?after=x", "/events?after=x"):
        answer = await bff.client.get(path, headers=accept)
        assert (answer.status_code, answer.json()["reason"]) == (400, "BAD_CURSOR")
    answer = await bff.client.get("/events", headers={**accept, "Last-Event-ID": "x"})
    assert answer.json()["reason"] == "BAD_CURSOR"
    bff.backend.failures["ListEvents"] = CursorExpired()
    assert (await bff.client.get(f"/executions/{run}/events", headers=accept)).status_code == 410
    bff.backend.failures["WatchProject"] = Unavailable()
    assert (await bff.client.get("/events")).status_code == 503


def project_event(minutes: int) -> stream_service_pb2.ProjectEvent:
    """As a machine makes it whose clock is so far off."""
    now = now_us() + minutes * 60_000_000
    return stream_service_pb2.ProjectEvent(
        id=ids.uuid7(now // 1_000),
        type=stream_service_pb2.PROJECT_EVENT_TYPE_FLOW_UPDATED,
        timestamp=to_timestamp(now),
        flow_id=ids.uuid7(),
    )


@pytest.mark.parametrize("older", [False, True])
async def test_the_project_stream_tells_what_happens_from_now_on(bff: Any, older: bool) -> None:
    bff.backend.older_stream = older
    bff.backend.project_log += [project_event(-30), project_event(0), project_event(+30)]
    async with stream(bff, "/events") as lines:
        # Answered: from here on nothing is missed, and nothing from before is told, whatever the clocks say.
        (watcher,) = bff.backend.project
        happened = [project_event(minutes) for minutes in (-20, 0, 20)]
        for event in happened:
            watcher.put_nowait(event)
        said: list[str] = []
        while sum(line.startswith("data: ") for line in said) < 3:
            said += [line async for _, line in _first(lines, 1)]
    assert [line for line in said if line.startswith("id: ")] == [f"id: {event.id}" for event in happened]
    told = [json.loads(line.removeprefix("data: "))["flowId"] for line in said if line.startswith("data: ")]
    assert told == [event.flow_id for event in happened]
    await until(lambda: not bff.backend.project)


async def test_a_page_of_events_always_has_a_cursor(bff: Any) -> None:
    run = bff.backend.run()
    path = f"/executions/{run}/events"
    nothing = (await bff.client.get(path)).json()
    assert nothing["items"] == []
    made = [bff.backend.emit(run, str(number)) for number in range(5)]
    page = (await bff.client.get(path, params={"after": nothing["next"], "limit": 2})).json()
    assert (messages(page["items"]), page["next"]) == (["0", "1"], made[1])
    page = (await bff.client.get(path, params={"after": page["next"]})).json()
    assert (messages(page["items"]), page["next"]) == (["2", "3", "4"], made[4])
    assert (await bff.client.get(path, params={"after": made[4]})).json() == {"items": [], "next": made[4]}
    for bad in ({"limit": "0"}, {"limit": "5001"}, {"limit": "x"}):
        assert (await bff.client.get(path, params=bad)).json()["reason"] == "BAD_PARAMETER"

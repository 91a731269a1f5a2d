"""WebSocket: frames, resuming, and every way to be closed. CONTRACT section 2."""

from __future__ import annotations

import json
import socket as sockets
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest
from drawing import Drawing
from running_product import Product
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect
from websockets.typing import Origin

FIRST, LAST = "00000000-0000-0000-0000-000000000000", "ffffffff-ffff-ffff-ffff-ffffffffffff"
STEADY = {"lines": 60, "pause": 0.005}


@pytest.fixture
def ran(run: Callable[..., Any], chain: Callable[..., Drawing]) -> Any:
    return run(chain())


def test_an_ended_run_is_told_from_its_start_and_closed(ran: Any, socket: Any, frames: Any) -> None:
    assert frames(socket(ran.execution["id"])) == (ran.events, 1000)
    assert frames(socket(ran.execution["id"].upper())) == (ran.events, 1000)


def test_a_cursor_resumes_and_is_compared(ran: Any, socket: Any, frames: Any, cursors_of_nobody: Any) -> None:
    run_id, events = ran.execution["id"], ran.events
    for place in (0, 3, len(events) - 1):
        after = events[place]["id"]
        for cursor in (after, after.upper()):
            assert frames(socket(run_id, f"?after={cursor}")) == (events[place + 1 :], 1000)
    for place, cursor in cursors_of_nobody(events)[:2]:
        assert frames(socket(run_id, f"?after={cursor}")) == (events[place + 1 :], 1000)
    assert frames(socket(run_id, f"?after={FIRST}")) == (events, 1000)
    assert frames(socket(run_id, f"?after={LAST}")) == ([], 1000)


def test_a_live_run_is_told_to_all_without_gap_or_repeat(
    start: Callable[..., str], finish: Callable[..., Any], chain: Callable[..., Drawing], socket: Any, frames: Any
) -> None:
    drawing = chain("steady", config=STEADY)
    run_id = start(drawing)
    with ThreadPoolExecutor(6) as pool:
        watched = list(pool.map(lambda _: frames(socket(run_id)), range(6)))
    ran = finish(drawing, run_id)
    assert all(each == (ran.events, 1000) for each in watched)


def test_a_reader_that_comes_back_often_sees_each_event_once(
    start: Callable[..., str], finish: Callable[..., Any], chain: Callable[..., Drawing], socket: Any
) -> None:
    drawing = chain("steady", config=STEADY)
    run_id = start(drawing)
    seen: list[Any] = []
    while not seen or not seen[-1]["type"].startswith("execution.") or len(seen) == 1:
        with socket(run_id, f"?after={seen[-1]['id']}" if seen else "") as connection:
            seen += [json.loads(connection.recv(timeout=10)) for _ in range(1)]
    assert seen == finish(drawing, run_id).events


def test_batches_come_to_those_who_ask(
    ran: Any, start: Callable[..., str], chain: Callable[..., Drawing], socket: Any, frames: Any, finish: Any
) -> None:
    connection = socket(ran.execution["id"], subprotocols=["nobody.knows.v1", "triggerflow.batch.v1"])
    assert connection.subprotocol == "triggerflow.batch.v1"
    arrays, code = frames(connection)
    assert code == 1000 and all(isinstance(array, list) and array for array in arrays)
    assert [event for array in arrays for event in array] == ran.events
    drawing = chain("steady", config=STEADY)
    run_id = start(drawing)
    arrays, _ = frames(socket(run_id, subprotocols=["triggerflow.batch.v1"]))
    assert [event for array in arrays for event in array] == finish(drawing, run_id).events


def test_another_subprotocol_is_not_chosen(ran: Any, socket: Any, frames: Any) -> None:
    connection = socket(ran.execution["id"], subprotocols=["nobody.knows.v1"])
    assert connection.subprotocol is None
    assert frames(connection) == (ran.events, 1000)


@pytest.mark.parametrize("query", ["?after=x", f"?after={FIRST}x", f"?after={FIRST}&after={FIRST}"])
def test_a_bad_cursor_is_closed_with_4400(ran: Any, socket: Any, frames: Any, query: str) -> None:
    assert frames(socket(ran.execution["id"], query)) == ([], 4400)


@pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer wrong"}, {"Cookie": "tfcanvas=wrong"}])
def test_without_a_session_it_is_closed_with_4401(ran: Any, socket: Any, frames: Any, headers: Any) -> None:
    assert frames(socket(ran.execution["id"], headers=headers)) == ([], 4401)
    assert frames(socket(str(uuid.uuid4()), headers=headers)) == ([], 4401)


@pytest.mark.parametrize("run_id", [FIRST, "nope"])
def test_an_unknown_run_is_closed_with_4404(socket: Any, frames: Any, run_id: str) -> None:
    assert frames(socket(run_id)) == ([], 4404)
    assert frames(socket(run_id, "?after=x"))[1] == 4404


def test_another_host_or_origin_is_refused_before_the_upgrade(ran: Any, product: Product) -> None:
    url = f"ws{product.url[4:]}/executions/{ran.execution['id']}/events"
    bearer = {"Authorization": f"Bearer {product.token}"}
    for headers, origin in ((bearer, "http://evil.example"), (bearer, "null"), ({}, "http://evil.example")):
        with pytest.raises(InvalidStatus) as refused:
            connect(url, additional_headers=headers, origin=Origin(origin))
        assert refused.value.response.status_code == 403
    host, port = product.url.removeprefix("http://").split(":")
    sock = sockets.create_connection((host, int(port)))
    with pytest.raises(InvalidStatus) as refused:
        connect(
            f"ws://evil.example:{port}/executions/{ran.execution['id']}/events", additional_headers=bearer, sock=sock
        )
    assert refused.value.response.status_code == 403
    with connect(url, additional_headers=bearer, origin=Origin(product.url)) as connection:
        assert json.loads(connection.recv()) == ran.events[0]


def test_a_socket_anywhere_else_is_not_there(product: Product) -> None:
    for path in ("/flows", "/nowhere", "/executions"):
        bearer = {"Authorization": f"Bearer {product.token}"}
        url = f"ws{product.url[4:]}{path}"
        # A refused upgrade or a close: either will do.
        with pytest.raises((InvalidStatus, ConnectionClosed)) as refused, connect(url, additional_headers=bearer) as it:
            it.recv(timeout=5)
        if isinstance(refused.value, InvalidStatus):
            assert refused.value.response.status_code in (404, 405)
        else:
            assert isinstance(refused.value, ConnectionClosed) and refused.value.rcvd is not None
            assert refused.value.rcvd.code == 4404


def test_what_a_client_says_is_not_heeded(
    start: Callable[..., str], finish: Callable[..., Any], chain: Callable[..., Drawing], socket: Any, frames: Any
) -> None:
    drawing = chain("steady", config=STEADY)
    run_id = start(drawing)
    connection = socket(run_id)
    connection.send("hello")
    connection.send(b"\x00\x01")
    connection.send("{" * 10_000)
    assert frames(connection) == (finish(drawing, run_id).events, 1000)


def test_one_frame_is_one_event_of_text(ran: Any, socket: Any) -> None:
    with socket(ran.execution["id"]) as connection:
        first = connection.recv()
    assert isinstance(first, str)
    assert json.loads(first) == ran.events[0]


@pytest.mark.timeout(90)
def test_a_reader_that_stops_reading_is_let_go_and_loses_nothing(
    start: Callable[..., str],
    finish: Callable[..., Any],
    chain: Callable[..., Drawing],
    socket: Any,
    frames: Any,
    product: Product,
    client: httpx.Client,
) -> None:
    drawing = chain("many_lines", config={"wait": 0.3, "lines": 9_000, "size": 4_000})
    url_host, port = product.url.removeprefix("http://").split(":")
    sock = sockets.socket()
    sock.setsockopt(sockets.SOL_SOCKET, sockets.SO_RCVBUF, 4_096)
    sock.connect((url_host, int(port)))
    run_id = start(drawing)
    slow = socket(run_id, sock=sock, max_queue=1)
    with slow, ThreadPoolExecutor(1) as pool:
        # It would set the pace were it alone.
        quick = pool.submit(frames, socket(run_id))
        # All caught up, and then it reads no more.
        seen = [json.loads(slow.recv()) for _ in range(4)]
        ran = finish(drawing, run_id, seconds=40)
        live, code = quick.result(timeout=40)
        assert code == 1000
        try:
            while True:
                seen.append(json.loads(slow.recv(timeout=10)))
        except ConnectionClosed as closed:
            assert closed.rcvd is not None and closed.rcvd.code == 4429, closed
    whole = []
    cursor = None
    while True:
        params = {"limit": 2000, **({"after": cursor} if cursor else {})}
        found = client.get(f"/executions/{run_id}/events", params=params, headers={"Accept": "application/json"}).json()
        if not found["items"]:
            break
        whole += found["items"]
        cursor = found["next"]
    assert live == whole
    assert seen == whole[: len(seen)] and len(seen) < len(whole)
    rest, code = frames(socket(run_id, f"?after={seen[-1]['id']}"))
    assert code == 1000 and seen + rest == whole
    assert ran.execution["status"] == "succeeded"


def test_a_reader_that_goes_away_harms_nobody(
    start: Callable[..., str], finish: Callable[..., Any], chain: Callable[..., Drawing], socket: Any, frames: Any
) -> None:
    drawing = chain("steady", config=STEADY)
    run_id = start(drawing)
    for _ in range(5):
        gone = socket(run_id)
        gone.recv(timeout=5)
        gone.socket.close()
    assert frames(socket(run_id)) == (finish(drawing, run_id).events, 1000)

"""Server-sent events of a run and of the project. CONTRACT section 2."""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from drawing import Drawing
from problem_answer import refused
from running_product import Product, wait_for
from websockets.sync.client import connect

SSE = {"Accept": "text/event-stream"}
FIRST, LAST = "00000000-0000-0000-0000-000000000000", "ffffffff-ffff-ffff-ffff-ffffffffffff"
STEADY = {"lines": 40, "pause": 0.005}


@pytest.fixture
def ran(run: Callable[..., Any], chain: Callable[..., Drawing]) -> Any:
    return run(chain())


@pytest.fixture
def read(client: httpx.Client, sse: Any) -> Callable[..., list[Any]]:
    """All events of a run, each held against its id, until the end of the stream."""

    def read(run_id: str, query: str = "", **headers: str) -> list[Any]:
        with client.stream("GET", f"/executions/{run_id}/events{query}", headers={**SSE, **headers}) as answer:
            assert answer.status_code == 200
            assert answer.headers["content-type"].startswith("text/event-stream")
            stream = sse(answer)
            found = list(stream.events())
            assert stream.fields <= {"id", "data"}
        assert all(event_id == event["id"] for event_id, event in found)
        return [event for _, event in found]

    return read


def test_a_run_is_told_from_its_start_until_its_end(
    ran: Any, read: Any, start: Any, finish: Any, chain: Callable[..., Drawing]
) -> None:
    assert read(ran.execution["id"]) == ran.events
    drawing = chain("steady", config=STEADY)
    run_id = start(drawing)
    assert read(run_id) == finish(drawing, run_id).events


def test_last_event_id_wins(ran: Any, read: Any) -> None:
    run_id, events = ran.execution["id"], ran.events
    assert read(run_id, f"?after={events[2]['id']}") == events[3:]
    assert read(run_id, **{"Last-Event-ID": events[4]["id"]}) == events[5:]
    assert read(run_id, f"?after={events[5]['id']}", **{"Last-Event-ID": events[1]["id"]}) == events[2:]
    assert read(run_id, **{"Last-Event-ID": FIRST}) == events


def test_asked_from_the_end_there_is_nothing_more(ran: Any, client: httpx.Client) -> None:
    path = f"/executions/{ran.execution['id']}/events"
    last = ran.events[-1]["id"]
    for query, headers in ((f"?after={last}", {}), ("", {"Last-Event-ID": last}), (f"?after={LAST}", {})):
        answer = client.get(path + query, headers={**SSE, **headers})
        assert (answer.status_code, answer.content) == (204, b"")


def test_a_bad_cursor_is_refused(ran: Any, client: httpx.Client) -> None:
    path = f"/executions/{ran.execution['id']}/events"
    refused(client.get(f"{path}?after=x", headers=SSE), 400, "BAD_CURSOR")
    refused(client.get(path, headers={**SSE, "Last-Event-ID": "x"}), 400, "BAD_CURSOR")
    refused(client.get(f"{path}?after={FIRST}", headers={**SSE, "Last-Event-ID": "x"}), 400, "BAD_CURSOR")


def test_the_project_is_told_of_flows_and_runs(
    client: httpx.Client, product: Product, sse: Any, chain: Callable[..., Drawing]
) -> None:
    found: list[Any] = []
    done = threading.Event()

    def watch() -> None:
        with product.client() as other, other.stream("GET", "/events", headers=SSE) as answer:
            assert answer.status_code == 200 and answer.headers["content-type"].startswith("text/event-stream")
            ready.set()
            for event_id, event in sse(answer).events():
                found.append((event_id, event))
                if done.is_set():
                    return

    ready = threading.Event()
    watcher = threading.Thread(target=watch)
    watcher.start()
    assert ready.wait(5)
    flow = client.post("/flows", json=chain().body()).json()
    client.put(f"/flows/{flow['id']}", json={**flow, "name": "renamed"}, headers={"If-Match": "*"})
    client.post(f"/flows/{flow['id']}/versions")
    body = {"flowId": flow["id"], "inputs": {}, "executionOptions": {"async": False}}
    good = client.post("/executions", json=body).json()
    failing = client.post("/flows", json=chain("misbehave", config={"what": "set"}).body()).json()
    client.post(f"/flows/{failing['id']}/versions")
    bad = client.post("/executions", json={**body, "flowId": failing["id"]}).json()

    def mine() -> list[Any]:
        return [(e["type"], e.get("executionId")) for _, e in found if e["flowId"] == flow["id"]]

    def others() -> list[Any]:
        return [(e["type"], e.get("executionId")) for _, e in found if e["flowId"] == failing["id"]]

    wait_for(lambda: len(mine()) >= 5 and len(others()) >= 4, seconds=5, what="the events of the project")
    done.set()
    client.post("/flows", json={"name": "the last"})
    watcher.join(10)
    assert mine() == [
        ("flow.updated", None),
        ("flow.updated", None),
        ("flow.published", None),
        ("execution.started", good["id"]),
        ("execution.completed", good["id"]),
    ]
    assert others()[-2:] == [("execution.started", bad["id"]), ("execution.failed", bad["id"])]
    for event_id, event in found:
        expected = {"id", "type", "timestamp", "flowId"} | ({"executionId"} if "execution" in event["type"] else set())
        assert set(event) == expected and event_id == event["id"] and event["timestamp"].endswith("Z")
    cursor = found[0][0]
    for query, headers in (
        (f"?after={cursor}", {}),
        ("", {"Last-Event-ID": cursor}),
        (f"?after={LAST}", {"Last-Event-ID": cursor}),
    ):
        with client.stream("GET", f"/events{query}", headers={**SSE, **headers}) as answer:
            again = []
            for item in sse(answer).events():
                again.append(item)
                if len(again) == len(found) - 1:
                    break
        assert again == found[1:]
    refused(client.get("/events?after=x", headers=SSE), 400, "BAD_CURSOR")


def test_from_now_on_means_nothing_old(client: httpx.Client, product: Product, sse: Any) -> None:
    client.post("/flows", json={"name": "before"})
    first: list[Any] = []
    ready = threading.Event()

    def watch() -> None:
        with product.client() as other, other.stream("GET", "/events", headers=SSE) as answer:
            ready.set()
            first.append(next(sse(answer).events())[1])

    watcher = threading.Thread(target=watch)
    watcher.start()
    assert ready.wait(5)
    after = client.post("/flows", json={"name": "after"}).json()["id"]
    watcher.join(10)
    assert first[0]["flowId"] == after


def test_an_idle_stream_has_a_comment_and_an_idle_socket_a_ping(
    client: httpx.Client, product: Product, start: Any, finish: Any, chain: Callable[..., Drawing], sse: Any
) -> None:
    drawing = Drawing("idle")
    drawing.trigger()
    drawing.node("action", "step", "sample_handlers.hang")
    drawing.wire("start", "step")
    run_id = start(drawing)
    comments: dict[str, float] = {}
    began = time.monotonic()

    def wait_for_comment(path: str) -> None:
        with product.client() as other, other.stream("GET", path, headers=SSE) as answer:
            for line in answer.iter_lines():
                if line.startswith(":") and time.monotonic() - began > 5:
                    comments[path] = time.monotonic() - began
                    return

    def wait_for_ping() -> None:
        url = f"ws{product.url[4:]}/executions/{run_id}/events"
        with connect(url, additional_headers={"Authorization": f"Bearer {product.token}"}) as connection:
            try:
                while True:
                    connection.recv(timeout=25)
            except Exception:  # the run is cancelled below, and the close ends this
                comments["socket"] = 0.0

    paths = (f"/executions/{run_id}/events", "/events")
    threads = [threading.Thread(target=wait_for_comment, args=(path,), daemon=True) for path in paths]
    threads.append(threading.Thread(target=wait_for_ping, daemon=True))
    for thread in threads:
        thread.start()
    wait_for(lambda: paths[0] in comments and paths[1] in comments, seconds=20, what="a comment")
    assert all(10 < comments[path] < 17 for path in paths)
    client.post(f"/executions/{run_id}/cancel")
    finish(drawing, run_id)


def test_without_a_session_nothing_is_streamed(product: Product, ran: Any) -> None:
    for path in ("/events", f"/executions/{ran.execution['id']}/events"):
        refused(httpx.get(product.url + path, headers=SSE), 401, "UNAUTHENTICATED")


def test_an_unknown_run_is_not_found(client: httpx.Client) -> None:
    refused(client.get(f"/executions/{uuid.uuid4()}/events", headers=SSE), 404, "NOT_FOUND")

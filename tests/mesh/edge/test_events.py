"""Events through the edge: each way of reading them, and what a reader sees when the line is cut."""

from __future__ import annotations

import json
import signal
import threading
import time
from collections.abc import Callable
from typing import Any

import grpc
import httpx
import pytest
from edge_rig import EdgeRig
from httpx_sse import connect_sse
from running_product import wait_for
from triggerflow.stream.v1 import stream_service_pb2, stream_service_pb2_grpc
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Subprotocol

BATCH = Subprotocol("triggerflow.batch.v1")
LAST = ("execution.completed", "execution.failed")


class Reader(threading.Thread):
    """Reads a run's events from a WebSocket, coming back by cursor whenever the line is cut, as the contract has it."""

    def __init__(self, rig: EdgeRig, execution_id: str, subprotocol: Subprotocol | None = None) -> None:
        super().__init__(daemon=True)
        self._rig = rig
        self._execution_id = execution_id
        self._subprotocols = [subprotocol] if subprotocol else None
        self.events: list[dict[str, Any]] = []
        self.codes: list[int] = []
        self.ended = False
        self.start()

    def open(self) -> ClientConnection:
        after = f"?after={self.events[-1]['id']}" if self.events else ""
        url = f"ws{self._rig.url[4:]}/executions/{self._execution_id}/events{after}"
        return connect(
            url,
            additional_headers=self._rig.headers(),
            subprotocols=self._subprotocols,
            max_size=None,
            compression=None,
        )

    def run(self) -> None:
        deadline = time.monotonic() + 100
        while not self.ended and time.monotonic() < deadline:
            try:
                with self.open() as socket:
                    assert socket.subprotocol == (self._subprotocols[0] if self._subprotocols else None)
                    for text in socket:
                        found = json.loads(text)
                        self.events += found if isinstance(found, list) else [found]
                    self.ended = True
            except ConnectionClosed as closed:
                self.codes.append(closed.rcvd.code if closed.rcvd else 1006)
            except Exception:
                # Refused while something is being started again.
                self.codes.append(0)
                time.sleep(0.05)

    def finish(self) -> list[dict[str, Any]]:
        self.join(100)
        assert self.ended, self.codes
        return self.events


@pytest.mark.parametrize("subprotocol", [None, BATCH])
def test_a_websocket_gets_every_event(
    rig: EdgeRig, ticking: Callable[[], Any], subprotocol: Subprotocol | None
) -> None:
    run = ticking()
    reader = Reader(rig, run.id, subprotocol)
    wait_for(lambda: len(reader.events) > 20, what="events while it runs")
    run.end()
    assert reader.finish() == run.events()
    assert reader.codes == []


def test_a_websocket_closes_with_its_code_and_without_a_wait(rig: EdgeRig, ticking: Callable[[], Any]) -> None:
    run = ticking()
    run.end()
    whole = Reader(rig, run.id).finish()
    unknown = "01900000-0000-7000-8000-000000000001"
    began = time.monotonic()
    for execution_id, code, events in ((run.id, 1000, whole), (unknown, 4404, [])) * 5:
        url = f"ws{rig.url[4:]}/executions/{execution_id}/events"
        with connect(url, additional_headers=rig.headers(), compression=None) as socket:
            seen = []
            with pytest.raises(ConnectionClosed) as closed:
                while True:
                    seen.append(json.loads(socket.recv(10)))
        assert closed.value.rcvd is not None
        assert (closed.value.rcvd.code, seen) == (code, events)
    # Envoy used to wait a second for each client to close first, which by the standard waits for the server.
    assert time.monotonic() - began < 5


def test_server_sent_events_come_as_they_happen_and_resume(
    rig: EdgeRig, client: httpx.Client, ticking: Callable[[], Any]
) -> None:
    run = ticking()
    seen: list[dict[str, Any]] = []
    with connect_sse(client, "GET", f"/executions/{run.id}/events") as source:
        for message in source.iter_sse():
            seen.append(json.loads(message.data))
            if len(seen) == 10:
                break
    run.end()
    with connect_sse(
        client, "GET", f"/executions/{run.id}/events", headers={"Last-Event-ID": seen[-1]["id"]}
    ) as source:
        seen += [json.loads(message.data) for message in source.iter_sse()]
    assert seen == run.events()


def test_the_projects_events_come_through(client: httpx.Client) -> None:
    with connect_sse(client, "GET", "/events") as source:
        incoming = source.iter_sse()
        made = client.post("/flows", json={"name": "told"}).json()["id"]
        for message in incoming:
            event = json.loads(message.data)
            if event["flowId"] == made:
                assert event["type"] == "flow.updated"
                return


def test_a_restart_of_the_edge_costs_no_event(whole: EdgeRig, ticking: Callable[[], Any]) -> None:
    run = ticking()
    readers = [Reader(whole, run.id), Reader(whole, run.id, BATCH)]
    for reader in readers:
        wait_for(lambda reader=reader: len(reader.events) > 10, what="events before the restart")
    assert whole.stop_one("envoy") == 0
    before = [len(reader.events) for reader in readers]
    whole.start_one("envoy")
    for reader, count in zip(readers, before, strict=True):
        wait_for(lambda reader=reader, count=count: len(reader.events) > count + 10, what="events after the restart")
    whole.kill("envoy")
    whole.start_one("envoy")
    whole.wait_ready()
    run.end()
    for reader in readers:
        assert reader.finish() == run.events()
        assert reader.codes != []


def test_the_death_of_the_replica_that_is_read_costs_no_event(whole: EdgeRig, ticking: Callable[[], Any]) -> None:
    run = ticking()
    reader = Reader(whole, run.id)
    for victim in ("stream-1", "stream-2", "stream-1"):
        count = len(reader.events)
        wait_for(lambda count=count: len(reader.events) > count + 5, what="events before the kill")
        whole.kill(victim)
        count = len(reader.events)
        wait_for(lambda count=count: len(reader.events) > count + 5, what="events from the other replica")
        whole.start_one(victim)
        wait_for(lambda: whole.healthy("stream") == 2, what="both replicas back")
    run.end()
    assert reader.finish() == run.events()


def test_a_replica_that_hangs_is_left_and_its_readers_go_on(
    whole: EdgeRig, ticking: Callable[[], Any], signed_in: list[tuple[str, str]]
) -> None:
    run = ticking()
    with grpc.insecure_channel(whole.grpc) as channel:
        stream = stream_service_pb2_grpc.StreamServiceStub(channel)
        seen: list[str] = []
        cut: list[grpc.StatusCode] = []

        def follow() -> None:
            while True:
                request = stream_service_pb2.WatchExecutionRequest(execution_id=run.id, after=seen[-1] if seen else "")
                try:
                    for answer in stream.WatchExecution(request, metadata=signed_in, timeout=100):
                        seen.extend(event.id for event in answer.events)
                    return
                except grpc.RpcError as error:
                    cut.append(error.code())  # type: ignore[attr-defined]
                    if len(cut) > 50:
                        return

        follower = threading.Thread(target=follow, daemon=True)
        follower.start()
        for paused in ("stream-1", "stream-2"):
            count = len(seen)
            wait_for(lambda count=count: len(seen) > count, what="events before the pause")
            whole.signal(paused, signal.SIGSTOP)
            try:
                wait_for(lambda: whole.healthy("stream") == 1, what="the edge to leave it out")
                count = len(seen)
                wait_for(lambda count=count: len(seen) > count + 20, what="events from the other replica")
            finally:
                whole.signal(paused, signal.SIGCONT)
            wait_for(lambda: whole.healthy("stream") == 2, what="both replicas back")
        run.end()
        follower.join(60)
        assert seen == [event["id"] for event in run.events()]
        assert cut

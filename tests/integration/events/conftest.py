"""Runs to watch, and ways to watch them."""

from __future__ import annotations

import itertools
import json
import uuid
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import httpx
import pytest
from drawing import Drawing
from running_product import Product
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

Json = dict[str, Any]


@pytest.fixture
def chain() -> Callable[..., Drawing]:
    """start → step → result, the step a handler of lab_handlers."""

    def chain(handler: str = "plain", **more: Any) -> Drawing:
        drawing = Drawing(f"watched {handler}")
        drawing.trigger()
        drawing.node("action", "step", f"lab_handlers.{handler}", **more)
        drawing.node("output", "result")
        drawing.wire("start", "step")
        drawing.wire("step", "result")
        return drawing

    return chain


@pytest.fixture
def socket(product: Product) -> Callable[..., ClientConnection]:
    """Open a WebSocket at a run's events."""

    def open_socket(execution_id: str, query: str = "", **options: Any) -> ClientConnection:
        url = f"ws{product.url[4:]}/executions/{execution_id}/events{query}"
        headers = options.pop("headers", {"Authorization": f"Bearer {product.token}"})
        # A bounded queue would keep a connection from being closed while frames wait in it.
        options = {"max_queue": None, "max_size": None, "compression": None, "legacy": True, **options}
        connection: ClientConnection = connect(url, additional_headers=headers, **options)
        return connection

    return open_socket


@pytest.fixture
def frames() -> Callable[..., tuple[list[Json], int]]:
    """All frames until the close, and its code."""

    def frames(connection: ClientConnection) -> tuple[list[Json], int]:
        with connection:
            found = []
            with suppress(ConnectionClosed):
                while True:
                    found.append(json.loads(connection.recv(timeout=30)))
            assert connection.close_code is not None
            return found, connection.close_code

    return frames


class Sse:
    """A text/event-stream, read line by line."""

    def __init__(self, answer: httpx.Response) -> None:
        self.answer = answer
        self.comments: list[str] = []
        self.fields: set[str] = set()

    def events(self) -> Iterator[tuple[str, Json]]:
        """(id, data) of each event, as it comes."""
        event_id, data = "", []
        for line in self.answer.iter_lines():
            if line.startswith(":"):
                self.comments.append(line)
            elif line:
                name, _, value = line.partition(":")
                self.fields.add(name)
                if name == "id":
                    event_id = value.removeprefix(" ")
                elif name == "data":
                    data.append(value.removeprefix(" "))
            elif data:
                yield event_id, json.loads("\n".join(data))
                event_id, data = "", []


@pytest.fixture
def sse() -> type[Sse]:
    return Sse


@pytest.fixture
def page(client: httpx.Client) -> Callable[..., httpx.Response]:
    """A page of a run's events."""

    def page(execution_id: str, **params: Any) -> httpx.Response:
        return client.get(f"/executions/{execution_id}/events", params=params, headers={"Accept": "application/json"})

    return page


@pytest.fixture
def cursors_of_nobody() -> Callable[[list[Json]], list[tuple[int, str]]]:
    """Cursors that lie between two events and belong to none, each with the place of the event before it."""

    def cursors(events: list[Json]) -> list[tuple[int, str]]:
        numbers = [uuid.UUID(event["id"]).int for event in events]
        pairs = enumerate(itertools.pairwise(numbers))
        return [(place, str(uuid.UUID(int=one + 1))) for place, (one, two) in pairs if two - one > 1]

    return cursors

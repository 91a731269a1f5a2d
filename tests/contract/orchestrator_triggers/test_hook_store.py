"""Secrets of webhooks and listenings for a draft's, over each database."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from triggerflow_orchestrator.app.hook_ports import Listen
from triggerflow_orchestrator.store.hooks import SqlHooks

PROJECT = "00000000-0000-7000-8000-000000000001"
OTHER = "00000000-0000-7000-8000-000000000002"


@pytest.fixture
def hooks(database: Any) -> SqlHooks:
    return SqlHooks(database)


def listen(path: str = "orders", *, flow: str = "f", node: str = "n", until: int = 100, request: str = "") -> Listen:
    return Listen(PROJECT, flow, node, path, {"answer": "sync"}, until, request)


async def test_a_secret_is_made_once_for_each_node_whoever_asks(hooks: Any) -> None:
    assert await hooks.secret("f", "a") is None
    found = await asyncio.gather(*(hooks.secrets(PROJECT, "f", ["a", "b"]) for _ in range(8)))
    assert all(each == found[0] for each in found)
    assert set(found[0]) == {"a", "b"}
    assert found[0]["a"] != found[0]["b"]
    assert len(found[0]["a"]) >= 43
    assert await hooks.secret("f", "a") == found[0]["a"]
    assert (await hooks.secrets(PROJECT, "g", ["a"]))["a"] != found[0]["a"]


async def test_a_secret_made_anew_is_another_and_once_a_request(hooks: Any) -> None:
    first = (await hooks.secrets(PROJECT, "f", ["a"]))["a"]
    await hooks.rotate(PROJECT, "f", "a", "")
    second = await hooks.secret("f", "a")
    await hooks.rotate(PROJECT, "f", "a", "")
    third = await hooks.secret("f", "a")
    await asyncio.gather(*(hooks.rotate(PROJECT, "f", "a", "request") for _ in range(8)))
    fourth = await hooks.secret("f", "a")
    await hooks.rotate(PROJECT, "f", "a", "request")
    assert await hooks.secret("f", "a") == fourth
    await hooks.rotate(PROJECT, "f", "a", "another")
    assert len({first, second, third, fourth, await hooks.secret("f", "a")}) == 5
    await hooks.rotate(PROJECT, "f", "new", "")
    assert await hooks.secret("f", "new")


async def test_who_listens_is_found_by_its_path_while_it_lasts(hooks: Any) -> None:
    await hooks.listen(listen())
    assert await hooks.listening(PROJECT, "orders", 99) == listen()
    assert await hooks.listening(PROJECT, "orders", 100) is None
    assert await hooks.listening(PROJECT, "other", 99) is None
    assert await hooks.listening(OTHER, "orders", 99) is None
    assert await hooks.listen_of(OTHER, "f", "n") is None


async def test_of_two_who_listen_at_a_path_the_later_is_called(hooks: Any) -> None:
    await hooks.listen(listen(flow="f", until=100))
    await hooks.listen(listen(flow="g", until=200))
    assert (await hooks.listening(PROJECT, "orders", 50)).flow_id == "g"
    assert await hooks.heard(listen(flow="g", until=200), "{}", 50)
    assert (await hooks.listening(PROJECT, "orders", 50)).flow_id == "f"


async def test_of_many_calls_one_is_heard(hooks: Any) -> None:
    await hooks.listen(listen())
    heard = await asyncio.gather(*(hooks.heard(listen(), f"[{number}]", 50) for number in range(8)))
    assert sum(heard) == 1
    found = await hooks.listen_of(PROJECT, "f", "n")
    assert (found.inputs_json, found.called_at) == (f"[{heard.index(True)}]", 50)
    assert await hooks.listening(PROJECT, "orders", 50) is None


async def test_what_is_over_or_was_begun_anew_hears_nothing(hooks: Any) -> None:
    await hooks.listen(listen(until=100))
    assert not await hooks.heard(listen(until=100), "{}", 100)
    await hooks.listen(listen(until=150))
    assert not await hooks.heard(listen(until=100), "{}", 60)
    assert await hooks.heard(listen(until=150), "{}", 60)


async def test_listening_again_forgets_what_was_heard_but_not_under_the_same_request(hooks: Any) -> None:
    await hooks.listen(listen(request="r"))
    assert await hooks.heard(listen(), "{}", 50)
    await hooks.listen(listen(until=170, request="r"))
    assert (await hooks.listen_of(PROJECT, "f", "n")).inputs_json == "{}"
    await hooks.listen(listen(until=180, request="s"))
    again = await hooks.listen_of(PROJECT, "f", "n")
    assert (again.until, again.inputs_json, again.called_at) == (180, None, None)


async def test_a_flow_that_is_gone_takes_its_secrets_with_it(hooks: Any, book: Any, make: Any) -> None:
    secret = (await hooks.secrets(PROJECT, "f1", ["n"]))["n"]
    await hooks.listen(listen(flow="f1"))
    await book.take(None, "e1", [make.flow("f1", make.node("n"))])
    await book.take("e1", "e2", [make.flow("f1", version="2")])
    assert await hooks.secret("f1", "n") == secret, "a version without the node is no reason"
    await book.take("e2", "e3", [make.gone("f1")])
    assert await hooks.secret("f1", "n") is None
    assert await hooks.listen_of(PROJECT, "f1", "n") is None

"""Published versions behind a real Redis server that is killed, paused, emptied and lied in."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from triggerflow_chassis.bus import FLOW_EVENTS, InProcessBus
from triggerflow_chassis.errors import Unavailable
from triggerflow_registry.domain.content_hash import content_hash
from triggerflow_registry.domain.flow import Document, Flow, FlowId, ProjectId, Version
from triggerflow_registry.ports import Store, View
from triggerflow_registry.store import records
from triggerflow_registry.store.redis_texts import RedisTexts, open_redis_texts
from triggerflow_registry.store.sqlite import open_sqlite
from triggerflow_registry.store.version_cache import LONGEST_BYTES, CachedStore
from valkey_server import ValkeyServer

PROJECT = ProjectId("00000000-0000-7000-8000-000000000001")
FLOW = FlowId("00000000-0000-7000-8000-0000000000f1")
PAUSE_SECONDS = 0.2


@dataclass
class CountingStore:
    """A store that counts who reads a blueprint from it."""

    store: Store
    blueprints_read: int = 0
    gate: asyncio.Event = field(default_factory=asyncio.Event)
    broken: bool = False

    @asynccontextmanager
    async def read(self) -> AsyncIterator[View]:
        async with self.store.read() as view:
            yield _CountingView(view, self)  # type: ignore[misc]

    def write(self) -> Any:
        return self.store.write()

    async def ready(self) -> None:
        await self.store.ready()


class _CountingView:
    def __init__(self, view: View, counted: CountingStore) -> None:
        self._view = view
        self._counted = counted

    def __getattr__(self, name: str) -> Any:
        return getattr(self._view, name)

    async def version(self, project_id: ProjectId, flow_id: FlowId, number: int) -> Version | None:
        self._counted.blueprints_read += 1
        await self._counted.gate.wait()
        if self._counted.broken:
            raise Unavailable("The disk is gone.")
        return await self._view.version(project_id, flow_id, number)


@dataclass
class Shelf:
    """Version 1 of a flow behind the cache."""

    counting: CountingStore
    cached: CachedStore
    version: Version
    redis: ValkeyServer

    async def get(self) -> Version | None:
        async with self.cached.read() as view:
            return await view.version(PROJECT, FLOW, self.version.number)

    async def until_kept(self) -> None:
        await self.until(lambda: bool(self.keys()))

    async def until(self, met: Callable[[], bool]) -> None:
        async with asyncio.timeout(20):
            while not met():
                await asyncio.sleep(0.01)

    def keys(self) -> list[bytes]:
        with self.redis.client() as client:
            return client.keys("tfcanvas:registry:version:*")  # type: ignore[return-value]

    def overwrite(self, text: bytes) -> None:
        with self.redis.client() as client:
            client.set(self.keys()[0], text)


def _document(name: str = "Nightly report", **settings: Any) -> Document:
    node = {"id": str(FLOW), "type": "action", "name": "Step", "handlers": {"main": {"entrypoint": "core:mapping"}}}
    return Document(name, "", (node,), (), (), settings)


def _version(document: Document, number: int = 1) -> Version:
    return Version(FLOW, number, content_hash(document), 10, "first", document)


@pytest.fixture
async def texts(valkey: ValkeyServer) -> AsyncIterator[RedisTexts]:
    async with open_redis_texts(valkey.url, pause_seconds=PAUSE_SECONDS) as opened:
        yield opened


@pytest.fixture
async def shelf(tmp_path: Path, valkey: ValkeyServer, texts: RedisTexts) -> AsyncIterator[Shelf]:
    document = _document()
    async with open_sqlite(tmp_path / "registry.sqlite3") as store:
        async with store.write() as change:
            await change.add_flow(Flow(FLOW, PROJECT, document, "etag", 0, 1, 1), "me")
            await change.add_version(PROJECT, _version(document), "me")
        counting = CountingStore(store)
        counting.gate.set()
        yield Shelf(counting, CachedStore(counting, texts, "secret"), _version(document), valkey)


async def test_a_version_is_read_from_the_store_once_and_then_from_redis(shelf: Shelf) -> None:
    assert await shelf.get() == shelf.version
    await shelf.until_kept()
    assert [await shelf.get() for _ in range(5)] == [shelf.version] * 5
    assert shelf.counting.blueprints_read == 1


async def test_what_is_kept_is_json_and_has_an_end(shelf: Shelf) -> None:
    await shelf.get()
    await shelf.until_kept()
    with shelf.redis.client() as client:
        (key,) = shelf.keys()
        assert shelf.version.content_hash.encode() in key
        # The MAC in hex, then the JSON.
        assert json.loads(client.get(key)[64:])["name"] == "Nightly report"  # type: ignore[index]
        assert all(0 < client.ttl(each) <= 24 * 60 * 60 for each in client.keys("*"))  # type: ignore[operator,union-attr]


async def test_a_hundred_readers_at_once_are_one_read_of_the_store(shelf: Shelf) -> None:
    shelf.counting.gate.clear()
    readers = [asyncio.create_task(shelf.get()) for _ in range(100)]
    await shelf.until(lambda: shelf.counting.blueprints_read == 1)
    shelf.counting.gate.set()
    assert await asyncio.gather(*readers) == [shelf.version] * 100
    assert shelf.counting.blueprints_read == 1


async def test_a_reader_that_hangs_up_fails_no_other(shelf: Shelf) -> None:
    shelf.counting.gate.clear()
    first = asyncio.create_task(shelf.get())
    await shelf.until(lambda: shelf.counting.blueprints_read == 1)
    others = [asyncio.create_task(shelf.get()) for _ in range(3)]
    first.cancel()
    await shelf.until(lambda: shelf.counting.blueprints_read == 2)
    shelf.counting.gate.set()
    assert await asyncio.gather(*others) == [shelf.version] * 3
    assert shelf.counting.blueprints_read == 2


async def test_a_store_that_fails_is_told_to_all_who_wait_and_asked_again_after(shelf: Shelf) -> None:
    shelf.counting.gate.clear()
    shelf.counting.broken = True
    readers = [asyncio.create_task(shelf.get()) for _ in range(3)]
    await shelf.until(lambda: shelf.counting.blueprints_read == 1)
    shelf.counting.gate.set()
    told = await asyncio.gather(*readers, return_exceptions=True)
    assert all(isinstance(error, Unavailable) for error in told)
    shelf.counting.broken = False
    assert await shelf.get() == shelf.version


async def test_redis_that_is_gone_costs_no_answer_and_serves_again_once_it_is_back(shelf: Shelf) -> None:
    await shelf.get()
    await shelf.until_kept()
    shelf.redis.kill()
    assert [await shelf.get() for _ in range(20)] == [shelf.version] * 20
    assert shelf.counting.blueprints_read == 21
    shelf.redis.start()

    async with asyncio.timeout(20):
        while True:
            before = shelf.counting.blueprints_read
            assert await shelf.get() == shelf.version
            if shelf.counting.blueprints_read == before:
                return  # it came from Redis
            await asyncio.sleep(0.02)


async def test_redis_that_was_never_there_costs_no_answer(shelf: Shelf) -> None:
    shelf.redis.kill()
    assert await shelf.get() == shelf.version


async def test_redis_that_does_not_answer_is_waited_for_by_one_and_left_alone_by_the_others(shelf: Shelf) -> None:
    await shelf.get()
    await shelf.until_kept()
    shelf.redis.pause()
    try:
        assert await asyncio.wait_for(shelf.get(), timeout=10) == shelf.version
        # Left alone now: a hundred answers must not be a hundred time-outs in a row.
        async with asyncio.timeout(10):
            for _ in range(100):
                assert await shelf.get() == shelf.version
        assert shelf.counting.blueprints_read > 50
    finally:
        shelf.redis.go_on()


@pytest.mark.parametrize(
    "poison",
    [
        b"",
        b"\x80\x04not json",
        b"null",
        b"[]",
        b'{"name": 1}',
        b"[" * 100_000,
        records.blueprint_text(_document(timeoutSeconds=1)).encode(),
        b"0" * 64 + records.blueprint_text(_document(timeoutSeconds=1)).encode(),
    ],
)
async def test_what_is_not_the_version_is_refused_and_replaced(shelf: Shelf, poison: bytes) -> None:
    await shelf.get()
    await shelf.until_kept()
    shelf.overwrite(poison)
    assert await shelf.get() == shelf.version
    assert shelf.counting.blueprints_read == 2

    def mended() -> bool:
        with shelf.redis.client() as client:
            return client.get(shelf.keys()[0]) != poison

    await shelf.until(mended)
    assert await shelf.get() == shelf.version
    assert shelf.counting.blueprints_read == 2


async def test_what_was_kept_of_another_version_or_by_another_secret_is_refused(
    shelf: Shelf, texts: RedisTexts
) -> None:
    await shelf.get()
    await shelf.until_kept()
    (first,) = shelf.keys()
    other = _version(_document(timeoutSeconds=1), 2)
    async with shelf.cached.write() as change:
        await change.add_version(PROJECT, other, "me")
    async with shelf.cached.read() as view:
        await view.version(PROJECT, FLOW, 2)
    await shelf.until(lambda: len(shelf.keys()) == 2)
    with shelf.redis.client() as client:
        (second,) = set(shelf.keys()) - {first}
        client.set(first, client.get(second))  # type: ignore[arg-type]
    before = shelf.counting.blueprints_read
    assert await shelf.get() == shelf.version
    assert shelf.counting.blueprints_read == before + 1
    async with CachedStore(shelf.counting, texts, "another").read() as view:
        assert await view.version(PROJECT, FLOW, 2) == other
    assert shelf.counting.blueprints_read == before + 2


async def test_a_deleted_flow_is_gone_at_once_and_leaves_nothing_behind(shelf: Shelf) -> None:
    bus = InProcessBus()
    bus.subscribe(FLOW_EVENTS, None, shelf.cached.hear)
    await shelf.get()
    await shelf.until_kept()
    async with shelf.cached.write() as change:
        await change.remove_flow(PROJECT, FLOW)
    assert await shelf.get() is None
    bus.publish(FLOW_EVENTS, PROJECT, [{"flowId": str(FLOW), "projectId": str(PROJECT), "deleted": True}])

    def empty() -> bool:
        with shelf.redis.client() as client:
            return client.dbsize() == 0

    await shelf.until(empty)


async def test_two_versions_of_one_meaning_keep_their_own_names(shelf: Shelf) -> None:
    renamed = _version(_document("Renamed"), 2)
    assert renamed.content_hash == shelf.version.content_hash
    async with shelf.cached.write() as change:
        await change.add_version(PROJECT, renamed, "me")
    assert await shelf.get() == shelf.version
    await shelf.until_kept()
    async with shelf.cached.read() as view:
        assert await view.version(PROJECT, FLOW, 2) == renamed
    assert await shelf.get() == shelf.version


async def test_a_blueprint_too_large_to_keep_is_read_each_time(shelf: Shelf) -> None:
    large = _version(_document("x" * LONGEST_BYTES), 2)
    async with shelf.cached.write() as change:
        await change.add_version(PROJECT, large, "me")
    async with shelf.cached.read() as view:
        assert await view.version(PROJECT, FLOW, 2) == large
        assert await view.version(PROJECT, FLOW, 2) == large
    assert shelf.counting.blueprints_read == 2
    assert shelf.keys() == []

"""Read blueprints of published versions from a cache in front of a store.

The store is asked each time which version there is, by a query that reads no blueprint; only the blueprint comes from
the cache. So a version of a flow that was deleted is gone at once, whatever the cache still holds, and the newest
version is the newest. Each text carries a MAC of itself and of the version it is: who can write to the cache but does
not know the key can make nobody run anything. (Hashing the content again would say the same at ten times the cost.)
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import replace
from typing import Final, Protocol

import structlog

from triggerflow_registry.domain.flow import Document, FlowId, ProjectId, Version
from triggerflow_registry.ports import Change, Store, View
from triggerflow_registry.store import records

log = structlog.get_logger("triggerflow.registry")

LONGEST_BYTES: Final = 1024 * 1024
"""What is larger is read from the store each time."""
_MAC_BYTES: Final = 64


class Texts(Protocol):
    """A cache of texts that may lose any of them at any time. Nothing here raises, and all of it is quick."""

    async def get(self, flow_id: str, key: str) -> bytes | None:
        """The text, None where it is not there or the cache does not answer."""

    def put(self, flow_id: str, key: str, text: bytes) -> None:
        """Keep a text, soon or never."""

    def forget(self, flow_id: str) -> None:
        """Drop all texts of a flow, soon or never."""


class CachedStore:
    """`ports.Store` in front of another one. Readers at the same time share one read of the same blueprint."""

    def __init__(self, store: Store, texts: Texts, secret: str) -> None:
        self._store = store
        self._texts = texts
        self._key = hashlib.sha256(f"triggerflow registry cache {secret}".encode()).digest()
        self._flights: dict[str, asyncio.Future[Document | None]] = {}

    @asynccontextmanager
    async def read(self) -> AsyncIterator[View]:
        async with self._store.read() as view:
            yield _CachedView(view, self)

    def write(self) -> AbstractAsyncContextManager[Change]:
        # A change must see what it wrote itself, which no cache knows.
        return self._store.write()

    async def ready(self) -> None:
        await self._store.ready()

    def hear(self, items: Sequence[object]) -> None:
        """Flow events, from the bus: a deleted flow leaves nothing in the cache."""
        for item in items:
            if isinstance(item, dict) and item.get("deleted"):
                self._texts.forget(str(item["flowId"]))

    async def blueprint(self, head: Version, read: Callable[[], Awaitable[Version | None]]) -> Document | None:
        """The version's blueprint; by `read` where it must come from the store. None where the store has none."""
        key = f"{head.number}:{head.content_hash}"
        name = f"{head.flow_id}:{key}"
        while True:
            flight = self._flights.get(name)
            if flight is None:
                return await self._fly(name, head, key, read)
            await asyncio.wait((flight,))
            if not flight.cancelled():
                return flight.result()
            # Whoever read hung up, which is its own affair: another one reads.

    async def _fly(
        self, name: str, head: Version, key: str, read: Callable[[], Awaitable[Version | None]]
    ) -> Document | None:
        flight = self._flights[name] = asyncio.get_running_loop().create_future()
        try:
            found = self._opened(await self._texts.get(head.flow_id, key), name)
            if found is None:
                version = await read()
                found = version.blueprint if version is not None else None
                if found is not None:
                    text = records.blueprint_text(found).encode()
                    if len(text) <= LONGEST_BYTES:
                        self._texts.put(head.flow_id, key, self._mac(name, text) + text)
        except Exception as error:
            flight.set_exception(error)
            flight.exception()  # there may be nobody else to see it
            raise
        else:
            flight.set_result(found)
            return found
        finally:
            del self._flights[name]
            flight.cancel()  # does nothing where it is done

    def _opened(self, text: bytes | None, name: str) -> Document | None:
        if text is None:
            return None
        mac, blueprint = text[:_MAC_BYTES], text[_MAC_BYTES:]
        if not hmac.compare_digest(mac, self._mac(name, blueprint)):
            log.warning("cached_version_refused", version=name)
            return None
        return records.blueprint_of(blueprint)

    def _mac(self, name: str, text: bytes) -> bytes:
        return hmac.digest(self._key, f"{name}\n".encode() + text, "sha256").hex().encode()


class _CachedView:
    """`ports.View` whose blueprints may come from the cache."""

    def __init__(self, view: View, cache: CachedStore) -> None:
        self._view = view
        self._cache = cache
        self.flow = view.flow
        self.flows = view.flows
        self.latest_version = view.latest_version
        self.heading = view.heading
        self.versions = view.versions
        self.events = view.events
        self.forgotten_up_to = view.forgotten_up_to
        self.schema = view.schema
        self.schema_like = view.schema_like
        self.newest_schemas = view.newest_schemas
        self.schema_versions = view.schema_versions
        self.answer = view.answer
        self.flows_at_paths = view.flows_at_paths

    async def version(self, project_id: ProjectId, flow_id: FlowId, number: int) -> Version | None:
        for head in await self._view.versions(project_id, flow_id, before=number + 1, limit=1):
            if head.number == number:
                blueprint = await self._cache.blueprint(head, lambda: self._view.version(project_id, flow_id, number))
                return None if blueprint is None else replace(head, blueprint=blueprint)
        return None

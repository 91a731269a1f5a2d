"""One HTTP request as the routes see it: path, query, headers, body and who calls."""

from __future__ import annotations

import asyncio
from functools import cached_property
from typing import TYPE_CHECKING

from starlette.types import Message, Receive, Scope
from triggerflow_chassis import ids
from triggerflow_chassis.errors import NotFound, TooLarge, TooSlow
from triggerflow_chassis.identity import Principal

from triggerflow_bff.query import Query

if TYPE_CHECKING:
    from triggerflow_bff.parts import Parts


class Call:
    """A request inside the gate. Reads nothing before it is asked for."""

    def __init__(self, scope: Scope, receive: Receive, parts: Parts) -> None:
        self.scope = scope
        self.receive = receive
        self.parts = parts
        self.method: str = scope["method"]
        self.principal: Principal = scope["triggerflow.principal"]

    @property
    def path(self) -> str:
        """The path with every id in lower case: two spellings of an id are one resource."""
        path: str = self.scope["path"]
        return path.lower()

    @cached_property
    def query(self) -> Query:
        """The query parameters."""
        return Query.parse(self.scope["query_string"])

    def header(self, name: bytes) -> str | None:
        """The header's value, repeats joined by a comma as RFC 9110 has it. None where it is absent."""
        found = [value for key, value in self.scope["headers"] if key == name]
        return b", ".join(found).decode("latin-1") if found else None

    def parameter(self, name: str) -> str:
        """A parameter of the path as it stands there."""
        value: str = self.scope["path_params"][name]
        return value

    def id(self, name: str, resource: str) -> str:
        """An id in the path, in lower case. Raises NotFound where it can be none of ours."""
        value = self.parameter(name)
        if not ids.is_uuid(value):
            raise NotFound(resource, value[:100])
        return ids.normalise(value)

    async def read(self) -> bytes:
        """The whole body. Raises TooLarge as soon as that is known, whatever Content-Length says; and TooSlow."""
        limits = self.parts.settings.limits
        length = self.header(b"content-length")
        if length is not None and length.isdigit() and int(length) > limits.body_bytes:
            raise TooLarge
        try:
            async with asyncio.timeout(limits.body_seconds):
                return await self._pieces(limits.body_bytes, limits.body_pause_seconds)
        except TimeoutError:
            raise TooSlow(
                f"The body may take {limits.body_seconds:g} s, and pause for {limits.body_pause_seconds:g} s. "
                "Send it again, faster or in smaller parts."
            ) from None

    async def _pieces(self, most_bytes: int, pause_seconds: float) -> bytes:
        pieces: list[bytes] = []
        size, more = 0, True
        while more:
            async with asyncio.timeout(pause_seconds):
                message: Message = await self.receive()
            pieces.append(message.get("body", b""))
            size += len(pieces[-1])
            if size > most_bytes:
                raise TooLarge
            more = message.get("more_body", False)
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

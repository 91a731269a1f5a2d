"""One HTTP request as the routes see it: path, query, headers, body and who calls."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from starlette.types import Message, Receive, Scope
from triggerflow_chassis import ids
from triggerflow_chassis.errors import NotFound, TooLarge
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
        """The whole body. Raises TooLarge as soon as that is known, whatever Content-Length says."""
        limit = self.parts.settings.limits.body_bytes
        length = self.header(b"content-length")
        if length is not None and length.isdigit() and int(length) > limit:
            raise TooLarge
        message: Message = await self.receive()
        body: bytes = message.get("body", b"")
        if not message.get("more_body", False):
            if len(body) > limit:
                raise TooLarge
            return body
        pieces = [body]
        size = len(body)
        while message.get("more_body", False):
            message = await self.receive()
            pieces.append(message.get("body", b""))
            size += len(pieces[-1])
            if size > limit:
                raise TooLarge
        return b"".join(pieces)

"""The route table: each resource with its methods, and for each method its code and its documentation.

The application, the OpenAPI document and the tests all walk the same table, so none of them can forget a route.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send
from triggerflow_chassis import tracing
from triggerflow_chassis.errors import MethodNotAllowed

from triggerflow_bff import problems
from triggerflow_bff.answers import Answer, empty
from triggerflow_bff.call import Call
from triggerflow_bff.defects import as_refusal
from triggerflow_bff.parts import Parts

Handler = Callable[[Call], Awaitable[ASGIApp]]
Exists = Callable[[Call], Awaitable[object]]


@dataclass(frozen=True, slots=True)
class Parameter:
    """A query parameter or header of an operation, as OpenAPI shows it."""

    name: str
    description: str
    schema: dict[str, Any] = field(default_factory=lambda: {"type": "string"})
    where: str = "query"
    required: bool = False


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer below 400: what it means, the schema of its body, and the headers worth knowing."""

    status: int
    description: str
    schema: str | None = None
    media_type: str = "application/json"
    headers: tuple[str, ...] = ()
    # Whether it is also sent as text/event-stream, an event of it at a time.
    streamed: str | None = None
    # Other media types it comes in, where it has no schema.
    also: tuple[str, ...] = ()

    def media_types(self) -> dict[str, str | None]:
        """The schema of each media type it comes in."""
        more = {"text/event-stream": self.streamed} if self.streamed is not None else {}
        return {self.media_type: self.schema, **more}


@dataclass(frozen=True, slots=True)
class Operation:
    """A method of a resource. `reasons` are the problems a caller should expect, beside those any call can meet."""

    method: str
    handler: Handler
    summary: str
    replies: tuple[Reply, ...]
    reasons: tuple[str, ...] = ()
    parameters: tuple[Parameter, ...] = ()
    body: str | None = None
    body_required: bool = True
    description: str = ""
    # Statuses of 400 and above that are also told as a page, to people.
    told_as_page: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Resource:
    """A path. `exists` raises NotFound where the path names what is not there; absent where it names nothing."""

    path: str
    tag: str
    operations: tuple[Operation, ...]
    exists: Exists | None = None
    # Whether it answers without a session.
    open: bool = False
    # Whether a WebSocket may be opened at it.
    websocket: bool = False

    def methods(self) -> tuple[str, ...]:
        """What Allow says."""
        own = [operation.method for operation in self.operations]
        return (*own, *(("HEAD",) if "GET" in own else ()), "OPTIONS")


def route(resource: Resource, parts: Parts) -> Route:
    """The resource as Starlette's router takes it. Any method reaches it, since a 404 comes before a 405."""
    return Route(resource.path, _Endpoint(resource, parts), name=resource.path)


class _Endpoint:
    def __init__(self, resource: Resource, parts: Parts) -> None:
        self._parts = parts
        self._exists = resource.exists
        self._allow = ", ".join(resource.methods())
        self._handlers = {operation.method: operation.handler for operation in resource.operations}
        if "GET" in self._handlers:
            # The server leaves the body of an answer to HEAD out.
            self._handlers["HEAD"] = self._handlers["GET"]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        answer: ASGIApp
        try:
            call = Call(scope, receive, self._parts)
            handler = self._handlers.get(call.method)
            answer = await (handler(call) if handler is not None else self._other(call))
        except Exception as error:
            answer = refusal(error, scope, allow=self._allow)
        await answer(scope, receive, send)

    async def _other(self, call: Call) -> ASGIApp:
        if self._exists is not None:
            await self._exists(call)
        if call.method == "OPTIONS":
            return empty(204, (b"allow", self._allow.encode()))
        raise MethodNotAllowed(f"{call.method[:20]} is not known here. Use one of {self._allow}.")


def refusal(error: Exception, scope: Scope, *, allow: str | None = None) -> Answer:
    """What an exception is answered with."""
    known = as_refusal(error, path=scope["path"], method=scope["method"])
    return problems.answer(known, tracing.current(), allow=allow)

"""Decide who gets in at all: own host and origin first (403), then a session (401). Stands before the router.

The Host check defeats DNS rebinding, the Origin check other sites' pages; both hold on every path and for WebSocket
upgrades, before anything is accepted.
"""

from __future__ import annotations

from collections.abc import Sequence

from starlette.types import ASGIApp, Receive, Scope, Send
from triggerflow_chassis import tracing
from triggerflow_chassis.errors import Forbidden, ServiceError, Unauthenticated
from triggerflow_chassis.identity import LOCAL

from triggerflow_bff import problems
from triggerflow_bff.live.websocket import refuse as refuse_accepted
from triggerflow_bff.live.websocket import refuse_upgrade
from triggerflow_bff.sessions.sign_in import SignIn
from triggerflow_bff.settings import BffSettings


class Gate:
    """ASGI middleware. Puts `triggerflow.principal` into the scope of what it lets through."""

    def __init__(self, app: ASGIApp, settings: BffSettings, sign_in: SignIn, open_paths: Sequence[str]) -> None:
        self._app = app
        # Those of the table that answer without a session; a path that takes all below it is known by its start.
        self._open = frozenset(path for path in open_paths if "{" not in path)
        self._open_below = tuple(path.partition("{")[0] for path in open_paths if "{" in path)
        self._sign_in = sign_in
        self._hosts = frozenset(host.encode() for host in settings.hosts)
        self._origins = frozenset(origin.encode() for origin in settings.origins)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        hosts = 0
        refused: str | None = None
        traceparent = ""
        for name, value in scope["headers"]:
            if name == b"host":
                hosts += 1
                if value.lower() not in self._hosts:
                    refused = "This server answers only to its own address. Open the address that it printed."
            elif name == b"origin":
                if value.lower() not in self._origins:
                    refused = "Another site may not call this server."
            elif name == b"traceparent":
                traceparent = value.decode("latin-1")
        tracing.begin(traceparent)
        if refused is not None or hosts != 1:
            await self._refuse(Forbidden(refused or "Send one Host header."), scope, receive, send)
            return
        principal = self._sign_in.principal(scope)
        if principal is None:
            path: str = scope["path"]
            if path not in self._open and not path.startswith(self._open_below):
                await self._refuse(Unauthenticated(), scope, receive, send)
                return
            # What is open shows nothing of anybody's.
            principal = LOCAL
        scope["triggerflow.principal"] = principal
        await self._app(scope, receive, send)

    async def _refuse(self, error: ServiceError, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            await problems.answer(error, tracing.current())(scope, receive, send)
        elif isinstance(error, Forbidden):
            await refuse_upgrade(error, scope, receive, send)
        else:
            await refuse_accepted(error, receive, send)

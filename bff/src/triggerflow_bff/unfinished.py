"""Close connections whose request never gets complete: uvicorn bounds only the silence between two requests.

A body that somebody reads is answered with 408 before (`call.py`); what is left is a head that trickles in, and a body
that nobody waits for any more, of a request that was refused.
"""

from __future__ import annotations

import asyncio
from typing import Any, Final

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

HEAD_SECONDS: Final = 30.0
REQUEST_SECONDS: Final = 330.0


class BoundedProtocol(HttpToolsProtocol):
    """uvicorn's, with a deadline from a connection's or a request's beginning to its head, and to its end."""

    _deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        self._until(HEAD_SECONDS)

    def connection_lost(self, exc: Exception | None) -> None:
        self._until(None)
        super().connection_lost(exc)

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._until(HEAD_SECONDS)

    def on_headers_complete(self) -> None:
        super().on_headers_complete()
        self._until(REQUEST_SECONDS)

    def on_message_complete(self) -> None:
        self._until(None)
        super().on_message_complete()

    def handle_websocket_upgrade(self) -> None:
        self._until(None)
        super().handle_websocket_upgrade()

    def _until(self, seconds: float | None) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
        self._deadline = None if seconds is None else self.loop.call_later(seconds, self.transport.close)

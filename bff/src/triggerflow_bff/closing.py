"""The moment the server stops: live readers end themselves then, or they would hold it up."""

from __future__ import annotations

import asyncio


class Closing:
    """Waited for by every live reader."""

    def __init__(self) -> None:
        self._future: asyncio.Future[None] | None = None
        self._closed = False

    @property
    def future(self) -> asyncio.Future[None]:
        """Done when the server stops. To be asked on the server's loop."""
        if self._future is None:
            self._future = asyncio.get_running_loop().create_future()
            if self._closed:
                self._future.set_result(None)
        return self._future

    def close(self) -> None:
        """End every live reader. May be called more than once."""
        self._closed = True
        if self._future is not None and not self._future.done():
            self._future.set_result(None)

"""Wait for a unit to be durable."""

from __future__ import annotations

import asyncio


class Durable:
    """Told once, waited for once. A caller that hangs up cancels nothing."""

    __slots__ = ("_future",)

    def __init__(self) -> None:
        self._future: asyncio.Future[BaseException | None] = asyncio.get_running_loop().create_future()

    def told(self, error: BaseException | None) -> None:
        """The unit is durable, or was refused with `error`."""
        if not self._future.done():
            self._future.set_result(error)

    async def wait(self) -> None:
        """Until told. Raises what was told."""
        error = await asyncio.shield(self._future)
        if error is not None:
            raise error

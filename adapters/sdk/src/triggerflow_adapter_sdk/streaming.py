"""Drive a handler that is a generator function: hand each value to the host as it comes, and make its result of them.

The result is the last `Outputs` yielded, else what a plain generator returns where that is not None, else the yielded
text joined, or where not all of it was text the list of what was yielded. The host says when there is room for more:
a generator is never pulled ahead of it.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Generator
from contextlib import aclosing, closing
from types import GeneratorType
from typing import Any, Final, Protocol

from triggerflow_adapter_sdk.errors import ValueTooLarge
from triggerflow_adapter_sdk.outputs import Outputs
from triggerflow_adapter_sdk.secrets import Redactor
from triggerflow_adapter_sdk.threads import HandlerThreads

MOST_BYTES: Final = 16 * 1024 * 1024
"""What one call may yield in all: as much as its result may have."""


class Outlet(Protocol):
    """`ctx.outlet`: where a host takes what a handler yields and prints. Absent where it takes neither."""

    async def put(self, value: Any) -> int:
        """Take a value; returns its size in bytes of JSON, once there is room for another. Call on the loop."""

    def put_from_thread(self, value: Any) -> int:
        """The same from another thread, which waits. Raises once nobody waits for this attempt any more."""

    def printed(self, stream: str, text: str) -> None:
        """Take one line of "stdout" or "stderr". From any thread; never waits, never raises."""


async def stream(generator: Any, ctx: Any, redactor: Redactor | None, threads: HandlerThreads) -> Any:
    """Run the generator to its end; the handler's result. Raises what it raised, and ValueTooLarge."""
    outlet: Outlet | None = getattr(ctx, "outlet", None)
    yielded = _Yielded(redactor)
    if type(generator) is GeneratorType:
        return await threads.run(_from_thread, generator, outlet, yielded)
    return await _on_loop(generator, outlet, yielded)


async def _on_loop(generator: AsyncGenerator[Any, None], outlet: Outlet | None, yielded: _Yielded) -> Any:
    async with aclosing(generator):
        async for value in generator:
            for piece in yielded.pieces(value):
                yielded.count(piece, await outlet.put(piece) if outlet is not None else 0)
    for piece in yielded.rest():
        yielded.count(piece, await outlet.put(piece) if outlet is not None else 0)
    return yielded.result(None)


def _from_thread(generator: Generator[Any, Any, Any], outlet: Outlet | None, yielded: _Yielded) -> Any:
    returned = None
    with closing(generator):
        while True:
            try:
                value = next(generator)
            except StopIteration as end:
                returned = end.value
                break
            for piece in yielded.pieces(value):
                yielded.count(piece, outlet.put_from_thread(piece) if outlet is not None else 0)
    for piece in yielded.rest():
        yielded.count(piece, outlet.put_from_thread(piece) if outlet is not None else 0)
    return yielded.result(returned)


class _Yielded:
    """What came so far, secrets taken out."""

    __slots__ = ("_all_text", "_bytes", "_came", "_held", "_outputs", "_redactor")

    def __init__(self, redactor: Redactor | None) -> None:
        self._redactor = redactor
        self._came: list[Any] = []
        self._all_text = True
        self._bytes = 0
        self._outputs: Outputs | None = None
        self._held = ""

    def pieces(self, value: Any) -> list[Any]:
        """What to hand on now that the handler yielded this. Raises ValueTooLarge."""
        if type(value) is Outputs:
            self._outputs = value
            return []
        if isinstance(value, str) and self._bytes + len(value) > MOST_BYTES:
            # Before any of it is handed on: rows are written at a pace, and this many take a quarter of a minute.
            raise self._too_large()
        if self._redactor is None:
            return [value]
        if not isinstance(value, str):
            return [*self.rest(), self._redactor.value(value)]
        # A secret may come in pieces, so what could begin one waits for what follows.
        text, self._held = self._redactor.begun(self._held + value)
        return [text] if text else []

    def rest(self) -> list[Any]:
        """What was held back."""
        held, self._held = self._held, ""
        return [held] if held else []

    def count(self, piece: Any, size: int) -> None:
        """Keep a piece for the result. Raises ValueTooLarge."""
        self._all_text = self._all_text and isinstance(piece, str)
        self._bytes += size or (len(piece) if isinstance(piece, str) else 0)
        if self._bytes > MOST_BYTES:
            raise self._too_large()
        self._came.append(piece)

    def _too_large(self) -> ValueTooLarge:
        return ValueTooLarge(f"the handler yielded more than {MOST_BYTES} bytes")

    def result(self, returned: Any) -> Any:
        """The handler's result."""
        if self._outputs is not None:
            return self._outputs
        if returned is not None:
            return returned
        return "".join(self._came) if self._all_text else self._came

"""A handler bound to one node: everything decided once that can be, then called once per attempt."""

from __future__ import annotations

from collections.abc import Awaitable, Mapping
from typing import Any, Protocol


class HandlerLog(Protocol):
    """`ctx.log`."""

    def debug(self, message: str) -> None: ...
    def info(self, message: str) -> None: ...
    def warning(self, message: str) -> None: ...
    def error(self, message: str) -> None: ...


class HandlerContext(Protocol):
    """What the host hands to a handler; made per attempt. `config` (and, with secrets, `log`) is set by `invoke`."""

    config: Any
    execution_id: str
    node_id: str
    activation_id: str
    attempt: int
    idempotency_key: str
    log: Any

    @property
    def cancelled(self) -> bool: ...


class BoundHandler:
    """One node's handler. Safe to call concurrently."""

    __slots__ = ("is_async", "pure", "reference")

    reference: str
    pure: bool
    is_async: bool

    def invoke(self, inputs: Mapping[str, Any], ctx: HandlerContext) -> Awaitable[dict[str, Any]]:
        """Run the handler once; the lit ports by key.

        `inputs` maps port key to value. Raises what the handler raised; the SDK's own errors for config, expressions,
        secrets and ports. Cancelling the awaiting task cancels an async handler; a sync one goes on in its thread,
        where it can see `ctx.cancelled`. Values are not checked for being JSON: that is the caller's (`NotJson`).
        """
        raise NotImplementedError

"""Open a channel to a server of ours, with its token on every call."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import grpc
import grpc.aio

from triggerflow_chassis import tracing
from triggerflow_chassis.grpc.limits import LARGE_STATUS_KEY, OPTIONS

_METHODS = ("unary_unary", "unary_stream", "stream_unary", "stream_stream")


def open_channel(address: str, token: str | None, *, options: Sequence[tuple[str, Any]] = ()) -> grpc.aio.Channel:
    """A channel to `unix:/path` or `host:port`; also an async context manager. Whoever opens it closes it."""
    channel = grpc.aio.insecure_channel(
        address,
        options=[
            *OPTIONS,
            # A server that restarts is found again within a second, not after grpc's two minutes.
            ("grpc.initial_reconnect_backoff_ms", 100),
            ("grpc.max_reconnect_backoff_ms", 1_000),
            *options,
        ],
    )
    metadata: list[tuple[str, str]] = [(LARGE_STATUS_KEY, "1")]
    if token is not None:
        metadata.append(("authorization", f"Bearer {token}"))
    # An interceptor would do the same through two more tasks a call.
    for name in _METHODS:
        setattr(channel, name, _with_metadata(getattr(channel, name), tuple(metadata)))
    return channel


def _with_metadata(make: Any, ours: tuple[tuple[str, str], ...]) -> Any:
    def make_with_metadata(*args: Any, **kwargs: Any) -> Any:
        call = make(*args, **kwargs)

        def with_metadata(request: Any = None, *, metadata: Any = None, **rest: Any) -> Any:
            sent = (*ours, ("traceparent", tracing.traceparent()), *(metadata or ()))
            return call(request, metadata=sent, **rest)

        return with_metadata

    return make_with_metadata

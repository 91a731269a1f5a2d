"""Reach the services of a deployment as if they stood behind one address, whether one does or not.

In the mesh one does: Envoy, which knows the instances and leaves out those that fail. Without it each service has an
address of its own, and a call goes to the one whose package its method names.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any, cast

import grpc.aio

from triggerflow_chassis.grpc.client import open_channel
from triggerflow_chassis.settings import Reader

# Where a service listens unless it is told otherwise.
ADDRESSES: Mapping[str, str] = {
    "registry": "127.0.0.1:8491",
    "orchestrator": "127.0.0.1:8492",
    "stream": "127.0.0.1:8493",
}
_HEALTH = "grpc.health.v1.Health"


def read_peers(reader: Reader, *services: str) -> dict[str, str]:
    """Where to reach each service: MESH_GRPC where it is set, else the service's own address."""
    mesh = reader.text("MESH_GRPC")
    return {name: mesh or reader.text(f"{name.upper()}_ADDRESS", ADDRESSES[name]) for name in services}


@asynccontextmanager
async def open_peers(addresses: Mapping[str, str], token: str | None) -> AsyncIterator[grpc.aio.Channel]:
    """One channel to the services of `addresses`, by name ("registry"), until the block ends."""
    async with AsyncExitStack() as stack:
        opened: dict[str, grpc.aio.Channel] = {}
        for address in addresses.values():
            if address not in opened:
                opened[address] = await stack.enter_async_context(open_channel(address, token))
        if len(opened) == 1:
            yield next(iter(opened.values()))
        else:
            yield cast("grpc.aio.Channel", _ByService({name: opened[at] for name, at in addresses.items()}))


class _ByService:
    """What stubs need of a channel. A method that no service of ours has goes to the first."""

    def __init__(self, channels: Mapping[str, grpc.aio.Channel]) -> None:
        self._channels = channels
        self._first = next(iter(channels.values()))

    def unary_unary(self, method: str, *args: Any, **kwargs: Any) -> Any:
        if method.split("/")[1] == _HEALTH:
            # Every service answers for itself alone, and the request says which is meant.
            return self._by_request("unary_unary", method, args, kwargs)
        return self._of(method).unary_unary(method, *args, **kwargs)

    def unary_stream(self, method: str, *args: Any, **kwargs: Any) -> Any:
        if method.split("/")[1] == _HEALTH:
            return self._by_request("unary_stream", method, args, kwargs)
        return self._of(method).unary_stream(method, *args, **kwargs)

    def stream_unary(self, method: str, *args: Any, **kwargs: Any) -> Any:
        return self._of(method).stream_unary(method, *args, **kwargs)

    def stream_stream(self, method: str, *args: Any, **kwargs: Any) -> Any:
        return self._of(method).stream_stream(method, *args, **kwargs)

    def _by_request(self, kind: str, method: str, args: Any, kwargs: Any) -> Any:
        calls = {id(each): getattr(each, kind)(method, *args, **kwargs) for each in self._channels.values()}

        def call(request: Any, **more: Any) -> Any:
            return calls[id(self._of(f"/{request.service}/"))](request, **more)

        return call

    def _of(self, method: str) -> grpc.aio.Channel:
        # "/triggerflow.registry.v1.RegistryService/GetFlow": the service's name is the package's second word.
        words = method[1:].split(".")
        return self._channels.get(words[1], self._first) if len(words) > 1 else self._first

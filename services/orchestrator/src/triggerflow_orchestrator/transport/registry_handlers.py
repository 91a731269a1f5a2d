"""Which handlers are pure, by the registry's catalogue. Asked at most once a minute."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, Final

import grpc
import grpc.aio
from triggerflow.registry.v1 import registry_service_pb2 as pb
from triggerflow.registry.v1 import registry_service_pb2_grpc as pb_grpc
from triggerflow_chassis.grpc.status import from_rpc_error

_SECONDS: Final = 10.0
_KEPT_SECONDS: Final = 60.0


class PureHandlers:
    """The entrypoints that change nothing outside."""

    def __init__(self, channel: grpc.aio.Channel, now: Callable[[], float] = time.monotonic) -> None:
        self._stub: Any = pb_grpc.RegistryServiceStub(channel)
        self._now = now
        self._known: frozenset[str] = frozenset()
        self._until = float("-inf")

    async def __call__(self) -> frozenset[str]:
        """Raises ServiceError where the registry does not answer."""
        if self._now() >= self._until:
            self._known = frozenset(await self._ask())
            self._until = self._now() + _KEPT_SECONDS
        return self._known

    async def _ask(self) -> list[str]:
        found: list[str] = []
        token = ""
        while True:
            request = pb.ListHandlersRequest(page_size=250, page_token=token)
            try:
                answer = await self._stub.ListHandlers(request, timeout=_SECONDS)
            except grpc.aio.AioRpcError as error:
                raise from_rpc_error(error) from None
            found.extend(handler.reference for handler in answer.handlers if handler.pure)
            token = answer.next_page_token
            if not token:
                return found

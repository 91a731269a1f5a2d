"""Read the registry's log of flow events."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import grpc.aio
from triggerflow.registry.v1 import registry_service_pb2 as pb
from triggerflow.registry.v1 import registry_service_pb2_grpc as pb_grpc
from triggerflow_chassis.grpc.status import from_rpc_error
from triggerflow_chassis.wire.project_event import flow_event_to_item

from triggerflow_orchestrator.domain.execution import FlowEvent

_SECONDS: Final = 10.0


class RegistryFlowEvents:
    """`ports.FlowLog` over a channel to the registry, for the project this service calls as."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        self._registry: Any = pb_grpc.RegistryServiceStub(channel)

    async def read(self, after: str, limit: int) -> Sequence[FlowEvent]:
        request = pb.ListFlowEventsRequest(after=after, limit=limit)
        try:
            answer = await self._registry.ListFlowEvents(request, timeout=_SECONDS)
        except grpc.aio.AioRpcError as error:
            raise from_rpc_error(error) from None
        items = map(flow_event_to_item, answer.events)
        return [
            FlowEvent(item["id"], item["type"], item["timestamp"], item["projectId"], item["flowId"]) for item in items
        ]

"""Ask the registry for what a draft has: its triggers, one of its nodes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import grpc.aio
from triggerflow.registry.v1 import registry_service_pb2 as pb
from triggerflow.registry.v1 import registry_service_pb2_grpc as pb_grpc
from triggerflow_chassis.grpc.status import from_rpc_error
from triggerflow_chassis.wire.flow import nodes_to_json
from triggerflow_chassis.wire.node import node_to_json

from triggerflow_orchestrator.domain.trigger import TriggerNode, triggers_of

_SECONDS: Final = 10.0


class RegistryDrafts:
    """`app.hook_ports.Drafts` and `app.run_node.Drafts` over a channel to the registry."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        self._registry: Any = pb_grpc.RegistryServiceStub(channel)

    async def triggers(self, project_id: str, flow_id: str) -> tuple[TriggerNode, ...]:
        request = pb.ListNodesRequest(project_id=project_id, flow_id=flow_id)
        try:
            answer = await self._registry.ListNodes(request, timeout=_SECONDS)
        except grpc.aio.AioRpcError as error:
            raise from_rpc_error(error) from None
        return triggers_of({"nodes": nodes_to_json(answer.nodes)})

    async def node(self, project_id: str, flow_id: str, node_id: str) -> Mapping[str, Any]:
        request = pb.GetNodeRequest(project_id=project_id, flow_id=flow_id, node_id=node_id)
        try:
            answer = await self._registry.GetNode(request, timeout=_SECONDS)
        except grpc.aio.AioRpcError as error:
            raise from_rpc_error(error) from None
        return node_to_json(answer.node)

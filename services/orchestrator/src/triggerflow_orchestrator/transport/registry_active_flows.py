"""Ask the registry which version of each flow is active, and for its triggers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import grpc.aio
from triggerflow.registry.v1 import registry_service_pb2 as pb
from triggerflow.registry.v1 import registry_service_pb2_grpc as pb_grpc
from triggerflow_chassis.errors import NotFound, NoVersion, ServiceError
from triggerflow_chassis.grpc.status import from_rpc_error
from triggerflow_chassis.identity import LOCAL
from triggerflow_chassis.wire.flow import blueprint_to_json

from triggerflow_orchestrator.domain.trigger import ActiveFlow, most_at_once, triggers_of

_SECONDS: Final = 10.0
_PAGE: Final = 250


class RegistryActiveFlows:
    """`app.trigger_ports.ActiveFlows` over a channel to the registry, for the project this service calls as."""

    def __init__(self, channel: grpc.aio.Channel, project_id: str = LOCAL.project_id) -> None:
        self._registry: Any = pb_grpc.RegistryServiceStub(channel)
        self._project_id = project_id

    async def flow_ids(self) -> Sequence[str]:
        found: list[str] = []
        token = ""
        while True:
            request = pb.ListFlowsRequest(page_size=_PAGE, page_token=token)
            try:
                page = await self._registry.ListFlows(request, timeout=_SECONDS)
            except grpc.aio.AioRpcError as error:
                raise from_rpc_error(error) from None
            found += [flow.id for flow in page.flows if flow.latest_version]
            token = page.next_page_token
            if not token:
                return found

    async def active(self, flow_id: str, known_version: str | None) -> ActiveFlow:
        try:
            run = await self._registry.GetRunVersion(pb.GetRunVersionRequest(flow_id=flow_id), timeout=_SECONDS)
            if run.version == known_version:
                return ActiveFlow(self._project_id, flow_id, run.flow_name, run.version)
            request = pb.GetVersionRequest(flow_id=flow_id, version=run.version)
            version = (await self._registry.GetVersion(request, timeout=_SECONDS)).version
        except grpc.aio.AioRpcError as error:
            refusal: ServiceError = from_rpc_error(error)
            if isinstance(refusal, NotFound | NoVersion):
                return ActiveFlow(self._project_id, flow_id, "", None, deleted=isinstance(refusal, NotFound))
            raise refusal from None
        blueprint = blueprint_to_json(version.blueprint)
        return ActiveFlow(
            project_id=self._project_id,
            flow_id=flow_id,
            name=run.flow_name,
            version=run.version,
            content_hash=version.content_hash,
            triggers=triggers_of(blueprint),
            most_at_once=most_at_once(blueprint),
        )

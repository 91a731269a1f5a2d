"""The registry: flows, nodes, versions and the handler catalogue, as the JSON that REST shows."""

from __future__ import annotations

from typing import Any, NamedTuple

import grpc.aio
from triggerflow.registry.v1 import flow_pb2, schema_pb2
from triggerflow.registry.v1 import registry_service_pb2 as pb
from triggerflow.registry.v1.registry_service_pb2_grpc import RegistryServiceStub
from triggerflow_chassis.identity import Principal
from triggerflow_chassis.wire.flow import flow_from_json, flow_to_json, handler_to_json, nodes_to_json, version_to_json
from triggerflow_chassis.wire.node import node_from_json, node_to_json

from triggerflow_bff.clients.paging import fitting
from triggerflow_bff.clients.unary import unary
from triggerflow_bff.settings import Limits

Json = dict[str, Any]

# The server sets these; a client may send back what it read.
_SERVER_OWNED = frozenset({"id", "projectId", "latestVersion", "problems", "createdAt", "updatedAt"})
_SCHEMA_TYPES = {schema_pb2.SCHEMA_TYPE_AVRO: "AVRO", schema_pb2.SCHEMA_TYPE_JSON: "JSON"}
_MOST_SCHEMAS = 250


class Tagged(NamedTuple):
    """A resource and the tag of its state."""

    value: Json
    etag: str


class Page(NamedTuple):
    """Items, and where the next page starts; "" after the last."""

    items: list[Json]
    next_token: str


class RegistryClient:
    """Every method raises ServiceError as the registry raised it. Preconditions are tags without quotes, or "*"."""

    def __init__(self, channel: grpc.aio.Channel, limits: Limits) -> None:
        self._stub = RegistryServiceStub(channel)
        self._read = limits.read_seconds
        self._write = limits.write_seconds

    async def create_flow(self, who: Principal, request_id: str, body: Json) -> Tagged:
        """Make a flow of a checked body."""
        request = pb.CreateFlowRequest(project_id=who.project_id, request_id=request_id, flow=_flow(body))
        answer = await unary(self._stub.CreateFlow, request, self._write)
        return _tagged(answer.flow)

    async def get_flow(self, who: Principal, flow_id: str) -> Tagged:
        """Read a draft."""
        request = pb.GetFlowRequest(project_id=who.project_id, flow_id=flow_id)
        answer = await unary(self._stub.GetFlow, request, self._read)
        return _tagged(answer.flow)

    async def update_flow(self, who: Principal, flow_id: str, etag: str, body: Json) -> Tagged:
        """Replace a draft by a checked body."""
        flow = _flow(body)
        flow.id = flow_id
        request = pb.UpdateFlowRequest(project_id=who.project_id, flow=flow, etag=etag)
        answer = await unary(self._stub.UpdateFlow, request, self._write)
        return _tagged(answer.flow)

    async def delete_flow(self, who: Principal, flow_id: str, etag: str) -> None:
        """Delete a flow."""
        request = pb.DeleteFlowRequest(project_id=who.project_id, flow_id=flow_id, etag=etag)
        await unary(self._stub.DeleteFlow, request, self._write)

    async def list_flows(self, who: Principal, size: int, token: str, query: str) -> Page:
        """A page of flows without their drawings."""

        async def fetch(size: int) -> Any:
            request = pb.ListFlowsRequest(project_id=who.project_id, page_size=size, page_token=token, query=query)
            return await unary(self._stub.ListFlows, request, self._read)

        answer = await fitting(fetch, size)
        return Page([flow_to_json(flow, summary=True) for flow in answer.flows], answer.next_page_token)

    async def list_nodes(self, who: Principal, flow_id: str) -> list[Json]:
        """All nodes of a draft."""
        request = pb.ListNodesRequest(project_id=who.project_id, flow_id=flow_id)
        answer = await unary(self._stub.ListNodes, request, self._read)
        return nodes_to_json(answer.nodes)

    async def get_node(self, who: Principal, flow_id: str, node_id: str) -> Tagged:
        """Read a node."""
        request = pb.GetNodeRequest(project_id=who.project_id, flow_id=flow_id, node_id=node_id)
        answer = await unary(self._stub.GetNode, request, self._read)
        return Tagged(node_to_json(answer.node), answer.etag)

    async def put_node(
        self, who: Principal, flow_id: str, node_id: str, etag: str, create_only: bool, body: Json
    ) -> tuple[Tagged, bool]:
        """Make or replace a node by a checked body; whether it was made."""
        node = node_from_json({**body, "id": node_id})
        node.ClearField("version")
        request = pb.PutNodeRequest(
            project_id=who.project_id, flow_id=flow_id, node=node, etag=etag, create_only=create_only
        )
        answer = await unary(self._stub.PutNode, request, self._write)
        return Tagged(node_to_json(answer.node), answer.etag), answer.created

    async def delete_node(self, who: Principal, flow_id: str, node_id: str, etag: str) -> None:
        """Delete a node and its edges."""
        request = pb.DeleteNodeRequest(project_id=who.project_id, flow_id=flow_id, node_id=node_id, etag=etag)
        await unary(self._stub.DeleteNode, request, self._write)

    async def publish(self, who: Principal, request_id: str, flow_id: str, message: str) -> tuple[Json, bool]:
        """Publish the draft; whether that made a version."""
        request = pb.PublishVersionRequest(
            project_id=who.project_id, request_id=request_id, flow_id=flow_id, message=message
        )
        answer = await unary(self._stub.PublishVersion, request, self._write)
        return version_to_json(answer.version), answer.created

    async def get_version(self, who: Principal, flow_id: str, version: str) -> Json:
        """Read a version with what was published."""
        request = pb.GetVersionRequest(project_id=who.project_id, flow_id=flow_id, version=version)
        answer = await unary(self._stub.GetVersion, request, self._read)
        return version_to_json(answer.version)

    async def list_versions(self, who: Principal, flow_id: str, size: int, token: str) -> Page:
        """A page of versions."""
        request = pb.ListVersionsRequest(project_id=who.project_id, flow_id=flow_id, page_size=size, page_token=token)
        answer = await unary(self._stub.ListVersions, request, self._read)
        return Page([version_to_json(version) for version in answer.versions], answer.next_page_token)

    async def list_schemas(self, who: Principal) -> list[Json]:
        """The newest schema of every subject, without their texts."""
        found: list[Json] = []
        token = ""
        while True:
            request = pb.ListSchemasRequest(project_id=who.project_id, page_size=_MOST_SCHEMAS, page_token=token)
            answer = await unary(self._stub.ListSchemas, request, self._read)
            found += [_schema(schema) for schema in answer.schemas]
            token = answer.next_page_token
            if not token:
                return found

    async def schema_text(self, who: Principal, subject: str, version: int) -> str:
        """A registered schema as it was registered; version 0 is the newest."""
        request = pb.GetSchemaRequest(project_id=who.project_id, subject=subject, version=version)
        text: str = (await unary(self._stub.GetSchema, request, self._read)).schema.text
        return text

    async def list_handlers(self, who: Principal, size: int, token: str) -> Page:
        """A page of the catalogue."""

        async def fetch(size: int) -> Any:
            request = pb.ListHandlersRequest(project_id=who.project_id, page_size=size, page_token=token)
            return await unary(self._stub.ListHandlers, request, self._read)

        answer = await fitting(fetch, size)
        return Page([handler_to_json(handler) for handler in answer.handlers], answer.next_page_token)


def _flow(body: Json) -> flow_pb2.Flow:
    return flow_from_json({member: value for member, value in body.items() if member not in _SERVER_OWNED})


def _schema(schema: schema_pb2.Schema) -> Json:
    return {
        "name": schema.subject,
        "title": schema.subject.rpartition(".")[2],
        "id": f"urn:triggerflow:schema:{schema.subject}:{schema.version}",
        "type": _SCHEMA_TYPES[schema.type],
        "version": str(schema.version),
        "fingerprint": schema.fingerprint,
    }


def _tagged(flow: flow_pb2.Flow) -> Tagged:
    return Tagged(flow_to_json(flow), flow.etag)

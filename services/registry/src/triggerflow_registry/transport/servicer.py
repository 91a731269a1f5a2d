"""Serve `triggerflow.registry.v1.RegistryService`: convert, call a verb, convert."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import grpc.aio
from google.protobuf.message import Message
from triggerflow.registry.v1 import registry_service_pb2 as pb
from triggerflow.registry.v1 import registry_service_pb2_grpc
from triggerflow_chassis import identity
from triggerflow_chassis.errors import Forbidden, Invalid, Violation
from triggerflow_chassis.identity import Principal
from triggerflow_chassis.ids import normalise
from triggerflow_chassis.wire import flow as wire

from triggerflow_registry.app.create_flow import create_flow
from triggerflow_registry.app.delete_flow import prepare_delete
from triggerflow_registry.app.delete_node import delete_node
from triggerflow_registry.app.desk import Desk
from triggerflow_registry.app.get_flow import get_flow
from triggerflow_registry.app.get_node import get_node, list_nodes
from triggerflow_registry.app.get_version import get_version, list_versions, version_of_run
from triggerflow_registry.app.list_flow_events import list_flow_events
from triggerflow_registry.app.list_flows import list_flows
from triggerflow_registry.app.list_handlers import list_handlers
from triggerflow_registry.app.publish_version import publish_version
from triggerflow_registry.app.put_node import put_node
from triggerflow_registry.app.schemas import get_schema, list_schemas, register_schema
from triggerflow_registry.app.update_flow import update_flow
from triggerflow_registry.app.writing import Once, Work, write
from triggerflow_registry.transport import messages
from triggerflow_registry.transport.caller import remember_caller
from triggerflow_registry.transport.named_request import named

SERVICE = pb.DESCRIPTOR.services_by_name["RegistryService"].full_name

M = TypeVar("M", bound=Message)
Context = grpc.aio.ServicerContext[Any, Any]


class RegistryServicer(registry_service_pb2_grpc.RegistryServiceServicer):
    """One verb a method. Errors are raised as they are; the server's interceptor makes statuses of them."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    async def CreateFlow(self, request: pb.CreateFlowRequest, context: Context) -> pb.CreateFlowResponse:
        actor = _enter(request, context)
        body = wire.flow_to_json(request.flow)
        once = named(request.request_id, "CreateFlow", {"flow": body}, pb.CreateFlowResponse)

        async def act(work: Work) -> pb.CreateFlowResponse:
            return pb.CreateFlowResponse(flow=messages.flow_message(await create_flow(work, body)))

        return await self._write(actor, act, once)

    async def GetFlow(self, request: pb.GetFlowRequest, context: Context) -> pb.GetFlowResponse:
        shown = await get_flow(self._desk, _enter(request, context), request.flow_id)
        return pb.GetFlowResponse(flow=messages.flow_message(shown))

    async def UpdateFlow(self, request: pb.UpdateFlowRequest, context: Context) -> pb.UpdateFlowResponse:
        actor = _enter(request, context)
        body = wire.flow_to_json(request.flow)
        once = named(request.request_id, "UpdateFlow", {"flow": body, "etag": request.etag}, pb.UpdateFlowResponse)

        async def act(work: Work) -> pb.UpdateFlowResponse:
            shown = await update_flow(work, request.flow.id, body, request.etag)
            return pb.UpdateFlowResponse(flow=messages.flow_message(shown))

        return await self._write(actor, act, once)

    async def DeleteFlow(self, request: pb.DeleteFlowRequest, context: Context) -> pb.DeleteFlowResponse:
        actor = _enter(request, context)
        asked = {"flowId": normalise(request.flow_id), "etag": request.etag}
        once = named(request.request_id, "DeleteFlow", asked, pb.DeleteFlowResponse)
        delete = await prepare_delete(self._desk, actor, request.flow_id, request.etag, once)

        async def act(work: Work) -> pb.DeleteFlowResponse:
            await delete(work)
            return pb.DeleteFlowResponse()

        return await self._write(actor, act, once)

    async def ListFlows(self, request: pb.ListFlowsRequest, context: Context) -> pb.ListFlowsResponse:
        page = await list_flows(
            self._desk,
            _enter(request, context),
            size=request.page_size,
            token=request.page_token,
            query=request.query,
        )
        return pb.ListFlowsResponse(
            flows=[messages.summary_message(each) for each in page.items], next_page_token=page.next_token
        )

    async def GetNode(self, request: pb.GetNodeRequest, context: Context) -> pb.GetNodeResponse:
        shown = await get_node(self._desk, _enter(request, context), request.flow_id, request.node_id)
        return pb.GetNodeResponse(node=messages.node_message(shown.node), etag=shown.etag)

    async def PutNode(self, request: pb.PutNodeRequest, context: Context) -> pb.PutNodeResponse:
        actor = _enter(request, context)
        body = wire.node_to_json(request.node)
        asked = {
            "flowId": normalise(request.flow_id),
            "node": body,
            "etag": request.etag,
            "createOnly": request.create_only,
        }
        once = named(request.request_id, "PutNode", asked, pb.PutNodeResponse)

        async def act(work: Work) -> pb.PutNodeResponse:
            shown = await put_node(work, request.flow_id, body, request.etag, create_only=request.create_only)
            return pb.PutNodeResponse(node=messages.node_message(shown.node), etag=shown.etag, created=shown.created)

        return await self._write(actor, act, once)

    async def DeleteNode(self, request: pb.DeleteNodeRequest, context: Context) -> pb.DeleteNodeResponse:
        actor = _enter(request, context)
        asked = {
            "flowId": normalise(request.flow_id),
            "nodeId": normalise(request.node_id),
            "etag": request.etag,
        }
        once = named(request.request_id, "DeleteNode", asked, pb.DeleteNodeResponse)

        async def act(work: Work) -> pb.DeleteNodeResponse:
            await delete_node(work, request.flow_id, request.node_id, request.etag)
            return pb.DeleteNodeResponse()

        return await self._write(actor, act, once)

    async def ListNodes(self, request: pb.ListNodesRequest, context: Context) -> pb.ListNodesResponse:
        nodes = await list_nodes(self._desk, _enter(request, context), request.flow_id)
        return pb.ListNodesResponse(nodes=[messages.node_message(node) for node in nodes])

    async def PublishVersion(self, request: pb.PublishVersionRequest, context: Context) -> pb.PublishVersionResponse:
        actor = _enter(request, context)
        asked = {"flowId": normalise(request.flow_id), "message": request.message}
        once = named(request.request_id, "PublishVersion", asked, pb.PublishVersionResponse)

        async def act(work: Work) -> pb.PublishVersionResponse:
            published = await publish_version(work, request.flow_id, request.message)
            return pb.PublishVersionResponse(
                version=messages.version_message(published.version), created=published.created
            )

        return await self._write(actor, act, once)

    async def GetVersion(self, request: pb.GetVersionRequest, context: Context) -> pb.GetVersionResponse:
        version = await get_version(self._desk, _enter(request, context), request.flow_id, request.version)
        return pb.GetVersionResponse(version=messages.version_message(version))

    async def GetRunVersion(self, request: pb.GetRunVersionRequest, context: Context) -> pb.GetRunVersionResponse:
        name, number = await version_of_run(self._desk, _enter(request, context), request.flow_id, request.version)
        return pb.GetRunVersionResponse(version=str(number), flow_name=name)

    async def ListVersions(self, request: pb.ListVersionsRequest, context: Context) -> pb.ListVersionsResponse:
        page = await list_versions(
            self._desk,
            _enter(request, context),
            request.flow_id,
            size=request.page_size,
            token=request.page_token,
        )
        return pb.ListVersionsResponse(
            versions=[messages.version_message(each) for each in page.items], next_page_token=page.next_token
        )

    async def ListHandlers(self, request: pb.ListHandlersRequest, context: Context) -> pb.ListHandlersResponse:
        _enter(request, context)
        page = await list_handlers(self._desk, size=request.page_size, token=request.page_token)
        return pb.ListHandlersResponse(
            handlers=[messages.handler_message(each) for each in page.items], next_page_token=page.next_token
        )

    async def ListFlowEvents(self, request: pb.ListFlowEventsRequest, context: Context) -> pb.ListFlowEventsResponse:
        events = await list_flow_events(self._desk, _enter(request, context), after=request.after, limit=request.limit)
        return pb.ListFlowEventsResponse(events=[messages.event_message(event) for event in events])

    async def RegisterSchema(self, request: pb.RegisterSchemaRequest, context: Context) -> pb.RegisterSchemaResponse:
        actor = _enter(request, context)
        type = messages.SCHEMA_TYPES.get(request.type)
        if type is None:
            raise Invalid([Violation("/type", "must be AVRO or JSON")])
        schema, created = await register_schema(
            self._desk, actor, subject=request.subject, type=type, text=request.text
        )
        return pb.RegisterSchemaResponse(schema=messages.schema_message(schema), created=created)

    async def GetSchema(self, request: pb.GetSchemaRequest, context: Context) -> pb.GetSchemaResponse:
        schema = await get_schema(
            self._desk,
            _enter(request, context),
            subject=request.subject,
            version=request.version,
            fingerprint=request.fingerprint,
        )
        return pb.GetSchemaResponse(schema=messages.schema_message(schema))

    async def ListSchemas(self, request: pb.ListSchemasRequest, context: Context) -> pb.ListSchemasResponse:
        page = await list_schemas(
            self._desk,
            _enter(request, context),
            subject=request.subject,
            size=request.page_size,
            token=request.page_token,
        )
        return pb.ListSchemasResponse(
            schemas=[messages.schema_message(each) for each in page.items], next_page_token=page.next_token
        )

    async def _write(self, actor: Principal, act: Callable[[Work], Awaitable[M]], once: Once[M] | None) -> M:
        return await write(self._desk, actor, act, once)


def _enter(request: Any, context: Context) -> Principal:
    """Who calls, in the project the request names. Raises Forbidden where that is another one than the caller's."""
    remember_caller(context)
    actor = identity.current()
    if request.project_id and normalise(request.project_id) != actor.project_id:
        raise Forbidden("This project is not yours.")
    return actor

"""The services as reflection shows them, and what every call has in common. CONTRACT section 5."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

import grpc
import pytest
from drawing import Drawing
from google.protobuf.descriptor_pool import DescriptorPool
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import ProtoReflectionDescriptorDatabase
from running_product import Product
from triggerflow.errors.v1 import error_reason_pb2
from triggerflow.orchestrator.v1 import orchestrator_service_pb2 as runs_pb
from triggerflow.orchestrator.v1 import orchestrator_service_pb2_grpc as runs_grpc
from triggerflow.registry.v1 import flow_pb2, node_pb2
from triggerflow.registry.v1 import registry_service_pb2 as flows_pb
from triggerflow.registry.v1 import registry_service_pb2_grpc as flows_grpc
from triggerflow.stream.v1 import stream_service_pb2 as stream_pb
from triggerflow.stream.v1 import stream_service_pb2_grpc as stream_grpc

NOBODY = "01890000-0000-7000-8000-000000000000"
SERVICES = {
    "triggerflow.registry.v1.RegistryService": {
        *(f"{verb}Flow" for verb in ("Create", "Get", "Update", "Delete")),
        *(f"{verb}Node" for verb in ("Get", "Put", "Delete")),
        *(f"List{what}" for what in ("Flows", "Nodes", "Versions", "Handlers")),
        *("PublishVersion", "GetVersion"),
    },
    "triggerflow.orchestrator.v1.OrchestratorService": {
        *(f"{verb}Execution" for verb in ("Start", "Get", "Cancel")),
        *(f"List{what}" for what in ("Executions", "Activations", "Events")),
        "GetValue",
    },
    "triggerflow.stream.v1.StreamService": {"WatchExecution", "WatchProject"},
}


class WithToken(grpc.UnaryUnaryClientInterceptor, grpc.StreamStreamClientInterceptor):
    """For client code that knows of no metadata."""

    def __init__(self, token: str) -> None:
        self._metadata = [("authorization", f"Bearer {token}")]

    def intercept_unary_unary(self, call: Any, details: Any, request: Any) -> Any:
        return call(details._replace(metadata=self._metadata), request)

    def intercept_stream_stream(self, call: Any, details: Any, requests: Any) -> Any:
        return call(details._replace(metadata=self._metadata), requests)


def test_reflection_shows_all_services(channel: grpc.Channel, product: Product) -> None:
    database = ProtoReflectionDescriptorDatabase(grpc.intercept_channel(channel, WithToken(product.token)))
    names = set(database.get_services())
    assert names >= {*SERVICES, "grpc.health.v1.Health"}
    pool = DescriptorPool(database)
    for name, methods in SERVICES.items():
        shown = {method.name for method in pool.FindServiceByName(name).methods}
        assert shown >= methods
    flow = pool.FindMessageTypeByName("triggerflow.registry.v1.Flow")
    assert {"id", "name", "nodes", "edges", "etag"} <= set(flow.fields_by_name)


@pytest.mark.parametrize("service", ["", *SERVICES])
def test_health_is_serving(channel: grpc.Channel, product: Product, service: str) -> None:
    stub = health_pb2_grpc.HealthStub(channel)
    metadata = [("authorization", f"Bearer {product.token}")]
    answer = stub.Check(health_pb2.HealthCheckRequest(service=service), metadata=metadata, timeout=5)
    assert answer.status == health_pb2.HealthCheckResponse.SERVING


@pytest.mark.parametrize("metadata", [[], [("authorization", "Bearer wrong")], [("authorization", "wrong")]])
def test_every_service_needs_the_token(channel: grpc.Channel, refusal: Callable[..., Any], metadata: Any) -> None:
    flows, runs = flows_grpc.RegistryServiceStub(channel), runs_grpc.OrchestratorServiceStub(channel)
    stream = stream_grpc.StreamServiceStub(channel)
    for call in (
        lambda: flows.ListFlows(flows_pb.ListFlowsRequest(), metadata=metadata, timeout=5),
        lambda: flows.CreateFlow(flows_pb.CreateFlowRequest(), metadata=metadata, timeout=5),
        lambda: runs.ListExecutions(runs_pb.ListExecutionsRequest(), metadata=metadata, timeout=5),
        lambda: stream.WatchExecution(stream_pb.WatchExecutionRequest(), metadata=metadata, timeout=5),
        lambda: stream.WatchProject(stream_pb.WatchProjectRequest(), metadata=metadata, timeout=5),
    ):
        refused = refusal(call)
        assert (refused.code, refused.reason) == (grpc.StatusCode.UNAUTHENTICATED, "UNAUTHENTICATED")


def test_what_is_not_found_says_so(flows: Any, runs: Any, stream: Any, refusal: Callable[..., Any]) -> None:
    for call in (
        lambda: flows.GetFlow(flows_pb.GetFlowRequest(flow_id=NOBODY)),
        lambda: flows.GetFlow(flows_pb.GetFlowRequest(flow_id="nope")),
        lambda: flows.GetFlow(flows_pb.GetFlowRequest()),
        lambda: flows.UpdateFlow(flows_pb.UpdateFlowRequest(flow=flow_pb2.Flow(id=NOBODY, name="x"), etag="*")),
        lambda: flows.DeleteFlow(flows_pb.DeleteFlowRequest(flow_id=NOBODY, etag="*")),
        lambda: flows.ListNodes(flows_pb.ListNodesRequest(flow_id=NOBODY)),
        lambda: flows.GetNode(flows_pb.GetNodeRequest(flow_id=NOBODY, node_id=NOBODY)),
        lambda: flows.PublishVersion(flows_pb.PublishVersionRequest(flow_id=NOBODY)),
        lambda: flows.ListVersions(flows_pb.ListVersionsRequest(flow_id=NOBODY)),
        lambda: runs.GetExecution(runs_pb.GetExecutionRequest(execution_id=NOBODY)),
        lambda: runs.CancelExecution(runs_pb.CancelExecutionRequest(execution_id="nope")),
        lambda: runs.ListActivations(runs_pb.ListActivationsRequest(execution_id=NOBODY)),
        lambda: runs.ListEvents(runs_pb.ListEventsRequest(execution_id=NOBODY)),
        lambda: runs.GetValue(runs_pb.GetValueRequest(ref="nope")),
        lambda: stream.WatchExecution(stream_pb.WatchExecutionRequest(execution_id=NOBODY)),
    ):
        refused = refusal(call)
        assert (refused.code, refused.reason) == (grpc.StatusCode.NOT_FOUND, "NOT_FOUND")
        assert set(refused.metadata) >= {"resource", "id"}


def test_another_project_is_not_ours(flows: Any, runs: Any, refusal: Callable[..., Any]) -> None:
    for call in (
        lambda: flows.ListFlows(flows_pb.ListFlowsRequest(project_id=NOBODY)),
        lambda: runs.ListExecutions(runs_pb.ListExecutionsRequest(project_id=NOBODY)),
    ):
        assert refusal(call).code in (grpc.StatusCode.PERMISSION_DENIED, grpc.StatusCode.NOT_FOUND)


def test_a_document_is_refused_at_its_pointers(flows: Any, refusal: Callable[..., Any]) -> None:
    def create(**flow: Any) -> Any:
        return refusal(lambda: flows.CreateFlow(flows_pb.CreateFlowRequest(flow=flow_pb2.Flow(**flow))))

    unnamed = create()
    assert (unnamed.code, unnamed.reason) == (grpc.StatusCode.INVALID_ARGUMENT, "INVALID")
    assert unnamed.fields == ["/name"]
    node = node_pb2.Node(id="x", type=node_pb2.NODE_TYPE_ACTION, name="n", position=node_pb2.Position())
    assert create(name="n", nodes=[node]).fields == ["/nodes/0/id"]
    node.id = str(uuid.uuid4())
    node.type = node_pb2.NODE_TYPE_UNSPECIFIED
    assert create(name="n", nodes=[node]).fields == ["/nodes/0/type"]
    node.type = node_pb2.NODE_TYPE_ACTION
    node.handlers["main"].entrypoint = "core:map"
    node.handlers["main"].config_json = "{not json"
    broken = create(name="n", nodes=[node])
    assert broken.code == grpc.StatusCode.INVALID_ARGUMENT and broken.reason in ("INVALID", "BAD_JSON")
    node.handlers["main"].config_json = "{}"
    node.position.x = float("nan")
    assert create(name="n", nodes=[node]).code == grpc.StatusCode.INVALID_ARGUMENT


def test_many_errors_fit_a_stock_client(flows: Any, refusal: Callable[..., Any]) -> None:
    nodes = [node_pb2.Node(id=f"not an id {i}", name="") for i in range(500)]
    refused = refusal(lambda: flows.CreateFlow(flows_pb.CreateFlowRequest(flow=flow_pb2.Flow(name="n", nodes=nodes))))
    assert (refused.code, refused.reason) == (grpc.StatusCode.INVALID_ARGUMENT, "INVALID")
    assert 1 <= len(refused.fields) <= 100


def test_an_etag_guards_a_draft(flows: Any, refusal: Callable[..., Any]) -> None:
    made = flows.CreateFlow(flows_pb.CreateFlowRequest(flow=flow_pb2.Flow(name="one"))).flow
    changed = flow_pb2.Flow(id=made.id, name="two")
    without = refusal(lambda: flows.UpdateFlow(flows_pb.UpdateFlowRequest(flow=changed)))
    assert (without.code, without.reason) == (grpc.StatusCode.FAILED_PRECONDITION, "PRECONDITION_REQUIRED")
    saved = flows.UpdateFlow(flows_pb.UpdateFlowRequest(flow=changed, etag=made.etag)).flow
    stale = refusal(lambda: flows.UpdateFlow(flows_pb.UpdateFlowRequest(flow=changed, etag=made.etag)))
    assert (stale.code, stale.reason) == (grpc.StatusCode.ABORTED, "STALE_ETAG")
    assert stale.metadata["currentEtag"] == saved.etag
    flows.DeleteFlow(flows_pb.DeleteFlowRequest(flow_id=made.id, etag=saved.etag))


def test_a_request_id_makes_a_call_once(flows: Any, refusal: Callable[..., Any]) -> None:
    request = flows_pb.CreateFlowRequest(request_id=str(uuid.uuid4()), flow=flow_pb2.Flow(name="once"))
    first, again = flows.CreateFlow(request).flow, flows.CreateFlow(request).flow
    assert first == again
    other = flows_pb.CreateFlowRequest(request_id=request.request_id, flow=flow_pb2.Flow(name="other"))
    refused = refusal(lambda: flows.CreateFlow(other))
    assert (refused.code, refused.reason) == (grpc.StatusCode.INVALID_ARGUMENT, "IDEMPOTENCY_KEY_REUSED")


def test_lists_are_paged(flows: Any, runs: Any, refusal: Callable[..., Any]) -> None:
    made = [flows.CreateFlow(flows_pb.CreateFlowRequest(flow=flow_pb2.Flow(name="p"))).flow.id for _ in range(3)]
    seen, token = [], ""
    while True:
        page = flows.ListFlows(flows_pb.ListFlowsRequest(page_size=2, page_token=token))
        assert len(page.flows) <= 2
        seen += [flow.id for flow in page.flows]
        token = page.next_page_token
        if not token or set(made) <= set(seen):
            break
    assert [each for each in seen if each in made] == made[::-1]
    for size in (-1, 251):
        refused = refusal(lambda size=size: flows.ListFlows(flows_pb.ListFlowsRequest(page_size=size)))
        assert (refused.code, refused.reason) == (grpc.StatusCode.INVALID_ARGUMENT, "BAD_PARAMETER")
        refused = refusal(lambda size=size: runs.ListExecutions(runs_pb.ListExecutionsRequest(page_size=size)))
        assert refused.reason == "BAD_PARAMETER"
    for call in (
        lambda: flows.ListFlows(flows_pb.ListFlowsRequest(page_token="nobody made this")),
        lambda: flows.ListHandlers(flows_pb.ListHandlersRequest(page_token="nobody made this")),
        lambda: runs.ListExecutions(runs_pb.ListExecutionsRequest(page_token="nobody made this")),
    ):
        refused = refusal(call)
        assert (refused.code, refused.reason) == (grpc.StatusCode.INVALID_ARGUMENT, "BAD_CURSOR")


def test_a_run_is_started_watched_and_read(client: Any, runs: Any, stream: Any, refusal: Callable[..., Any]) -> None:
    drawing = Drawing("by grpc")
    drawing.trigger()
    drawing.node("action", "step", "sample_handlers.pass_on")
    drawing.node("output", "result")
    drawing.wire("start", "step")
    drawing.wire("step", "result")
    flow_id = client.post("/flows", json=drawing.body()).json()["id"]
    unpublished = refusal(lambda: runs.StartExecution(runs_pb.StartExecutionRequest(flow_id=flow_id)))
    assert (unpublished.code, unpublished.reason) == (grpc.StatusCode.FAILED_PRECONDITION, "NO_VERSION")
    client.post(f"/flows/{flow_id}/versions")
    request = runs_pb.StartExecutionRequest(
        flow_id=flow_id, inputs_json='{"big": 9007199254740993}', request_id=str(uuid.uuid4()), wait_seconds=10
    )
    run = runs.StartExecution(request).execution
    assert runs.StartExecution(request).execution.id == run.id
    assert run.outputs_json == '{"result":{"big":9007199254740993}}'
    watched = [
        event
        for batch in stream.WatchExecution(stream_pb.WatchExecutionRequest(execution_id=run.id))
        for event in batch.events
    ]
    listed = runs.ListEvents(runs_pb.ListEventsRequest(execution_id=run.id))
    assert watched == list(listed.events) and listed.ended
    by_rest = client.get(f"/executions/{run.id}/events", headers={"Accept": "application/json"}).json()
    assert [event.id for event in watched] == [event["id"] for event in by_rest["items"]]
    rest = stream.WatchExecution(stream_pb.WatchExecutionRequest(execution_id=run.id, after=watched[3].id))
    assert [event for batch in rest for event in batch.events] == watched[4:]
    bad = refusal(lambda: stream.WatchExecution(stream_pb.WatchExecutionRequest(execution_id=run.id, after="x")))
    assert (bad.code, bad.reason) == (grpc.StatusCode.INVALID_ARGUMENT, "BAD_CURSOR")
    activations = runs.ListActivations(runs_pb.ListActivationsRequest(execution_id=run.id)).activations
    assert len(activations) == 3
    ended = refusal(lambda: runs.CancelExecution(runs_pb.CancelExecutionRequest(execution_id=run.id)))
    assert (ended.code, ended.reason) == (grpc.StatusCode.FAILED_PRECONDITION, "ALREADY_ENDED")
    for inputs in ("{", "[]", '{"a": 1, "a": 2}', '{"a": NaN}'):
        request = runs_pb.StartExecutionRequest(flow_id=flow_id, inputs_json=inputs)
        assert refusal(lambda request=request: runs.StartExecution(request)).code == grpc.StatusCode.INVALID_ARGUMENT


def test_messages_have_up_to_16_mebibytes(flows: Any, channel: grpc.Channel, product: Product) -> None:
    def flow(size: int) -> flow_pb2.Flow:
        node = node_pb2.Node(
            id=str(uuid.uuid4()), type=node_pb2.NODE_TYPE_ACTION, name="n", position=node_pb2.Position()
        )
        node.description = "x" * size
        return flow_pb2.Flow(name="large", nodes=[node])

    made = flows.CreateFlow(flows_pb.CreateFlowRequest(flow=flow(6_000_000)))
    assert flows.GetFlow(flows_pb.GetFlowRequest(flow_id=made.flow.id)).flow.ByteSize() > 6_000_000
    with pytest.raises(grpc.RpcError) as raised:
        flows.CreateFlow(flows_pb.CreateFlowRequest(flow=flow(17 * 1024 * 1024)))
    assert raised.value.code() == grpc.StatusCode.RESOURCE_EXHAUSTED


def test_an_unknown_method_is_unimplemented(channel: grpc.Channel, product: Product) -> None:
    call = channel.unary_unary("/triggerflow.registry.v1.RegistryService/Nothing")
    with pytest.raises(grpc.RpcError) as raised:
        call(b"", metadata=[("authorization", f"Bearer {product.token}")], timeout=5)
    assert raised.value.code() == grpc.StatusCode.UNIMPLEMENTED


def test_every_reason_is_one_of_the_documented(client: Any) -> None:
    names = {name.removeprefix("ERROR_REASON_") for name in error_reason_pb2.ErrorReason.DESCRIPTOR.values_by_name}
    assert client.get("/flows/nope").json()["reason"] in names

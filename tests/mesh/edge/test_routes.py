"""What goes where through the edge, and what passes it untouched."""

from __future__ import annotations

import json
import socket
import time
import uuid

import grpc
import httpx
from edge_rig import EdgeRig
from google.protobuf import descriptor_pb2
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc
from running_product import wait_for
from triggerflow.orchestrator.v1 import orchestrator_service_pb2, orchestrator_service_pb2_grpc
from triggerflow.registry.v1 import flow_pb2, registry_service_pb2, registry_service_pb2_grpc

SERVICES = (
    "triggerflow.orchestrator.v1.OrchestratorService",
    "triggerflow.registry.v1.RegistryService",
    "triggerflow.stream.v1.StreamService",
)


def test_the_product_is_at_the_edges_address(rig: EdgeRig, client: httpx.Client) -> None:
    assert client.get("/healthz").json() == {"status": "ok"}
    assert client.get("/readyz").json() == {"status": "ready"}
    link = client.post("/session/links").json()["url"]
    assert link.startswith(f"{rig.url}/canvas/?code=")
    with httpx.Client(trust_env=False) as browser:
        answer = browser.get(link)
        # The cookie is of the address that the browser sees.
        assert f"tfcanvas_{rig.ports['http']}=" in answer.headers["set-cookie"]
        assert browser.get(f"{rig.url}/flows").status_code == 200
        assert httpx.get(link, trust_env=False).status_code == 410


def test_another_host_or_origin_is_refused_on_every_path(rig: EdgeRig, client: httpx.Client) -> None:
    for path in (
        "/flows",
        "/healthz",
        "/canvas/",
        "/executions/x/events",
        "/triggerflow.registry.v1.RegistryService/X",
    ):
        for headers in ({"Host": "evil.example"}, {"Origin": "http://evil.example"}):
            answer = client.get(path, headers=headers)
            assert (answer.status_code, answer.json()["reason"]) == (403, "FORBIDDEN"), path
    assert client.get("/flows", headers={"Host": f"localhost:{rig.ports['http']}"}).status_code == 200
    assert client.get("/flows", headers={"Origin": rig.url}).status_code == 200


def test_a_body_at_the_limit_passes_and_one_above_is_the_bffs_to_refuse(client: httpx.Client) -> None:
    frame = len(json.dumps({"name": "large", "description": ""}))
    body = json.dumps({"name": "large", "description": "x" * (8_388_608 - frame)}).encode()
    assert len(body) == 8_388_608
    made = client.post("/flows", content=body, headers={"Content-Type": "application/json"})
    assert made.status_code == 201
    assert client.get(made.headers["location"]).json() == made.json()
    assert client.delete(made.headers["location"], headers={"If-Match": "*"}).status_code == 204
    refused = client.post("/flows", content=body + b" ", headers={"Content-Type": "application/json"})
    assert (refused.status_code, refused.json()["reason"]) == (413, "TOO_LARGE")


def test_a_reader_that_pauses_at_the_end_gets_all_of_an_answer_that_ends_its_connection(
    rig: EdgeRig, client: httpx.Client
) -> None:
    made = client.post("/flows", json={"name": "slow", "description": "x" * 8_000_000})
    path = made.headers["location"]
    with socket.socket() as reader:
        reader.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65_536)
        reader.connect(("127.0.0.1", rig.ports["http"]))
        head = (f"GET {path} HTTP/1.1", f"Host: {rig.at('http')}", f"Authorization: Bearer {rig.token}")
        reader.sendall("\r\n".join([*head, "Connection: close", "", ""]).encode())
        got = bytearray()
        paused = False
        while part := reader.recv(65_536):
            got += part
            if len(got) > 6_000_000 and not paused:
                # A slow reader; what is left stands in buffers by now, and the server has closed.
                time.sleep(2)
                paused = True
    body = bytes(got).partition(b"\r\n\r\n")[2]
    assert len(body) > 8_000_000
    assert json.loads(body) == client.get(path).json()
    assert client.delete(path, headers={"If-Match": "*"}).status_code == 204


def test_a_refusal_reaches_who_is_still_sending(client: httpx.Client) -> None:
    for _ in range(10):
        refused = client.post("/flows", content=b"x" * 33_554_432, headers={"Content-Type": "application/json"})
        assert (refused.status_code, refused.json()["reason"]) == (413, "TOO_LARGE")


def test_a_message_of_nearly_16_mib_passes_both_ways(channel: grpc.Channel, signed_in: list[tuple[str, str]]) -> None:
    registry = registry_service_pb2_grpc.RegistryServiceStub(channel)
    flow = flow_pb2.Flow(name="large", description="x" * (16 * 1024 * 1024 - 2_000))
    made = registry.CreateFlow(registry_service_pb2.CreateFlowRequest(flow=flow), metadata=signed_in, timeout=60).flow
    asked = registry_service_pb2.GetFlowRequest(flow_id=made.id)
    assert registry.GetFlow(asked, metadata=signed_in, timeout=60).flow == made
    registry.DeleteFlow(
        registry_service_pb2.DeleteFlowRequest(flow_id=made.id, etag="*"), metadata=signed_in, timeout=60
    )


def test_a_hundred_problems_of_a_body_come_through(client: httpx.Client) -> None:
    nodes = [{"id": f"no-uuid-{place}", "name": "x" * 900} for place in range(150)]
    refused = client.post("/flows", json={"name": "bad", "nodes": nodes})
    assert (refused.status_code, len(refused.json()["errors"])) == (422, 100)
    ids = [str(uuid.uuid4()) for _ in range(120)]
    edges = [
        {"id": each, "source": {"nodeId": each, "port": "p" * 200}, "target": {"nodeId": each, "port": "q" * 200}}
        for each in ids
    ]
    # These are found by the registry, and travel as a gRPC status.
    refused = client.post("/flows", json={"name": "bad", "nodes": [], "edges": edges})
    assert (refused.status_code, len(refused.json()["errors"])) == (422, 100)


def test_headers_of_200_kb_pass_and_larger_ones_are_a_problem(client: httpx.Client) -> None:
    assert client.get("/flows", headers={"X-Large": "x" * 200_000}).status_code == 200
    refused = client.get("/flows", headers={"X-Large": "x" * 300_000})
    assert refused.status_code == 431
    assert refused.headers["content-type"] == "application/problem+json"
    assert (refused.json()["reason"], refused.json()["status"]) == ("TOO_LARGE", 431)


def test_a_trace_id_is_the_same_from_the_edge_to_the_service_and_in_the_log(rig: EdgeRig, client: httpx.Client) -> None:
    mine = uuid.uuid4().hex
    missing = f"/flows/{uuid.uuid4()}"
    answer = client.get(missing, headers={"traceparent": f"00-{mine}-00000000000000ab-01"})
    assert answer.json()["traceId"] == mine
    made = client.get(missing).json()["traceId"]
    wait_for(
        lambda: (
            {(each["path"], each["trace_id"]) for each in rig.access_log()}
            >= {(missing, mine), (missing, made), ("/triggerflow.registry.v1.RegistryService/GetFlow", made)}
        ),
        what="both requests in the log of the edge, and the call behind one",
    )


def test_the_log_has_no_secrets(rig: EdgeRig, client: httpx.Client) -> None:
    link = client.post("/session/links").json()["url"]
    httpx.get(link, trust_env=False)
    code = link.partition("code=")[2]
    wait_for(lambda: any(each["path"] == "/canvas/" for each in rig.access_log()), what="the link in the log")
    log = (rig.home / "access.log").read_text()
    assert code not in log
    assert rig.token not in log


def test_health_of_each_service_is_its_own_and_without_a_name_is_of_any(channel: grpc.Channel) -> None:
    health = health_pb2_grpc.HealthStub(channel)
    for name in (*SERVICES, ""):
        answer = health.Check(health_pb2.HealthCheckRequest(service=name), timeout=10)
        assert answer.status == health_pb2.HealthCheckResponse.SERVING, name
    try:
        health.Check(health_pb2.HealthCheckRequest(service="nobody"), timeout=10)
    except grpc.RpcError as error:
        assert error.code() is grpc.StatusCode.NOT_FOUND  # type: ignore[attr-defined]
    else:
        raise AssertionError("there is no such service")
    watching = health.Watch(health_pb2.HealthCheckRequest(service=SERVICES[0]), timeout=10)
    assert next(watching).status == health_pb2.HealthCheckResponse.SERVING
    watching.cancel()


def test_reflection_shows_every_service(channel: grpc.Channel, signed_in: list[tuple[str, str]]) -> None:
    stub = reflection_pb2_grpc.ServerReflectionStub(channel)

    def ask(**what: str) -> reflection_pb2.ServerReflectionResponse:
        request = reflection_pb2.ServerReflectionRequest(**what)
        return next(iter(stub.ServerReflectionInfo(iter([request]), metadata=signed_in, timeout=10)))

    names = {each.name for each in ask(list_services="").list_services_response.service}
    assert names >= set(SERVICES)
    for name in SERVICES:
        files = ask(file_containing_symbol=name).file_descriptor_response.file_descriptor_proto
        described = [descriptor_pb2.FileDescriptorProto.FromString(each) for each in files]
        assert name in {f"{file.package}.{service.name}" for file in described for service in file.service}


def test_grpc_web_is_taken_from_programs_and_from_pages_of_the_edge_alone(rig: EdgeRig, client: httpx.Client) -> None:
    path = "/triggerflow.registry.v1.RegistryService/ListFlows"
    empty = b"\0\0\0\0\0"
    web = {"Content-Type": "application/grpc-web+proto"}
    for headers in ({}, {"Origin": rig.url}):
        answer = client.post(path, content=empty, headers={**web, **headers})
        assert answer.status_code == 200
        assert b"grpc-status:0" in answer.content
    assert client.post(path, content=empty, headers={**web, "Origin": "http://evil.example"}).status_code == 403
    # Without the token the service itself refuses, which is what it says in the answer's last frame.
    answer = httpx.post(f"{rig.url}{path}", content=empty, headers=web, trust_env=False)
    assert answer.headers.get("grpc-status") == "16" or b"grpc-status:16" in answer.content
    # The other listener takes it from programs, and from no page at all.
    other = f"http://{rig.grpc}{path}"
    answer = httpx.post(other, content=empty, headers={**web, **rig.headers()}, trust_env=False)
    assert b"grpc-status:0" in answer.content
    refused = httpx.post(other, content=empty, headers={**web, **rig.headers(), "Origin": rig.url}, trust_env=False)
    assert refused.status_code == 403 or refused.headers.get("grpc-status") == "7"


def test_what_is_not_grpc_is_told_so_at_the_grpc_address(rig: EdgeRig, channel: grpc.Channel) -> None:
    for method in ("GET", "POST"):
        answer = httpx.request(method, f"http://{rig.grpc}/flows", trust_env=False)
        assert (answer.status_code, "gRPC" in answer.text) == (415, True)
    try:
        channel.unary_unary("/nobody.v1.Nobody/Call")(b"", timeout=10)
    except grpc.RpcError as error:
        assert error.code() is grpc.StatusCode.UNIMPLEMENTED  # type: ignore[attr-defined]
    else:
        raise AssertionError("nobody has that method")


def test_the_services_still_ask_for_the_token(channel: grpc.Channel) -> None:
    orchestrator = orchestrator_service_pb2_grpc.OrchestratorServiceStub(channel)
    try:
        orchestrator.ListExecutions(orchestrator_service_pb2.ListExecutionsRequest(), timeout=10)
    except grpc.RpcError as error:
        assert error.code() is grpc.StatusCode.UNAUTHENTICATED  # type: ignore[attr-defined]
    else:
        raise AssertionError("it let a stranger in")

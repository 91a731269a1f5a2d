"""What users are told while a part of the mesh is gone, and that it ends by itself when the part is back."""

from __future__ import annotations

import signal
from collections.abc import Callable
from typing import Any

import grpc
import httpx
import pytest
from edge_rig import EdgeRig
from google.rpc import error_details_pb2, status_pb2
from running_product import wait_for
from triggerflow.orchestrator.v1 import orchestrator_service_pb2, orchestrator_service_pb2_grpc
from triggerflow.registry.v1 import registry_service_pb2, registry_service_pb2_grpc
from triggerflow.stream.v1 import stream_service_pb2, stream_service_pb2_grpc


def problem(answer: httpx.Response) -> dict[str, Any]:
    """A 503 as the contract has it."""
    assert answer.status_code == 503, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["retry-after"] == "1"
    assert answer.headers["cache-control"] == "no-store"
    body: dict[str, Any] = answer.json()
    assert set(body) >= {"type", "title", "status", "detail", "reason", "traceId", "errors"}
    assert (body["type"], body["status"], body["reason"], body["errors"]) == (
        "urn:triggerflow:problem:UNAVAILABLE",
        503,
        "UNAVAILABLE",
        [],
    )
    assert len(body["traceId"]) == 32
    return body


def list_flows(channel: grpc.Channel, metadata: Any) -> Any:
    stub = registry_service_pb2_grpc.RegistryServiceStub(channel)
    return stub.ListFlows(registry_service_pb2.ListFlowsRequest(), metadata=metadata, timeout=10)


def list_executions(channel: grpc.Channel, metadata: Any) -> Any:
    stub = orchestrator_service_pb2_grpc.OrchestratorServiceStub(channel)
    return stub.ListExecutions(orchestrator_service_pb2.ListExecutionsRequest(), metadata=metadata, timeout=10)


def watch_project(channel: grpc.Channel, metadata: Any) -> Any:
    stub = stream_service_pb2_grpc.StreamServiceStub(channel)
    return next(iter(stub.WatchProject(stream_service_pb2.WatchProjectRequest(), metadata=metadata, timeout=10)))


@pytest.mark.parametrize(
    ("part", "call", "path", "works"),
    [
        ("registry", list_flows, "/flows", "/executions"),
        ("orchestrator", list_executions, "/executions", "/flows"),
        ("stream", watch_project, None, "/flows"),
    ],
)
def test_a_service_that_is_gone_is_named_and_the_others_work(
    whole: EdgeRig,
    client: httpx.Client,
    channel: grpc.Channel,
    signed_in: list[tuple[str, str]],
    part: str,
    call: Callable[..., Any],
    path: str | None,
    works: str,
) -> None:
    gone = [name for name in whole.processes if name.partition("-")[0] == part]
    for name in gone:
        whole.kill(name)
    for _ in range(2):
        with pytest.raises(grpc.RpcError) as caught:
            call(channel, signed_in)
        assert caught.value.code() is grpc.StatusCode.UNAVAILABLE
        assert caught.value.details().startswith(f"The {part} does not answer now")
        trailers = dict(caught.value.trailing_metadata())
        status = status_pb2.Status.FromString(trailers["grpc-status-details-bin"])
        assert (status.code, status.message) == (14, caught.value.details())
        info = error_details_pb2.ErrorInfo()
        (detail,) = status.details
        assert detail.Unpack(info)
        assert (info.reason, info.domain) == ("UNAVAILABLE", "triggerflow")
        if path is not None:
            assert problem(client.get(path))["detail"] == caught.value.details()
        assert client.get(works).status_code == 200
        told = problem(client.get("/readyz"))
        assert part in told["detail"]
        assert told["missing"] == [part]
        # The second time Envoy has left it out and does not even try.
        wait_for(lambda: whole.healthy(part) == 0, what="the edge to see it")
    for name in gone:
        whole.start_one(name)
    whole.wait_ready()
    assert path is None or client.get(path).status_code == 200


def test_the_bff_that_is_gone_is_a_problem_too_and_the_canvas_waits_for_it(
    whole: EdgeRig, client: httpx.Client
) -> None:
    whole.kill("bff")
    trace = "0123456789abcdef0123456789abcdef"
    for method, path in (("GET", "/flows"), ("POST", "/executions"), ("GET", "/readyz"), ("PUT", "/flows/x")):
        answer = client.request(method, path, headers={"traceparent": f"00-{trace}-0000000000000001-01"})
        assert problem(answer)["traceId"] == trace
    page = client.get("/canvas/flows/x", headers={"Accept": "text/html,*/*"})
    assert page.status_code == 503
    assert page.headers["content-type"].startswith("text/html")
    assert 'http-equiv="refresh"' in page.text
    # The services stand for themselves.
    with grpc.insecure_channel(whole.grpc) as channel:
        list_flows(channel, [("authorization", f"Bearer {whole.token}")])
    whole.start_one("bff")
    wait_for(lambda: whole.answer("/flows") == 200, what="the BFF through the edge")


def test_a_service_that_hangs_is_answered_for_and_back_when_it_goes_on(whole: EdgeRig, client: httpx.Client) -> None:
    whole.signal("registry", signal.SIGSTOP)
    try:
        wait_for(lambda: whole.healthy("registry") == 0, what="the edge to leave it out")
        assert problem(client.get("/flows"))["detail"].startswith("The registry does not answer now")
    finally:
        whole.signal("registry", signal.SIGCONT)
    wait_for(lambda: client.get("/flows").status_code == 200, what="the registry back")


def test_an_orchestrator_that_starts_takes_no_calls_until_runs_can_start(whole: EdgeRig, client: httpx.Client) -> None:
    assert whole.stop_one("orchestrator") == 0
    wait_for(lambda: whole.healthy("orchestrator") == 0, what="the edge to see it")
    whole.start_one("orchestrator")
    answers = []

    def ready() -> bool:
        answers.append((client.get("/executions").status_code, client.get("/readyz").status_code))
        return answers[-1] == (200, 200)

    wait_for(ready, what="the orchestrator through the edge", seconds=60)
    assert answers[0] == (503, 503)
    assert {code for answer in answers for code in answer} == {200, 503}


def test_every_process_stops_within_five_seconds_of_sigterm_with_code_0(
    whole: EdgeRig, ticking: Callable[[], Any], client: httpx.Client
) -> None:
    run = ticking()
    with client.stream("GET", f"/executions/{run.id}/events", headers={"Accept": "text/event-stream"}) as answer:
        # Somebody reads while all of it stops.
        next(answer.iter_bytes())
        codes = {name: whole.stop_one(name) for name in ("bff", "stream-1", "stream-2", "orchestrator", "registry")}
    assert set(codes.values()) == {0}, codes

"""What the edge does with calls, counted behind it: retries, health, outliers, deadlines, limits, traces."""

from __future__ import annotations

import base64
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import counting_service as counting_service_module
import grpc
import httpx
import pytest
from counting_service import CountingService, counting_service
from edge_rig import EdgeRig, free_ports
from google.rpc import error_details_pb2, status_pb2
from running_product import wait_for

READS = (
    "registry.v1.RegistryService/GetFlow",
    "registry.v1.RegistryService/ListVersions",
    "orchestrator.v1.OrchestratorService/GetExecution",
    "orchestrator.v1.OrchestratorService/ListEvents",
)
WRITES = (
    "registry.v1.RegistryService/CreateFlow",
    "registry.v1.RegistryService/UpdateFlow",
    "registry.v1.RegistryService/PutNode",
    "registry.v1.RegistryService/DeleteFlow",
    "registry.v1.RegistryService/PublishVersion",
    "orchestrator.v1.OrchestratorService/StartExecution",
    "orchestrator.v1.OrchestratorService/CancelExecution",
)
WATCH = "stream.v1.StreamService/WatchExecution"


@pytest.fixture
def open_edge(tmp_path: Path) -> Iterator[Callable[..., EdgeRig]]:
    """Start an Envoy alone, before what the test names; it waits until that is healthy."""
    with ExitStack() as stack:

        def start(**edge: Any) -> EdgeRig:
            rig = EdgeRig(tmp_path / "edge", edge=edge)
            rig.start_one("envoy")
            stack.callback(rig.stop)

            def up() -> bool:
                try:
                    return all(rig.healthy(name) == len(edge.get(name, [])) for name in edge if name in _CLUSTERS)
                except httpx.TransportError:
                    return False

            wait_for(up, what="the edge to find its services healthy")
            return rig

        yield start


_CLUSTERS = ("registry", "orchestrator", "stream")


@pytest.fixture
def service() -> Iterator[CountingService]:
    with counting_service() as service:
        yield service


def behind(service: CountingService) -> dict[str, list[str]]:
    return {name: [service.address] for name in _CLUSTERS}


def call(rig: EdgeRig, method: str, *, timeout: float = 20.0, **metadata: str) -> Any:
    """One call; its error instead of its answer where it fails."""
    with grpc.insecure_channel(rig.grpc) as channel:
        path = f"/triggerflow.{method}"
        try:
            if "Watch" in method:
                return b"".join(channel.unary_stream(path)(b"", timeout=timeout, metadata=[*metadata.items()]))
            return channel.unary_unary(path)(b"", timeout=timeout, metadata=[*metadata.items()])
        except grpc.RpcError as error:
            return error


def failing(times: int, code: grpc.StatusCode = grpc.StatusCode.UNAVAILABLE) -> Callable[[bytes, Any], bytes]:
    """Fail so often, then answer."""
    left = [times]
    lock = threading.Lock()

    def behave(_request: bytes, context: grpc.ServicerContext) -> bytes:
        with lock:
            left[0] -= 1
            if left[0] >= 0:
                context.abort(code, "not now")
        return b"answer"

    return behave


def test_reads_and_watches_are_tried_again_and_writes_never(
    open_edge: Callable[..., EdgeRig], service: CountingService
) -> None:
    rig = open_edge(**behind(service))
    for method in (*READS, WATCH):
        service.behave = failing(2)
        assert call(rig, method) == b"answer", method
        assert service.calls[method.rpartition("/")[2]] == 3
        # And not for ever.
        service.behave = failing(100)
        assert call(rig, method).code() is grpc.StatusCode.UNAVAILABLE
        assert service.calls[method.rpartition("/")[2]] == 3 + 4
        # What is no matter of trying again is passed on at once.
        service.behave = failing(1, grpc.StatusCode.NOT_FOUND)
        assert call(rig, method).code() is grpc.StatusCode.NOT_FOUND
        assert service.calls[method.rpartition("/")[2]] == 3 + 4 + 1
    for method in WRITES:
        service.behave = failing(1)
        assert call(rig, method).code() is grpc.StatusCode.UNAVAILABLE, method
        assert service.calls[method.rpartition("/")[2]] == 1


@pytest.mark.parametrize(("method", "reached"), [(WRITES[5], 1), (READS[2], 2)])
def test_a_write_that_killed_its_server_is_not_sent_to_the_next_one_and_a_read_is(
    open_edge: Callable[..., EdgeRig], tmp_path: Path, method: str, reached: int
) -> None:
    notes = tmp_path / "notes"
    with counting_service() as other, dying_service(notes) as first, dying_service(notes) as second:
        rig = open_edge(registry=[other.address], orchestrator=[first, second], stream=[other.address])
        refused = call(rig, method)
        assert refused.code() is grpc.StatusCode.UNAVAILABLE
        assert refused.details().startswith("The orchestrator does not answer now")
        assert len(notes.read_text()) == reached


def test_a_call_that_reached_nobody_is_tried_again_whatever_it_is(
    open_edge: Callable[..., EdgeRig], service: CountingService
) -> None:
    with counting_service() as other:
        rig = open_edge(**{**behind(service), "orchestrator": [service.address, other.address]})
        while other.calls["StartExecution"] == 0:
            assert call(rig, WRITES[5]) == b""
        known = service.calls["StartExecution"] + other.calls["StartExecution"]
    # One is gone now, and the edge meets that before it knows: still no write is lost or doubled.
    for _ in range(40):
        assert call(rig, WRITES[5]) == b""
    assert service.calls["StartExecution"] + other.calls["StartExecution"] == known + 40
    wait_for(lambda: rig.healthy("orchestrator") == 1, what="the edge to see it")


def test_who_says_not_serving_gets_no_calls_and_all_of_them_again_after_it_says_serving(
    open_edge: Callable[..., EdgeRig], service: CountingService
) -> None:
    with counting_service() as other:
        rig = open_edge(**{**behind(service), "stream": [service.address, other.address]})
        service.serves(False)
        wait_for(lambda: rig.healthy("stream") == 1, what="the edge to leave it out")
        service.calls.clear()
        other.calls.clear()
        for _ in range(20):
            assert call(rig, WATCH) == b""
        assert (service.calls["WatchExecution"], other.calls["WatchExecution"]) == (0, 20)
        service.serves(True)
        wait_for(lambda: rig.healthy("stream") == 2, what="the edge to take it back")
        wait_for(lambda: call(rig, WATCH) == b"" and service.calls["WatchExecution"], what="a call at it")


def test_with_nobody_healthy_the_answer_is_no_at_once(
    open_edge: Callable[..., EdgeRig], service: CountingService
) -> None:
    rig = open_edge(**behind(service))
    service.serves(False)
    wait_for(lambda: rig.healthy("registry") == 0, what="the edge to leave it out")
    service.calls.clear()
    refused = call(rig, READS[0])
    assert refused.code() is grpc.StatusCode.UNAVAILABLE
    assert refused.details().startswith("The registry does not answer now")
    assert service.calls["GetFlow"] == 0


def test_an_only_instance_is_never_left_out_for_failing_and_one_of_two_is(
    open_edge: Callable[..., EdgeRig], service: CountingService
) -> None:
    with counting_service() as other:
        rig = open_edge(**{**behind(service), "stream": [service.address, other.address]})
        service.behave = failing(10_000)
        for _ in range(30):
            assert call(rig, WRITES[0]).details() == "not now"
        assert service.calls["CreateFlow"] == 30

        def left_out() -> bool:
            call(rig, WATCH)
            return rig.stat("cluster.stream.outlier_detection.ejections_active") == 1

        wait_for(left_out, what="the one that fails to be left out")
        service.calls.clear()
        assert [call(rig, WATCH) for _ in range(10)] == [b""] * 10
        assert service.calls["WatchExecution"] == 0


def test_a_deadline_is_the_callers_and_reaches_the_service(
    open_edge: Callable[..., EdgeRig], service: CountingService
) -> None:
    rig = open_edge(**behind(service))
    over = threading.Event()
    left: list[float] = []

    def slow(_request: bytes, context: grpc.ServicerContext) -> bytes:
        left.append(context.time_remaining() or -1.0)
        over.wait(20)
        return b""

    service.behave = slow
    try:
        assert call(rig, WRITES[0], timeout=1.0).code() is grpc.StatusCode.DEADLINE_EXCEEDED
        # Its clock begins when the call arrives, and it is sent in full milliseconds or more.
        assert 0 < left[0] < 2.0
        # A client that does not watch its own deadline is told, by the service or by the edge.
        answer = httpx.post(
            f"http://{rig.grpc}/triggerflow.{WRITES[0]}",
            content=b"\0\0\0\0\0",
            headers={"Content-Type": "application/grpc-web+proto", "Grpc-Timeout": "300m"},
            trust_env=False,
        )
        assert "deadline" in answer.headers["grpc-message"].lower()
        if answer.status_code == 504:
            details = base64.b64decode(answer.headers["grpc-status-details-bin"] + "==")
            assert status_pb2.Status.FromString(details).code == grpc.StatusCode.DEADLINE_EXCEEDED.value[0]
        else:
            assert answer.headers["grpc-status"] == "4"
    finally:
        over.set()


def test_what_a_caller_says_about_itself_reaches_the_service_and_its_own_headers_do_not(
    open_edge: Callable[..., EdgeRig], service: CountingService
) -> None:
    rig = open_edge(**behind(service))
    trace = "0123456789abcdef0123456789abcdef"
    call(rig, READS[0], traceparent=f"00-{trace}-00000000000000ab-01", authorization="Bearer x")
    headers = service.headers["GetFlow"]
    assert headers["authorization"] == "Bearer x"
    assert headers["traceparent"].split("-")[1] == trace
    call(rig, READS[0], traceparent="not one")
    made = service.headers["GetFlow"]["traceparent"].split("-")
    assert (len(made[1]), len(made[2])) == (32, 16)
    assert service.headers["GetFlow"]["x-request-id"].replace("-", "") == made[1]


def test_above_the_rate_the_answer_says_when_to_come_back(
    open_edge: Callable[..., EdgeRig], service: CountingService
) -> None:
    rig = open_edge(
        **behind(service), http_per_second=1, http_burst=3, grpc_per_second=1, grpc_burst=3, bff=["127.0.0.1:1"]
    )
    answers = [httpx.get(f"{rig.url}/flows", trust_env=False) for _ in range(10)]
    refused = [answer for answer in answers if answer.status_code == 429]
    assert refused
    body = refused[0].json()
    assert (body["reason"], body["status"], body["errors"]) == ("TOO_MANY", 429, [])
    assert refused[0].headers["retry-after"] == "1"
    assert refused[0].headers["content-type"] == "application/problem+json"
    # Who looks whether it lives is not counted.
    assert {httpx.get(f"{rig.url}/healthz", trust_env=False).status_code for _ in range(10)} == {503}
    calls = [call(rig, READS[0]) for _ in range(10)]
    exhausted = [each for each in calls if isinstance(each, grpc.RpcError)]
    assert exhausted
    assert {each.code() for each in exhausted} == {grpc.StatusCode.RESOURCE_EXHAUSTED}
    trailers = dict(exhausted[0].trailing_metadata())
    assert trailers["retry-after"] == "1"
    status = status_pb2.Status.FromString(trailers["grpc-status-details-bin"])
    info = error_details_pb2.ErrorInfo()
    assert status.details[0].Unpack(info)
    assert (status.code, info.reason) == (8, "TOO_MANY")
    assert service.calls["GetFlow"] == len(calls) - len(exhausted)


def test_with_a_collector_the_edge_sends_it_spans_of_the_same_trace(
    open_edge: Callable[..., EdgeRig], service: CountingService
) -> None:
    spans: list[bytes] = []
    with counting_service() as collector:

        def take(request: bytes, _context: grpc.ServicerContext) -> bytes:
            spans.append(request)
            return b""

        collector.behave = take
        rig = open_edge(**behind(service), collector=collector.address)
        trace = "0123456789abcdef0123456789abcdef"

        def sent() -> bool:
            call(rig, READS[0], traceparent=f"00-{trace}-00000000000000ab-01")
            return any(bytes.fromhex(trace) in each for each in spans)

        wait_for(sent, what="a span of the caller's trace")
        assert service.headers["GetFlow"]["traceparent"].split("-")[1] == trace
        assert collector.calls["Export"] == len(spans)


def test_more_than_1024_watches_at_once_go_through(open_edge: Callable[..., EdgeRig], service: CountingService) -> None:
    # Counted at the edge: what it lets through waits at this server, which has 16 threads.
    rig = open_edge(**behind(service))
    over = threading.Event()

    def wait(_request: bytes, _context: grpc.ServicerContext) -> bytes:
        over.wait(60)
        return b""

    service.behave = wait
    with grpc.insecure_channel(rig.grpc) as channel:
        watch = channel.unary_stream(f"/triggerflow.{WATCH}")
        open_ones = [watch(b"", timeout=60) for _ in range(1_500)]
        wait_for(lambda: rig.stat("cluster.stream.upstream_rq_active") == 1_500, what="all of them upstream")
        assert rig.stat("cluster.stream.upstream_rq_pending_overflow") == 0
        over.set()
        for each in open_ones:
            each.cancel()


@contextmanager
def dying_service(notes: Path) -> Iterator[str]:
    """The address of a process that notes a call in a file, and dies of it without an answer."""
    (port,) = free_ports(1)
    process = subprocess.Popen([sys.executable, str(counting_service_module.__file__), str(port), str(notes)])
    try:
        yield f"127.0.0.1:{port}"
    finally:
        process.kill()
        process.wait()

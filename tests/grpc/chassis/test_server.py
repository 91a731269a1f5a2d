"""A real server and a real client on a Unix socket: errors, sign-in, deadlines, limits."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import grpc
import pytest
from google.rpc import error_details_pb2, status_pb2
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc
from triggerflow.registry.v1 import flow_pb2, registry_service_pb2, registry_service_pb2_grpc
from triggerflow.stream.v1 import stream_service_pb2, stream_service_pb2_grpc
from triggerflow_chassis import errors, identity
from triggerflow_chassis.grpc.client import open_channel
from triggerflow_chassis.grpc.interceptors import Interceptor, Stream, Unary
from triggerflow_chassis.grpc.server import open_server, open_waiting_server
from triggerflow_chassis.grpc.status import from_rpc_error, from_status, to_status

REGISTRY = "triggerflow.registry.v1.RegistryService"
SAMPLES: list[errors.ServiceError] = [
    errors.BadParameter("limit", "too large"),
    errors.NotFound("flow", "x"),
    errors.StaleEtag('"7"'),
    errors.Invalid([errors.Violation("/a/0", "bad"), errors.Violation("", "odd")]),
    errors.HasProblems([errors.Violation("/nodes/0", "no handler")]),
    errors.RunFailed("01a2183c-4ae2-7e4f-8f54-608e5477ec39", "The run failed."),
]
SAMPLES += [cls() for cls in errors.BY_REASON.values() if cls not in {type(sample) for sample in SAMPLES}]


class Registry(registry_service_pb2_grpc.RegistryServiceServicer):
    def __init__(self) -> None:
        self.error: Exception | None = None
        self.hang: asyncio.Event | None = None
        self.principal: identity.Principal | None = None

    async def GetFlow(self, request: Any, context: Any) -> Any:
        self.principal = identity.current()
        if self.hang is not None:
            await self.hang.wait()
        if self.error is not None:
            raise self.error
        return registry_service_pb2.GetFlowResponse(flow=flow_pb2.Flow(id=request.flow_id))


class Stream_(stream_service_pb2_grpc.StreamServiceServicer):
    def __init__(self) -> None:
        self.closed = asyncio.Event()

    async def WatchProject(self, request: Any, context: Any) -> AsyncIterator[Any]:
        try:
            yield stream_service_pb2.WatchProjectResponse()
            if request.after == "forever":
                await asyncio.Event().wait()
            raise errors.CursorExpired()
        finally:
            self.closed.set()


class Parts:
    def __init__(self, address: str) -> None:
        self.address = address
        self.registry = Registry()
        self.stream = Stream_()

    def register(self, server: grpc.aio.Server) -> Sequence[str]:
        registry_service_pb2_grpc.add_RegistryServiceServicer_to_server(self.registry, server)
        stream_service_pb2_grpc.add_StreamServiceServicer_to_server(self.stream, server)
        return [REGISTRY, "triggerflow.stream.v1.StreamService"]

    @asynccontextmanager
    async def serve(self, **more: Any) -> AsyncIterator[None]:
        async with open_server(addresses=[self.address], register=[self.register], **{"token": "t0ken", **more}):
            yield


@pytest.fixture
def parts(tmp_path: Path) -> Parts:
    return Parts(f"unix:{tmp_path}/s")


async def _refused(call: Any) -> grpc.aio.AioRpcError:
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await call
    return refused.value


def _get(channel: grpc.aio.Channel, flow_id: str = "f", **more: Any) -> Any:
    return registry_service_pb2_grpc.RegistryServiceStub(channel).GetFlow(
        registry_service_pb2.GetFlowRequest(flow_id=flow_id), **more
    )


@pytest.mark.parametrize("error", SAMPLES, ids=lambda error: error.reason)
async def test_every_error_arrives_as_it_was_raised_with_exactly_one_error_info(
    parts: Parts, error: errors.ServiceError
) -> None:
    parts.registry.error = error
    async with parts.serve(), open_channel(parts.address, "t0ken") as channel:
        refused = await _refused(_get(channel))
    again = from_rpc_error(refused)
    assert type(again) is type(error)
    assert (again.detail, again.violations) == (error.detail, error.violations)
    assert {**again.metadata} | {"traceId": ""} == {**error.metadata} | {"traceId": ""}
    (raw,) = [value for key, value in refused.trailing_metadata() or () if key == "grpc-status-details-bin"]
    status = status_pb2.Status.FromString(raw)
    infos = [detail for detail in status.details if detail.Is(error_details_pb2.ErrorInfo.DESCRIPTOR)]
    assert len(infos) == 1
    info = error_details_pb2.ErrorInfo.FromString(infos[0].value)
    assert (info.domain, info.reason) == ("triggerflow", error.reason)
    assert (status.code, status.message) == (refused.code().value[0], error.detail)


async def test_a_defect_says_nothing_but_a_trace_id_that_the_log_has(
    parts: Parts, capsys: pytest.CaptureFixture[str]
) -> None:
    parts.registry.error = RuntimeError("the password is hunter2")
    async with parts.serve(), open_channel(parts.address, "t0ken") as channel:
        refused = await _refused(_get(channel))
    assert refused.code() is grpc.StatusCode.INTERNAL
    assert "hunter2" not in str(refused.details()) + str(refused.trailing_metadata())
    internal = from_rpc_error(refused)
    assert isinstance(internal, errors.Internal)
    captured = capsys.readouterr()
    assert internal.trace_id in captured.out + captured.err


async def test_a_hundred_violations_reach_our_clients_and_a_foreign_client_gets_what_it_can_take(parts: Parts) -> None:
    violations = [errors.Violation(f"/nodes/{number}", "x" * 200) for number in range(100)]
    parts.registry.error = errors.Invalid(violations)
    async with parts.serve():
        async with open_channel(parts.address, "t0ken") as channel:
            assert from_rpc_error(await _refused(_get(channel))).violations == tuple(violations)
        async with grpc.aio.insecure_channel(parts.address) as channel:
            refused = await _refused(_get(channel, metadata=(("authorization", "Bearer t0ken"),)))
    few = from_rpc_error(refused)
    assert isinstance(few, errors.Invalid)
    assert 0 < len(few.violations) < 100


@pytest.mark.parametrize("shown", [None, "Bearer wrong", "Bearer ", "t0ken", "Basic t0ken", "Bearer t0ken x"])
async def test_without_the_token_neither_calls_nor_streams_are_answered(parts: Parts, shown: str | None) -> None:
    metadata = None if shown is None else (("authorization", shown),)
    async with parts.serve(), grpc.aio.insecure_channel(parts.address) as channel:
        assert (await _refused(_get(channel, metadata=metadata))).code() is grpc.StatusCode.UNAUTHENTICATED
        watch = stream_service_pb2_grpc.StreamServiceStub(channel).WatchProject(
            stream_service_pb2.WatchProjectRequest(), metadata=metadata
        )
        assert (await _refused(watch.read())).code() is grpc.StatusCode.UNAUTHENTICATED
        reflect = reflection_pb2_grpc.ServerReflectionStub(channel).ServerReflectionInfo(metadata=metadata)
        await reflect.write(reflection_pb2.ServerReflectionRequest(list_services=""))
        assert (await _refused(reflect.read())).code() is grpc.StatusCode.UNAUTHENTICATED
        # Whoever watches over the process holds no token.
        health = await health_pb2_grpc.HealthStub(channel).Check(health_pb2.HealthCheckRequest(service=REGISTRY))
        assert health.status == health_pb2.HealthCheckResponse.SERVING
    assert parts.registry.principal is None


async def test_a_call_acts_as_the_local_principal_and_reflection_names_every_service(parts: Parts) -> None:
    async with parts.serve(), open_channel(parts.address, "t0ken") as channel:
        answer = await _get(channel, "abc")
        reflect = reflection_pb2_grpc.ServerReflectionStub(channel).ServerReflectionInfo()
        await reflect.write(reflection_pb2.ServerReflectionRequest(list_services=""))
        listed = await reflect.read()
        await reflect.done_writing()
    assert answer.flow.id == "abc"
    assert parts.registry.principal == identity.LOCAL
    assert {REGISTRY, "triggerflow.stream.v1.StreamService", "grpc.health.v1.Health"} <= {
        service.name for service in listed.list_services_response.service
    }


async def test_a_caller_without_deadline_gets_ours_and_one_with_a_deadline_keeps_its_own(parts: Parts) -> None:
    parts.registry.hang = asyncio.Event()
    async with parts.serve(unary_seconds=0.05), open_channel(parts.address, "t0ken") as channel:
        assert isinstance(from_rpc_error(await _refused(_get(channel))), errors.Deadline)
        asyncio.get_running_loop().call_later(0.2, parts.registry.hang.set)
        assert (await _get(channel, timeout=10)).flow.id == "f"


async def test_a_streams_error_is_translated_and_its_end_is_noticed_at_once(parts: Parts) -> None:
    async with parts.serve(), open_channel(parts.address, "t0ken") as channel:
        stub = stream_service_pb2_grpc.StreamServiceStub(channel)
        watch = stub.WatchProject(stream_service_pb2.WatchProjectRequest())
        await watch.read()
        assert isinstance(from_rpc_error(await _refused(watch.read())), errors.CursorExpired)
        parts.stream.closed.clear()
        watch = stub.WatchProject(stream_service_pb2.WatchProjectRequest(after="forever"))
        await watch.read()
        watch.cancel()
        await asyncio.wait_for(parts.stream.closed.wait(), 5)


async def test_messages_of_ten_mebibytes_pass_both_ways(parts: Parts) -> None:
    async with parts.serve(), open_channel(parts.address, "t0ken") as channel:
        assert len((await _get(channel, "x" * 10 * 1024 * 1024)).flow.id) == 10 * 1024 * 1024


async def test_a_server_refuses_to_start_where_the_chains_differ(parts: Parts) -> None:
    class OnlyUnary(Interceptor):
        def unary(self, method: str, proceed: Unary) -> Unary:
            return proceed

    class OnlyStream(Interceptor):
        def stream(self, method: str, proceed: Stream) -> Stream:
            return proceed

    for half in (OnlyUnary(), OnlyStream()):
        with pytest.raises(RuntimeError, match=type(half).__name__):
            async with parts.serve(interceptors=[half]):
                pytest.fail("it started")


async def test_an_address_that_is_taken_is_an_os_error(parts: Parts, tmp_path: Path) -> None:
    with pytest.raises(OSError, match="cannot listen"):
        async with open_server(addresses=[f"unix:{tmp_path}/none/s"], register=[parts.register], token=None):
            pytest.fail("it started")


async def test_calls_wait_for_services_that_join_later(parts: Parts) -> None:
    async with (
        open_waiting_server(addresses=[parts.address]) as waiting,
        open_channel(parts.address, "t0ken") as channel,
    ):
        early = asyncio.ensure_future(_get(channel, "early"))
        given_up = await _refused(_get(channel, timeout=0.1))
        assert given_up.code() is grpc.StatusCode.DEADLINE_EXCEEDED
        assert not early.done()
        await waiting.open(register=[parts.register], token="t0ken")
        assert (await early).flow.id == "early"


async def test_nobody_listening_is_unavailable(parts: Parts) -> None:
    async with open_channel(parts.address, "t0ken") as channel:
        assert isinstance(from_rpc_error(await _refused(_get(channel))), errors.Unavailable)


def test_a_reason_of_a_newer_server_is_internal_and_foreign_domains_are_ignored() -> None:
    status = to_status(errors.NotFound("flow", "x"))
    info = error_details_pb2.ErrorInfo(domain="triggerflow", reason="OF_TOMORROW")
    status.details[0].Pack(info)
    assert type(from_status(status)) is errors.Internal
    status.details[0].Pack(error_details_pb2.ErrorInfo(domain="elsewhere", reason="NOT_FOUND"))
    assert type(from_status(status)) is errors.Internal

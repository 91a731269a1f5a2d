"""A stock channel to the socket of run.json, and what its errors carry."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import grpc
import pytest
from google.rpc import error_details_pb2
from grpc_status import rpc_status
from running_product import Product
from triggerflow.orchestrator.v1 import orchestrator_service_pb2_grpc as runs_grpc
from triggerflow.registry.v1 import registry_service_pb2_grpc as flows_grpc
from triggerflow.stream.v1 import stream_service_pb2_grpc as stream_grpc

LIMIT = 16 * 1024 * 1024
OPTIONS = [("grpc.max_receive_message_length", LIMIT), ("grpc.max_send_message_length", -1)]


@dataclass
class Refusal:
    """A status with its details."""

    code: grpc.StatusCode
    reason: str
    metadata: dict[str, str]
    fields: list[str]
    message: str


class Bearer:
    """Calls of a stub with the token, as any client would make them."""

    def __init__(self, stub: Any, token: str | None) -> None:
        self._stub = stub
        self._metadata = [("authorization", f"Bearer {token}")] if token is not None else []

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._stub, name)
        return lambda request, **more: method(request, **{"metadata": self._metadata, "timeout": 20, **more})


@pytest.fixture(scope="session")
def address(product: Product) -> str:
    found = str(product.run_file()["grpc"])
    return f"unix:{found}" if found.startswith("/") else found


@pytest.fixture(scope="session")
def channel(address: str) -> Iterator[grpc.Channel]:
    with grpc.insecure_channel(address, options=OPTIONS) as channel:
        yield channel


@pytest.fixture
def flows(channel: grpc.Channel, product: Product) -> Bearer:
    return Bearer(flows_grpc.RegistryServiceStub(channel), product.token)


@pytest.fixture
def runs(channel: grpc.Channel, product: Product) -> Bearer:
    return Bearer(runs_grpc.OrchestratorServiceStub(channel), product.token)


@pytest.fixture
def stream(channel: grpc.Channel, product: Product) -> Bearer:
    return Bearer(stream_grpc.StreamServiceStub(channel), product.token)


@pytest.fixture
def refusal() -> Callable[[Callable[[], Any]], Refusal]:
    """Make the call; it is refused, with exactly one ErrorInfo."""

    def refusal(call: Callable[[], Any]) -> Refusal:
        with pytest.raises(grpc.RpcError) as raised:
            answer = call()
            if hasattr(answer, "__next__"):
                list(answer)
        status = rpc_status.from_call(raised.value)
        assert status is not None, raised.value
        infos, fields = [], []
        for detail in status.details:
            if detail.Is(error_details_pb2.ErrorInfo.DESCRIPTOR):
                info = error_details_pb2.ErrorInfo()
                detail.Unpack(info)
                infos.append(info)
            elif detail.Is(error_details_pb2.BadRequest.DESCRIPTOR):
                bad = error_details_pb2.BadRequest()
                detail.Unpack(bad)
                fields += [violation.field for violation in bad.field_violations]
                assert all(violation.description for violation in bad.field_violations)
        assert len(infos) == 1, status
        assert infos[0].domain == "triggerflow"
        return Refusal(raised.value.code(), infos[0].reason, dict(infos[0].metadata), fields, status.message)

    return refusal

"""Tell whether a named request is asked again, and keep its answer as bytes. Pure."""

from __future__ import annotations

import hashlib
from typing import Any, Generic, TypeVar

from google.protobuf.message import Message
from google.rpc import status_pb2
from triggerflow_chassis.errors import ServiceError
from triggerflow_chassis.grpc.status import from_status, to_status
from triggerflow_chassis.jsontext import canonical

from triggerflow_registry.app.writing import Once

M = TypeVar("M", bound=Message)


def named(request_id: str, method: str, asked: dict[str, Any], answer: type[M]) -> Once[M] | None:
    """The request's name, None where it has none. `asked` is all it says but for its name, as JSON: the same said in
    another order is the same."""
    if not request_id:
        return None
    fingerprint = hashlib.sha256(canonical([method, asked])).hexdigest()
    return Once(request_id, method, fingerprint, MessageCodec(answer))


class MessageCodec(Generic[M]):
    """Messages and statuses in their own encoding."""

    def __init__(self, answer: type[M]) -> None:
        self._answer = answer

    def encode(self, answer: M) -> bytes:
        return answer.SerializeToString()

    def decode(self, body: bytes) -> M:
        return self._answer.FromString(body)

    def encode_error(self, error: ServiceError) -> bytes:
        return bytes(to_status(error).SerializeToString())

    def decode_error(self, body: bytes) -> ServiceError:
        return from_status(status_pb2.Status.FromString(body))

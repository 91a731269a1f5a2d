"""The schema registry as producers and consumers of records use it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any, Final

import grpc.aio
import structlog
from triggerflow.registry.v1 import registry_service_pb2 as pb
from triggerflow.registry.v1 import registry_service_pb2_grpc as pb_grpc
from triggerflow.registry.v1 import schema_pb2

from triggerflow_chassis.errors import NotFound, ServiceError
from triggerflow_chassis.grpc.status import from_rpc_error
from triggerflow_chassis.kafka.avro import Schema

log = structlog.get_logger("triggerflow.kafka")

_SECONDS: Final = 5.0
_RETRY_SECONDS: Final = 2.0


class RegisteredSchemas:
    """Over a channel to the registry."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        self._registry: Any = pb_grpc.RegistryServiceStub(channel)

    async def text(self, fingerprint: bytes) -> str | None:
        """The schema that a record of this fingerprint is written by, None where nobody registered it. Raises
        ServiceError where the registry does not answer."""
        try:
            answer = await self._registry.GetSchema(
                pb.GetSchemaRequest(fingerprint=fingerprint.hex()), timeout=_SECONDS
            )
        except grpc.aio.AioRpcError as error:
            refused = from_rpc_error(error)
            if isinstance(refused, NotFound):
                return None
            raise refused from None
        text: str = answer.schema.text
        return text

    async def register(self, schemas: Sequence[Schema]) -> None:
        """Register what this process writes by; returns once all are there. Nothing waits for it: who reads records
        of this release has its schemas, and another release asks later."""
        for schema in schemas:
            request = pb.RegisterSchemaRequest(
                subject=schema.subject, type=schema_pb2.SCHEMA_TYPE_AVRO, text=schema.text
            )
            while True:
                try:
                    await self._registry.RegisterSchema(request, timeout=_SECONDS)
                    break
                except grpc.aio.AioRpcError as error:
                    log.debug("schema_not_registered", subject=schema.subject, error=_words(error))
                    await asyncio.sleep(_RETRY_SECONDS)
        log.info("schemas_registered", subjects=[schema.subject for schema in schemas])


def _words(error: grpc.aio.AioRpcError) -> str:
    refused: ServiceError = from_rpc_error(error)
    return refused.detail

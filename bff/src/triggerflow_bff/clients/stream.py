"""The stream service: what happens, as it happens."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator

import grpc
import grpc.aio
import orjson
from triggerflow.stream.v1 import stream_service_pb2 as pb
from triggerflow.stream.v1.stream_service_pb2_grpc import StreamServiceStub
from triggerflow_chassis import clock, ids
from triggerflow_chassis.errors import Unavailable
from triggerflow_chassis.grpc.status import from_rpc_error
from triggerflow_chassis.identity import Principal
from triggerflow_chassis.wire.project_event import project_event_to_json

from triggerflow_bff.clients.events import live_event
from triggerflow_bff.clients.unary import gone
from triggerflow_bff.live.event import Chunk, LiveEvent
from triggerflow_bff.settings import Limits

_BEGIN_SECONDS = 0.1


class StreamClient:
    """Both methods raise ServiceError as the stream raised it. Closing the iterator ends the call."""

    def __init__(self, channel: grpc.aio.Channel, limits: Limits) -> None:
        self._stub = StreamServiceStub(channel)
        self._silent_seconds = limits.silent_seconds

    async def execution(self, who: Principal, execution_id: str, after: str) -> AsyncGenerator[list[LiveEvent]]:
        """Batches of an execution's events after the cursor, until its last. Unavailable also where the stream says
        nothing, not even that there is nothing: a process that hangs closes no connection."""
        request = pb.WatchExecutionRequest(project_id=who.project_id, execution_id=execution_id, after=after)
        try:
            call = self._stub.WatchExecution(request)
        except grpc.aio.UsageError:
            raise gone() from None
        try:
            answers = aiter(call)
            while True:
                async with asyncio.timeout(self._silent_seconds):
                    answer = await anext(answers, None)
                if answer is None:
                    return
                # A checkpoint has no events.
                if answer.events:
                    yield [live_event(event) for event in answer.events]
        except grpc.aio.AioRpcError as error:
            raise from_rpc_error(error) from None
        except TimeoutError:
            raise Unavailable("The live view is silent. Try again.") from None
        finally:
            call.cancel()

    async def project(self, who: Principal, after: str) -> AsyncGenerator[Chunk]:
        """A project's events, from now on where the cursor is ""; the first chunk is empty: the watch stands."""
        # A cursor of now, not none: what happens until the service has subscribed is then history, and not missed.
        now = clock.now_us()
        request = pb.WatchProjectRequest(project_id=who.project_id, after=after or ids.uuid7(now // 1_000 - 1))
        # In the mesh what happened a moment ago may get its place in the log only now. It is old all the same.
        since = 0 if after else now
        try:
            call = self._stub.WatchProject(request)
        except grpc.aio.UsageError:
            raise gone() from None
        begun = asyncio.ensure_future(call.initial_metadata())
        try:
            # A call that fails at once is still an answer with a status; one that does not may be silent for hours.
            done, _ = await asyncio.wait({begun}, timeout=_BEGIN_SECONDS)
            if done and call.done() and await call.code() is not grpc.StatusCode.OK:
                await call.read()
            yield Chunk(())
            async for answer in call:
                news = [event for event in answer.events if clock.from_timestamp(event.timestamp) >= since]
                if news:
                    yield Chunk(
                        [LiveEvent(event.id, orjson.dumps(project_event_to_json(event)), False) for event in news]
                    )
        except grpc.aio.AioRpcError as error:
            raise from_rpc_error(error) from None
        finally:
            call.cancel()
            begun.cancel()

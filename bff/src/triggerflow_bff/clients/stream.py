"""The stream service: what happens, as it happens."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator

import grpc
import grpc.aio
import orjson
from triggerflow.stream.v1 import stream_service_pb2 as pb
from triggerflow.stream.v1.stream_service_pb2_grpc import StreamServiceStub
from triggerflow_chassis.errors import Unavailable
from triggerflow_chassis.grpc.status import from_rpc_error
from triggerflow_chassis.identity import Principal
from triggerflow_chassis.wire.project_event import project_event_to_json

from triggerflow_bff.clients.events import live_event
from triggerflow_bff.clients.unary import gone
from triggerflow_bff.live.event import Chunk, LiveEvent
from triggerflow_bff.settings import Limits

# A stream takes two seconds at most to find where now is. One that says nothing by then is of an older release.
_BEGIN_SECONDS = 3.0


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
        """A project's events, from now on where the cursor is ""; the first chunk is empty: the watch stands, and
        whatever happens from then on is told."""
        request = pb.WatchProjectRequest(project_id=who.project_id, after=after)
        try:
            call = self._stub.WatchProject(request)
        except grpc.aio.UsageError:
            raise gone() from None
        answers = aiter(call)
        upcoming = asyncio.ensure_future(anext(answers, None))
        try:
            # Where "now" is, the stream says: its first answer comes once the log's newest entry is known. Clocks of
            # different machines are not compared.
            await asyncio.wait({upcoming}, timeout=_BEGIN_SECONDS)
            if upcoming.done():
                # Raises why there is no watch.
                await upcoming
            yield Chunk(())
            while (answer := await upcoming) is not None:
                if answer.events:
                    yield Chunk(
                        [
                            LiveEvent(event.id, orjson.dumps(project_event_to_json(event)), False)
                            for event in answer.events
                        ]
                    )
                upcoming = asyncio.ensure_future(anext(answers, None))
        except grpc.aio.AioRpcError as error:
            raise from_rpc_error(error) from None
        finally:
            call.cancel()
            upcoming.cancel()

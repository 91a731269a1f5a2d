"""StreamService over gRPC: convert, watch, convert."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import aclosing
from typing import Any

import grpc.aio
from triggerflow.stream.v1 import stream_service_pb2 as pb
from triggerflow.stream.v1 import stream_service_pb2_grpc
from triggerflow_chassis import identity
from triggerflow_chassis.errors import BadCursor, Forbidden
from triggerflow_chassis.ids import is_uuid, normalise

from triggerflow_stream.app.subscriptions import Subscriptions
from triggerflow_stream.app.watch_execution import ExecutionWatch, WatchExecution
from triggerflow_stream.app.watch_project import ProjectWatch, WatchProject


class StreamServicer(stream_service_pb2_grpc.StreamServiceServicer):
    """Serves watches until their reader leaves or their execution ends."""

    def __init__(
        self,
        *,
        watch_execution: Callable[[WatchExecution], ExecutionWatch],
        watch_project: Callable[[WatchProject], ProjectWatch],
        subscriptions: Subscriptions,
    ) -> None:
        self._watch_execution = watch_execution
        self._watch_project = watch_project
        self._subscriptions = subscriptions

    async def WatchExecution(
        self, request: pb.WatchExecutionRequest, context: grpc.aio.ServicerContext[Any, Any]
    ) -> AsyncIterator[pb.WatchExecutionResponse]:
        # The cursor is judged by the log's owner, after it found the execution: NOT_FOUND comes first.
        command = WatchExecution(
            _project(request.project_id), normalise(request.execution_id), normalise(request.after)
        )
        with self._subscriptions.one(identity.current().subject):
            async for batch in self._watch_execution(command).batches():
                yield pb.WatchExecutionResponse(events=batch.events, cursor=batch.cursor)

    async def WatchProject(
        self, request: pb.WatchProjectRequest, context: grpc.aio.ServicerContext[Any, Any]
    ) -> AsyncIterator[pb.WatchProjectResponse]:
        if request.after and not is_uuid(request.after):
            raise BadCursor()
        command = WatchProject(_project(request.project_id), normalise(request.after))
        watch = self._watch_project(command)
        with self._subscriptions.one(identity.current().subject):
            async with aclosing(watch.batches()) as batches:
                async for batch in batches:
                    yield pb.WatchProjectResponse(events=batch.events)


def _project(asked: str) -> str:
    own = identity.current().project_id
    if asked and normalise(asked) != own:
        raise Forbidden("The project is not yours.")
    return own

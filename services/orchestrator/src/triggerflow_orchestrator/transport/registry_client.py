"""Published versions by the registry, kept as long as they are sure to be right.

A version never changes, so one that was named is kept. Which one a run takes by default, and the flow's name, change.
In one process the bus tells of every change before whoever made it is answered, so they are kept until it does, and an
answer that was under way then is given to those who asked before, to nobody after (`RegistryBlueprints`). Over a broker
word comes later than the answer; who published would run the version before. So in the mesh they are asked for each
time (`FreshBlueprints`), and a worker, which is told the version of every run, asks for neither (`NamedBlueprints`).
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Coroutine, Hashable, Mapping, Sequence
from typing import Any, Final, Generic, TypeVar

import grpc
import grpc.aio
from triggerflow.registry.v1 import registry_service_pb2 as pb
from triggerflow.registry.v1 import registry_service_pb2_grpc as pb_grpc
from triggerflow_chassis.bus import FLOW_EVENTS, Bus
from triggerflow_chassis.errors import Invalid, NotFound, ServiceError, Violation
from triggerflow_chassis.grpc.status import from_rpc_error
from triggerflow_chassis.wire.flow import blueprint_to_json

from triggerflow_orchestrator.domain.execution import BlueprintVersion

_MOST: Final = 512
_SECONDS: Final = 10.0

V = TypeVar("V")


class RegistryBlueprints:
    """`ports.Blueprints` over a channel to the registry, beside a registry in the same process."""

    def __init__(self, channel: grpc.aio.Channel, bus: Bus) -> None:
        self._registry = _Registry(channel)
        # By (project, flow, version or None for the default one), and by (project, flow).
        self._versions: _Cache[BlueprintVersion] = _Cache()
        self._names: _Cache[str] = _Cache()
        self._unsubscribe = bus.subscribe(FLOW_EVENTS, None, self._hear)

    def close(self) -> None:
        """Hear of no more changes."""
        self._unsubscribe()

    async def get_version(self, flow_id: str, version: str | None, project_id: str) -> BlueprintVersion:
        _refuse_empty(version)
        flow, named = (project_id, flow_id), (project_id, flow_id, version)
        known_name, known_version = self._names.ready(flow), self._versions.ready(named)
        if known_name is not None and known_version is not None:
            return _named(known_version, known_name)
        return await _both(
            self._versions.get(named, lambda: self._registry.version(project_id, flow_id, version)),
            self._names.get(flow, lambda: self._registry.name(project_id, flow_id)),
        )

    def _hear(self, items: Sequence[Mapping[str, Any]]) -> None:
        for item in items:
            flow = (item["projectId"], item["flowId"])
            self._names.drop(flow)
            if item["deleted"]:
                self._versions.drop_where(lambda key, flow=flow: key[:2] == flow)  # type: ignore[misc]
            else:
                self._versions.drop((*flow, None))


class FreshBlueprints:
    """`ports.Blueprints` in a process that accepts runs for others: each time one small question, which version and
    what name, shared with nobody, since who asked earlier may have asked before the version was published."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        self._registry = _Registry(channel)
        self._versions: _Cache[BlueprintVersion] = _Cache()

    async def get_version(self, flow_id: str, version: str | None, project_id: str) -> BlueprintVersion:
        _refuse_empty(version)
        resolved = await self._registry.resolved(project_id, flow_id, version)
        if resolved is None:
            return await _both(
                self._registry.version(project_id, flow_id, version), self._registry.name(project_id, flow_id)
            )
        number, name = resolved
        named = (project_id, flow_id, number)
        known = self._versions.ready(named)
        if known is None:
            known = await self._versions.get(named, lambda: self._registry.version(project_id, flow_id, number))
        return _named(known, name)


class NamedBlueprints:
    """`ports.Blueprints` in a worker. The flow's name is the one it was published with: a run has its own."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        self._registry = _Registry(channel)
        self._versions: _Cache[BlueprintVersion] = _Cache()

    async def get_version(self, flow_id: str, version: str | None, project_id: str) -> BlueprintVersion:
        _refuse_empty(version)
        named = (project_id, flow_id, version)
        known = self._versions.ready(named)
        if known is not None:
            return known
        return await self._versions.get(named, lambda: self._registry.version(project_id, flow_id, version))


class _Registry:
    """The questions, and their refusals in the orchestrator's words."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        self._stub: Any = pb_grpc.RegistryServiceStub(channel)

    async def name(self, project_id: str, flow_id: str) -> str:
        request = pb.GetFlowRequest(project_id=project_id, flow_id=flow_id)
        try:
            response = await self._stub.GetFlow(request, timeout=_SECONDS)
        except grpc.aio.AioRpcError as error:
            raise _refusal(from_rpc_error(error), None) from None
        name: str = response.flow.name
        return name

    async def resolved(self, project_id: str, flow_id: str, version: str | None) -> tuple[str, str] | None:
        """Version and the flow's name; None of a registry that was there before the question."""
        request = pb.GetRunVersionRequest(project_id=project_id, flow_id=flow_id, version=version or "")
        try:
            response = await self._stub.GetRunVersion(request, timeout=_SECONDS)
        except grpc.aio.AioRpcError as error:
            if error.code() is grpc.StatusCode.UNIMPLEMENTED:
                return None
            raise _refusal(from_rpc_error(error), version) from None
        return response.version, response.flow_name

    async def version(self, project_id: str, flow_id: str, version: str | None) -> BlueprintVersion:
        request = pb.GetVersionRequest(project_id=project_id, flow_id=flow_id, version=version or "")
        try:
            response = await self._stub.GetVersion(request, timeout=_SECONDS)
        except grpc.aio.AioRpcError as error:
            raise _refusal(from_rpc_error(error), version) from None
        found = response.version
        return BlueprintVersion(
            flow_id=flow_id,
            flow_name=found.blueprint.name,
            version=found.version,
            content_hash=found.content_hash,
            blueprint=blueprint_to_json(found.blueprint),
        )


async def _both(version: Awaitable[BlueprintVersion], name: Awaitable[str]) -> BlueprintVersion:
    # Both at once, and both to their end: a lost exception would be logged as nobody's.
    found, called = await asyncio.gather(version, name, return_exceptions=True)
    if isinstance(found, BaseException):
        raise found
    if isinstance(called, BaseException):
        raise called
    return _named(found, called)


class _Cache(Generic[V]):
    """Keeps the values used last; several who ask for the same at once share one fetch."""

    def __init__(self) -> None:
        self._kept: OrderedDict[Hashable, asyncio.Task[V]] = OrderedDict()

    async def get(self, key: Hashable, fetch: Callable[[], Coroutine[Any, Any, V]]) -> V:
        task = self._kept.get(key)
        if task is None:
            task = self._kept[key] = asyncio.create_task(fetch())
            task.add_done_callback(lambda done: self._forget_failure(key, done))
            while len(self._kept) > _MOST:
                self._kept.popitem(last=False)
        else:
            self._kept.move_to_end(key)
        # Shielded: one that hangs up must not fail the others.
        return await asyncio.shield(task)

    def ready(self, key: Hashable) -> V | None:
        """The value, where it is there already."""
        task = self._kept.get(key)
        if task is None or not task.done() or task.cancelled() or task.exception() is not None:
            return None
        self._kept.move_to_end(key)
        return task.result()

    def drop(self, key: Hashable) -> None:
        # What is under way still ends, for those who wait for it; it is only not found any more.
        self._kept.pop(key, None)

    def drop_where(self, matches: Callable[[Any], bool]) -> None:
        for key in [key for key in self._kept if matches(key)]:
            del self._kept[key]

    def _forget_failure(self, key: Hashable, task: asyncio.Task[V]) -> None:
        if (task.cancelled() or task.exception() is not None) and self._kept.get(key) is task:
            del self._kept[key]


def _refuse_empty(version: str | None) -> None:
    if version == "":
        raise _unknown_version(version)


def _named(version: BlueprintVersion, name: str) -> BlueprintVersion:
    if version.flow_name == name:
        return version
    return BlueprintVersion(version.flow_id, name, version.version, version.content_hash, version.blueprint)


def _refusal(error: ServiceError, version: str | None) -> ServiceError:
    if not isinstance(error, NotFound):
        return error
    if error.resource == "version" and version is not None:
        return _unknown_version(version)
    return Invalid([Violation("/flowId", "There is no flow of this id.")])


def _unknown_version(version: str) -> Invalid:
    return Invalid([Violation("/blueprintVersion", f"The flow has no version {version[:40]!r}.")])

"""Ask the orchestrator how much work waits, and who works. Here alone the mesh speaks gRPC beyond health."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from triggerflow_local.mesh.component import NotReady


@dataclass(frozen=True, slots=True)
class WorkerLoad:
    """A worker, as of its last heartbeat. Its `id` is new each time a process takes a lease."""

    id: str
    name: str
    live_runs: int
    most_runs: int
    # Negative where its lease has lapsed.
    lease_seconds: float


@dataclass(frozen=True, slots=True)
class Load:
    """What an autoscaler reads."""

    queued: Mapping[str, int]
    oldest_queued_seconds: float
    workers: Sequence[WorkerLoad]
    stray_handlers: int = 0
    """Handlers that go on although they were cancelled, in all workers."""


def ask(address: str, token: str, *, seconds: float = 3.0) -> Load:
    """The figures of now, from an orchestrator or from Envoy. Raises NotReady where they cannot be had in time."""
    import grpc
    from triggerflow.orchestrator.v1 import orchestrator_service_pb2 as messages
    from triggerflow.orchestrator.v1 import orchestrator_service_pb2_grpc as services

    with grpc.insecure_channel(address) as channel:
        stub = services.OrchestratorServiceStub(channel)
        try:
            load = stub.GetLoad(
                messages.GetLoadRequest(), timeout=seconds, metadata=(("authorization", f"Bearer {token}"),)
            ).load
        except grpc.RpcError as error:
            details = error.details() if isinstance(error, grpc.Call) else None
            raise NotReady(details or str(error)) from None
    return Load(
        queued={each.priority: each.count for each in load.queued},
        oldest_queued_seconds=load.oldest_queued_seconds,
        workers=[
            WorkerLoad(each.id, each.name, each.live_runs, each.most_runs, each.lease_seconds) for each in load.workers
        ],
        stray_handlers=load.stray_handlers,
    )

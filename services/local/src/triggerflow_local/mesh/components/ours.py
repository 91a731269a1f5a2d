"""Our own processes: the services and the BFF, each `python -m` from this environment, and the workers."""

from __future__ import annotations

import socket
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from triggerflow_local.mesh.component import Component, NotReady
from triggerflow_local.mesh.load import ask

# The contract gives five seconds from the signal to the end.
_STOP_SECONDS = 5.0
# A worker lets go of its runs, writes what it has, and gives them back.
_WORKER_STOP_SECONDS = 6.0
_SOON_SECONDS = 0.3


def service(name: str, folder: Path, address: str, environment: Mapping[str, str]) -> Component:
    """A gRPC service at `address`; `name` is registry, orchestrator, or stream-1."""
    word = name.partition("-")[0]
    return Component(
        name=name,
        folder=folder,
        command=(sys.executable, "-m", f"triggerflow_{word}"),
        ready=lambda: _serving(address),
        url=address,
        ours=True,
        environment={**environment, f"TFCANVAS_{word.upper()}_ADDRESS": address},
        stop_seconds=_STOP_SECONDS,
    )


def bff(folder: Path, address: str, environment: Mapping[str, str]) -> Component:
    """The BFF at `address`, behind Envoy."""
    return Component(
        name="bff",
        folder=folder,
        command=(sys.executable, "-m", "triggerflow_bff"),
        ready=lambda: answers(f"http://{address}/healthz"),
        url=f"http://{address}",
        ours=True,
        environment={**environment, "TFCANVAS_BFF_ADDRESS": address},
        stop_seconds=_STOP_SECONDS,
    )


def worker(number: int, folder: Path, orchestrator: str, environment: Mapping[str, str]) -> Component:
    """A worker. It listens nowhere: it is ready when the orchestrator, at its address, knows of its lease."""
    name, token = f"worker-{number}", environment["TFCANVAS_TOKEN"]
    # Of the processes before this one: a killed one's lease lasts some seconds more.
    former: set[str] = set()

    def note_former() -> None:
        # Where nobody answers, being back soon is worth more than knowing exactly when.
        with suppress(NotReady):
            former.update(each.id for each in ask(orchestrator, token, seconds=_SOON_SECONDS).workers)

    def joined() -> None:
        for each in ask(orchestrator, token).workers:
            if each.name == name and each.id not in former and each.lease_seconds > 0:
                return
        raise NotReady("it has no lease yet")

    return Component(
        name=name,
        folder=folder,
        command=(sys.executable, "-m", "triggerflow_orchestrator.worker"),
        ready=joined,
        ours=True,
        environment={**environment, "TFCANVAS_WORKER_NAME": name},
        prepare=note_former,
        stop_seconds=_WORKER_STOP_SECONDS,
    )


def answers(url: str) -> None:
    """Raises NotReady unless a GET is answered with 200."""
    import httpx

    try:
        status = httpx.get(url, timeout=3.0, trust_env=False).status_code
    except httpx.TransportError as error:
        raise NotReady(str(error) or type(error).__name__) from None
    if status != 200:
        raise NotReady(f"{url} answers {status}")


def _serving(address: str) -> None:
    host, _, port = address.rpartition(":")
    # Asked first: a channel that was refused once waits before it tries again.
    try:
        socket.create_connection((host, int(port)), timeout=1.0).close()
    except OSError as error:
        raise NotReady(str(error)) from None

    import grpc
    from grpc_health.v1 import health_pb2, health_pb2_grpc

    with grpc.insecure_channel(address) as channel:
        # Of the process as a whole: the orchestrator's service itself waits for a worker, which comes after it.
        stub = health_pb2_grpc.HealthStub(channel)
        try:
            status = stub.Check(health_pb2.HealthCheckRequest(), timeout=2.0).status
        except grpc.RpcError as error:
            raise NotReady(str(error)) from None
    if status != health_pb2.HealthCheckResponse.SERVING:
        raise NotReady("it says that it is not serving")

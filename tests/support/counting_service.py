"""A gRPC server that counts its calls and fails as it is told, to see from behind what the edge does with them."""

from __future__ import annotations

import os
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import grpc
from grpc_health.v1 import health, health_pb2, health_pb2_grpc

# What a method does with a call: answer with bytes, or abort it through the context.
Behaviour = Callable[[bytes, grpc.ServicerContext], bytes]


class CountingService(grpc.GenericRpcHandler):
    """Answers every method of every service, watches included. `calls` counts by method name."""

    def __init__(self) -> None:
        self.calls: Counter[str] = Counter()
        self.headers: dict[str, dict[str, Any]] = {}
        self.behave: Behaviour = lambda _request, _context: b""
        self.health = health.HealthServicer()
        self.address = ""

    def service(self, details: grpc.HandlerCallDetails) -> Any:
        method = details.method.rpartition("/")[2]
        if details.method.startswith("/grpc.health."):
            return None

        def unary(request: bytes, context: grpc.ServicerContext) -> bytes:
            self._note(method, context)
            return self.behave(request, context)

        def stream(request: bytes, context: grpc.ServicerContext) -> Iterator[bytes]:
            self._note(method, context)
            yield self.behave(request, context)

        if method.startswith("Watch"):
            return grpc.unary_stream_rpc_method_handler(stream)
        return grpc.unary_unary_rpc_method_handler(unary)

    def _note(self, method: str, context: grpc.ServicerContext) -> None:
        self.calls[method] += 1
        self.headers[method] = dict(context.invocation_metadata())

    def serves(self, whether: bool) -> None:
        """What it says of its health."""
        status = health_pb2.HealthCheckResponse.SERVING if whether else health_pb2.HealthCheckResponse.NOT_SERVING
        for name in ("registry.v1.RegistryService", "orchestrator.v1.OrchestratorService", "stream.v1.StreamService"):
            self.health.set(f"triggerflow.{name}", status)


@contextmanager
def counting_service(port: int = 0) -> Iterator[CountingService]:
    """One, on a free port or the given one, until the block ends."""
    service = CountingService()
    service.serves(True)
    server = grpc.server(
        ThreadPoolExecutor(16),
        options=[("grpc.so_reuseport", 0), ("grpc.http2.max_ping_strikes", 0)],
    )
    server.add_generic_rpc_handlers((service,))
    health_pb2_grpc.add_HealthServicer_to_server(service.health, server)
    service.address = f"127.0.0.1:{server.add_insecure_port(f'127.0.0.1:{port}')}"
    server.start()
    try:
        yield service
    finally:
        server.stop(0).wait()


def _die_of_a_call(port: int, notes: Path) -> None:
    def die(_request: bytes, _context: grpc.ServicerContext) -> bytes:
        with notes.open("a") as file:
            file.write("x")
        os._exit(1)

    with counting_service(port) as service:
        service.behave = die
        threading.Event().wait()


if __name__ == "__main__":
    _die_of_a_call(int(sys.argv[1]), Path(sys.argv[2]))

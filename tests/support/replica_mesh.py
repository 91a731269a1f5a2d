"""The part of the mesh that runs flows, with two orchestrators beside each other on one database and one Kafka."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import asyncpg
import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc
from kafka_broker import Broker
from running_product import wait_for
from triggerflow.orchestrator.v1 import orchestrator_service_pb2_grpc as runs_grpc
from triggerflow_local.mesh.free_port import free_port
from worker_mesh import START_SECONDS, Process, WorkerMesh


class ReplicaMesh(WorkerMesh):
    """`replicas` are the orchestrators `one` and `two`; `at` has their methods. `runs` is those of `one`."""

    def __init__(self, folder: Path, **environment: str) -> None:
        super().__init__(folder, **environment)
        self.broker = Broker(folder / "kafka")
        self._more["KAFKA_BOOTSTRAP"] = self.broker.bootstrap
        self.replicas: dict[str, Process] = {}
        self.at: dict[str, Any] = {}

    def start(self) -> ReplicaMesh:
        self.broker.start()
        super().start()
        self._addresses["two"] = f"127.0.0.1:{free_port()}"
        two = self._process("two", "triggerflow_orchestrator", TFCANVAS_ORCHESTRATOR_ADDRESS=self._addresses["two"])
        self.replicas = {"one": self.orchestrator, "two": two}
        two.start()
        self.at = {"one": self.runs, "two": runs_grpc.OrchestratorServiceStub(self._channel("two"))}
        self.worker("w1")
        self.await_replicas()
        return self

    def await_replicas(self) -> None:
        """Start what was killed, and return once both say that runs can start."""
        for name, process in self.replicas.items():
            if not process.running:
                process.start()
            address = self._addresses["orchestrator" if name == "one" else name]
            wait_for(lambda at=address: _serves(at), seconds=START_SECONDS, what=f"{name}: {process.log_tail()}")

    def stop(self) -> None:
        for process in self.replicas.values():
            process.kill()
        super().stop()
        self.broker.stop()

    def rows(self, query: str, *arguments: Any) -> list[dict[str, Any]]:
        """What the orchestrator's tables say; `{s}` in the query is their schema."""

        async def ask() -> list[dict[str, Any]]:
            connection = await asyncpg.connect(self.database.url)
            try:
                found = await connection.fetchval(
                    "SELECT table_schema FROM information_schema.tables WHERE table_name = 'firings'"
                )
                return [dict(row) for row in await connection.fetch(query.replace("{s}", f'"{found}"'), *arguments)]
            finally:
                await connection.close()

        return asyncio.run(ask())

    def inputs_of(self, flow_id: str) -> list[dict[str, Any]]:
        """The inputs of all of a flow's runs."""
        found = self.rows("SELECT inputs FROM {s}.executions WHERE flow_id = $1", flow_id)
        return [json.loads(row["inputs"]) for row in found]


def _serves(address: str) -> bool:
    request = health_pb2.HealthCheckRequest(service="triggerflow.orchestrator.v1.OrchestratorService")
    with grpc.insecure_channel(address) as channel:
        try:
            answer = health_pb2_grpc.HealthStub(channel).Check(request, timeout=5)
        except grpc.RpcError:
            return False
    return bool(answer.status == health_pb2.HealthCheckResponse.SERVING)

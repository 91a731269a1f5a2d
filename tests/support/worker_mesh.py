"""The part of the mesh that runs flows, as processes: registry, orchestrator and workers on PostgreSQL and Valkey.

Called over gRPC, without Envoy and BFF. Everything is stopped by its process id, whatever state it is in.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import grpc
import orjson
import psutil
import redis
from grpc_health.v1 import health_pb2, health_pb2_grpc
from running_product import wait_for
from triggerflow.orchestrator.v1 import execution_pb2
from triggerflow.orchestrator.v1 import intervention_pb2 as interventions_pb
from triggerflow.orchestrator.v1 import orchestrator_service_pb2 as runs_pb
from triggerflow.orchestrator.v1 import orchestrator_service_pb2_grpc as runs_grpc
from triggerflow.orchestrator.v1 import rerun_pb2 as rerun_pb
from triggerflow.registry.v1 import registry_service_pb2 as flows_pb
from triggerflow.registry.v1 import registry_service_pb2_grpc as flows_grpc
from triggerflow_chassis.ids import uuid7
from triggerflow_chassis.wire.execution import context_from_json, execution_to_json, options_from_json
from triggerflow_chassis.wire.flow import flow_from_json
from triggerflow_local.mesh.alone import Alone
from triggerflow_local.mesh.components import postgres, valkey
from triggerflow_local.mesh.free_port import free_port

HANDLERS = Path(__file__).resolve().parent.parent / "handlers"
TOKEN = "of-the-tests"
START_SECONDS = 60.0
_SECONDS = 30.0
_ENDED = ("succeeded", "failed", "cancelled")


class Process:
    """One process of ours."""

    def __init__(self, name: str, module: str, folder: Path, environment: Mapping[str, str]) -> None:
        self.name = name
        self._module = module
        self._log = folder / f"{name}.log"
        self._environment = dict(environment)
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        assert self._process is not None, f"{self.name} was not started"
        return self._process.pid

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def start(self) -> None:
        environment = {key: value for key, value in os.environ.items() if not key.startswith("TFCANVAS_")}
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", self._module],
                env={**environment, **self._environment},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def kill(self) -> None:
        """As `kill -9` does."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def pause(self) -> None:
        """SIGSTOP, and wait until it stands still."""
        os.kill(self.pid, signal.SIGSTOP)
        wait_for(lambda: psutil.Process(self.pid).status() == psutil.STATUS_STOPPED, seconds=5, what="SIGSTOP")

    def go_on(self) -> None:
        """After `pause`."""
        os.kill(self.pid, signal.SIGCONT)

    def stop(self, seconds: float = 10.0) -> int:
        """SIGTERM; the exit code. One that does not end is killed, and an error."""
        assert self._process is not None
        self._process.terminate()
        try:
            return self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError(f"{self.name} did not stop within {seconds} s: {self.log_tail()}") from None

    def log_lines(self) -> list[dict[str, Any]]:
        """What it logged, of what is a JSON line."""
        lines = self._log.read_bytes().splitlines() if self._log.exists() else []
        return [orjson.loads(line) for line in lines if line.startswith(b"{")]

    def logged(self, event: str) -> list[dict[str, Any]]:
        """Its lines of that event."""
        return [line for line in self.log_lines() if line.get("event") == event]

    def log_tail(self) -> str:
        return self._log.read_text(errors="replace")[-3_000:] if self._log.exists() else ""


class WorkerMesh:
    """Servers and services are up after `start`; workers are started by `worker`."""

    def __init__(self, folder: Path, **environment: str) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.database = Alone(postgres.server(folder / "postgres"))
        self.redis = Alone(valkey.server(folder / "valkey"))
        self._more = environment
        self._addresses = {name: f"127.0.0.1:{free_port()}" for name in ("registry", "orchestrator")}
        self._channels: list[grpc.Channel] = []
        self.workers: dict[str, Process] = {}

    def start(self) -> WorkerMesh:
        self.database.start()
        self.redis.start()
        self.registry = self._process("registry", "triggerflow_registry")
        self.orchestrator = self._process("orchestrator", "triggerflow_orchestrator")
        self.registry.start()
        self.orchestrator.start()
        self.flows: Any = flows_grpc.RegistryServiceStub(self._channel("registry"))
        self.runs: Any = runs_grpc.OrchestratorServiceStub(self._channel("orchestrator"))
        wait_for(lambda: self._answers(self.flows.ListFlows, flows_pb.ListFlowsRequest()), seconds=START_SECONDS)
        wait_for(lambda: self._answers(self.runs.GetLoad, runs_pb.GetLoadRequest()), seconds=START_SECONDS)
        return self

    def worker(self, name: str, **environment: str) -> Process:
        """Start a worker and wait until it has a lease."""
        process = self._process(name, "triggerflow_orchestrator.worker", TFCANVAS_WORKER_NAME=name, **environment)
        self.workers[name] = process
        # One of its name that was killed may still have a lease.
        before = {worker.id for worker in self.load().workers}
        process.start()
        wait_for(
            lambda: any(worker.name == name and worker.id not in before for worker in self.load().workers),
            seconds=START_SECONDS,
            what=f"a lease of {name}: {process.log_tail()}",
        )
        return process

    def mend(self) -> None:
        """Start what was killed, of servers and services."""
        for server in (self.database, self.redis):
            if not _is_up(server):
                server.start()
        for service in (self.registry, self.orchestrator):
            if not service.running:
                service.start()
        wait_for(lambda: self._answers(self.flows.ListFlows, flows_pb.ListFlowsRequest()), seconds=START_SECONDS)
        wait_for(lambda: self._answers(self.runs.GetLoad, runs_pb.GetLoadRequest()), seconds=START_SECONDS)
        # The orchestrator's own way to the registry comes back a moment after the registry itself.
        wait_for(self._knows_flows, seconds=START_SECONDS, what="the orchestrator to reach the registry")

    def only_workers(self, *names: str) -> None:
        """These workers, and no others, have a lease and no runs."""
        for name, process in list(self.workers.items()):
            if name not in names or not process.running:
                process.kill()
                del self.workers[name]
        for name in names:
            if name not in self.workers:
                self.worker(name)
        wait_for(
            lambda: sorted(worker.name for worker in self.load().workers) == sorted(names),
            seconds=30,
            what=f"leases of {names} alone",
        )

    def stop(self) -> None:
        """Everything, at once."""
        for channel in self._channels:
            channel.close()
        for process in (*self.workers.values(), self.orchestrator, self.registry):
            process.kill()
        self.redis.kill()
        self.database.stop()

    # What a caller does.

    def publish(self, body: Mapping[str, Any]) -> tuple[str, str]:
        """Create a flow and publish it: its id and version."""
        created = self._call(self.flows.CreateFlow, flows_pb.CreateFlowRequest(flow=flow_from_json(body)))
        published = self._call(self.flows.PublishVersion, flows_pb.PublishVersionRequest(flow_id=created.flow.id))
        return created.flow.id, published.version.version

    def publish_again(self, flow_id: str) -> str:
        """Change a published flow in meaning and publish it: its new version."""
        flow = self._call(self.flows.GetFlow, flows_pb.GetFlowRequest(flow_id=flow_id)).flow
        flow.settings.timeout_seconds = 1_000 + int(flow.latest_version)
        self._call(self.flows.UpdateFlow, flows_pb.UpdateFlowRequest(flow=flow, etag=flow.etag))
        published = self._call(self.flows.PublishVersion, flows_pb.PublishVersionRequest(flow_id=flow_id))
        return str(published.version.version)

    def begin(
        self,
        flow: tuple[str, str],
        inputs: Mapping[str, Any] | None = None,
        *,
        priority: str = "normal",
        wait_seconds: int = 0,
        request_id: str = "",
        **options: Any,
    ) -> dict[str, Any]:
        """Start a run; the execution as answered."""
        request = runs_pb.StartExecutionRequest(
            flow_id=flow[0],
            blueprint_version=flow[1] or None,
            inputs_json=orjson.dumps(inputs or {}).decode(),
            context=context_from_json({"priority": priority}),
            options=options_from_json(options),
            wait_seconds=wait_seconds,
            request_id=request_id,
        )
        return _shown(self._call(self.runs.StartExecution, request).execution)

    def execution(self, execution_id: str) -> dict[str, Any]:
        request = runs_pb.GetExecutionRequest(execution_id=execution_id)
        return _shown(self._call(self.runs.GetExecution, request).execution)

    def await_end(self, execution_id: str, seconds: float = 30.0) -> dict[str, Any]:
        """The ended execution."""

        def probe() -> dict[str, Any] | None:
            found = self.execution(execution_id)
            return found if found["status"] in _ENDED else None

        found: dict[str, Any] = wait_for(probe, seconds=seconds, what=f"the end of {execution_id}")
        return found

    def intervene(self, execution_id: str, value: Any) -> None:
        """Add context to a run."""
        request = interventions_pb.AddInterventionRequest(
            execution_id=execution_id, value_json=orjson.dumps(value).decode()
        )
        self._call(self.runs.AddIntervention, request)

    def runs_of(self, flow_id: str) -> list[str]:
        """The ids of a flow's executions, newest first."""
        request = runs_pb.ListExecutionsRequest(flow_id=flow_id)
        return [each.id for each in self._call(self.runs.ListExecutions, request).executions]

    def cancel(self, execution_id: str, request_id: str = "") -> dict[str, Any]:
        request = runs_pb.CancelExecutionRequest(execution_id=execution_id, request_id=request_id)
        return _shown(self._call(self.runs.CancelExecution, request).execution)

    def retry(self, execution_id: str, start: str, inputs: Any = None, request_id: str = "") -> dict[str, Any]:
        """Run it again; the new execution as answered."""
        request = rerun_pb.RetryExecutionRequest(execution_id=execution_id, start=start, request_id=request_id)
        if inputs is not None:
            request.inputs_json = orjson.dumps(inputs).decode()
        return _shown(self._call(self.runs.RetryExecution, request).execution)

    def events(self, execution_id: str) -> list[dict[str, Any]]:
        """All of them, as JSON."""
        from triggerflow_chassis.wire.event import event_to_json

        found, after = list[dict[str, Any]](), ""
        while True:
            page = self._call(self.runs.ListEvents, runs_pb.ListEventsRequest(execution_id=execution_id, after=after))
            if not page.events:
                return found
            found.extend(event_to_json(event) for event in page.events)
            after = page.next

    def load(self) -> Any:
        """The figures of GetLoad."""
        return self._call(self.runs.GetLoad, runs_pb.GetLoadRequest()).load

    def leases(self) -> dict[str, Any]:
        """Workers whose lease lasts, by name."""
        return {worker.name: worker for worker in self.load().workers if worker.lease_seconds > 0}

    def owners(self) -> dict[str, int]:
        """Live runs by the name of their worker, as of its last heartbeat."""
        return {worker.name: worker.live_runs for worker in self.load().workers}

    def owner(self) -> Process:
        """The worker that has the only live run, once a heartbeat says so."""
        name = wait_for(lambda: next((name for name, live in self.owners().items() if live), None), what="an owner")
        return self.workers[name]

    def can_start(self) -> bool:
        """What gRPC health says of the orchestrator."""
        request = health_pb2.HealthCheckRequest(service="triggerflow.orchestrator.v1.OrchestratorService")
        answer = health_pb2_grpc.HealthStub(self._channels[1]).Check(request, timeout=5)
        return bool(answer.status == health_pb2.HealthCheckResponse.SERVING)

    def redis_client(self) -> redis.Redis:
        """Somebody else at the same server."""
        return redis.Redis.from_url(self.redis.url, socket_timeout=5)

    def pause_redis(self) -> None:
        """It takes connections and answers nothing."""
        self.redis.signal(signal.SIGSTOP)
        wait_for(lambda: psutil.Process(self.redis.pid).status() == psutil.STATUS_STOPPED, what="SIGSTOP")

    def continue_redis(self) -> None:
        """After `pause_redis`."""
        self.redis.signal(signal.SIGCONT)

    # How it is put together.

    def address(self, service: str) -> str:
        """Where a service listens."""
        return self._addresses[service]

    def environment(self, name: str) -> dict[str, str]:
        """What every process of ours is given."""
        return {
            "TFCANVAS_HOME": str(self.folder / "home"),
            "TFCANVAS_TOKEN": TOKEN,
            "TFCANVAS_REGISTRY_ADDRESS": self._addresses["registry"],
            "TFCANVAS_ORCHESTRATOR_ADDRESS": self._addresses["orchestrator"],
            "TFCANVAS_LEASE_SECONDS": "2",
            "TFCANVAS_PYTHON_MODULES": "sample_handlers,stream_handlers",
            "PYTHONPATH": str(HANDLERS),
            "DATABASE_URL": self.database.url,
            "REDIS_URL": self.redis.url,
            **self._more,
        }

    def _process(self, name: str, module: str, **environment: str) -> Process:
        return Process(name, module, self.folder, self.environment(name) | environment)

    def _channel(self, service: str) -> grpc.Channel:
        channel = grpc.insecure_channel(
            self._addresses[service],
            options=[("grpc.initial_reconnect_backoff_ms", 100), ("grpc.max_reconnect_backoff_ms", 500)],
        )
        self._channels.append(channel)
        return channel

    def call(self, method: Any, request: Any) -> Any:
        """Any method of `runs` or `flows`, with the token."""
        return self._call(method, request)

    def _call(self, method: Any, request: Any) -> Any:
        return method(request, timeout=_SECONDS + 5, metadata=(("authorization", f"Bearer {TOKEN}"),))

    def _knows_flows(self) -> bool:
        try:
            self._call(self.runs.StartExecution, runs_pb.StartExecutionRequest(flow_id=uuid7(), inputs_json="{}"))
        except grpc.RpcError as error:
            return bool(error.code() is grpc.StatusCode.INVALID_ARGUMENT)
        return True

    def _answers(self, method: Any, request: Any) -> bool:
        try:
            method(request, timeout=1, metadata=(("authorization", f"Bearer {TOKEN}"),))
        except grpc.RpcError:
            return False
        return True


def _is_up(server: Alone) -> bool:
    try:
        return psutil.Process(server.pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def _shown(execution: execution_pb2.Execution) -> dict[str, Any]:
    return execution_to_json(execution)

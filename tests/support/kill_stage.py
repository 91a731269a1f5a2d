"""A product on which runs are killed, whichever product it is: one process or the mesh. What a scenario asks of it."""

from __future__ import annotations

import abc
import time
from datetime import datetime
from typing import Any

import grpc
import httpx
from running_product import wait_for
from triggerflow.orchestrator.v1 import orchestrator_service_pb2 as runs_pb
from triggerflow.orchestrator.v1 import orchestrator_service_pb2_grpc as runs_grpc
from triggerflow_chassis.wire.event import event_to_json
from visited_server import VisitedServer

# Generous: the machine may be busy with other tests.
SECONDS = 180.0
_LARGEST = 16 * 1024 * 1024


class KillStage(abc.ABC):
    """Starts runs, kills whoever has them, and reads what came of them."""

    visited: VisitedServer

    @abc.abstractmethod
    def strike(self, execution_id: str) -> None:
        """`kill -9` of the process that has this run. Others go on, where there are any."""

    @abc.abstractmethod
    def strike_all(self) -> None:
        """`kill -9` of every process that could run or wake anything. None comes back before `mend`."""

    @abc.abstractmethod
    def mend(self) -> None:
        """All are back, and runs can start."""

    @abc.abstractmethod
    def client(self) -> httpx.Client:
        """A client of the REST interface."""

    @property
    @abc.abstractmethod
    def grpc(self) -> tuple[str, str]:
        """The address of the gRPC interface, and the token."""

    # What a caller does.

    def publish(self, body: dict[str, Any]) -> str:
        """Create a flow and publish it; its id."""
        with self.client() as client:
            flow_id = str(client.post("/flows", json=body).raise_for_status().json()["id"])
            client.post(f"/flows/{flow_id}/versions", json={}).raise_for_status()
        return flow_id

    def begin(self, flow_id: str, inputs: dict[str, Any] | None = None) -> str:
        """Start a run; its id."""
        with self.client() as client:
            answer = client.post("/executions", json={"flowId": flow_id, "inputs": inputs or {}})
            return str(answer.raise_for_status().json()["id"])

    def execution(self, execution_id: str) -> dict[str, Any]:
        """As GET shows it. Asked again while the edge still finds its way to what was killed."""
        found: dict[str, Any] = self._get(f"/executions/{execution_id}")
        return found

    def rests(self, execution_id: str) -> None:
        """Wait until the run waits."""
        wait_for(lambda: self.execution(execution_id)["status"] == "waiting", seconds=SECONDS, what="the run to wait")

    def ended(self, execution_id: str) -> dict[str, Any]:
        """The run, once it has ended."""

        def over() -> Any:
            found = self.execution(execution_id)
            return found if found["endedAt"] else None

        found: dict[str, Any] = wait_for(over, seconds=SECONDS, what="the end of the run")
        return found

    def value(self, shown: Any) -> Any:
        """A value of an execution in full."""
        return self._get(f"/values/{shown['$value']}") if isinstance(shown, dict) and "$value" in shown else shown

    def wait_of(self, execution_id: str) -> dict[str, Any]:
        """The only open wait of a run."""
        (wait,) = self._get(f"/waits?executionId={execution_id}")["items"]
        return dict(wait)

    def resume(self, execution_id: str, wait_id: str, value: Any) -> httpx.Response:
        """Answer a wait."""
        with self.client() as client:
            return client.post(f"/executions/{execution_id}/resume", json={"waitId": wait_id, "value": value})

    def retries(self, execution_id: str) -> list[dict[str, Any]]:
        """What was told of attempts that failed and are followed by another: `{attempt, dueAt, …}`."""
        return [event["payload"]["data"] for event in self.events(execution_id) if _is_retry(event)]

    def events(self, execution_id: str) -> list[dict[str, Any]]:
        """All of them as JSON, with the `sequence` that only gRPC shows."""
        address, token = self.grpc
        options = [("grpc.max_receive_message_length", _LARGEST)]
        found, after = list[dict[str, Any]](), ""
        with grpc.insecure_channel(address, options=options) as channel:
            stub = runs_grpc.OrchestratorServiceStub(channel)
            while True:
                request = runs_pb.ListEventsRequest(execution_id=execution_id, after=after)
                page = stub.ListEvents(
                    request, timeout=60, wait_for_ready=True, metadata=[("authorization", f"Bearer {token}")]
                )
                if not page.events:
                    return found
                found.extend({**event_to_json(event), "sequence": event.sequence} for event in page.events)
                after = page.next

    def _get(self, path: str) -> Any:
        def asked() -> Any:
            try:
                with self.client() as client:
                    answer = client.get(path)
            except httpx.TransportError:
                return None
            return None if answer.status_code in (502, 503, 504) else answer

        answer: httpx.Response = wait_for(asked, seconds=SECONDS, what=path)
        return answer.raise_for_status().json()


def passed(moment: str) -> None:
    """Wait until that moment is past."""
    until = seconds_of(moment)
    wait_for(lambda: time.time() > until, seconds=SECONDS, what=moment)


def seconds_of(moment: str) -> float:
    """A time of the product as seconds since the epoch."""
    return datetime.fromisoformat(moment).timestamp()


def _is_retry(event: dict[str, Any]) -> bool:
    data = event["payload"].get("data") or {}
    return event["type"] == "runtime.output" and data.get("kind") == "retry" and not data.get("recovered")

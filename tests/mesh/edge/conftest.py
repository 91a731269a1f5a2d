"""A rig that tests share, rigs of their own for those that break something, and runs to watch through them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import grpc
import httpx
import pytest
from drawing import Drawing
from edge_rig import EdgeRig

MODULES = {"PYTHONPATH": str(Path(__file__).parent / "modules"), "TFCANVAS_PYTHON_MODULES": "edge_handlers"}


@pytest.fixture(scope="session")
def rig(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EdgeRig]:
    """Left as it was found: whoever stops a process of it starts it again."""
    one = EdgeRig(tmp_path_factory.mktemp("edge"), environment=MODULES)
    try:
        yield one.start()
    finally:
        codes = one.stop()
    assert set(codes.values()) == {0}, codes


@pytest.fixture
def whole(rig: EdgeRig) -> Iterator[EdgeRig]:
    """The shared rig for a test that breaks it, mended again whatever happens."""
    yield rig
    for name, process in list(rig.processes.items()):
        if process.poll() is not None:
            rig.start_one(name)
    rig.wait_ready()


@pytest.fixture
def client(rig: EdgeRig) -> Iterator[httpx.Client]:
    with rig.client() as client:
        yield client


@pytest.fixture
def channel(rig: EdgeRig) -> Iterator[grpc.Channel]:
    """A stock gRPC client, which knows the edge's address and nothing of ours."""
    with grpc.insecure_channel(rig.grpc, options=[("grpc.max_receive_message_length", 16 * 1024 * 1024)]) as channel:
        yield channel


@pytest.fixture
def signed_in(rig: EdgeRig) -> list[tuple[str, str]]:
    return [("authorization", f"Bearer {rig.token}")]


class TickingRun:
    """A run that tells something every 20 ms until `end`."""

    def __init__(self, client: httpx.Client, gate: Path) -> None:
        drawing = Drawing("ticking")
        drawing.trigger()
        drawing.node("action", "tick", "edge_handlers.tick", config={"gate": str(gate)})
        drawing.wire("start", "tick")
        made = client.post("/flows", json=drawing.body())
        assert made.status_code == 201, made.text
        flow_id = made.json()["id"]
        assert client.post(f"/flows/{flow_id}/versions", json={}).status_code == 201
        started = client.post("/executions", json={"flowId": flow_id, "inputs": {}})
        assert started.status_code == 202, started.text
        self.id: str = started.json()["id"]
        self._client = client
        self._gate = gate

    def end(self) -> None:
        self._gate.touch()

    def events(self) -> list[dict[str, Any]]:
        """All of it, as the log has it."""
        events: list[dict[str, Any]] = []
        while True:
            after = events[-1]["id"] if events else "00000000-0000-0000-0000-000000000000"
            page = self._client.get(
                f"/executions/{self.id}/events",
                params={"after": after, "limit": 5000},
                headers={"Accept": "application/json"},
            ).json()["items"]
            if not page:
                return events
            events += page


@pytest.fixture
def ticking(rig: EdgeRig, client: httpx.Client, tmp_path: Path) -> Iterator[Callable[[], TickingRun]]:
    """Start such a run; it ends with the test at the latest."""
    runs: list[TickingRun] = []

    def start() -> TickingRun:
        runs.append(TickingRun(client, tmp_path / f"gate-{len(runs)}"))
        return runs[-1]

    yield start
    for run in runs:
        run.end()

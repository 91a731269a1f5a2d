"""Make one execution or many log lines, watch them, and give back what the clients saw."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import httpx
from flows import chain

from fanout.watchers import Watchers, cpu_seconds


class Instance(Protocol):
    """A running product: its address, its token, and a way to publish a flow (`bench/setting.py`, `bench/mesh`)."""

    url: str
    token: str

    def publish(self, flow: dict[str, Any]) -> tuple[str, str]: ...


@dataclass
class Ours:
    """The product's fan-out."""

    instance: Instance
    program: Path
    folder: Path
    # Whose CPU time is told; none where nobody knows.
    pid: int | None = None
    flow: tuple[str, str] = field(init=False)
    last: str = field(init=False, default="")
    cpu_per_event: float = field(init=False, default=0.0)

    def __post_init__(self) -> None:
        self.flow = self.instance.publish(chain("fan-out", 1, "bench_handlers.lines"))
        self.token_file = self.folder / "token"
        self.token_file.touch(mode=0o600)
        self.token_file.write_text(self.instance.token)

    def watch(
        self, *, count: int, rate: float, each: int, executions: int = 1, batch: bool = False, stuck: int = 0
    ) -> dict[str, Any]:
        """Executions that log `count` lines at `rate` each, each watched by `each` clients; the clients' figures."""
        gate = self.folder / f"gate-{time.monotonic_ns()}"
        inputs = {"n": {"gate": str(gate), "count": count, "perSecond": rate}}
        ids = [self._start(inputs) for _ in range(executions)]
        base = self.instance.url.replace("http", "ws", 1)
        addresses = [f"{base}/executions/{each_id}/events" for each_id in ids]
        self.last = ids[0]
        with Watchers(
            self.program, addresses, each=each, token_file=self.token_file, batch=batch, stuck=stuck
        ) as watchers:
            before = cpu_seconds(self.pid) if self.pid else 0.0
            gate.touch()
            figures = watchers.result()
            after = cpu_seconds(self.pid) if self.pid else 0.0
        figures["cpuMicrosecondsPerEvent"] = round((after - before) / max(figures["measured"], 1) * 1e6, 2)
        if figures["measured"] != count * each * executions:
            raise RuntimeError(f"{count * each * executions} events were due: {json.dumps(figures)}")
        return figures

    def frame(self) -> str:
        """One of the frames that the last execution sent."""
        with self._client() as client:
            page = client.get(f"/executions/{self.last}/events", headers={"Accept": "application/json"})
        return next(
            json.dumps(event, separators=(",", ":")) for event in page.json()["items"] if event["type"] == "log"
        )

    def _start(self, inputs: dict[str, Any]) -> str:
        flow_id, version = self.flow
        with self._client() as client:
            answer = client.post("/executions", json={"flowId": flow_id, "blueprintVersion": version, "inputs": inputs})
        assert answer.status_code == 202, answer.text
        return str(answer.json()["id"])

    def _client(self) -> httpx.Client:
        return httpx.Client(
            base_url=self.instance.url, headers={"Authorization": f"Bearer {self.instance.token}"}, timeout=60
        )


class Bare:
    """The broadcast of `bare.py`, in a process of its own."""

    def __init__(self, program: Path, frame: str) -> None:
        self._program = program
        self._frame = frame
        self._process = subprocess.Popen(
            [sys.executable, str(Path(__file__).with_name("bare.py"))],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdout is not None
        self._address = f"ws://127.0.0.1:{self._process.stdout.readline().strip()}/"

    def watch(self, *, count: int, rate: float, each: int) -> dict[str, Any]:
        """The clients' figures."""
        assert self._process.stdin is not None
        with Watchers(self._program, [self._address], each=each) as watchers:
            told = {"clients": each, "count": count, "perSecond": rate, "frame": self._frame}
            self._process.stdin.write(json.dumps(told) + "\n")
            self._process.stdin.flush()
            return watchers.result()

    def close(self) -> None:
        """End the process."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(timeout=30)

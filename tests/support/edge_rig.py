"""The edge as in the mesh: a real Envoy before real services, each a process, on SQLite and free ports.

For what Envoy does. What the whole mesh does (PostgreSQL, Kafka, workers) has its own tests.
"""

from __future__ import annotations

import json
import os
import secrets
import signal
import socket
import subprocess
import sys
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import httpx
from running_product import wait_for
from triggerflow_local.edge import EdgeSettings, command, render

START_SECONDS = 90.0
SERVICES = ("registry", "orchestrator", "stream-1", "stream-2", "bff")


def free_ports(count: int) -> list[int]:
    """Ports nobody listens at. They are all held until the last is found, so none comes twice."""
    held = [socket.socket() for _ in range(count)]
    try:
        for each in held:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in held]
    finally:
        for each in held:
            each.close()


@dataclass
class EdgeRig:
    """Envoy and what stands behind it. `edge` overrides fields of EdgeSettings, `environment` that of every service."""

    home: Path
    edge: dict[str, Any] = field(default_factory=dict)
    environment: dict[str, str] = field(default_factory=dict)
    processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.home.mkdir(parents=True, exist_ok=True)
        self.token = secrets.token_urlsafe(16)
        names = ("http", "grpc", "admin", *SERVICES)
        self.ports = dict(zip(names, free_ports(len(names)), strict=True))
        self.url = f"http://127.0.0.1:{self.ports['http']}"
        self.grpc = self.at("grpc")
        self.admin = f"http://127.0.0.1:{self.ports['admin']}"
        settings = EdgeSettings(
            http=self.at("http"),
            grpc=self.grpc,
            admin_port=self.ports["admin"],
            bff=[self.at("bff")],
            registry=[self.at("registry")],
            orchestrator=[self.at("orchestrator")],
            stream=[self.at("stream-1"), self.at("stream-2")],
            access_log=str(self.home / "access.log"),
        )
        self.settings = replace(settings, **self.edge)

    def at(self, name: str) -> str:
        """host:port of a process."""
        return f"127.0.0.1:{self.ports[name]}"

    def start(self) -> EdgeRig:
        """Start all and wait until runs can start, seen from outside."""
        for name in (*SERVICES, "envoy"):
            self.start_one(name)
        self.wait_ready()
        return self

    def start_one(self, name: str) -> None:
        """Start a process on its port, without waiting for it."""
        if name == "envoy":
            config = self.home / "envoy.yaml"
            config.write_text(render(self.settings))
            arguments = command(config)
        else:
            arguments = [sys.executable, "-m", f"triggerflow_{name.partition('-')[0]}"]
        with (self.home / f"{name}.log").open("ab") as log:
            self.processes[name] = subprocess.Popen(
                arguments, env=self._environment(name), stdout=log, stderr=log, start_new_session=True
            )

    def wait_ready(self) -> None:
        """Until /readyz says so through Envoy, and every endpoint is in."""

        def ready() -> bool:
            for name, process in self.processes.items():
                assert process.poll() is None, f"{name} ended: {self.log_tail(name)}"
            return self.answer("/readyz") == 200 and self.healthy("stream") == len(self.settings.stream)

        wait_for(ready, seconds=START_SECONDS, what="/readyz through Envoy")

    def answer(self, path: str) -> int:
        """The status of a GET, 0 where nobody answers."""
        try:
            return httpx.get(f"{self.url}{path}", headers=self.headers(), timeout=10.0, trust_env=False).status_code
        except httpx.TransportError:
            return 0

    def headers(self) -> dict[str, str]:
        """Signed in."""
        return {"Authorization": f"Bearer {self.token}"}

    def client(self, **options: Any) -> httpx.Client:
        """An HTTP client of the edge that is signed in."""
        return httpx.Client(base_url=self.url, headers=self.headers(), timeout=60.0, trust_env=False, **options)

    def signal(self, name: str, number: signal.Signals) -> None:
        """SIGKILL ends a process and waits for that; others are only sent."""
        process = self.processes[name]
        process.send_signal(number)
        if number is signal.SIGKILL:
            process.wait()

    def kill(self, name: str) -> None:
        """kill -9."""
        self.signal(name, signal.SIGKILL)

    def stop_one(self, name: str) -> int:
        """SIGTERM; the exit code. It gets five seconds, as everywhere."""
        process = self.processes[name]
        if process.poll() is None:
            process.send_signal(signal.SIGCONT)
            process.terminate()
        try:
            return process.wait(timeout=6)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            return -signal.SIGKILL

    def stop(self) -> dict[str, int]:
        """Stop all; their exit codes."""
        return {name: self.stop_one(name) for name in reversed(self.processes)}

    def access_log(self) -> list[dict[str, Any]]:
        """What Envoy says of the requests so far. It writes within a second or so of each."""
        path = self.home / "access.log"
        return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []

    def stat(self, name: str) -> int:
        """A counter or gauge of Envoy."""
        answer = httpx.get(f"{self.admin}/stats", params={"filter": f"^{name}$", "format": "json"}, trust_env=False)
        found = [each["value"] for each in answer.json()["stats"] if each.get("name") == name]
        return int(found[0]) if found else 0

    def healthy(self, cluster: str) -> int:
        """How many endpoints of a cluster Envoy sends calls to."""
        return self.stat(f"cluster.{cluster}.membership_healthy")

    def log_tail(self, name: str) -> str:
        """The end of a process log."""
        return (self.home / f"{name}.log").read_text()[-3000:]

    def _environment(self, name: str) -> dict[str, str]:
        service = name.partition("-")[0].upper()
        return {
            **{key: value for key, value in os.environ.items() if not key.startswith("TFCANVAS_")},
            "TFCANVAS_HOME": str(self.home),
            "TFCANVAS_TOKEN": self.token,
            "TFCANVAS_EDGE": self.url,
            "TFCANVAS_MESH_GRPC": self.grpc,
            f"TFCANVAS_{service}_ADDRESS": self.at(name) if name in self.ports else "",
            **self.environment,
        }


def _by_hand(folder: Path) -> None:
    """Serve until stdin ends: first a line with a sign-in link, then `kill NAME` or `start NAME` a line."""
    rig = EdgeRig(folder)
    try:
        rig.start()
        with rig.client() as client:
            print(client.post("/session/links").json()["url"], flush=True)  # noqa: T201
        for line in sys.stdin:
            what, name = line.split()
            if what == "kill":
                rig.kill(name)
            else:
                rig.start_one(name)
            print(f"{what} {name}", flush=True)  # noqa: T201
    finally:
        rig.stop()


if __name__ == "__main__":
    _by_hand(Path(sys.argv[1]))

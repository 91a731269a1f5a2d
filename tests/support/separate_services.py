"""The services as processes of their own on one folder, each on the sources of this release or of an earlier one."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
from running_product import wait_for

_SUPPORT = Path(__file__).parent
_HANDLERS = _SUPPORT.parent / "handlers"
TOKEN = "only-for-this-test"


def _free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port: int = taken.getsockname()[1]
        return port


@dataclass
class Services:
    """Processes by name: registry, orchestrator, and the edge, which is stream and BFF.

    `python_path` of a start puts the sources of another release first; "" is this one.
    """

    home: Path
    environment: dict[str, str] = field(default_factory=dict)
    processes: dict[str, list[subprocess.Popen[bytes]]] = field(default_factory=dict)
    addresses: dict[str, str] = field(
        default_factory=lambda: {
            name: f"127.0.0.1:{_free_port()}" for name in ("registry", "orchestrator", "stream", "bff")
        }
    )

    def start(self, name: str, python_path: str = "", **environment: str) -> None:
        """Start one, without waiting for it."""
        if name != "edge":
            commands = [["-m", f"triggerflow_{name}"]]
        elif python_path:
            commands = [[str(_SUPPORT / "first_light_edge.py")]]
        else:
            commands = [["-m", "triggerflow_stream"], ["-m", "triggerflow_bff"]]
        self.home.mkdir(parents=True, exist_ok=True)
        kept = {key: value for key, value in os.environ.items() if not key.startswith("TFCANVAS_")}
        env = {
            **kept,
            "TFCANVAS_HOME": str(self.home),
            "TFCANVAS_TOKEN": TOKEN,
            "TFCANVAS_PYTHON_MODULES": "sample_handlers",
            "PYTHONPATH": ":".join(filter(None, [python_path, str(_HANDLERS)])),
            **{f"TFCANVAS_{service.upper()}_ADDRESS": address for service, address in self.addresses.items()},
            **self.environment,
            **environment,
        }
        with self._log(name).open("ab") as log:
            self.processes[name] = [
                subprocess.Popen([sys.executable, *command], env=env, stdout=log, stderr=log, start_new_session=True)
                for command in commands
            ]

    def ready(self) -> None:
        """Wait until the edge says that runs can start."""
        wait_for(self._is_ready, seconds=90, what="/readyz")

    def _is_ready(self) -> bool:
        for name, processes in self.processes.items():
            for process in processes:
                assert process.poll() is None, f"{name} ended: {self.log(name)}"
        try:
            return self.client().get("/readyz", timeout=5).status_code == 200
        except httpx.TransportError:
            return False

    def client(self, **options: Any) -> httpx.Client:
        """An HTTP client that is signed in."""
        base = f"http://{self.addresses['bff']}"
        return httpx.Client(base_url=base, headers={"Authorization": f"Bearer {TOKEN}"}, timeout=60.0, **options)

    def log(self, name: str) -> str:
        """The end of what a process said."""
        return self._log(name).read_text(errors="replace")[-3_000:]

    def kill(self, name: str) -> None:
        """kill -9."""
        self._end(name, signal.SIGKILL)

    def stop(self, *names: str) -> None:
        """SIGTERM, and wait for the end of each; all of them without names."""
        for name in names or tuple(self.processes):
            self._end(name, signal.SIGTERM)

    def _end(self, name: str, how: signal.Signals) -> None:
        ending = self.processes.pop(name, [])
        for process in ending:
            process.send_signal(how)
        for process in ending:
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def _log(self, name: str) -> Path:
        return self.home / f"{name}.log"

"""The product under test, started in a temporary folder."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Any

from running_product import Product


class Setting:
    """A running product that may run the bench's handlers."""

    def __init__(self, home: Path, **environment: str) -> None:
        handlers = str(Path(__file__).resolve().parent)
        given = {"PYTHONPATH": handlers, "TFCANVAS_PYTHON_MODULES": "bench_handlers", **environment}
        self._product = Product(home, given)

    def __enter__(self) -> Setting:
        self.start()
        return self

    def start(self) -> None:
        """Start it, and wait until runs can start."""
        self._product.start()
        self.url, self.token = self._product.url, self._product.token
        self.pid = int(self._product.run_file()["pid"])

    def logged(self, event: str) -> datetime:
        """When it logged this last."""
        lines = (self._product.home / "stderr.log").read_text().splitlines()
        line = next(line for line in reversed(lines) if f'"event":"{event}"' in line.replace(": ", ":"))
        return datetime.fromisoformat(json.loads(line)["time"])

    def kill(self) -> None:
        """kill -9."""
        self._product.kill()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._product.stop()

    def publish(self, flow: dict[str, Any]) -> tuple[str, str]:
        """Id and version of a new flow."""
        with self._product.client() as client:
            made = client.post("/flows", json=flow)
            assert made.status_code == 201, made.text
            published = client.post(f"/flows/{made.json()['id']}/versions", json={})
            assert published.status_code == 201, published.text
            return str(made.json()["id"]), str(published.json()["version"])

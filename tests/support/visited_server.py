"""A server outside the product that every `sample_handlers.visit` tells of itself, and that holds back whom it is told
to: so a test has a node running for as long as it wants, and knows every effect afterwards."""

from __future__ import annotations

import threading
import time
from collections import Counter
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from running_product import wait_for


@dataclass(frozen=True)
class Visit:
    """One effect."""

    execution_id: str
    name: str
    activation_id: str
    key: str
    attempt: int
    at: float
    """By the monotonic clock."""
    when: float
    """By the wall clock, as the product's own times are."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    # A burst beyond the usual 5 would be refused, and tried again a second later.
    request_queue_size = 128


class VisitedServer:
    """On a free port of 127.0.0.1."""

    def __init__(self) -> None:
        self.visits: list[Visit] = []
        self._held: dict[str, threading.Event] = {}
        self._counts: Counter[str] = Counter()
        self._marks: dict[tuple[str, int], threading.Event] = {}
        self._lock = threading.Lock()
        visited = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                execution_id, name, activation_id, key, attempt = self.path.strip("/").split("/")
                now = time.monotonic(), time.time()
                visited._note(Visit(execution_id, name, activation_id, key, int(attempt), *now))
                held = visited._held.get(name)
                if held is not None:
                    held.wait(60)
                try:
                    self.send_response(204)
                    self.end_headers()
                except OSError:
                    """Whoever asked was killed."""

            def log_message(self, *args: Any) -> None:
                pass

        self._server = _Server(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def hold(self, name: str) -> None:
        """Answer no visit of nodes with this name until `release`."""
        self._held[name] = threading.Event()

    def release(self, name: str) -> None:
        """Answer them, those that wait included."""
        self._held.pop(name).set()

    def release_all(self) -> None:
        """Hold back nobody."""
        for name in list(self._held):
            self.release(name)

    def of(self, execution_id: str, name: str | None = None) -> list[Visit]:
        """The visits of an execution, in order."""
        return [
            visit
            for visit in list(self.visits)
            if visit.execution_id == execution_id and (name is None or visit.name == name)
        ]

    def await_visit(self, execution_id: str, name: str, count: int = 1, seconds: float = 20.0) -> Visit:
        """The `count`-th visit of that node."""
        wait_for(lambda: len(self.of(execution_id, name)) >= count, seconds=seconds, what=f"visit {count} of {name}")
        return self.of(execution_id, name)[count - 1]

    def mark(self, execution_id: str, count: int) -> threading.Event:
        """Set at the very visit with which that execution has so many."""
        with self._lock:
            event = self._marks.setdefault((execution_id, count), threading.Event())
            if self._counts[execution_id] >= count:
                event.set()
        return event

    def _note(self, visit: Visit) -> None:
        with self._lock:
            self.visits.append(visit)
            self._counts[visit.execution_id] += 1
            mark = self._marks.get((visit.execution_id, self._counts[visit.execution_id]))
        if mark is not None:
            mark.set()

    def close(self) -> None:
        self.release_all()
        self._server.shutdown()
        self._server.server_close()

"""A small HTTP server that answers what a test told it to, and remembers what it was asked."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass(frozen=True)
class Asked:
    """A request as it arrived."""

    method: str
    path: str
    query: str
    headers: dict[str, str]
    body: bytes
    at: float

    def as_json(self) -> bytes:
        return json.dumps(
            {
                "method": self.method,
                "path": self.path,
                "query": self.query,
                "headers": self.headers,
                "body": self.body.decode("utf-8", "replace"),
            }
        ).encode()


@dataclass(frozen=True)
class Reply:
    """What to answer. `pieces` sends the body bit by bit, with a pause after each."""

    status: int = 200
    headers: tuple[tuple[str, str], ...] = (("Content-Type", "text/plain"),)
    body: bytes = b""
    pieces: int = 0
    pause: float = 0.0
    delay: float = 0.0
    length: bool = True


def json_reply(value: Any, **more: Any) -> Reply:
    return Reply(headers=(("Content-Type", "application/json"),), body=json.dumps(value).encode(), **more)


class HttpLab:
    """One server on a free port of 127.0.0.1. A path without an answer of its own echoes the request as JSON."""

    def __init__(self) -> None:
        self.asked: list[Asked] = []
        self._replies: dict[str, Callable[[Asked], Reply]] = {}
        lab = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def _any(self) -> None:
                lab._answer(self)

            do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_HEAD = do_OPTIONS = _any

            def log_message(self, *_: Any) -> None:
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self.port}"

    def url(self, path: str) -> str:
        return f"http://{self.host}{path}"

    def on(self, path: str, reply: Reply | Callable[[Asked], Reply]) -> str:
        """Answer the path so from now on; its address."""
        self._replies[path] = reply if callable(reply) else lambda _: reply
        return self.url(path)

    def hits(self, path: str) -> list[Asked]:
        return [each for each in self.asked if each.path == path]

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def _answer(self, handler: BaseHTTPRequestHandler) -> None:
        path, _, query = handler.path.partition("?")
        body = handler.rfile.read(int(handler.headers.get("Content-Length") or 0))
        headers = {name.lower(): value for name, value in handler.headers.items()}
        asked = Asked(handler.command, path, query, headers, body, time.monotonic())
        self.asked.append(asked)
        reply = self._replies.get(
            path, lambda a: Reply(headers=(("Content-Type", "application/json"),), body=a.as_json())
        )(asked)
        time.sleep(reply.delay)
        try:
            self._send(handler, reply)
        except (BrokenPipeError, ConnectionResetError):
            handler.close_connection = True

    def _send(self, handler: BaseHTTPRequestHandler, reply: Reply) -> None:
        handler.send_response(reply.status)
        for name, value in reply.headers:
            handler.send_header(name, value)
        if reply.length:
            handler.send_header("Content-Length", str(len(reply.body) * max(reply.pieces, 1)))
        else:
            handler.send_header("Connection", "close")
            handler.close_connection = True
        handler.end_headers()
        if handler.command == "HEAD":
            return
        for _ in range(max(reply.pieces, 1)):
            handler.wfile.write(reply.body)
            handler.wfile.flush()
            time.sleep(reply.pause)

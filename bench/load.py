"""Call the product lightly: keep-alive HTTP/1.1 on bare asyncio streams, so that the caller costs little."""

from __future__ import annotations

import asyncio
import json
from typing import Any
from urllib.parse import urlsplit


class Caller:
    """One connection."""

    def __init__(self, url: str, token: str) -> None:
        parts = urlsplit(url)
        self._host, self._port = parts.hostname or "127.0.0.1", parts.port or 80
        self._head = (
            f"Host: {self._host}:{self._port}\r\nAuthorization: Bearer {token}\r\nContent-Type: application/json\r\n"
        )
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def post(self, path: str, body: bytes) -> tuple[int, bytes]:
        """Status and body of the answer."""
        if self._streams is None:
            self._streams = await asyncio.open_connection(self._host, self._port, limit=1 << 24)
        reader, writer = self._streams
        writer.write(f"POST {path} HTTP/1.1\r\n{self._head}Content-Length: {len(body)}\r\n\r\n".encode() + body)
        head = await reader.readuntil(b"\r\n\r\n")
        status = int(head[9:12])
        length = int(next(line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:"))[15:])
        return status, await reader.readexactly(length)

    def close(self) -> None:
        """End the connection."""
        if self._streams is not None:
            self._streams[1].close()


async def run_many(
    url: str, token: str, flow_id: str, version: str, inputs: dict[str, Any], *, callers: int, count: int
) -> list[float]:
    """Run `count` executions to their end from `callers` callers. Each one's seconds. Raises where one failed."""
    body = json.dumps(
        {
            "flowId": flow_id,
            "blueprintVersion": version,
            "inputs": inputs,
            "executionOptions": {"async": False},
        }
    ).encode()
    loop = asyncio.get_running_loop()
    left = iter(range(count))
    seconds: list[float] = []

    async def call() -> None:
        caller = Caller(url, token)
        try:
            for _ in left:
                begun = loop.time()
                status, answer = await caller.post("/executions", body)
                seconds.append(loop.time() - begun)
                if status != 200 or b'"succeeded"' not in answer:
                    raise RuntimeError(f"{status}: {answer[:400]!r}")
        finally:
            caller.close()

    await asyncio.gather(*(call() for _ in range(callers)))
    return seconds

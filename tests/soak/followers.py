"""Watch runs as clients do: by WebSocket, in batches, by SSE; resume by cursor whatever breaks; keep what came."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import dataclass, field

import httpx
import orjson
import websockets
from httpx_sse import aconnect_sse
from oracle import ENDING

WAYS = ("websocket", "batch", "sse")
_OPEN_SECONDS = 10.0
_PAUSE_SECONDS = 0.2


@dataclass
class Followers:
    """All clients of one product."""

    url: str
    token: str
    client: httpx.AsyncClient
    clients: list[tuple[str, str, list[str]]] = field(default_factory=list)
    resumes: Counter[str] = field(default_factory=Counter)
    project: list[tuple[str, str]] = field(default_factory=list)

    async def follow(self, execution_id: str, way: str) -> None:
        """Until the last event."""
        ids: list[str] = []
        self.clients.append((execution_id, way, ids))
        watch = self._sse if way == "sse" else self._socket
        while not await watch(execution_id, way, ids):
            self.resumes[way] += 1
            await asyncio.sleep(_PAUSE_SECONDS)

    async def _socket(self, execution_id: str, way: str, ids: list[str]) -> bool:
        after = f"?after={ids[-1]}" if ids else ""
        address = f"{self.url.replace('http', 'ws', 1)}/executions/{execution_id}/events{after}"
        batch = [websockets.Subprotocol("triggerflow.batch.v1")] if way == "batch" else None
        try:
            async with websockets.connect(
                address,
                additional_headers={"Authorization": f"Bearer {self.token}"},
                subprotocols=batch,
                open_timeout=_OPEN_SECONDS,
                ping_timeout=_OPEN_SECONDS,
                max_size=None,
            ) as socket:
                async for frame in socket:
                    said = orjson.loads(frame)
                    for event in said if isinstance(said, list) else [said]:
                        ids.append(event["id"])
                        if event["type"] in ENDING:
                            return True
        except (OSError, TimeoutError, websockets.WebSocketException):
            return False
        return False

    async def _sse(self, execution_id: str, way: str, ids: list[str]) -> bool:
        headers = {"Last-Event-ID": ids[-1]} if ids else {}
        timeout = httpx.Timeout(_OPEN_SECONDS, read=40)
        path = f"/executions/{execution_id}/events"
        try:
            async with aconnect_sse(self.client, "GET", path, headers=headers, timeout=timeout) as source:
                if source.response.status_code == 204:
                    return True
                if source.response.status_code != 200:
                    return False
                async for said in source.aiter_sse():
                    ids.append(said.id)
                    if orjson.loads(said.data)["type"] in ENDING:
                        return True
        except (httpx.HTTPError, OSError):
            return False
        return False

    async def follow_project(self) -> None:
        """GET /events until cancelled, resumed by cursor."""
        cursor = ""
        while True:
            headers = {"Last-Event-ID": cursor} if cursor else {}
            timeout = httpx.Timeout(_OPEN_SECONDS, read=40)
            try:
                async with aconnect_sse(self.client, "GET", "/events", headers=headers, timeout=timeout) as source:
                    if source.response.status_code == 200:
                        async for said in source.aiter_sse():
                            event = orjson.loads(said.data)
                            cursor = said.id
                            if "executionId" in event:
                                self.project.append((event["type"], event["executionId"]))
            except (httpx.HTTPError, OSError):
                pass
            self.resumes["project"] += 1
            await asyncio.sleep(_PAUSE_SECONDS)

"""From the moment a handler returns to its frame at a WebSocket client, on one monotonic clock."""

from __future__ import annotations

import asyncio
import json
import time

import httpx
import websockets
from flows import chain
from setting import Setting

RUNS_AT_ONCE = 4
ROUNDS = 25


async def measure(setting: Setting, flow_id: str, version: str) -> list[float]:
    """Seconds of each node's end."""
    delays: list[float] = []
    headers = {"Authorization": f"Bearer {setting.token}"}
    async with httpx.AsyncClient(base_url=setting.url, headers=headers) as client:

        async def one() -> None:
            body = {"flowId": flow_id, "blueprintVersion": version, "inputs": {"n": 0}}
            answer = (await client.post("/executions", json=body)).json()
            target = f"{setting.url.replace('http', 'ws')}/executions/{answer['id']}/events"
            async with websockets.connect(target, additional_headers=headers) as socket:
                async for frame in socket:
                    now = time.monotonic()
                    event = json.loads(frame)
                    if event["type"] == "chunk.completed" and isinstance(event["payload"].get("result"), float):
                        delays.append(now - event["payload"]["result"])

        for _ in range(ROUNDS):
            await asyncio.gather(*(one() for _ in range(RUNS_AT_ONCE)))
    return delays


def main(setting: Setting) -> None:
    """Print p50 and p99."""
    flow_id, version = setting.publish(chain("latency", 10, "bench_handlers.stamp"))
    delays = sorted(asyncio.run(measure(setting, flow_id, version)))
    # The first nodes of a run may end before its client has connected: those frames are history, not live.
    print(
        f"latency: p50 {delays[len(delays) // 2] * 1000:.1f} ms, p99 {delays[len(delays) * 99 // 100] * 1000:.1f} ms "
        f"over {len(delays)} node ends, {RUNS_AT_ONCE} runs at once"
    )

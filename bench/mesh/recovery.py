"""From `kill -9` of a worker to the next event of each run it had, as a client sees it."""

from __future__ import annotations

import asyncio
import json
import os
import tempfile
import time
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import websockets
from flows import chain
from instance import LEASE_SECONDS, MeshSetting

KILLS = int(os.environ.get("BENCH_KILLS", "10"))
RUNS = 16
RATE = 10
_OWNED = """
SELECT executions.id FROM orchestrator.executions JOIN orchestrator.workers ON workers.id = executions.owner
WHERE workers.name = $1
"""


class Follower:
    """One run, followed by its cursor, and the moment at which it was last seen to be taken up again."""

    def __init__(self, url: str, token: str, execution_id: str) -> None:
        self.id = execution_id
        self._address = f"{url.replace('http', 'ws', 1)}/executions/{execution_id}/events"
        self._headers = {"Authorization": f"Bearer {token}"}
        self._cursor = ""
        self.recovered_at = 0.0
        self.changed = asyncio.Event()

    async def follow(self) -> None:
        while True:
            address = self._address + (f"?after={self._cursor}" if self._cursor else "")
            async with websockets.connect(address, additional_headers=self._headers) as socket:
                async for frame in socket:
                    self._take(json.loads(frame), time.monotonic())

    def _take(self, event: dict[str, Any], now: float) -> None:
        self._cursor = event["id"]
        if event["type"] == "runtime.output" and event["payload"]["data"].get("recovered"):
            self.recovered_at = now
        self.changed.set()

    async def recovered(self, after: float) -> float:
        """The moment of the first event since a worker took the run up, at or after `after`."""
        async with asyncio.timeout(60):
            while self.recovered_at < after:
                self.changed.clear()
                await self.changed.wait()
        return self.recovered_at


async def measure(setting: MeshSetting, gate: Path) -> list[float]:
    """Seconds of each run that was taken away, over all kills."""
    flow_id, version = setting.edge.publish(chain("recovery", 1, "bench_handlers.lines"))
    headers = {"Authorization": f"Bearer {setting.edge.token}"}
    inputs = {"n": {"gate": str(gate), "count": 1_000_000, "perSecond": RATE}}
    database = await asyncpg.connect(setting.mesh.addresses["database"])
    async with httpx.AsyncClient(base_url=setting.edge.url, headers=headers, timeout=60) as client:
        body = {"flowId": flow_id, "blueprintVersion": version, "inputs": inputs}
        ids = [(await client.post("/executions", json=body)).json()["id"] for _ in range(RUNS)]
        followers = {each: Follower(setting.edge.url, setting.edge.token, each) for each in ids}
        tasks = [asyncio.create_task(each.follow()) for each in followers.values()]
        delays: list[float] = []
        try:
            for kill in range(KILLS):
                name = setting.workers[kill % len(setting.workers)]
                had = await _until_it_has_some(database, name, followers)
                killed_at = time.monotonic()
                pid = setting.mesh.kill(name)
                delays += [await followers[each].recovered(killed_at) - killed_at for each in had]
                await asyncio.to_thread(setting.mesh.wait_back, name, pid)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            for each in ids:
                await client.post(f"/executions/{each}/cancel")
            await database.close()
    return delays


async def _until_it_has_some(database: Any, name: str, followers: dict[str, Follower]) -> list[str]:
    """The runs of a worker. One that has just come back has none until somebody else loses some, or more start."""
    found = [str(row["id"]) for row in await database.fetch(_OWNED, name)]
    return [each for each in found if each in followers]


def main(setting: MeshSetting) -> None:
    """Print percentiles and how many were late."""
    with tempfile.TemporaryDirectory() as folder:
        gate = Path(folder) / "gate"
        gate.touch()
        delays = sorted(asyncio.run(measure(setting, gate)))
    bound = LEASE_SECONDS + 1
    late = sum(1 for delay in delays if delay > bound)
    print(
        f"recovery: {len(delays)} runs of {KILLS} killed workers: p50 {delays[len(delays) // 2]:.2f} s, "
        f"worst {delays[-1]:.2f} s from kill -9 to the run's next event; later than the lease and 1 s ({bound:g} s): "
        f"{late}"
    )

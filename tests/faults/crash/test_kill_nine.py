"""kill -9 in the middle of runs: finished nodes never run again, and a client's cursor sees every event once.

Handlers tell a server outside the process each time they have their effect, keyed by activation.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import threading
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest
import websockets

MOMENTS = int(os.environ.get("CRASH_MOMENTS", "20"))
SEED = int(os.environ.get("CRASH_SEED", "20261123"))
NODES = 6


class CountingServer:
    """Counts effects by (execution, node name, activation, key)."""

    def __init__(self) -> None:
        self.effects: Counter[tuple[str, ...]] = Counter()
        lock = threading.Lock()
        effects = self.effects

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                with lock:
                    effects[tuple(self.path.strip("/").split("/"))] += 1
                self.send_response(204)
                self.end_headers()

            def log_message(self, *args: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


@pytest.fixture
def counting() -> Iterator[CountingServer]:
    server = CountingServer()
    yield server
    server.close()


def six_nodes() -> dict[str, Any]:
    """start → a → (b ∥ c) → d (joins) → e → f, with an arm from a condition that is never taken."""
    ids = {name: str(uuid.uuid4()) for name in ("start", "a", "b", "c", "d", "e", "f", "check", "never", "result")}

    def node(name: str, kind: str, **more: Any) -> dict[str, Any]:
        return {"id": ids[name], "type": kind, "name": name, "position": {"x": 0, "y": 0}, "handlers": {}, **more}

    def work(name: str, ports: dict[str, Any] | None = None) -> dict[str, Any]:
        main = {"entrypoint": "sample_handlers.count", "config": {"name": name, "seconds": 0.06}}
        return node(name, "action", handlers={"main": main}, **({"ports": ports} if ports else {}))

    def edge(source: str, target: str, port: str = "out", into: str = "input") -> dict[str, Any]:
        return {
            "id": str(uuid.uuid4()),
            "source": {"nodeId": ids[source], "port": port},
            "target": {"nodeId": ids[target], "port": into},
        }

    join = {
        "inputs": [
            {"key": "left", "label": "left", "type": "any"},
            {"key": "right", "label": "right", "type": "any"},
            {"key": "extra", "label": "extra", "type": "any"},
        ]
    }
    condition = {"main": {"entrypoint": "core:condition", "config": {"expression": "false"}}}
    return {
        "name": "six nodes",
        "nodes": [
            node("start", "trigger", handlers={"main": {"entrypoint": "core:manual"}}),
            work("a"),
            work("b"),
            work("c"),
            node("check", "condition", handlers=condition),
            node("never", "action", handlers={"main": {"entrypoint": "sample_handlers.fail"}}),
            work("d", join),
            work("e"),
            work("f"),
            node("result", "output"),
        ],
        "edges": [
            edge("start", "a"),
            edge("a", "b"),
            edge("a", "c"),
            edge("a", "check"),
            edge("check", "never", "true"),
            edge("b", "d", into="left"),
            edge("c", "d", into="right"),
            edge("never", "d", into="extra"),
            edge("d", "e"),
            edge("e", "f"),
            edge("f", "result"),
        ],
    }


def publish(client: httpx.Client, flow: dict[str, Any]) -> str:
    answer = client.post("/flows", json=flow)
    assert answer.status_code == 201, answer.text
    flow_id = str(answer.json()["id"])
    published = client.post(f"/flows/{flow_id}/versions", json={})
    assert published.status_code == 201, published.text
    return flow_id


class Follower:
    """A client that follows one execution by cursor, across whatever happens to the server."""

    def __init__(self, product: Any, execution_id: str) -> None:
        self.events: list[dict[str, Any]] = []
        self._product = product
        self._execution_id = execution_id
        self._thread = threading.Thread(target=lambda: asyncio.run(self._follow()), daemon=True)
        self._thread.start()

    async def _follow(self) -> None:
        deadline = time.monotonic() + 120
        while time.monotonic() < deadline:
            try:
                url = self._product.url.replace("http://", "ws://")
                cursor = f"?after={self.events[-1]['id']}" if self.events else ""
                headers = {"Authorization": f"Bearer {self._product.token}"}
                target = f"{url}/executions/{self._execution_id}/events{cursor}"
                async with websockets.connect(target, additional_headers=headers) as socket:
                    async for frame in socket:
                        self.events.append(json.loads(frame))
                    if socket.close_code == 1000:
                        return
            except (OSError, websockets.WebSocketException, ValueError):
                await asyncio.sleep(0.02)

    def finish(self) -> list[dict[str, Any]]:
        self._thread.join(timeout=120)
        assert not self._thread.is_alive(), f"the follower saw no end: {self.events[-1:]}"
        return self.events


def history(client: httpx.Client, execution_id: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    cursor = ""
    while True:
        after = f"&after={cursor}" if cursor else ""
        page = client.get(
            f"/executions/{execution_id}/events?limit=7{after}", headers={"Accept": "application/json"}
        ).json()
        if not page["items"]:
            return found
        found.extend(page["items"])
        cursor = page["next"]


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_killed_at_seeded_moments_every_run_ends_and_finished_nodes_ran_once(
    make_product: Callable[..., Any], counting: CountingServer
) -> None:
    chance = random.Random(SEED)
    product = make_product(
        PYTHONPATH=str(Path(__file__).resolve().parents[2] / "handlers"),
        TFCANVAS_PYTHON_MODULES="sample_handlers",
        COUNTING_SERVER=counting.url,
    )
    product.start()
    with product.client() as client:
        flow_id = publish(client, six_nodes())
    followers: list[tuple[str, Follower]] = []
    done_at_kill: list[set[str]] = []
    for _ in range(MOMENTS):
        with product.client() as client:
            answer = client.post("/executions", json={"flowId": flow_id, "inputs": {}})
            assert answer.status_code == 202, answer.text
            execution_id = answer.json()["id"]
        follower = Follower(product, execution_id)
        followers.append((execution_id, follower))
        time.sleep(chance.uniform(0.0, 0.45))  # the moment itself: the whole run takes about 0.4 s
        product.kill()
        done_at_kill.append({e["payload"]["nodeId"] for e in follower.events if e["type"] == "chunk.completed"})
        product.start()
    interrupted_in_the_middle = 0
    with product.client() as client:
        for (execution_id, follower), done in zip(followers, done_at_kill, strict=True):
            events = follower.finish()
            assert events == history(client, execution_id), f"seed {SEED}: a gap, a repeat or another order"
            assert events[0]["type"] == "execution.started"
            assert events[-1]["type"] == "execution.completed", events[-1]
            ids = [event["id"] for event in events]
            assert ids == sorted(set(ids))
            ends = Counter(e["payload"]["nodeId"] for e in events if e["type"] in ("chunk.completed", "chunk.failed"))
            assert set(ends.values()) == {1}
            effects = {key: n for key, n in counting.effects.items() if key[0] == execution_id}
            assert {key[1] for key in effects} == {"a", "b", "c", "d", "e", "f"}
            assert len(effects) == NODES, "an activation changed its id or key when it ran again"
            assert all(key[2] == key[3] for key in effects)
            # A kill may come before the run of the one before it has ended: then a node is interrupted once more.
            again = Counter(
                e["payload"]["data"]["nodeId"]
                for e in events
                if e["type"] == "runtime.output" and e["payload"]["data"].get("recovered")
            )
            page = client.get(f"/executions/{execution_id}/activations?pageSize=250").json()["items"]
            node_of = {item["id"]: item["nodeId"] for item in page}
            for key, times in effects.items():
                assert 1 <= times <= 1 + again[node_of[key[2]]], (key, times)
            assert not (again.keys() & done), f"seed {SEED}: a finished node ran again"
            if len(done) > 0 and again:
                interrupted_in_the_middle += 1
            execution = client.get(f"/executions/{execution_id}").json()
            assert execution["status"] == "succeeded"
            assert execution["outputs"]["result"]["name"] == "f"
    assert interrupted_in_the_middle >= MOMENTS // 4, "the moments were badly chosen: hardly a run was interrupted"

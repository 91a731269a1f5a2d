"""A for-each of a trivial body: milliseconds an item at 100, 1,000 and 10,000 items, which should stay the same, and
what the process keeps afterwards."""

from __future__ import annotations

import os
import statistics
import time
from typing import Any

import httpx
import psutil
from drawing import Drawing
from setting import Setting

COUNTS = [int(text) for text in os.environ.get("BENCH_ITEMS", "100,1000,10000").split(",")]


def body() -> dict[str, Any]:
    """in → a map → value."""
    drawing = Drawing("body")
    drawing.trigger("in")
    drawing.node("action", "double", "core:map", config={"expression": "input.item * 2"})
    drawing.node("output", "value")
    drawing.wire("in", "double")
    drawing.wire("double", "value")
    return drawing.body()


def each(flow_id: str, concurrency: int) -> dict[str, Any]:
    """start → for each item → result."""
    drawing = Drawing("for each")
    drawing.trigger("start", outputs=["items"])
    config = {"flowId": flow_id, "mode": "forEach", "concurrency": concurrency}
    drawing.node("subflow", "each", "core:subflow", inputs=["items"], config=config)
    drawing.node("output", "result")
    drawing.wire("start", "each", port="items", into="items")
    drawing.wire("each", "result")
    return drawing.body()


def ended(setting: Setting, flow_id: str, version: str, inputs: dict[str, Any]) -> dict[str, Any]:
    """The execution, once it has ended."""
    body = {"flowId": flow_id, "blueprintVersion": version, "inputs": inputs, "executionOptions": {"async": False}}
    with httpx.Client(headers={"Authorization": f"Bearer {setting.token}"}, base_url=setting.url, timeout=90) as client:
        execution: dict[str, Any] = client.post("/executions", json=body).json()
        while execution["endedAt"] is None:  # an answer comes after 30 s at the latest
            time.sleep(0.05)
            execution = client.get(f"/executions/{execution['id']}").json()
        return execution


def main(setting: Setting) -> None:
    """Rounds of each size in turns; the median of a size is printed, and its CPU of the process."""
    child, _ = setting.publish(body())
    flow_id, version = setting.publish(each(child, 10))
    process = psutil.Process(setting.pid)
    walls: dict[int, list[float]] = {count: [] for count in COUNTS}
    cpus: dict[int, list[float]] = {count: [] for count in COUNTS}
    before = 0
    for turn in range(4):
        for count in COUNTS:
            spent = sum(process.cpu_times()[:2])
            begun = time.perf_counter()
            execution = ended(setting, flow_id, version, {"items": list(range(count))})
            wall = time.perf_counter() - begun
            assert execution["status"] == "succeeded", execution["error"]
            if turn:  # the first one warms up
                walls[count].append(wall)
                cpus[count].append(sum(process.cpu_times()[:2]) - spent)
        if not turn:
            before = process.memory_info().rss
    for count in COUNTS:
        wall, cpu = statistics.median(walls[count]), statistics.median(cpus[count])
        print(f"foreach: {count} items, {wall / count * 1000:.2f} ms an item, {cpu / count * 1000:.2f} ms of CPU")
    grown = (process.memory_info().rss - before) / 2**20
    print(f"foreach: {grown:+.0f} MiB resident after three rounds of each")

"""W2: five nodes of 100 ms, 100 runs at once. W3: one node to 100 parallel nodes to a join."""

from __future__ import annotations

import asyncio
import statistics
import time

from flows import chain, fan
from load import run_many
from setting import Setting


def w2(setting: Setting) -> None:
    """Wall time of 100 runs at once; the ideal is 0.5 s."""
    flow_id, version = setting.publish(chain("W2", 5, "bench_handlers.tenth"))
    walls = []
    for _ in range(5):
        begun = time.perf_counter()
        asyncio.run(run_many(setting.url, setting.token, flow_id, version, {"n": 0}, callers=100, count=100))
        walls.append(time.perf_counter() - begun)
    print(
        f"w2: {statistics.median(walls):.2f} s for 100 runs at once, {statistics.median(walls) / 0.5:.2f} of the ideal"
    )


def w3(setting: Setting) -> None:
    """p50 of one run at a time."""
    flow_id, version = setting.publish(fan("W3", 100, "bench_handlers.step", "bench_handlers.gather"))
    run = run_many(setting.url, setting.token, flow_id, version, {"n": 0}, callers=1, count=60)
    seconds = sorted(asyncio.run(run)[10:])
    print(f"w3: p50 {statistics.median(seconds) * 1000:.0f} ms, p99 {seconds[-1] * 1000:.0f} ms for 1 → 100 → join")

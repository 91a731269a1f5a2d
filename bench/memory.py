"""Resident memory of the local process after 5,000 executions, and whether it stays there."""

from __future__ import annotations

import asyncio

import psutil
from flows import chain
from load import run_many
from setting import Setting


def main(setting: Setting) -> None:
    """Print MiB at each stage."""
    flow_id, version = setting.publish(chain("memory", 10, "bench_handlers.step"))
    process = psutil.Process(setting.pid)

    def mib() -> float:
        return float(process.memory_info().rss) / 2**20

    figures = [f"{mib():.0f} at the start"]
    total = 0
    for count in (1000, 4000, 2500, 2500):
        run = run_many(setting.url, setting.token, flow_id, version, {"n": 0}, callers=32, count=count)
        asyncio.run(run)
        total += count
        figures.append(f"{mib():.0f} after {total}")
    print(f"memory: MiB {', '.join(figures)}")

"""W1: a chain of 10 nodes through REST, journal and events on, against stock TriggerFlow."""

from __future__ import annotations

import asyncio
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from flows import chain
from load import run_many
from setting import Setting

ROUNDS = int(os.environ.get("BENCH_ROUNDS", "9"))
COUNT = int(os.environ.get("BENCH_COUNT", "640"))
CALLERS = 64


class Stock:
    """The stock process."""

    def __init__(self, *options: str) -> None:
        self._process = subprocess.Popen(
            [sys.executable, str(Path(__file__).with_name("stock.py")), *options],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        self._read()

    def rate(self, count: int, callers: int) -> float:
        """Executions per second."""
        assert self._process.stdin is not None
        self._process.stdin.write(f"{count} {callers}\n")
        self._process.stdin.flush()
        return float(self._read())

    def close(self) -> None:
        """End the process."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(timeout=30)

    def _read(self) -> str:
        assert self._process.stdout is not None
        return self._process.stdout.readline().strip()


def fsync_ms() -> float:
    """Median of one 4 KiB write and fsync in the folder the product writes to."""
    with tempfile.NamedTemporaryFile() as file:
        times = []
        for _ in range(50):
            begun = time.perf_counter()
            file.write(b"x" * 4096)
            file.flush()
            os.fsync(file.fileno())
            times.append(time.perf_counter() - begun)
    return statistics.median(times) * 1000


def main(setting: Setting) -> None:
    """Print rates, ratios and the latency of one caller."""
    stock, stock_uvloop = Stock(), Stock("--uvloop")
    try:
        for kind, entrypoint in (("async", "bench_handlers.step"), ("sync", "bench_handlers.step_sync")):
            flow_id, version = setting.publish(chain(f"W1 {kind}", 10, entrypoint))
            rounds = ROUNDS if kind == "async" else 3

            def ours(
                flow_id: str = flow_id, version: str = version, count: int = COUNT, callers: int = CALLERS
            ) -> list[float]:
                job = run_many(setting.url, setting.token, flow_id, version, {"n": 0}, callers=callers, count=count)
                return asyncio.run(job)

            ours(count=CALLERS)
            stock.rate(CALLERS, CALLERS)
            stock_uvloop.rate(CALLERS, CALLERS)
            ratios, ratios_uvloop, rates = [], [], []
            for _ in range(rounds):
                begun = time.perf_counter()
                ours()
                rate = COUNT / (time.perf_counter() - begun)
                rates.append(rate)
                ratios.append(rate / stock.rate(COUNT, CALLERS))
                ratios_uvloop.append(rate / stock_uvloop.rate(COUNT, CALLERS))
            print(
                f"w1 {kind} handler, {CALLERS} callers: {statistics.median(rates):.0f} executions/s; against stock "
                f"{statistics.median(ratios):.2f} (rounds {', '.join(f'{r:.2f}' for r in sorted(ratios))}); "
                f"against stock on uvloop {statistics.median(ratios_uvloop):.2f}"
            )
            alone = sorted(ours(count=200, callers=1))
            print(
                f"w1 {kind} handler, 1 caller: p50 {alone[100] * 1000:.1f} ms, p99 {alone[198] * 1000:.1f} ms, "
                f"synchronous=FULL, one fsync {fsync_ms():.2f} ms"
            )
    finally:
        stock.close()
        stock_uvloop.close()

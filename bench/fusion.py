"""W1 of ten `core:map` nodes at 64 callers, fused and not, each against stock TriggerFlow in turns."""

from __future__ import annotations

import asyncio
import statistics
import tempfile
import time
from pathlib import Path

import psutil
from flows import chain
from load import run_many
from setting import Setting
from w1 import CALLERS, COUNT, ROUNDS, Stock


class _Side:
    """A product with the chain published."""

    def __init__(self, name: str, setting: Setting) -> None:
        self.name = name
        self._setting = setting
        flow = chain("W1 map", 10, "core:map", config={"expression": "input"})
        self._flow_id, self._version = setting.publish(flow)
        self._process = psutil.Process(setting.pid)
        self.ratios: list[float] = []
        self.rates: list[float] = []
        self.cpu: list[float] = []

    def run(self, count: int) -> float:
        """Executions per second."""
        spent, begun = sum(self._process.cpu_times()[:2]), time.perf_counter()
        one = self._setting
        asyncio.run(run_many(one.url, one.token, self._flow_id, self._version, {"n": 0}, callers=CALLERS, count=count))
        seconds = time.perf_counter() - begun
        self.cpu.append((sum(self._process.cpu_times()[:2]) - spent) / count * 1000)
        return count / seconds


def main(setting: Setting) -> None:
    """Print both."""
    stock = Stock()
    with tempfile.TemporaryDirectory() as folder, Setting(Path(folder) / "home", TFCANVAS_FUSION="off") as other:
        sides = [_Side("fused", setting), _Side("unfused", other)]
        try:
            for side in sides:
                side.run(CALLERS * 2)
                side.cpu.clear()
            stock.rate(CALLERS, CALLERS)
            for _ in range(ROUNDS):
                for side in sides:
                    rate = side.run(COUNT)
                    side.rates.append(rate)
                    side.ratios.append(rate / stock.rate(COUNT, CALLERS))
        finally:
            stock.close()
        for side in sides:
            print(
                f"fusion: {side.name}, {CALLERS} callers: {statistics.median(side.rates):.0f} executions/s, "
                f"{statistics.median(side.ratios):.2f} of stock "
                f"(rounds {', '.join(f'{ratio:.2f}' for ratio in sorted(side.ratios))}), "
                f"{statistics.median(side.cpu):.2f} ms of CPU an execution"
            )

"""W1 through REST and Envoy beside local mode's, and what an execution costs the workers, as CPU time."""

from __future__ import annotations

import asyncio
import os
import statistics
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from flows import chain
from instance import MeshSetting, cpu_seconds
from load import run_many
from setting import Setting

ROUNDS = int(os.environ.get("BENCH_ROUNDS", "5"))
COUNT = int(os.environ.get("BENCH_COUNT", "640"))
CALLERS = 64


class Load:
    """W1 at one address, and the CPU time it took there."""

    def __init__(self, url: str, token: str, flow: tuple[str, str], cpu: Callable[[], Mapping[str, float]]) -> None:
        self._target = (url, token, *flow)
        self._cpu = cpu
        self.rates: list[float] = []
        self.costs: list[Mapping[str, float]] = []
        # Compiles the flow, opens what is opened once.
        self._run(CALLERS * 2)

    def round(self) -> None:
        """One more."""
        before = self._cpu()
        seconds = self._run(COUNT)
        after = self._cpu()
        self.rates.append(COUNT / seconds)
        self.costs.append({name: (after[name] - before[name]) / COUNT for name in after if name in before})

    def rate(self) -> float:
        """Executions per second."""
        return statistics.median(self.rates)

    def cost(self, *starts: str) -> float:
        """CPU milliseconds an execution, of the processes whose names start so; of all without any."""
        return 1_000 * statistics.median(
            sum(cost for name, cost in costs.items() if not starts or name.startswith(starts)) for costs in self.costs
        )

    def _run(self, count: int) -> float:
        begun = time.perf_counter()
        asyncio.run(run_many(*self._target, {"n": 0}, callers=CALLERS, count=count))
        return time.perf_counter() - begun


def of_mesh(setting: MeshSetting) -> Load:
    """W1 through Envoy."""
    flow = setting.edge.publish(chain("W1", 10, "bench_handlers.step"))
    return Load(setting.edge.url, setting.edge.token, flow, setting.cpu_seconds)


def w1(setting: MeshSetting) -> None:
    """Both in turns, in one run."""
    with tempfile.TemporaryDirectory() as folder, Setting(Path(folder) / "home") as local:
        flow = local.publish(chain("W1", 10, "bench_handlers.step"))
        ours = Load(local.url, local.token, flow, lambda: {"local": cpu_seconds(local.pid)})
        mesh = of_mesh(setting)
        for _ in range(ROUNDS):
            ours.round()
            mesh.round()
    print(
        f"w1 through Envoy, {CALLERS} callers, {len(setting.workers)} workers: {mesh.rate():.0f} executions/s; "
        f"local mode {ours.rate():.0f}"
    )
    print(
        f"w1 CPU an execution: workers {mesh.cost('worker-'):.2f} ms, local mode {ours.cost():.2f} ms, "
        f"ratio {mesh.cost('worker-') / ours.cost():.2f}"
    )
    others = sorted({name for costs in mesh.costs for name in costs if not name.startswith("worker-")})
    print(f"w1 CPU an execution, all of the mesh {mesh.cost():.2f} ms: " + ", ".join(
        f"{name} {mesh.cost(name):.2f}" for name in others
    ))  # fmt: skip


def scaling() -> None:
    """Workers' CPU time an execution with one worker process, and with two."""
    costs = {}
    for workers in (1, 2):
        with (
            tempfile.TemporaryDirectory() as folder,
            MeshSetting(Path(folder) / "home", workers=workers) as setting,
        ):
            load = of_mesh(setting)
            for _ in range(ROUNDS):
                load.round()
            costs[workers] = load.cost("worker-")
            print(f"scaling: {workers} worker(s): {load.rate():.0f} executions/s, {costs[workers]:.2f} ms of CPU each")
    print(f"scaling: two workers cost {costs[2] / costs[1] - 1:+.0%} an execution")

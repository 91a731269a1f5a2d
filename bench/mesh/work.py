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

    def __init__(
        self,
        url: str,
        token: str,
        flow: tuple[str, str],
        cpu: Callable[[], Mapping[str, float]],
        *,
        callers: int = CALLERS,
    ) -> None:
        self._target = (url, token, *flow)
        self._callers = callers
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
        asyncio.run(run_many(*self._target, {"n": 0}, callers=self._callers, count=count))
        return time.perf_counter() - begun


def of_mesh(setting: MeshSetting, callers: int = CALLERS) -> Load:
    """W1 through Envoy."""
    flow = setting.edge.publish(chain("W1", 10, "bench_handlers.step"))
    return Load(setting.edge.url, setting.edge.token, flow, setting.cpu_seconds, callers=callers)


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
    """Workers' CPU time an execution with one worker process and with two: at the same load in all, and a worker."""
    costs = {}
    for workers, loads in ((1, (CALLERS, CALLERS // 2)), (2, (CALLERS,))):
        with (
            tempfile.TemporaryDirectory() as folder,
            MeshSetting(Path(folder) / "home", workers=workers) as setting,
        ):
            found = {callers: of_mesh(setting, callers) for callers in loads}
            for _ in range(ROUNDS):
                for load in found.values():
                    load.round()
            for callers, load in found.items():
                costs[workers, callers] = load.cost("worker-")
                print(
                    f"scaling: {workers} worker(s), {callers} callers: {load.rate():.0f} executions/s, "
                    f"{costs[workers, callers]:.2f} ms of CPU each"
                )
    two = costs[2, CALLERS]
    print(f"scaling: two workers cost {two / costs[1, CALLERS] - 1:+.0%} an execution at the same load in all")
    print(f"scaling: two workers cost {two / costs[1, CALLERS // 2] - 1:+.0%} an execution at the same load a worker")

"""CPU-seconds of worker processes per execution, one worker and two, against the local process in the same run.

A chain of 10 nodes. Local mode's figure is its one process, REST, registry and stream included; the mesh's is the
workers' alone, called over gRPC, and the other processes' figures are printed beside it. Two workers are compared with
one twice: under the same load in all, where each has half of it and so commits half as much at once, and under the same
load a worker.
"""

from __future__ import annotations

import asyncio
import os
import statistics
import tempfile
import time
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path

import grpc.aio
import psutil
from flows import chain
from load import run_many
from setting import Setting
from triggerflow.orchestrator.v1 import execution_pb2
from triggerflow.orchestrator.v1 import orchestrator_service_pb2 as pb
from triggerflow.orchestrator.v1 import orchestrator_service_pb2_grpc as pb_grpc
from worker_mesh import TOKEN, WorkerMesh

ROUNDS = int(os.environ.get("BENCH_ROUNDS", "5"))
COUNT = int(os.environ.get("BENCH_COUNT", "640"))
CALLERS = 64
HERE = Path(__file__).resolve().parent

# Name → workers and callers.
SHAPES = {"one worker": (1, CALLERS), "two workers": (2, CALLERS), "one worker, half the callers": (1, CALLERS // 2)}


def cpu(pid: int) -> float:
    """Seconds of a process and of the children it has."""
    process = psutil.Process(pid)
    spent = [process.cpu_times(), *(child.cpu_times() for child in process.children(recursive=True))]
    return sum(times.user + times.system for times in spent)


async def _run_over_grpc(address: str, flow: tuple[str, str], *, callers: int, count: int) -> None:
    left = iter(range(count))
    metadata = (("authorization", f"Bearer {TOKEN}"),)
    async with grpc.aio.insecure_channel(address) as channel:
        stub = pb_grpc.OrchestratorServiceStub(channel)
        request = pb.StartExecutionRequest(
            flow_id=flow[0], blueprint_version=flow[1], inputs_json='{"n":0}', wait_seconds=30
        )

        async def call() -> None:
            for _ in left:
                answer = await stub.StartExecution(request, metadata=metadata, timeout=40)
                if answer.execution.status != execution_pb2.EXECUTION_STATUS_SUCCEEDED:
                    raise RuntimeError(str(answer)[:400])

        await asyncio.gather(*(call() for _ in range(callers)))


def _mesh_round(mesh: WorkerMesh, flow: tuple[str, str], callers: int) -> tuple[float, float, Mapping[str, float]]:
    """Workers' CPU ms an execution, executions/s, and the other processes' CPU ms an execution."""
    others = {
        "orchestrator": mesh.orchestrator.pid,
        "registry": mesh.registry.pid,
        "postgres": mesh.database.pid,
        "valkey": mesh.redis.pid,
    }
    pids = [worker.pid for worker in mesh.workers.values()]
    address = mesh.address("orchestrator")
    asyncio.run(_run_over_grpc(address, flow, callers=callers, count=2 * CALLERS))  # warm
    before, before_others = sum(map(cpu, pids)), {name: cpu(pid) for name, pid in others.items()}
    begun = time.perf_counter()
    asyncio.run(_run_over_grpc(address, flow, callers=callers, count=COUNT))
    rate = COUNT / (time.perf_counter() - begun)
    spent = (sum(map(cpu, pids)) - before) / COUNT * 1000
    return spent, rate, {name: (cpu(pid) - before_others[name]) / COUNT * 1000 for name, pid in others.items()}


def _local_round(setting: Setting, flow: tuple[str, str]) -> tuple[float, float]:
    before, begun = cpu(setting.pid), time.perf_counter()
    asyncio.run(run_many(setting.url, setting.token, *flow, {"n": 0}, callers=CALLERS, count=COUNT))
    return (cpu(setting.pid) - before) / COUNT * 1000, COUNT / (time.perf_counter() - begun)


def main(setting: Setting) -> None:
    """Print CPU per execution, ratios and rates; rounds are interleaved, medians quoted."""
    body = chain("workers", 10, "bench_handlers.step")
    handlers = {"PYTHONPATH": str(HERE), "TFCANVAS_PYTHON_MODULES": "bench_handlers", "TFCANVAS_LEASE_SECONDS": "5"}
    figures, rates = defaultdict[str, list[float]](list), defaultdict[str, list[float]](list)
    beside = defaultdict[str, list[float]](list)
    with tempfile.TemporaryDirectory(prefix="tfcanvas-bench-") as folder:
        mesh = WorkerMesh(Path(folder), **handlers)
        try:
            mesh.start()
            local, flow = setting.publish(body), mesh.publish(body)
            _local_round(setting, local)
            for _ in range(ROUNDS):
                spent, rate = _local_round(setting, local)
                figures["local"].append(spent)
                rates["local"].append(rate)
                for name, (workers, callers) in SHAPES.items():
                    mesh.only_workers(*(f"w{number}" for number in range(1, workers + 1)))
                    spent, rate, others = _mesh_round(mesh, flow, callers)
                    figures[name].append(spent)
                    rates[name].append(rate)
                    for other, value in others.items():
                        beside[other].append(value)
        finally:
            mesh.stop()
    middle = {name: statistics.median(values) for name, values in figures.items()}
    for name, spent in middle.items():
        rounds = ", ".join(f"{value:.2f}" for value in figures[name])
        rate = statistics.median(rates[name])
        print(f"workers, {name}: {spent:.2f} CPU ms an execution ({rounds}), {rate:.0f} executions/s")
    one, two, half = (middle[name] for name in SHAPES)
    print(f"workers: one against local {one / middle['local']:.2f}")
    print(
        f"workers: two against one {two / one:.2f} under the same load, {two / half:.2f} under the same load a worker"
    )
    for name, values in beside.items():
        print(f"workers: {name} {statistics.median(values):.2f} CPU ms an execution")

"""What runs leave behind: memory of the process after 20,000, and work after a crash that interrupted 500."""

from __future__ import annotations

import asyncio
import json
import tempfile
import time
from pathlib import Path
from typing import Any

import httpx
import psutil
from drawing import Drawing
from flows import chain
from load import Caller, run_many
from running_product import wait_for
from setting import Setting

INTERRUPTED = 500


def _mib(setting: Setting) -> float:
    return float(psutil.Process(setting.pid).memory_info().rss) / 2**20


def memory(setting: Setting) -> None:
    """Resident memory at each stage of 20,000 executions."""
    flow_id, version = setting.publish(chain("memory", 10, "bench_handlers.step"))
    figures = [f"{_mib(setting):.0f} at the start"]
    total = 0
    for count in (1000, 4000, 5000, 5000, 5000):
        run = run_many(setting.url, setting.token, flow_id, version, {"n": 0}, callers=32, count=count)
        asyncio.run(run)
        total += count
        figures.append(f"{_mib(setting):.0f} after {total:,}")
    print(f"memory: MiB {', '.join(figures)}")


def recovery(setting: Setting) -> None:
    """After `kill -9`: until every interrupted run is taken up, counted from when the process could do so, and until
    all have ended, counted from its start."""
    with tempfile.TemporaryDirectory() as folder:
        go = Path(folder) / "go"
        drawing = Drawing("interrupted")
        drawing.trigger()
        drawing.node("action", "first", "core:map", config={"expression": "input"})
        drawing.node("action", "held", "bench_handlers.until_there")
        drawing.node("output", "result")
        drawing.wire("start", "first")
        drawing.wire("first", "held")
        drawing.wire("held", "result")
        flow_id, version = setting.publish(drawing.body())
        asyncio.run(_start_many(setting, flow_id, version, INTERRUPTED, {"path": str(go)}))
        setting.kill()
        go.touch()
        begun = time.perf_counter()
        setting.start()
        _wait_for_status(setting, flow_id, "succeeded", INTERRUPTED)
        ended = time.perf_counter() - begun
        taken_up = (setting.logged("executions_recovered") - setting.logged("triggerflow_loaded")).total_seconds()
        print(
            f"recovery: {INTERRUPTED} interrupted runs taken up in {taken_up:.1f} s once TriggerFlow was loaded, "
            f"all ended {ended:.1f} s after the process was started"
        )


async def _start_many(
    setting: Setting, flow_id: str, version: str, count: int, inputs: dict[str, Any] | None = None
) -> None:
    body = json.dumps({"flowId": flow_id, "blueprintVersion": version, "inputs": inputs or {}}).encode()
    left = iter(range(count))

    async def call() -> None:
        caller = Caller(setting.url, setting.token)
        for _ in left:
            status, answer = await caller.post("/executions", body)
            if status != 202:
                raise RuntimeError(f"{status}: {answer[:400]!r}")
        caller.close()

    await asyncio.gather(*(call() for _ in range(16)))


def _wait_for_status(setting: Setting, flow_id: str, status: str, count: int) -> None:
    headers = {"Authorization": f"Bearer {setting.token}"}
    with httpx.Client(base_url=setting.url, headers=headers, timeout=60.0) as client:

        def found() -> bool:
            total, token = 0, None
            while True:
                asked = {
                    "flowId": flow_id,
                    "status": status,
                    "pageSize": 250,
                    **({"pageToken": token} if token else {}),
                }
                page = client.get("/executions", params=asked).json()
                total += len(page["items"])
                token = page.get("nextPageToken")
                if not token:
                    return total >= count

        wait_for(found, seconds=120, what=f"{count} runs that are {status}")

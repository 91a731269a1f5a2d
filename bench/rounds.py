"""What a round costs of a loop that waits in each: the run leaves the process and is taken up again at every answer."""

from __future__ import annotations

import os
import time
from typing import Any

import httpx
import psutil
from drawing import Drawing
from setting import Setting

ROUNDS = int(os.environ.get("BENCH_WAIT_ROUNDS", "1600"))
_SPAN = 100


def _asks_again() -> dict[str, Any]:
    drawing = Drawing("asks again")
    drawing.trigger(outputs=["n"])
    drawing.node("action", "step", "core:map", config={"expression": "1"})
    drawing.node("action", "ask", "core:approval")
    drawing.node("output", "result")
    drawing.wire("start", "step", "n")
    drawing.wire("step", "ask")
    drawing.wire("ask", "step", "approved")
    drawing.edges[-1]["loop"] = {"maxIterations": ROUNDS + 1}
    drawing.wire("ask", "result", "rejected")
    return drawing.body()


def main(setting: Setting) -> None:
    """Print CPU milliseconds of the process a round: of the first hundred, of the last, and their ratio."""
    process = psutil.Process(setting.pid)

    def spent() -> float:
        times = process.cpu_times()
        return float(times.user + times.system)

    flow_id, version = setting.publish(_asks_again())
    with httpx.Client(base_url=setting.url, headers={"Authorization": f"Bearer {setting.token}"}) as client:
        body = {"flowId": flow_id, "blueprintVersion": version, "inputs": {"n": 0}}
        execution = str(client.post("/executions", json=body).raise_for_status().json()["id"])
        costs: list[float] = []
        last, before = "", spent()
        for number in range(ROUNDS):
            last = _next_wait(client, execution, last)
            decision = "rejected" if number == ROUNDS - 1 else "approved"
            answer = {"waitId": last, "value": {"decision": decision, "data": 0}}
            client.post(f"/executions/{execution}/resume", json=answer).raise_for_status()
            if (number + 1) % _SPAN == 0:
                now = spent()
                costs.append((now - before) / _SPAN * 1_000)
                before = now
        while client.get(f"/executions/{execution}").json()["status"] == "running":
            time.sleep(0.05)
        ended = client.get(f"/executions/{execution}").json()["status"]
    print(
        f"rounds: {ROUNDS} of a loop that waits in each, {ended}: {costs[0]:.1f} CPU ms a round of the first {_SPAN}, "
        f"{costs[-1]:.1f} of the last, ratio {costs[-1] / costs[0]:.2f}"
    )


def _next_wait(client: httpx.Client, execution: str, last: str) -> str:
    while True:
        answer = client.get("/waits", params={"executionId": execution})
        items = answer.raise_for_status().json()["items"]
        if items and items[0]["id"] != last:
            return str(items[0]["id"])
        time.sleep(0.005)

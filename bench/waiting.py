"""What runs that wait for approval cost the local process: resident memory for 1,000, and how fast they go on."""

from __future__ import annotations

import asyncio
import gc
import json
import time
from typing import Any

import httpx
import psutil
from drawing import Drawing
from load import Caller, run_many
from setting import Setting

COUNT = 1_000
_CALLERS = 16


def _asks() -> dict[str, Any]:
    drawing = Drawing("asks")
    drawing.trigger(outputs=["n"])
    drawing.node("action", "before", "bench_handlers.step")
    drawing.node("action", "ask", "core:approval")
    drawing.node("action", "after", "core:map", config={"expression": "input.data"})
    drawing.node("output", "result")
    drawing.wire("start", "before", "n")
    drawing.wire("before", "ask")
    drawing.wire("ask", "after", "approved")
    drawing.wire("after", "result")
    return drawing.body()


def _like_it() -> dict[str, Any]:
    """The same without the approval: what has warmed up before it is not the waits'."""
    body = _asks()
    for node in body["nodes"]:
        if node["name"] == "ask":
            node["handlers"]["main"]["entrypoint"] = "core:map"
            node["handlers"]["main"]["config"] = {"expression": '{"data": input}'}
    for edge in body["edges"]:
        edge["source"]["port"] = edge["source"]["port"].replace("approved", "out")
    return body


def main(setting: Setting) -> None:
    """Print MiB that 1,000 waiting runs add, and the seconds in which all of them go on."""
    process = psutil.Process(setting.pid)

    def mib() -> float:
        return float(process.memory_info().rss) / 2**20

    flow_id, version = setting.publish(_like_it())
    inputs = {"n": 0}
    asyncio.run(run_many(setting.url, setting.token, flow_id, version, inputs, callers=32, count=3_000))
    asks_id, asks_version = setting.publish(_asks())
    with httpx.Client(base_url=setting.url, headers={"Authorization": f"Bearer {setting.token}"}) as client:
        # Once around, so that what the first wait loads is not counted for each.
        _answer_all(setting, client, _wait_all(setting, client, asks_id, asks_version, 50))
        _until(client, asks_id, "succeeded", 50)
        gc.collect()
        before = mib()
        waits = _wait_all(setting, client, asks_id, asks_version, COUNT)
        added = mib() - before
        begun = time.monotonic()
        _answer_all(setting, client, waits)
        _until(client, asks_id, "succeeded", COUNT + 50)
        seconds = time.monotonic() - begun
    print(f"waiting: {COUNT} runs add {added:.1f} MiB to {before:.0f}; once answered all end in {seconds:.1f} s")


def _wait_all(setting: Setting, client: httpx.Client, flow_id: str, version: str, count: int) -> list[dict[str, Any]]:
    body = json.dumps({"flowId": flow_id, "blueprintVersion": version, "inputs": {"n": 0}}).encode()
    asyncio.run(_post_all(setting, [("/executions", body)] * count))
    _until(client, flow_id, "waiting", count)
    return _pages(client, "/waits", flowId=flow_id)


def _answer_all(setting: Setting, client: httpx.Client, waits: list[dict[str, Any]]) -> None:
    posts = [
        (
            f"/executions/{wait['executionId']}/resume",
            json.dumps({"waitId": wait["id"], "value": {"decision": "approved", "data": 0}}).encode(),
        )
        for wait in waits
    ]
    asyncio.run(_post_all(setting, posts))


async def _post_all(setting: Setting, posts: list[tuple[str, bytes]]) -> None:
    left = iter(posts)

    async def call() -> None:
        caller = Caller(setting.url, setting.token)
        try:
            for path, body in left:
                status, answer = await caller.post(path, body)
                assert status in (200, 202), answer
        finally:
            caller.close()

    await asyncio.gather(*(call() for _ in range(_CALLERS)))


def _until(client: httpx.Client, flow_id: str, status: str, count: int) -> None:
    while len(_pages(client, "/executions", flowId=flow_id, status=status)) < count:
        time.sleep(0.2)


def _pages(client: httpx.Client, path: str, **query: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    token: str | None = ""
    while token is not None:
        page = client.get(path, params={**query, "pageSize": "250", "pageToken": token}).json()
        found += page["items"]
        token = page["nextPageToken"]
    return found

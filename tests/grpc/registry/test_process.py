"""`python -m triggerflow_registry` as a process: it serves, stops cleanly, and says why it cannot start."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sqlite3
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

from triggerflow_chassis.grpc.client import open_channel


def environment(folder: Path, **settings: str) -> dict[str, str]:
    kept = {key: value for key, value in os.environ.items() if not key.startswith("TFCANVAS_")}
    return {**kept, "TFCANVAS_HOME": str(folder), **settings}


async def start(env: dict[str, str]) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        sys.executable, "-m", "triggerflow_registry", env=env, stderr=asyncio.subprocess.PIPE
    )


async def line_with(process: asyncio.subprocess.Process, text: str) -> str:
    assert process.stderr is not None
    async for line in process.stderr:
        if text.encode() in line:
            return line.decode()
    raise AssertionError(f"it ended without saying {text}")


async def test_it_serves_keeps_what_it_was_given_and_stops_with_0(folder: Path, caller_type: Any) -> None:
    address = f"unix:{folder}/s"
    env = environment(folder, TFCANVAS_REGISTRY_ADDRESS=address, TFCANVAS_TOKEN="t")
    made = None
    for _ in range(2):
        process = await start(env)
        try:
            await asyncio.wait_for(line_with(process, "registry_started"), 60)
            async with open_channel(address, "t") as channel:
                caller = caller_type(channel)
                if made is None:
                    made = await caller.create({"name": "A"})
                assert await caller.get(made.id) == made
            process.send_signal(signal.SIGTERM)
            assert await asyncio.wait_for(process.wait(), 5) == 0
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()


async def test_a_killed_process_loses_nothing_it_answered(folder: Path, caller_type: Any) -> None:
    address = f"unix:{folder}/s"
    env = environment(folder, TFCANVAS_REGISTRY_ADDRESS=address)
    process = await start(env)
    await asyncio.wait_for(line_with(process, "registry_started"), 60)
    answered: list[str] = []
    async with open_channel(address, None) as channel:
        caller = caller_type(channel)

        async def draw(number: int) -> None:
            while True:
                answered.append((await caller.create({"name": f"Flow {number}"})).id)
                if len(answered) == 40:
                    process.kill()

        await asyncio.gather(*(draw(number) for number in range(4)), return_exceptions=True)
    await process.wait()
    process = await start(env)
    try:
        await asyncio.wait_for(line_with(process, "registry_started"), 60)
        async with open_channel(address, None) as channel:
            caller = caller_type(channel)
            kept = {flow.id for flow in (await caller.flows(page_size=250)).flows}
            events = {event.flow_id for event in await caller.events()}
        assert len(answered) >= 40
        assert set(answered) <= kept
        assert events == kept
    finally:
        process.kill()
        await process.wait()


async def test_it_stops_within_5_s_while_another_program_holds_the_database(folder: Path, caller_type: Any) -> None:
    address = f"unix:{folder}/s"
    process = await start(environment(folder, TFCANVAS_REGISTRY_ADDRESS=address))
    try:
        await asyncio.wait_for(line_with(process, "registry_started"), 60)
        with closing(sqlite3.connect(folder / "registry.sqlite3", isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            async with open_channel(address, None) as channel:
                caller = caller_type(channel)
                waiting = asyncio.ensure_future(caller.refusal(caller.create({"name": "A"})))
                assert await caller.events() == []
                process.send_signal(signal.SIGTERM)
                assert await asyncio.wait_for(process.wait(), 5) == 0
                await waiting
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def test_an_address_that_is_taken_is_told_with_its_setting(folder: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        process = await start(environment(folder, TFCANVAS_REGISTRY_ADDRESS=address))
        line = await asyncio.wait_for(line_with(process, "TFCANVAS_REGISTRY_ADDRESS"), 60)
        assert address in line
        assert await asyncio.wait_for(process.wait(), 10) == 1

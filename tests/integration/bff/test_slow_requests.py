"""Whoever sends a request too slowly is cut off: a body with 408, what is not even a request without a word."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from triggerflow_bff import unfinished
from triggerflow_bff.settings import Limits

SECONDS = 60.0


def head(bff: Any, path: str, *, token: bool = True) -> bytes:
    headers = [
        f"POST {path} HTTP/1.1",
        f"Host: 127.0.0.1:{bff.port}",
        "Content-Type: application/json",
        "Content-Length: 1000",
        *([f"Authorization: {bff.client.headers['authorization']}"] if token else []),
    ]
    return "\r\n".join(headers).encode() + b"\r\n\r\n"


async def trickle(port: int, first: bytes, pause: float) -> bytes:
    """Send the beginning and then a byte now and then; all that is answered until the other side closes."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)

    async def drip() -> None:
        while True:
            await asyncio.sleep(pause)
            writer.write(b" ")
            await writer.drain()

    writer.write(first)
    dripping = asyncio.create_task(drip())
    answered = b""
    try:
        async with asyncio.timeout(SECONDS):
            while piece := await reader.read(65_536):
                answered += piece
    except ConnectionError:
        pass
    finally:
        dripping.cancel()
        writer.close()
    return answered


@pytest.mark.parametrize(
    ("limits", "pause"),
    [(Limits(body_pause_seconds=0.3), 3_600.0), (Limits(body_pause_seconds=30.0, body_seconds=0.5), 0.05)],
    ids=["pauses", "takes too long in all"],
)
@pytest.mark.parametrize("path", ["/flows", "/executions"])
async def test_a_body_that_comes_too_slowly_is_408_and_the_connection_is_closed(
    run_bff: Callable[..., Any], tmp_path: Path, limits: Limits, pause: float, path: str
) -> None:
    async with run_bff(tmp_path, limits=limits) as bff:
        answered = await trickle(bff.port, head(bff, path) + b"{", pause)
        lines, _, body = answered.partition(b"\r\n\r\n")
        assert lines.startswith(b"HTTP/1.1 408 ") and b"connection: close" in lines.lower()
        problem = json.loads(body)
        assert (problem["status"], problem["reason"]) == (408, "TOO_SLOW")
        assert (
            f"{limits.body_seconds:g} s" in problem["detail"]
            and f"{limits.body_pause_seconds:g} s" in problem["detail"]
        )


async def test_a_body_that_takes_its_time_within_the_limits_is_taken(
    run_bff: Callable[..., Any], tmp_path: Path
) -> None:
    async with run_bff(tmp_path, limits=Limits(body_pause_seconds=30.0)) as bff:

        async def pieces() -> Any:
            for piece in (b'{"name"', b': "n"', b"}"):
                await asyncio.sleep(0.1)
                yield piece

        answer = await bff.client.post("/flows", content=pieces(), headers={"Content-Type": "application/json"})
        assert answer.status_code == 201


async def test_a_head_that_never_ends_is_closed(
    run_bff: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(unfinished, "HEAD_SECONDS", 0.5)
    async with run_bff(tmp_path) as bff:
        assert await trickle(bff.port, b"GET /flows HTTP/1.1\r\nX-Slow: ", 0.05) == b""
        assert await trickle(bff.port, b"", 3_600.0) == b""


async def test_a_body_that_nobody_reads_any_more_is_not_taken_for_ever(
    run_bff: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(unfinished, "REQUEST_SECONDS", 1.0)
    async with run_bff(tmp_path) as bff:
        answered = await trickle(bff.port, head(bff, "/flows", token=False), 0.05)
        assert answered.startswith(b"HTTP/1.1 401 ")

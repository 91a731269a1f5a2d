"""A job that goes on whatever happens, and says so once."""

from __future__ import annotations

import asyncio

import pytest
from structlog.testing import capture_logs
from triggerflow_chassis.errors import Unavailable
from triggerflow_chassis.lifecycle import again_and_again


async def test_it_survives_what_is_away_and_any_defect_and_tells_each_defect_once() -> None:
    steps: list[Exception | None] = [
        Unavailable("away"),
        Unavailable("away"),
        ValueError("a defect"),
        ValueError("a defect"),
        KeyError("another"),
        None,
        KeyError("another"),
    ]
    done = asyncio.Event()

    async def step() -> float:
        if not steps:
            done.set()
            await asyncio.sleep(60)
        error = steps.pop(0)
        if error is not None:
            raise error
        return 0.0

    with capture_logs() as logs:
        task = asyncio.create_task(again_and_again("job_failed", step, longest_rest=0.001))
        await asyncio.wait_for(done.wait(), 10)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    assert [(each["event"], each["log_level"]) for each in logs] == [
        ("job_failed", "warning"),
        ("job_failed", "warning"),
        ("job_failed", "error"),
        ("job_failed", "error"),
        ("job_failed", "error"),
    ]

"""When what is forgotten: answers after a day always, what ended after KEEP_DAYS where that is set."""

from __future__ import annotations

import asyncio

import pytest
from triggerflow_chassis.errors import Unavailable
from triggerflow_orchestrator.app.retention import Retention

DAY = 24 * 60 * 60 * 1_000_000
NOW = 1_800_000_000_000_000


class Pruning:
    """Notes until when it was to forget what."""

    def __init__(self, *failures: Exception) -> None:
        self.asked: list[tuple[str, int]] = []
        self.failures = list(failures)
        self.went_on = asyncio.Event()

    def _note(self, what: str, before_us: int) -> int:
        self.asked.append((what, before_us))
        if self.failures:
            raise self.failures.pop(0)
        self.went_on.set()
        return 1

    async def forget_answers(self, before_us: int) -> int:
        return self._note("answers", before_us)

    async def forget_executions(self, before_us: int) -> int:
        return self._note("executions", before_us)

    async def forget_notices(self, before_us: int) -> int:
        return self._note("notices", before_us)


async def test_without_keep_days_only_answers_are_forgotten_after_a_day() -> None:
    pruning = Pruning()
    assert await Retention(pruning, lambda: NOW).prune() == 1
    assert pruning.asked == [("answers", NOW - DAY)]


async def test_with_keep_days_what_ended_before_is_forgotten() -> None:
    pruning = Pruning()
    assert await Retention(pruning, lambda: NOW, keep_days=30).prune() == 3
    assert pruning.asked == [
        ("answers", NOW - DAY),
        ("executions", NOW - 30 * DAY),
        ("notices", NOW - 30 * DAY),
    ]


@pytest.mark.parametrize("failure", [Unavailable("busy"), ValueError("a defect")])
async def test_a_failure_is_tried_again(failure: Exception) -> None:
    pruning = Pruning(failure, failure)
    task = asyncio.create_task(Retention(pruning, lambda: NOW, every_seconds=0).run())
    await asyncio.wait_for(pruning.went_on.wait(), 10)
    task.cancel()
    assert len(pruning.asked) >= 3

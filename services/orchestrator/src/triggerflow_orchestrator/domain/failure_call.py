"""Somebody who is to be told that a run failed, and when it is tried again. Pure; no I/O."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

# As a run's marker in `fires`, in the place of a trigger: one of this name was started because another one failed.
STARTED_BY_FAILURE: Final = "onFailure"

LONGEST_WAIT_SECONDS: Final = 3_600.0
MOST_TRIES: Final = 20
"""The last one comes about ten hours after the first."""


@dataclass(frozen=True, slots=True)
class FailureCall:
    """One call of `settings.onFailure`, as it was written with the end of the run."""

    execution_id: str
    kind: Literal["flow", "url"]
    project_id: str
    principal: str
    """Who the failed run acted as; the flow that is started acts as the same."""
    target: str
    """The flow's id, or the URL."""
    attempt: int
    """Tries before this one."""


def wait_before_next(attempt: int, asked: float | None) -> float | None:
    """Seconds to wait after try number `attempt` (from 1) failed; None where no further one is made.

    `asked` is what the other side asked for.
    """
    if attempt >= MOST_TRIES:
        return None
    return min(LONGEST_WAIT_SECONDS, max(2.0 ** (attempt - 1), asked or 0.0))

"""A firing: something that came to a trigger and starts a run, now, later, or never. Pure; no I/O.

Schedules, channels, topics, and whatever comes to a trigger with limits, go through the table of firings: written
with what caused them, decided in the database, started once. What was dropped or missed stays there with the reason.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

FiringStatus = Literal["held", "ready", "started", "dropped", "missed"]
"""held: limits have not let it through; ready: it starts now; the others are final."""

OPEN: Final[frozenset[str]] = frozenset({"held", "ready"})


@dataclass(frozen=True, slots=True)
class Firing:
    """As stored. Times are microseconds since the epoch."""

    id: str
    project_id: str
    flow_id: str
    node_id: str
    request_id: str
    """Unique for its trigger."""
    due_at: int
    """The due time of a schedule; else when it came."""
    inputs_json: str
    key: str
    """What the limits' key is for it, as JSON; empty where there is none."""
    status: FiringStatus
    reason: str | None
    """Why it was dropped or missed, or waits; for a person."""
    since: int | None
    """Of a missed one that stands for several: the first due time."""
    execution_id: str | None
    created_at: int
    cancels: tuple[str, ...] = ()
    """Firings whose runs end for it."""

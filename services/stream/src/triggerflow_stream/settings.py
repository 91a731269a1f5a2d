"""How much a watch may hold, and how long it may be silent."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class StreamSettings:
    """Bounds of watches. The defaults suit one process for one user."""

    # Events that wait for one slow reader; past it the reader gets them from history.
    mailbox_events: int = 2_048
    # Seconds without an event until a checkpoint is sent and the log is looked at again.
    idle_seconds: float = 15.0
    # Open watches of one principal. The BFF is one principal in local mode, and shares a watch among its readers.
    watches_per_principal: int = 4_096

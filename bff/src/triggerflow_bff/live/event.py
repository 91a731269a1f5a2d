"""An event as it travels through the BFF: mapped and encoded once, however many read it."""

from __future__ import annotations

from typing import NamedTuple


class LiveEvent(NamedTuple):
    """An event of an execution. `body` is its JSON text; `last` tells that nothing follows."""

    id: str
    body: str
    last: bool


class EventPage(NamedTuple):
    """Events after a cursor. `ended` tells that the last of them, or one before the cursor, ended the execution."""

    events: list[LiveEvent]
    next: str
    ended: bool
    # Whether the page was filled, so that there is likely more.
    full: bool

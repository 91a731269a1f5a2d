"""When a limit of time is up. No I/O, no clock."""

from __future__ import annotations

from typing import Final

LONGEST_LIMIT_SECONDS: Final = 100 * 365 * 86_400
"""A limit beyond what a clock can say is none; a row holds 64 bits."""


def limit_at(began_at: int, seconds: int | None) -> int | None:
    """When `seconds` from then are over, both in microseconds since the epoch; None where there is no such limit."""
    if seconds is None or seconds > LONGEST_LIMIT_SECONDS:
        return None
    return began_at + seconds * 1_000_000

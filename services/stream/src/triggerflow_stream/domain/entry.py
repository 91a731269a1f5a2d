"""Entries of an append-only log, and batches of them as a reader gets them. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Entry:
    """One event of one execution. Ids rise strictly and sequences count without gaps, both within the execution.

    `event` is what the transport sends; nothing here looks into it. `last` marks the one that nothing follows.
    """

    id: str
    sequence: int
    event: Any
    last: bool


@dataclass(frozen=True, slots=True)
class Page:
    """A piece of history. `complete`: as it was read nothing later was durable. Where that is not told, only a piece
    without entries says it."""

    entries: Sequence[Entry]
    ended: bool
    complete: bool


@dataclass(frozen=True, slots=True)
class ProjectEntry:
    """One event of a project. Ids rise strictly within the project."""

    id: str
    event: Any


@dataclass(frozen=True, slots=True)
class Batch:
    """What a reader gets at once: entries, oldest first, or none in a checkpoint; and where to resume after them."""

    events: Sequence[Any]
    cursor: str

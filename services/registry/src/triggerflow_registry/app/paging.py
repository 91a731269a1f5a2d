"""Read what a caller says of pages, and make the tokens that lead from one to the next. Pure; no I/O.

A token holds the place where a page ended, never a count, so that what comes and goes meanwhile neither repeats nor
hides an item.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable, Sequence
from typing import TypeVar

from triggerflow_chassis.errors import BadCursor, BadParameter

from triggerflow_registry.app.shown import Page

T = TypeVar("T")

DEFAULT_SIZE = 50
MAX_SIZE = 250

Place = list[str | int]


def page_size(asked: int) -> int:
    """How many items a page has; 0 means the default. Raises BadParameter."""
    if not 0 <= asked <= MAX_SIZE:
        raise BadParameter("page_size", f"A page has 1 to {MAX_SIZE} items, not {asked}.")
    return asked or DEFAULT_SIZE


def place_of(token: str, of: str, kinds: Sequence[type]) -> Place | None:
    """Where the page before ended in the list called `of`, None without a token. Raises BadCursor."""
    if not token:
        return None
    try:
        text = base64.b64decode(token.encode("ascii") + b"=" * (-len(token) % 4), altchars=b"-_", validate=True)
        named, *rest = json.loads(text)
    except (ValueError, TypeError, binascii.Error, RecursionError):
        raise BadCursor() from None
    place: Place = rest
    if named != of or [type(part) for part in place] != list(kinds):
        raise BadCursor()
    # A place no database can hold was not made here.
    if any(isinstance(part, int) and not 0 <= part < 2**63 for part in place):
        raise BadCursor()
    return place


def page(found: Sequence[T], size: int, of: str, place: Callable[[T], Place]) -> Page[T]:
    """The page of at most `size`, from one more than that where there are more."""
    items = tuple(found[:size])
    if len(found) <= size:
        return Page(items, "")
    text = json.dumps([of, *place(items[-1])], separators=(",", ":")).encode()
    return Page(items, base64.urlsafe_b64encode(text).rstrip(b"=").decode())

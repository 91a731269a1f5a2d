"""Cut lists into pages: sizes within bounds, opaque tokens, and no page that a message cannot carry. Pure."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Sequence
from typing import Final, TypeVar

import orjson
from triggerflow_chassis.errors import BadCursor, BadParameter
from triggerflow_chassis.ids import is_uuid, normalise

from triggerflow_orchestrator.ports import Position

DEFAULT_PAGE: Final = 50
LARGEST_PAGE: Final = 250
# Half of what a message may have: the rest is room for what is not counted.
PAGE_BYTES: Final = 8 * 1024 * 1024

_LARGEST_TIME: Final = 2**63 - 1

T = TypeVar("T")


def page_size(asked: int) -> int:
    """How many items to give; 0 asks for the default. Raises BadParameter."""
    return bounded(asked, "page_size", default=DEFAULT_PAGE, most=LARGEST_PAGE)


def bounded(asked: int, parameter: str, *, default: int, most: int) -> int:
    """A count from 1 to `most`; 0 asks for the default. Raises BadParameter."""
    if asked == 0:
        return default
    if not 1 <= asked <= most:
        raise BadParameter(parameter, f"{parameter} must be from 1 to {most}, not {asked}.")
    return asked


def id_parameter(asked: str, parameter: str) -> str | None:
    """The id a list is filtered by, in lower case; None where none is given. Raises BadParameter."""
    if not asked:
        return None
    if not is_uuid(asked):
        raise BadParameter(parameter, f"{parameter} must be a UUID, not {asked[:80]!r}.")
    return normalise(asked)


def token(named: str, last: Position) -> str:
    """The token of the page after `last` in the list of this name."""
    return base64.urlsafe_b64encode(orjson.dumps([named, last.at_us, last.id])).decode().rstrip("=")


def position(named: str, page_token: str) -> Position | None:
    """Where the page before ended; None for no token. Raises BadCursor for what `token` did not make."""
    if not page_token:
        return None
    try:
        data = base64.b64decode(page_token + "=" * (-len(page_token) % 4), altchars=b"-_", validate=True)
        found = orjson.loads(data)
    except (ValueError, binascii.Error):
        raise BadCursor from None
    match found:
        case [str(of), at_us, str(id)] if (
            of == named and type(at_us) is int and 0 <= at_us <= _LARGEST_TIME and is_uuid(id)
        ):
            last = Position(at_us, id)
            # One text a position: what only decodes to it is not ours.
            if token(named, last) == page_token:
                return last
    raise BadCursor


def pair_token(first: str, second: str) -> str:
    """The token of the page after this pair of ids."""
    return base64.urlsafe_b64encode(orjson.dumps(["pair", first, second])).decode().rstrip("=")


def pair(page_token: str) -> tuple[str, str] | None:
    """The pair of ids the page before ended at; None for no token. Raises BadCursor for what `pair_token` did not
    make."""
    if not page_token:
        return None
    try:
        data = base64.b64decode(page_token + "=" * (-len(page_token) % 4), altchars=b"-_", validate=True)
        found = orjson.loads(data)
    except (ValueError, binascii.Error):
        raise BadCursor from None
    match found:
        case ["pair", str(first), str(second)] if is_uuid(first) and is_uuid(second):
            if pair_token(first, second) == page_token:
                return first, second
    raise BadCursor


def fitting(items: Sequence[T], size: Callable[[T], int], room: int = PAGE_BYTES) -> int:
    """How many of the first items fit into the room (bytes); at least one, where there is one."""
    used = 0
    for count, item in enumerate(items):
        used += size(item)
        if used > room and count > 0:
            return count
    return len(items)


def utf8_length(text: str) -> int:
    """Bytes of the text as it is sent."""
    return len(text) if text.isascii() else len(text.encode())

"""Read query parameters as the contract has them: bad or repeated ones are refused, unknown ones ignored. Pure."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from urllib.parse import parse_qsl

from triggerflow_chassis import clock, ids
from triggerflow_chassis.errors import BadCursor, BadParameter

MAX_PAGE_SIZE = 250
MAX_EVENTS = 5_000
_MAX_TEXT = 4_096


@dataclass(frozen=True, slots=True)
class Query:
    """The parameters in their order. Every reader raises BadParameter, naming the parameter."""

    pairs: tuple[tuple[str, str], ...]

    @classmethod
    def parse(cls, query_string: bytes) -> Query:
        """Decode a query string; an empty value is a value."""
        if not query_string:
            return _NONE
        try:
            return cls(tuple(parse_qsl(query_string.decode("latin-1"), keep_blank_values=True, max_num_fields=1_000)))
        except ValueError:
            raise BadParameter("", "There are too many query parameters.") from None

    def text(self, name: str) -> str | None:
        """The value, None where it is absent."""
        found = self.texts(name)
        if len(found) > 1:
            raise BadParameter(name, f"{name} is given more than once.")
        return found[0] if found else None

    def texts(self, name: str) -> list[str]:
        """All values of a parameter that may be repeated."""
        found = [value for key, value in self.pairs if key == name]
        for value in found:
            if "\0" in value or "\ufffd" in value or len(value) > _MAX_TEXT:
                raise BadParameter(name, f"{name} is not text of at most {_MAX_TEXT} characters.")
        return found

    def integer(self, name: str, *, default: int, most: int) -> int:
        """A whole number from 1 to `most`."""
        value = self.text(name)
        if value is None:
            return default
        if not (value.isascii() and value.isdigit() and len(value) <= 9 and 1 <= int(value) <= most):
            raise BadParameter(name, f"{name} must be a whole number from 1 to {most}.")
        return int(value)

    def id(self, name: str) -> str | None:
        """A UUID, in lower case."""
        value = self.text(name)
        if value is None:
            return None
        if not ids.is_uuid(value):
            raise BadParameter(name, f"{name} must be a UUID.")
        return ids.normalise(value)

    def cursor(self, name: str) -> str:
        """An event id, "" where it is absent. Raises BadCursor where it is none."""
        return cursor(self.text(name))

    def time(self, name: str) -> int | None:
        """An RFC 3339 time in microseconds since the epoch."""
        value = self.text(name)
        if value is None:
            return None
        try:
            # A plus sign in a query is a space unless it was escaped, and people forget to.
            return clock.parse_rfc3339(_rfc3339(value.replace(" ", "+")))
        except (ValueError, OverflowError):
            raise BadParameter(name, f"{name} must be a time as in 2026-01-31T12:00:00Z.") from None

    def any_of(self, name: str, allowed: Collection[str]) -> list[str]:
        """Values of a repeatable parameter that has a fixed set of them."""
        found = self.texts(name)
        for value in found:
            if value not in allowed:
                raise BadParameter(name, f"{name} must be one of {', '.join(allowed)}.")
        return found

    @property
    def page_size(self) -> int:
        """How many items a page holds."""
        return self.integer("pageSize", default=50, most=MAX_PAGE_SIZE)

    @property
    def page_token(self) -> str:
        """Where a page starts; "" for the first."""
        return self.text("pageToken") or ""


_NONE = Query(())


def cursor(value: str | None) -> str:
    """An event id in lower case, "" for none. Raises BadCursor where the text can be none."""
    if not value:
        return ""
    if not ids.is_uuid(value):
        raise BadCursor
    return ids.normalise(value)


def _rfc3339(value: str) -> str:
    # datetime reads more forms of ISO 8601 than RFC 3339 allows: week dates, and times without colons.
    if len(value) < 20 or value[4] != "-" or value[7] != "-" or value[10] not in "Tt" or value[13] != ":":
        raise ValueError(value)
    return value.upper()

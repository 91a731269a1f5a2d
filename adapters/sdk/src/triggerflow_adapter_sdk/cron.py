"""Cron expressions in a time zone: when they fall due, and how they read as a sentence. Pure, by the library cronsim.

Five fields, as Debian's cron reads them: minute, hour, day of the month, month, day of the week; names of months and
days, `L` for the last day, `LW` for the last weekday, `MON#1` for the first Monday, `FRIL` for the last Friday.

Clock changes. Where minute and hour are named, each occurrence is once a day: one whose time is skipped in spring is
due when the clock has moved on (`30 2 * * *` in Europe/Berlin at 03:00), and one whose time comes twice in autumn is
due the first time. Where minute or hour begins with `*`, the expression counts real time: nothing is made up for, and
what comes twice is due twice.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo, available_timezones

from cronsim import CronSim, CronSimError

MAX_LENGTH: Final = 200

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_FIELDS: Final = {
    "Bad minute": "the minute, 0 to 59",
    "Bad hour": "the hour, 0 to 23",
    "Bad day-of-month": "the day of the month, 1 to 31 or L",
    "Bad month": "the month, 1 to 12 or JAN to DEC",
    "Bad day-of-week": "the day of the week, 0 to 7 or SUN to SAT",
}
# The library reads the last of a weekday by its number alone.
_DAYS: Final = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")
_LAST_NAMED: Final = re.compile(rf"\b({'|'.join(_DAYS)})L\b", re.IGNORECASE)
_PLAIN: Final = re.compile(r"[0-9A-Za-z*/,#-]+")
# The library gives up after fifty years; what is rarer is never.
_LAST_YEAR: Final = 9000


class CronRefused(ValueError):
    """An expression that is none, or never falls due. The text says which field, and what it may be."""


class ZoneRefused(ValueError):
    """A time zone that nobody knows."""


class Cron:
    """An expression in a zone. Make it by `cron`."""

    def __init__(self, expression: str, zone: ZoneInfo) -> None:
        self.expression = expression
        self.zone = zone

    @property
    def sentence(self) -> str:
        """As it reads, without the zone: "At 02:30 every day"."""
        return str(CronSim(self.expression, _EPOCH).explain())

    def after(self, at_us: int) -> Iterator[int]:
        """The times it is due, strictly after `at_us`, rising, in microseconds since the epoch; all whole minutes.

        They depend on the expression and the zone alone: from whatever moment one asks, the same ones come.
        """
        if at_us > _us(datetime(_LAST_YEAR, 1, 1, tzinfo=UTC)):
            return
        last = at_us
        for local in CronSim(self.expression, (_EPOCH + timedelta(microseconds=at_us)).astimezone(self.zone)):
            due = _us(local)
            # Asked within an hour that comes twice, it tells of the first time.
            if due > last:
                yield due
                last = due

    def next(self, at_us: int) -> int | None:
        """The first time it is due after `at_us`, or None where it is never again."""
        return next(self.after(at_us), None)


@lru_cache(maxsize=1024)
def cron(expression: str, time_zone: str = "UTC") -> Cron:
    """The expression, checked. Raises CronRefused, ZoneRefused."""
    found = _zone(time_zone)
    words = expression.split()
    if len(expression) > MAX_LENGTH:
        raise CronRefused(f"A cron expression has at most {MAX_LENGTH} characters.")
    if len(words) != 5:
        raise CronRefused(
            "A cron expression has five fields, minute, hour, day, month and day of the week; "
            f"this one has {len(words)}."
        )
    words[4] = _LAST_NAMED.sub(lambda named: f"{_DAYS.index(named[1].upper())}L", words[4])
    expression = " ".join(words)
    for word, field in zip(words, _FIELDS.values(), strict=True):
        if _PLAIN.fullmatch(word) is None:
            raise CronRefused(f"{word!r} is not {field}.")
    try:
        first = next(CronSim(expression, _EPOCH), None)
    except CronSimError as refused:
        words_by = dict(zip(_FIELDS, words, strict=True))
        said = str(refused)
        known = f"{words_by[said]!r} is not {_FIELDS[said]}." if said in _FIELDS else f"This never fires: {said}."
        raise CronRefused(known) from None
    if first is None:
        raise CronRefused("No day fits this expression within fifty years, so it never fires.")
    return Cron(expression, found)


@lru_cache(maxsize=1024)
def _zone(name: str) -> ZoneInfo:
    if name not in _zones():
        raise ZoneRefused(
            f"No time zone is called {name!r}. Use a name of the IANA database, such as Europe/Berlin, or UTC."
        )
    return ZoneInfo(name)


@lru_cache(maxsize=1)
def _zones() -> frozenset[str]:
    # Those say no place: what they mean differs from machine to machine.
    return frozenset(available_timezones() - {"localtime", "Factory"})


def _us(moment: datetime) -> int:
    return (moment.astimezone(UTC) - _EPOCH) // timedelta(microseconds=1)

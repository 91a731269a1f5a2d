"""Read If-Match and If-None-Match (RFC 9110) and say what they ask. Pure; no I/O."""

from __future__ import annotations

import re

from triggerflow_chassis.errors import PreconditionRequired, StaleEtag

_TAG = re.compile(r'\s*(W/)?("[^"]*"|[^",\s][^",]*)\s*(?:,|$)')


def entity_tag(etag: str) -> str:
    """The tag as headers carry it, in quotes."""
    return etag if etag.startswith('"') else f'"{etag}"'


def tags(header: str | None) -> tuple[str, ...]:
    """The tags without their quotes; ("*",) for any; () for none. A weak tag matches no write, so it keeps its W/."""
    if header is None or not header.strip():
        return ()
    if header.strip() == "*":
        return ("*",)
    # Quotes are asked for by the RFC, but a tag without them can mean only one thing.
    return tuple((weak or "") + tag.strip().removeprefix('"').removesuffix('"') for weak, tag in _TAG.findall(header))


def check(wanted: tuple[str, ...], current: str) -> None:
    """Raise what a write with this If-Match meets. For where the service is not asked, since the body is bad anyway."""
    if not wanted:
        raise PreconditionRequired
    if wanted != ("*",) and bare(current) not in wanted:
        raise StaleEtag(current)


def bare(etag: str) -> str:
    """The tag as services know it, without quotes."""
    return etag.removeprefix('"').removesuffix('"')


def not_modified(header: str | None, current: str) -> bool:
    """Whether a GET with this If-None-Match may be answered with 304. Weak comparison, as the RFC says."""
    wanted = tags(header)
    return wanted == ("*",) or bare(current) in (tag.removeprefix("W/") for tag in wanted)

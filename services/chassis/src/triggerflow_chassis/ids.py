"""Make and recognise ids: UUIDv7 (RFC 9562) for what the server makes. No I/O."""

from __future__ import annotations

import os
import re
import time
from random import Random

_UUID = re.compile(r"[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}")
_RANDOM_BITS = 74
_LOW_62 = (1 << 62) - 1
# Ids are unique, not secret: every read asks who may see it. Asking the system for each id cost more than the event.
_random = Random(int.from_bytes(os.urandom(32), "big"))


def uuid7(now_ms: int | None = None) -> str:
    """A new UUIDv7 of this millisecond (Unix epoch), in lower case. Two of one millisecond have no order."""
    ms = time.time_ns() // 1_000_000 if now_ms is None else now_ms
    return _text((ms << _RANDOM_BITS) | _random.getrandbits(_RANDOM_BITS))


def first_uuid7(at_us: int) -> str:
    """Below every UUIDv7 made from this moment on (microseconds since the epoch), not below those made before.

    Exact to the millisecond, as the ids are.
    """
    return _text((at_us // 1_000) << _RANDOM_BITS)


def made_at_us(id: str) -> int:
    """When a UUIDv7 was made, by its maker's clock: microseconds since the epoch, exact to the millisecond."""
    return int(id.replace("-", "")[:12], 16) * 1_000


def next_uuid7(after: str | None, now_ms: int | None = None) -> str:
    """A new one of this millisecond where `after` is older, else after + 1: strictly above `after`, even where another
    clock, or a burst, ran ahead."""
    ms = time.time_ns() // 1_000_000 if now_ms is None else now_ms
    if after is None or ms > int(after[:8] + after[9:13], 16):
        return uuid7(ms)
    last = int(after[24:], 16) + 1
    # Nearly always: a run writes most of its events in bursts.
    return f"{after[:24]}{last:012x}" if last < 1 << 48 else _text(_counter(after) + 1)


def is_uuid(text: object) -> bool:
    """Whether it is a UUID in its usual form, in either case."""
    return isinstance(text, str) and _UUID.fullmatch(text) is not None


def normalise(text: str) -> str:
    """The id as it is stored and returned: in lower case. Does not ask whether it is one; see `is_uuid`."""
    return text.lower()


def _text(counter: int) -> str:
    # 122 counting bits around the version and the variant, so that adding one carries across them.
    high, low = counter >> 62, counter & _LOW_62
    digits = f"{(high >> 12) & 0xFFFFFFFFFFFF:012x}7{high & 0xFFF:03x}{(0b10 << 62) | low:016x}"
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"


def _counter(uuid: str) -> int:
    number = int(uuid.replace("-", ""), 16)
    high = ((number >> 80) << 12) | ((number >> 64) & 0xFFF)
    return (high << 62) | (number & _LOW_62)

"""Tell the time as integers: microseconds since the epoch, UTC. What is stored, sent and shown comes from these."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from functools import lru_cache

from google.protobuf.timestamp_pb2 import Timestamp

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SECOND = 1_000_000


def now_us() -> int:
    """Now, in microseconds since the epoch."""
    return time.time_ns() // 1_000


def to_timestamp(us: int) -> Timestamp:
    """As protobuf sends it."""
    seconds, rest = divmod(us, _SECOND)
    return Timestamp(seconds=seconds, nanos=rest * 1_000)


def from_timestamp(ts: Timestamp) -> int:
    """Microseconds; what is finer is cut off."""
    return ts.seconds * _SECOND + ts.nanos // 1_000


def rfc3339(us: int) -> str:
    """As JSON shows it: always six digits of a second, always Z."""
    seconds, rest = divmod(us, _SECOND)
    return f"{_to_the_second(seconds)}.{rest:06d}Z"


@lru_cache(maxsize=256)
def _to_the_second(seconds: int) -> str:
    t = time.gmtime(seconds)
    return f"{t.tm_year:04d}-{t.tm_mon:02d}-{t.tm_mday:02d}T{t.tm_hour:02d}:{t.tm_min:02d}:{t.tm_sec:02d}"


def parse_rfc3339(text: str) -> int:
    """Microseconds of an RFC 3339 time with any offset; what is finer is cut off. Raises ValueError."""
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError(f"no offset in {text!r}; write Z or +hh:mm")
    return (moment - _EPOCH) // timedelta(microseconds=1)

"""Make one request id of an Idempotency-Key, and remember what keys were refused before any service saw them.

Services compare bodies and keep the row, in the transaction it guards. What they cannot know is a body that never
reached them because it broke a schema: its key is remembered here, in memory, since nothing was done under it.
"""

from __future__ import annotations

import hashlib
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Any

from triggerflow_chassis import jsontext
from triggerflow_chassis.errors import BadParameter, IdempotencyKeyReused

from triggerflow_bff.call import Call

HEADER = b"idempotency-key"
MAX_KEY = 255
KEPT_SECONDS = 24 * 3600
KEPT_KEYS = 10_000


def request_id(call: Call) -> str:
    """The id services know the request by; "" without a key. Raises BadParameter for a key that is none."""
    values = [value for key, value in call.scope["headers"] if key == HEADER]
    if not values:
        return ""
    key = values[0]
    if len(values) > 1 or not 1 <= len(key) <= MAX_KEY or not all(0x20 <= byte <= 0x7E for byte in key):
        raise BadParameter("Idempotency-Key", "Idempotency-Key must be 1 to 255 printable ASCII characters, once.")
    digest = hashlib.sha256()
    # Lengths before the parts: no two requests may run into the same text.
    for part in (
        key,
        call.method.encode(),
        call.path.encode(),
        *(text.encode() for pair in sorted(call.query.pairs) for text in pair),
    ):
        digest.update(len(part).to_bytes(4, "big"))
        digest.update(part)
    return digest.hexdigest()


def fingerprint(body: Any) -> bytes:
    """Equal for bodies that are equal as JSON."""
    return hashlib.sha256(jsontext.canonical(body)).digest()


class Remembered:
    """Which body each key of the last 24 h was used with, as far as this process saw; at most KEPT_KEYS of them."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._used: OrderedDict[str, tuple[bytes, float]] = OrderedDict()

    def check(self, request_id: str, body: Any) -> None:
        """Raise IdempotencyKeyReused where the key was used with another body."""
        if not request_id:
            return
        self._forget()
        entry = self._used.get(request_id)
        if entry is not None and entry[0] != fingerprint(body):
            raise IdempotencyKeyReused

    def keep(self, request_id: str, body: Any) -> None:
        """The key was answered, below 500, for this body."""
        if not request_id or request_id in self._used:
            return
        self._used[request_id] = (fingerprint(body), self._now())
        self._forget()

    def _forget(self) -> None:
        oldest = self._now() - KEPT_SECONDS
        while self._used:
            if len(self._used) <= KEPT_KEYS and next(iter(self._used.values()))[1] > oldest:
                return
            self._used.popitem(last=False)

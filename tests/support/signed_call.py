"""Sign a call of a webhook as its callers do."""

from __future__ import annotations

import hashlib
import hmac
import time


def signature(secret: str, body: bytes, at: float | None = None) -> str:
    """The header of a call signed at a time, now if none is given."""
    moment = str(int(time.time() if at is None else at))
    return f"t={moment},v1={hmac.new(secret.encode(), moment.encode() + b'.' + body, hashlib.sha256).hexdigest()}"

"""Say whether a call of a webhook was signed by whoever holds its secret. Pure; no I/O. Whatever is odd is refused.

`X-TriggerFlow-Signature: t=<unix seconds>,v1=<hex HMAC-SHA256 of "t.body">`. Several `v1` may stand there, as while a
secret is exchanged; one that fits is enough.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from typing import Final

from triggerflow_chassis.errors import Unauthenticated

HEADER: Final = "x-triggerflow-signature"
TOLERANCE_SECONDS: Final = 300

_MOST_HEADER: Final = 1_000
_MOST_SIGNATURES: Final = 4
_TIME: Final = re.compile(r"[0-9]{1,12}", re.ASCII)
_SIGNATURE: Final = re.compile(r"[0-9a-f]{64}", re.ASCII)

_FORM: Final = 'Send X-TriggerFlow-Signature: t=<unix seconds>,v1=<hex HMAC-SHA256 of "t.body">.'


def verified(header: str | None, body: bytes, secret: str, now_seconds: int) -> str:
    """The signature that fits, which names this call: sent again, it is the same call.

    Raises Unauthenticated where there is none, it does not fit, its time is more than 5 minutes away, or there is no
    secret.
    """
    if not header:
        raise Unauthenticated(f"The call is not signed. {_FORM}")
    time, signatures = _parts(header)
    if abs(now_seconds - int(time)) > TOLERANCE_SECONDS:
        raise Unauthenticated("The signature's time is more than 5 minutes away from the server's. Sign again.")
    # An empty key would be one that everybody has.
    expected = hmac.new(secret.encode(), time.encode() + b"." + body, hashlib.sha256).hexdigest() if secret else ""
    found = ""
    for signature in signatures:
        # All of them, whichever fits: the time taken says nothing.
        if hmac.compare_digest(signature, expected):
            found = signature
    if not found:
        raise Unauthenticated("The signature does not fit. Sign the bytes of the body as they are sent.")
    return found


def _parts(header: str) -> tuple[str, list[str]]:
    times: list[str] = []
    signatures: list[str] = []
    for part in header.split(",") if len(header) <= _MOST_HEADER else ():
        key, _, value = part.strip().partition("=")
        if key == "t":
            times.append(value)
        elif key == "v1":
            signatures.append(value.lower())
    if (
        len(times) != 1
        or not _TIME.fullmatch(times[0])
        or not 1 <= len(signatures) <= _MOST_SIGNATURES
        or not all(_SIGNATURE.fullmatch(signature) for signature in signatures)
    ):
        raise Unauthenticated(f"The signature cannot be read. {_FORM}")
    return times[0], signatures

"""Signatures of webhook calls: what fits is let in once, and everything else is refused."""

from __future__ import annotations

import hashlib
import hmac

import pytest
from hypothesis import given
from hypothesis import strategies as st
from triggerflow_chassis.errors import Unauthenticated
from triggerflow_orchestrator.domain.hook_signature import verified

NOW = 1_800_000_000
SECRET = "s3cret"


def digest(secret: str, at: str, body: bytes) -> str:
    return hmac.new(secret.encode(), at.encode() + b"." + body, hashlib.sha256).hexdigest()


def header(at: int = NOW, body: bytes = b"{}", secret: str = SECRET) -> str:
    return f"t={at},v1={digest(secret, str(at), body)}"


@pytest.mark.parametrize("seconds", [-300, -1, 0, 1, 300])
def test_what_fits_within_five_minutes_is_named_by_its_signature(seconds: int) -> None:
    at = NOW + seconds
    assert verified(header(at), b"{}", SECRET, NOW) == digest(SECRET, str(at), b"{}")


@pytest.mark.parametrize("seconds", [-301, 301, 10**9, -NOW])
def test_what_is_older_or_newer_is_refused(seconds: int) -> None:
    with pytest.raises(Unauthenticated, match="5 minutes"):
        verified(header(NOW + seconds), b"{}", SECRET, NOW)


def test_upper_case_and_spaces_make_no_difference_and_no_second_call() -> None:
    at, _, rest = header().partition(",")
    for spelling in (f"{at}, {rest}", f" {rest} ,{at}", f"{at},v1={rest[3:].upper()}"):
        assert verified(spelling, b"{}", SECRET, NOW) == verified(header(), b"{}", SECRET, NOW)


@pytest.mark.parametrize("secret", ["", " "])
def test_without_a_secret_nobody_is_let_in(secret: str) -> None:
    made = header(secret="")
    with pytest.raises(Unauthenticated):
        verified(made, b"{}", secret, NOW)


@given(st.text(max_size=300))
def test_no_text_that_is_not_signed_is_let_in(text: str) -> None:
    with pytest.raises(Unauthenticated):
        verified(text, b"{}", SECRET, NOW)


@given(st.binary(max_size=50), st.binary(max_size=50))
def test_another_body_is_never_let_in(body: bytes, other: bytes) -> None:
    made = header(body=body)
    if body == other:
        assert verified(made, other, SECRET, NOW)
    else:
        with pytest.raises(Unauthenticated):
            verified(made, other, SECRET, NOW)


@given(st.integers(0, 10**9), st.binary(max_size=20), st.integers(0, 9))
def test_time_and_body_cannot_trade_bytes(at: int, body: bytes, cut: int) -> None:
    # The dot that parts them is not a digit, so no byte can move over.
    whole = f"{at}".encode() + b"." + body
    signature = hmac.new(SECRET.encode(), whole, hashlib.sha256).hexdigest()
    for other_at in {f"{at}"[:cut], f"0{at}", f"{at}0"} - {f"{at}", ""}:
        with pytest.raises(Unauthenticated):
            verified(f"t={other_at},v1={signature}", body, SECRET, int(other_at))

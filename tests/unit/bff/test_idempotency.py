"""Request ids tell requests apart, and keys are remembered for a day."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from triggerflow_bff.idempotency import KEPT_KEYS, KEPT_SECONDS, Remembered, request_id
from triggerflow_bff.query import Query
from triggerflow_chassis.errors import BadParameter, IdempotencyKeyReused


def call(key: bytes | None, method: str = "POST", path: str = "/flows", query: bytes = b"") -> Any:
    headers = [] if key is None else [(b"idempotency-key", key)]
    return SimpleNamespace(scope={"headers": headers}, method=method, path=path, query=Query.parse(query))


def test_no_key_is_no_id() -> None:
    assert request_id(call(None)) == ""


def test_key_path_and_query_make_the_id_and_the_order_of_the_query_does_not() -> None:
    same = request_id(call(b"k", query=b"a=1&b=2"))
    assert request_id(call(b"k", query=b"b=2&a=1")) == same
    others = {
        request_id(call(b"k")),
        request_id(call(b"k2", query=b"a=1&b=2")),
        request_id(call(b"k", path="/executions", query=b"a=1&b=2")),
        request_id(call(b"k", query=b"a=1&b=3")),
        request_id(call(b"k", query=b"a=1b=2")),
    }
    assert len(others) == 5
    assert same not in others


@pytest.mark.parametrize("key", [b"", b"x" * 256, b"\x7f", b"\xc3\xa9"])
def test_a_key_that_is_none_is_refused(key: bytes) -> None:
    with pytest.raises(BadParameter):
        request_id(call(key))


def test_a_key_is_remembered_for_a_day_and_bodies_compare_as_json() -> None:
    now = [0.0]
    remembered = Remembered(lambda: now[0])
    remembered.keep("r", {"a": 1, "b": 2})
    remembered.check("r", {"b": 2, "a": 1})
    with pytest.raises(IdempotencyKeyReused):
        remembered.check("r", {"a": 1})
    now[0] = KEPT_SECONDS
    remembered.check("r", {"a": 1})
    remembered.keep("r", {"a": 1})
    with pytest.raises(IdempotencyKeyReused):
        remembered.check("r", {"a": 1, "b": 2})


def test_the_oldest_key_makes_room() -> None:
    remembered = Remembered()
    for number in range(KEPT_KEYS + 1):
        remembered.keep(str(number), {})
    remembered.check("0", [])
    with pytest.raises(IdempotencyKeyReused):
        remembered.check("1", [])

"""Attempts, waits and time limits of one node. CONTRACT section 3, "Attempts"."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

L = "lab_handlers."


@pytest.mark.parametrize("retries", [None, {}, {"maxAttempts": 0}, {"maxAttempts": 1}, {"backoffSeconds": 0}])
def test_absent_0_and_1_mean_one_attempt(try_node: Callable[..., Any], retries: Any) -> None:
    more = {} if retries is None else {"retries": retries}
    error = try_node("sample_handlers.fail", **more).error
    assert (error["attempt"], error["type"], error["message"]) == (1, "ValueError", "no good")
    assert isinstance(error["stack"], str) and "sample_handlers.py" in error["stack"]


def test_the_wait_is_a_second_and_doubles(try_node: Callable[..., Any]) -> None:
    came = try_node(f"{L}times", config={"attempts": 3}, retries={"maxAttempts": 3})
    first, second = came.value
    assert 0.8 <= first <= 1.5 and 1.6 <= second <= 2.8


def test_a_handler_may_ask_for_a_longer_wait(try_node: Callable[..., Any]) -> None:
    came = try_node(f"{L}later", config={"seconds": 1.5}, retries={"maxAttempts": 2, "backoffSeconds": 0})
    assert 1.4 <= came.value <= 2.5
    error = try_node(f"{L}later", config={"seconds": 301}, retries={"maxAttempts": 2, "backoffSeconds": 0}).error
    assert (error["type"], error["attempt"]) == ("Later", 1)


def test_what_is_not_retryable_is_not_retried(try_node: Callable[..., Any]) -> None:
    error = try_node(f"{L}not_again", retries={"maxAttempts": 3, "backoffSeconds": 0}).error
    assert (error["type"], error["message"], error["attempt"]) == ("NoUse", "no use", 1)


def test_exceptions_are_retried_until_the_last_attempt(try_node: Callable[..., Any]) -> None:
    error = try_node("sample_handlers.fail", retries={"maxAttempts": 4, "backoffSeconds": 0}).error
    assert error["attempt"] == 4


def test_a_time_limit_bounds_one_attempt_and_is_retried(try_node: Callable[..., Any]) -> None:
    retries = {"maxAttempts": 2, "backoffSeconds": 0}
    assert try_node(f"{L}attempt_one_hangs", timeoutSeconds=1, retries=retries).value == 2
    error = try_node("sample_handlers.hang", timeoutSeconds=1).error
    assert (error["type"], error["attempt"]) == ("TimedOut", 1)


def test_a_config_that_is_wrong_after_its_expressions_fails(try_node: Callable[..., Any]) -> None:
    config = {"method": "GET", "url": {"$expr": "input.url"}, "timeoutSeconds": {"$expr": "input.seconds"}}
    given = {"url": "http://127.0.0.1:1/", "seconds": "soon"}
    error = try_node("http:request", given, config=config, retries={"maxAttempts": 3, "backoffSeconds": 0}).error
    assert (error["type"], error["attempt"]) == ("ConfigInvalid", 1)

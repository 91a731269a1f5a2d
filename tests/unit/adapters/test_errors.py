"""What an exception becomes outside, and whether another attempt may follow."""

from __future__ import annotations

import pytest
import triggerflow_adapter_sdk as sdk
from triggerflow_adapter_sdk import HandlerError, error_fields, is_retryable, retry_after


def raised(exc: BaseException) -> BaseException:
    try:
        raise exc
    except BaseException as caught:
        return caught


def test_the_fields_are_the_class_name_the_message_and_the_stack() -> None:
    fields = error_fields(raised(KeyError("city")))
    assert fields["type"] == "KeyError"
    assert fields["message"] == "'city'"
    assert "in raised" in fields["stack"]
    assert fields["stack"].rstrip().endswith("KeyError: 'city'")


def test_a_handler_error_may_name_its_type() -> None:
    assert error_fields(HandlerError("no quota", type="QuotaExceeded"))["type"] == "QuotaExceeded"


def test_a_message_that_cannot_be_told_is_told_so() -> None:
    class Mute(Exception):
        def __str__(self) -> str:
            raise ValueError

    assert error_fields(Mute())["message"] == "<ValueError while telling the message>"


def test_a_long_stack_keeps_its_end() -> None:
    fields = error_fields(raised(ValueError("x" * 40_000 + "the end")))
    assert len(fields["stack"]) <= 16_384
    assert fields["stack"].rstrip().endswith("the end")


@pytest.mark.parametrize(
    "name",
    [
        *("NoSuchPort", "ConfigInvalid", "ExpressionFailed", "NotBoolean", "SecretRefused"),
        *("AddressRefused", "TooManyRedirects", "ResponseTooLarge", "ParseFailed"),
    ],
)
def test_errors_that_would_come_again_are_never_retried(name: str) -> None:
    kind = getattr(sdk, name)
    assert not is_retryable(kind("x"))
    assert not is_retryable(kind("x", retryable=True))
    assert not is_retryable(HandlerError("x", type=name, retryable=True))


@pytest.mark.parametrize(
    ("error", "retried"),
    [
        (ValueError("x"), True),
        (TimeoutError(), True),
        (HandlerError("x"), False),
        (HandlerError("x", retryable=True), True),
        (sdk.ConnectionFailed("x"), True),
        (sdk.TimedOut("x"), True),
        (KeyboardInterrupt(), False),
    ],
)
def test_other_exceptions_are_retried_as_they_say(error: BaseException, retried: bool) -> None:
    assert is_retryable(error) is retried


@pytest.mark.parametrize(
    ("status", "retried"), [(400, False), (404, False), (408, True), (425, True), (429, True), (500, True), (599, True)]
)
def test_a_status_says_itself_whether_to_try_again(status: int, retried: bool) -> None:
    assert is_retryable(sdk.HttpStatus("x", status=status)) is retried


def test_the_wait_that_a_server_asked_for_is_told() -> None:
    assert retry_after(sdk.HttpStatus("x", status=429, retry_after=7.0)) == 7.0
    assert retry_after(ValueError()) is None

"""What is said of the text of a web address, where it is written."""

from __future__ import annotations

import pytest
from triggerflow_adapter_sdk.urls import url_problem

GOOD = [
    "https://example.com", "http://example.com:8080/a?b=c#d", "HTTP://Example.COM/", "http://127.0.0.1:1", "http://[::1]:80/a",
    "https://bücher.example/ä", "http://localhost", "https://example.com/a b", " https://example.com ", "http://a_b.example/",
]  # fmt: skip
BAD = [
    "http://[", "http://[::1", "http://a:b", "http://a:99999", "http://", "http:///a", "https://?a", "ftp://example.com",
    "example.com", "", "http://user@example.com", "http://user:pass@example.com", "http://a:-1", "http://exa\nmple.com/",
    "http://\u2100.example", f"http://{'ä' * 64}.example", "http://xn--\u00e4.example", "http://example.com/\x7f",
]  # fmt: skip


@pytest.mark.parametrize("text", GOOD)
def test_an_address_that_can_be_called_is_no_problem(text: str) -> None:
    assert url_problem(text) is None


@pytest.mark.parametrize("text", BAD)
def test_one_that_cannot_is_told_with_what_to_write(text: str) -> None:
    said = url_problem(text)
    assert said is not None and said.endswith(".")


@pytest.mark.parametrize("text", [*GOOD, *BAD])
def test_what_is_no_problem_is_what_the_client_takes(text: str) -> None:
    from triggerflow_adapter_sdk import ConfigInvalid
    from triggerflow_adapter_sdk.http.client import parse_url

    try:
        parse_url(text)
    except ConfigInvalid:
        assert url_problem(text) is not None

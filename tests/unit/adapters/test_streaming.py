"""What a handler yields, on its way to the host."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
from triggerflow_adapter_sdk import Outputs, ValueTooLarge
from triggerflow_adapter_sdk.secrets import Redactor, Secret
from triggerflow_adapter_sdk.streaming import MOST_BYTES, stream
from triggerflow_adapter_sdk.threads import HandlerThreads


class Heard:
    """A host that takes all, and whatever size it is told."""

    def __init__(self, size: int = 1) -> None:
        self.values: list[Any] = []
        self._size = size
        self.outlet = self

    async def put(self, value: Any) -> int:
        return self.put_from_thread(value)

    def put_from_thread(self, value: Any) -> int:
        self.values.append(value)
        return self._size

    def printed(self, stream: str, text: str) -> None:
        raise AssertionError("nobody prints here")


def driven(generator: Any, host: Any, redactor: Redactor | None = None) -> Any:
    threads = HandlerThreads()
    try:
        return asyncio.run(stream(generator, host, redactor, threads))
    finally:
        threads.close()


async def from_loop(*values: Any) -> AsyncIterator[Any]:
    for value in values:
        yield value


def from_thread(*values: Any) -> Iterator[Any]:
    yield from values


KINDS = pytest.mark.parametrize("kind", [from_loop, from_thread])


@KINDS
def test_the_result_is_the_text_joined_or_the_list_or_the_outputs(kind: Any) -> None:
    host = Heard()
    assert driven(kind("a", "b"), host) == "ab"
    assert driven(kind("a", 1), host) == ["a", 1]
    assert driven(kind("a", Outputs(left=1)), host) == Outputs(left=1)
    assert driven(kind(), host) == ""
    assert host.values == ["a", "b", "a", 1, "a"]
    # A host that does not listen still gets the result.
    assert driven(kind("a", "b"), object()) == "ab"


@KINDS
def test_a_secret_in_pieces_is_hidden_and_nothing_else_is_lost(kind: Any) -> None:
    redactor = Redactor([Secret("TOKEN", "hush-hush")])
    host = Heard()
    text = "hu hush-hush and hush-hus"
    assert driven(kind(*text), host, redactor) == "hu [secret TOKEN] and hush-hus"
    assert "".join(host.values) == "hu [secret TOKEN] and hush-hus"
    assert driven(kind("hush", 1, {"is": "hush-hush"}), Heard(), redactor) == ["hush", 1, {"is": "[secret TOKEN]"}]


@KINDS
def test_who_yields_more_than_a_port_may_carry_fails(kind: Any) -> None:
    with pytest.raises(ValueTooLarge, match=str(MOST_BYTES)):
        driven(kind("a", "b", "c"), Heard(size=MOST_BYTES // 2))


@KINDS
@pytest.mark.parametrize("before", [(), ("a",)])
def test_text_that_alone_is_too_much_is_refused_before_any_of_it_is_handed_on(kind: Any, before: Any) -> None:
    host = Heard()
    with pytest.raises(ValueTooLarge, match="yielded more than 16777216 bytes"):
        driven(kind(*before, "x" * (MOST_BYTES + 1)), host)
    assert host.values == [*before]

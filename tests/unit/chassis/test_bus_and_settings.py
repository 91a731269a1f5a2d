"""The bus hands on and keeps nothing; settings are read once and told together."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from triggerflow_chassis.bus import InProcessBus
from triggerflow_chassis.settings import Reader, Secret, SettingsError


def test_each_subscriber_of_a_key_gets_each_batch_in_order() -> None:
    bus = InProcessBus()
    one: list[Any] = []
    every: list[Any] = []
    bus.publish("topic", "a", [0])
    bus.subscribe("topic", "a", one.append)
    bus.subscribe("topic", None, every.append)
    bus.publish("topic", "a", [1, 2])
    bus.publish("topic", "b", [3])
    bus.publish("other", "a", [4])
    bus.publish("topic", "a", [])
    assert one == [[1, 2]]
    assert every == [[1, 2], [3]]


def test_unsubscribing_ends_it_and_may_be_repeated() -> None:
    bus = InProcessBus()
    got: list[Any] = []
    unsubscribe = bus.subscribe("topic", "a", got.append)
    other = bus.subscribe("topic", "a", got.append)
    unsubscribe()
    unsubscribe()
    bus.publish("topic", "a", [1])
    other()
    bus.publish("topic", "a", [2])
    assert got == [[1]]
    assert not bus._callbacks


def test_a_callback_may_unsubscribe_itself() -> None:
    bus = InProcessBus()
    got: list[Any] = []

    def once(items: Any) -> None:
        got.append(items)
        unsubscribe()

    unsubscribe = bus.subscribe("topic", "a", once)
    bus.subscribe("topic", "a", got.append)
    bus.publish("topic", "a", [1])
    bus.publish("topic", "a", [2])
    assert got == [[1], [1], [2]]


def test_a_listener_that_fails_reaches_neither_the_publisher_nor_the_others() -> None:
    bus = InProcessBus()
    got: list[Any] = []

    def fail(items: Any) -> None:
        raise RuntimeError("defect")

    bus.subscribe("topic", "a", fail)
    bus.subscribe("topic", "a", got.append)
    bus.publish("topic", "a", [1])
    assert got == [[1]]


def test_all_that_is_wrong_with_settings_is_told_at_once() -> None:
    reader = Reader({"X_PORT": "high", "X_SIZE": "9"}, prefix="X_")
    reader.integer("PORT", 1, least=0, most=5)
    reader.integer("SIZE", 1, least=0, most=5)
    with pytest.raises(SettingsError) as refused:
        reader.done()
    assert [problem.split()[0] for problem in refused.value.problems] == ["X_PORT", "X_SIZE"]


def test_settings_have_their_kinds_and_defaults() -> None:
    reader = Reader({"X_LIST": " a, ,b,", "X_EMPTY": "", "X_PATH": "~/x", "X_SECRET": "s3"}, prefix="X_")
    assert reader.names("LIST") == ("a", "b")
    assert reader.text("EMPTY", "default") == "default"
    assert (reader.is_set("EMPTY"), reader.is_set("ABSENT")) == (True, False)
    assert reader.path("PATH", Path("y")) == Path.home() / "x"
    assert reader.integer("ABSENT", 7, least=0, most=9) == 7
    secret = reader.secret("SECRET")
    assert isinstance(secret, Secret)
    assert secret.reveal() == "s3"
    assert "s3" not in f"{secret} {secret!r} {[secret]}"
    reader.done()

"""Kicks over a real Valkey: they come, by weight, while the server lives, and again after it died."""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest
import structlog
from running_product import wait_for
from triggerflow_orchestrator.domain.lease import Queued
from triggerflow_orchestrator.queue.consumer import KickConsumer
from triggerflow_orchestrator.queue.sender import KickSender
from valkey_server import ValkeyServer

Kicked = Callable[[Sequence[str]], None]


class Heard:
    """The ids that came, in order."""

    def __init__(self) -> None:
        self.messages: list[list[str]] = []

    def __call__(self, execution_ids: Sequence[str]) -> None:
        self.messages.append(list(execution_ids))

    @property
    def ids(self) -> list[str]:
        return list(itertools.chain.from_iterable(self.messages))


@pytest.fixture
def valkey(tmp_path: Path) -> Iterator[ValkeyServer]:
    server = ValkeyServer(tmp_path / "valkey").start()
    yield server
    server.stop()


@pytest.fixture
def sender(valkey: ValkeyServer) -> Iterator[KickSender]:
    one = KickSender(valkey.url)
    yield one
    one.close()


@pytest.fixture
def listen(valkey: ValkeyServer) -> Iterator[Callable[[Kicked], KickConsumer]]:
    made: list[KickConsumer] = []

    def start(kicked: Kicked) -> KickConsumer:
        one = KickConsumer(valkey.url, kicked, name="test")
        made.append(one)
        one.start()
        return one

    yield start
    for one in made:
        one.stop(5)


def _kick_until_heard(sender: KickSender, heard: Heard, tag: str) -> None:
    numbers = itertools.count()

    def probe() -> bool:
        sender.kick([Queued(f"{tag}-{next(numbers)}", 1)])
        time.sleep(0.05)  # a rate, not a wait
        return any(name.startswith(tag) for name in heard.ids)

    wait_for(probe, seconds=15, what=f"a kick of {tag}")


def test_every_id_comes_once(sender: KickSender, listen: Callable[[Kicked], KickConsumer]) -> None:
    heard = Heard()
    listen(heard)
    sent = [Queued(str(number), number % 3) for number in range(300)]
    for one in sent:
        sender.kick([one])
    wait_for(lambda: len(heard.ids) >= len(sent), what="all kicks")
    assert sorted(heard.ids) == sorted(one.execution_id for one in sent)


def test_a_shut_gate_leaves_kicks_to_others_and_an_opened_one_takes_them_at_once(
    valkey: ValkeyServer, sender: KickSender, listen: Callable[[Kicked], KickConsumer]
) -> None:
    heard = Heard()
    consumer = listen(heard)
    sender.kick([Queued("first", 1)])
    wait_for(lambda: heard.ids == ["first"], what="the first kick")
    consumer.gate.shut()
    for number in range(20):
        sender.kick([Queued(f"later-{number}", 1)])
    with valkey.client() as client:
        # One message may have been asked for before the gate was shut.
        wait_for(lambda: sum(len(m) for m in heard.messages) < 20 and client.llen("normal") > 0, what="kicks that wait")
        left = client.llen("normal")
        consumer.gate.open()
        wait_for(lambda: client.llen("normal") == 0, seconds=5, what=f"{left} kicks to be taken")
    wait_for(lambda: len(set(heard.ids)) == 21, what="all kicks")


def test_low_is_not_starved_while_high_floods(
    valkey: ValkeyServer, sender: KickSender, listen: Callable[[Kicked], KickConsumer]
) -> None:
    for priority, name in enumerate(("high", "normal", "low")):
        for number in range(200):
            sender.kick([Queued(f"{name}-{number}", priority)])
    with valkey.client() as client:
        wait_for(lambda: all(client.llen(name) > 0 for name in ("high", "normal", "low")), what="three queues")
        wait_for(lambda: sender.waiting == 0, what="all to be sent")
    heard = Heard()
    listen(heard)
    wait_for(lambda: len(set(heard.ids)) == 600, what="all kicks")
    first = [message[0].split("-")[0] for message in heard.messages[:10]]
    assert {name: first.count(name) for name in ("high", "normal", "low")} == {"high": 6, "normal": 3, "low": 1}


@pytest.mark.slow
def test_kicks_come_again_after_the_server_was_killed_and_started(
    valkey: ValkeyServer, sender: KickSender, listen: Callable[[Kicked], KickConsumer]
) -> None:
    heard = Heard()
    listen(heard)
    _kick_until_heard(sender, heard, "before")
    for round_number in range(3):
        valkey.kill()
        started = time.monotonic()
        sender.kick([Queued("nobody hears this", 0)] * 1_000)
        assert time.monotonic() - started < 1, "who kicks was held up"
        valkey.start()
        _kick_until_heard(sender, heard, f"after-{round_number}")


@pytest.mark.slow
def test_a_server_that_is_away_is_looked_for_at_the_same_rate_however_long_it_takes(
    valkey: ValkeyServer, sender: KickSender, listen: Callable[[Kicked], KickConsumer]
) -> None:
    """Else whichever worker waits longest hears nothing while the others are kicked for everything."""
    heard = Heard()
    listen(heard)
    _kick_until_heard(sender, heard, "before")
    with structlog.testing.capture_logs() as lines:
        valkey.kill()
        wait_for(
            lambda: sum(line["event"] == "kicks_not_heard" for line in list(lines)) >= 8,
            seconds=50,  # Celery's own waits add up to 56
            what="eight looks",
        )
    assert {line["retry_seconds"] for line in lines if line["event"] == "kicks_not_heard"} == {1}
    valkey.start()
    _kick_until_heard(sender, heard, "after")


@pytest.mark.slow
def test_kicks_come_again_after_the_server_hung(
    valkey: ValkeyServer, sender: KickSender, listen: Callable[[Kicked], KickConsumer]
) -> None:
    heard = Heard()
    listen(heard)
    _kick_until_heard(sender, heard, "before")
    valkey.pause()
    hung = threading.Event()
    threading.Timer(7, hung.set).start()  # longer than any of our socket timeouts
    while not hung.wait(0.05):
        sender.kick([Queued("lost, or late", 0)])
    valkey.go_on()
    _kick_until_heard(sender, heard, "after")


def test_a_stop_ends_celery_and_leaves_what_waits(
    valkey: ValkeyServer, sender: KickSender, listen: Callable[[Kicked], KickConsumer]
) -> None:
    heard = Heard()
    consumer = listen(heard)
    _kick_until_heard(sender, heard, "before")
    consumer.stop(5)
    assert not consumer.running
    count = len(heard.ids)
    sender.kick([Queued("later", 2)])
    with valkey.client() as client:
        wait_for(lambda: client.llen("low") == 1, what="the kick that waits")
    assert len(heard.ids) == count

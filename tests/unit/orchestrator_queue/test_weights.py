"""Whose turn it is, and how kicks are shared out."""

from __future__ import annotations

from collections import Counter

from triggerflow_orchestrator.domain.lease import Queued
from triggerflow_orchestrator.queue.sender import messages
from triggerflow_orchestrator.queue.weights import WeightedCycle


def _take(cycle: WeightedCycle, waiting: dict[str, int], count: int) -> list[str]:
    """As Redis answers: from the first queue, in the order asked, that has a message."""
    taken = []
    for _ in range(count):
        found = next((name for name in cycle.consume(3) if waiting[name]), None)
        if found is None:
            break
        waiting[found] -= 1
        taken.append(cycle.rotate(found))
    return taken


def test_while_all_wait_six_are_high_three_normal_and_one_low() -> None:
    cycle = WeightedCycle(["low", "high", "normal"])
    taken = _take(cycle, {"high": 100, "normal": 100, "low": 100}, 10)
    assert Counter(taken) == {"high": 6, "normal": 3, "low": 1}


def test_no_queue_waits_for_the_turn_of_an_empty_one() -> None:
    cycle = WeightedCycle(["low", "high", "normal"])
    assert _take(cycle, {"high": 0, "normal": 0, "low": 7}, 10) == ["low"] * 7


def test_what_ran_alone_before_costs_nobody_a_turn_afterwards() -> None:
    cycle = WeightedCycle(["low", "high", "normal"])
    _take(cycle, {"high": 0, "normal": 0, "low": 1_000}, 1_000)
    taken = _take(cycle, {"high": 100, "normal": 100, "low": 100}, 20)
    assert Counter(taken) == {"high": 12, "normal": 6, "low": 2}


def test_a_queue_that_is_not_consumed_from_is_not_asked() -> None:
    cycle = WeightedCycle(["low"])
    assert list(cycle.consume(1)) == ["low"]
    cycle.rotate("low")
    assert list(cycle.consume(1)) == ["low"]


def test_a_burst_is_shared_out_in_several_messages_of_few_ids() -> None:
    found = messages([Queued(str(number), 1) for number in range(20)])
    assert [len(ids) for _, ids in found] == [5, 5, 5, 5]
    assert max(len(ids) for _, ids in messages([Queued(str(number), 0) for number in range(1_000)])) == 8


def test_kicks_are_sent_by_priority_and_one_run_once() -> None:
    kicks = [Queued("c", 2), Queued("a", 0), Queued("b", 1), Queued("a", 0)]
    assert messages(kicks) == [(0, ["a"]), (1, ["b"]), (2, ["c"])]

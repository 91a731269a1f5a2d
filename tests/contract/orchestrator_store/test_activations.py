"""What nodes did, merged from starts, attempts and outcomes, and all that recovery needs."""

from __future__ import annotations

from typing import Any

import pytest
from triggerflow_orchestrator.domain.execution import AttemptRow, Failure, MetricTotal
from triggerflow_orchestrator.ports import Position


@pytest.fixture
def run(world: Any, sample: Any) -> str:
    world.add_execution(sample.execution(1))
    world.add_execution(sample.execution(2))
    return str(sample.id(1))


async def test_a_running_activation_is_at_its_highest_attempt(world: Any, sample: Any, run: str) -> None:
    world.add_start(run, sample.start(10, at=5, inputs_json='{"a":1}'))
    world.add_attempt(run, AttemptRow(sample.id(10), 2, "TimedOut", 50))
    world.add_attempt(run, AttemptRow(sample.id(10), 3, "HttpStatus", 90))
    (found,) = await world.reads.activations(sample.project, run, None, 50)
    assert (found.status, found.attempt, found.started_at, found.ended_at) == ("running", 3, 5, None)
    assert (found.inputs_json, found.ports_json, found.error) == ('{"a":1}', "{}", None)


async def test_an_ended_activation_carries_its_outcome_and_its_first_start(world: Any, sample: Any, run: str) -> None:
    failure = Failure("ValueError", "bad", stack="s", attempt=2)
    world.add_start(run, sample.start(10, at=5, inputs_json="{}"))
    world.add_attempt(run, AttemptRow(sample.id(10), 2, "ValueError", 50))
    world.add_outcome(
        run, sample.outcome(10, 1, at=60, status="failed", attempt=2, error=failure, ports_json='{"error":{}}')
    )
    (found,) = await world.reads.activations(sample.project, run, None, 50)
    assert (found.status, found.attempt, found.error) == ("failed", 2, failure)
    assert (found.started_at, found.ended_at, found.ports_json) == (5, 70, '{"error":{}}')


async def test_a_skipped_node_has_only_an_outcome(world: Any, sample: Any, run: str) -> None:
    world.add_outcome(run, sample.outcome(10, 1, at=7, ended_at=7, status="skipped", ports_json="{}"))
    (found,) = await world.reads.activations(sample.project, run, None, 50)
    assert (found.status, found.attempt, found.inputs_json) == ("skipped", 1, None)
    assert found.started_at == found.ended_at == 7


async def test_metrics_are_added_up_by_name_for_each_activation_and_for_the_run(
    world: Any, sample: Any, run: str
) -> None:
    for number in (10, 11, 12):
        world.add_start(run, sample.start(number, at=number))
    told = [
        (10, 0, "tokens", "t", 5),
        (10, 1, "cost", None, 0.25),
        (10, 4, "tokens", "t", 7),
        (11, 0, "tokens", "t", 1),
    ]
    for number, *row in told:
        world.add_metric(run, sample.id(number), *row)
    world.add_metric(sample.id(2), sample.id(20), 0, "tokens", "t", 100)
    first, second, third = await world.reads.activations(sample.project, run, None, 50)
    assert first.metrics == (MetricTotal("cost", None, 0.25, 1), MetricTotal("tokens", "t", 12, 2))
    assert second.metrics == (MetricTotal("tokens", "t", 1, 1),)
    assert third.metrics == ()
    assert await world.reads.metrics(run) == [MetricTotal("cost", None, 0.25, 1), MetricTotal("tokens", "t", 13, 3)]
    assert await world.reads.metrics_by_activation(run) == {first.id: first.metrics, second.id: second.metrics}


async def test_activations_come_by_start_then_id_of_their_execution_alone(world: Any, sample: Any, run: str) -> None:
    world.add_start(run, sample.start(12, at=5))
    world.add_start(run, sample.start(10, at=9))
    world.add_start(run, sample.start(11, at=5))
    world.add_outcome(run, sample.outcome(13, 1, at=6, status="skipped"))
    world.add_start(sample.id(2), sample.start(20, at=1))
    found = await world.reads.activations(sample.project, run, None, 50)
    assert [item.id for item in found] == [sample.id(n) for n in (11, 12, 13, 10)]


async def test_an_activation_that_ends_between_pages_appears_once(world: Any, sample: Any, run: str) -> None:
    for number in range(10, 15):
        world.add_start(run, sample.start(number, at=100 + number // 2))
    seen: list[str] = []
    after = None
    while True:
        found = await world.reads.activations(sample.project, run, after, 2)
        if not found:
            break
        seen += [item.id for item in found]
        after = Position(found[-1].started_at, found[-1].id)
        number = 9 + len(seen)
        world.add_outcome(run, sample.outcome(number, seq=len(seen), at=999))
    assert seen == [sample.id(n) for n in range(10, 15)]


async def test_recovery_reads_the_journal_in_order_with_starts_and_attempts(world: Any, sample: Any, run: str) -> None:
    second, first = sample.outcome(11, 2, at=30), sample.outcome(10, 1, at=40)
    world.add_outcome(run, second)
    world.add_outcome(run, first)
    world.add_outcome(sample.id(2), sample.outcome(20, 1, at=1))
    late, early = sample.start(10, at=9), sample.start(12, at=4, inputs_json='{"i":0}')
    world.add_start(run, late)
    world.add_start(run, early)
    attempt = AttemptRow(sample.id(12), 2, "TimedOut", 77)
    world.add_attempt(run, attempt)
    world.add_event(run, sample.event(31, 2))
    world.add_event(run, sample.event(30, 1))

    found = await world.reads.remembered(run)
    assert found.execution == sample.execution(1)
    assert found.journal == (first, second)
    assert found.starts == (early, late)
    assert found.attempts == (attempt,)
    assert found.last_event == sample.event(31, 2)


async def test_an_execution_that_did_nothing_yet_is_remembered_too(world: Any, sample: Any, run: str) -> None:
    found = await world.reads.remembered(run)
    assert (found.journal, found.starts, found.attempts, found.last_event) == ((), (), (), None)

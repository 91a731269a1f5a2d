"""Finding executions: one, and newest-first pages by every filter."""

from __future__ import annotations

from typing import Any

import pytest
from triggerflow_orchestrator.domain.execution import Failure
from triggerflow_orchestrator.ports import ExecutionFilter, Position


async def _numbers(world: Any, sample: Any, where: ExecutionFilter, **page: Any) -> list[int]:
    found = await world.reads.executions(sample.project, where, page.get("after"), page.get("limit", 50))
    return [int(record.id[-12:], 16) for record in found]


async def test_an_execution_is_read_as_it_was_stored(world: Any, sample: Any) -> None:
    record = sample.execution(
        1,
        status="failed",
        error=Failure("ValueError", "no", node_id=sample.id(7), stack="trace", attempt=2),
        context={"userId": "ada", "labels": ["x"], "priority": "high"},
        options={"async": False, "timeoutSeconds": 5, "trace": True},
        outputs_json='{"r":[1,2]}',
        rerun_of=sample.id(2),
        trigger_node_id=sample.id(3),
        started_at=1_000_002,
        ended_at=1_000_003,
        deadline_at=1_000_004,
        cancel_requested_at=1_000_005,
        priority=0,
        epoch=4,
    )
    world.add_execution(record)
    assert await world.reads.execution(sample.project, record.id) == record


async def test_another_project_sees_nothing_of_it(world: Any, sample: Any) -> None:
    world.add_execution(sample.execution(1))
    world.add_event(sample.id(1), sample.event(5, 1))
    assert await world.reads.execution(sample.other_project, sample.id(1)) is None
    assert await world.reads.executions(sample.other_project, ExecutionFilter(), None, 50) == []
    assert await world.reads.activations(sample.other_project, sample.id(1), None, 50) is None
    assert await world.reads.events(sample.other_project, sample.id(1), "", 50) is None


async def test_an_unknown_execution_is_none(world: Any, sample: Any) -> None:
    assert await world.reads.execution(sample.project, sample.id(1)) is None
    assert await world.reads.activations(sample.project, sample.id(1), None, 50) is None
    assert await world.reads.events(sample.project, sample.id(1), "", 50) is None
    assert await world.reads.remembered(sample.id(1)) is None


async def test_what_a_run_takes_over_is_found_by_its_id_alone(world: Any, sample: Any) -> None:
    world.add_execution(sample.execution(1, rerun_of=sample.id(2)))
    world.add_seed(sample.id(1), '{"taken":["ü"]}')
    assert await world.reads.seed(sample.id(1)) == '{"taken":["ü"]}'
    assert await world.reads.seed(sample.id(2)) is None


async def test_the_newest_come_first_and_ids_decide_between_equals(world: Any, sample: Any) -> None:
    world.add_execution(sample.execution(1, created_at=20))
    world.add_execution(sample.execution(2, created_at=10))
    world.add_execution(sample.execution(3, created_at=20))
    assert await _numbers(world, sample, ExecutionFilter()) == [3, 1, 2]


async def test_what_is_there_throughout_appears_once_while_others_come(world: Any, sample: Any) -> None:
    for number in range(1, 8):
        world.add_execution(sample.execution(number, created_at=100 + number // 2))
    seen: list[int] = []
    after = None
    while True:
        found = await world.reads.executions(sample.project, ExecutionFilter(), after, 2)
        if not found:
            break
        seen += [int(record.id[-12:], 16) for record in found]
        after = Position(found[-1].created_at, found[-1].id)
        world.add_execution(sample.execution(100 + len(seen), created_at=500))
    assert seen == [7, 6, 5, 4, 3, 2, 1]


async def test_a_limit_is_kept(world: Any, sample: Any) -> None:
    for number in range(5):
        world.add_execution(sample.execution(number))
    assert await _numbers(world, sample, ExecutionFilter(), limit=3) == [4, 3, 2]


async def test_any_of_several_statuses_matches(world: Any, sample: Any) -> None:
    for number, status in enumerate(["queued", "running", "waiting", "succeeded", "failed", "cancelled"]):
        world.add_execution(sample.execution(number, status=status))
    assert await _numbers(world, sample, ExecutionFilter(statuses=frozenset({"failed", "queued"}))) == [4, 0]
    live = ExecutionFilter(statuses=frozenset({"queued", "running", "waiting"}))
    assert await _numbers(world, sample, live) == [2, 1, 0]
    assert await _numbers(world, sample, ExecutionFilter(statuses=frozenset({"running"}))) == [1]


async def test_all_of_several_labels_are_needed(world: Any, sample: Any) -> None:
    world.add_execution(sample.execution(1), labels=["a", "b"])
    world.add_execution(sample.execution(2), labels=["a"])
    world.add_execution(sample.execution(3))
    assert await _numbers(world, sample, ExecutionFilter(labels=frozenset({"a"}))) == [2, 1]
    assert await _numbers(world, sample, ExecutionFilter(labels=frozenset({"a", "b"}))) == [1]
    assert await _numbers(world, sample, ExecutionFilter(labels=frozenset({"A"}))) == []


async def test_a_flow_is_a_filter(world: Any, sample: Any) -> None:
    world.add_execution(sample.execution(1))
    world.add_execution(sample.execution(2, flow_id=sample.id(77)))
    assert await _numbers(world, sample, ExecutionFilter(flow_id=sample.id(77))) == [2]


async def test_from_is_inclusive_and_to_is_not(world: Any, sample: Any) -> None:
    for number in range(4):
        world.add_execution(sample.execution(number, created_at=number))
    assert await _numbers(world, sample, ExecutionFilter(from_us=1, to_us=3)) == [2, 1]


@pytest.mark.parametrize(
    "query",
    ["connection ÉTEINTE", "WEATHER", "nightly rep", "000000000001"],
    ids=["error message", "label", "flow name", "id"],
)
async def test_a_text_is_looked_for_in_message_label_name_and_id_without_case(
    world: Any, sample: Any, query: str
) -> None:
    failure = Failure("HttpStatus", "The Connection éteinte by peer")
    world.add_execution(sample.execution(1, status="failed", error=failure), labels=["seattle-weather"])
    world.add_execution(sample.execution(2, flow_name="Other", error=Failure("X", "fine"), status="failed"))
    world.add_execution(sample.execution(3, flow_name="Third"))
    assert await _numbers(world, sample, ExecutionFilter(query=query)) == [1]


async def test_only_the_message_of_an_error_is_searched(world: Any, sample: Any) -> None:
    world.add_execution(sample.execution(1, status="failed", error=Failure("HttpStatus", "404", stack="deep")))
    assert await _numbers(world, sample, ExecutionFilter(query="httpstatus")) == []
    assert await _numbers(world, sample, ExecutionFilter(query="deep")) == []


@pytest.mark.parametrize("query", ["%", "_", "\\", "100%_"])
async def test_no_character_of_a_text_is_a_wildcard(world: Any, sample: Any, query: str) -> None:
    world.add_execution(sample.execution(1, flow_name="plain"))
    world.add_execution(sample.execution(2, flow_name=f"a{query}b"))
    assert await _numbers(world, sample, ExecutionFilter(query=query)) == [2]


async def test_all_conditions_hold_together(world: Any, sample: Any) -> None:
    world.add_execution(sample.execution(1, status="failed", flow_name="Alpha"), labels=["x"])
    world.add_execution(sample.execution(2, status="failed", flow_name="Beta"), labels=["x"])
    world.add_execution(sample.execution(3, status="running", flow_name="Alpha"), labels=["x"])
    where = ExecutionFilter(
        flow_id=sample.flow, statuses=frozenset({"failed"}), labels=frozenset({"x"}), from_us=0, query="alpha"
    )
    assert await _numbers(world, sample, where) == [1]


async def test_what_lives_is_told_for_recovery_by_priority_then_age(world: Any, sample: Any) -> None:
    world.add_execution(sample.execution(1, priority=2))
    world.add_execution(sample.execution(2, priority=0, status="queued"))
    world.add_execution(sample.execution(3, status="waiting", project_id=sample.other_project))
    world.add_execution(sample.execution(4, status="succeeded"))
    world.add_execution(sample.execution(5, priority=0))
    # What waits is in no process, and nothing was interrupted.
    assert [record.id for record in await world.reads.live()] == [sample.id(n) for n in (2, 5, 1)]


async def test_of_some_executions_those_that_ended_are_named_whosever_they_are(world: Any, sample: Any) -> None:
    world.add_execution(sample.execution(1, status="succeeded", started_at=2, ended_at=3))
    world.add_execution(sample.execution(2, status="running", started_at=2))
    world.add_execution(sample.execution(3, status="cancelled", started_at=2, ended_at=3))
    assert await world.reads.ended([sample.id(number) for number in (1, 2, 4)]) == {sample.id(1)}
    assert await world.reads.ended([]) == frozenset()

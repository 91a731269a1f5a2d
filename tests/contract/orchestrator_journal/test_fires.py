"""One run for each firing of a trigger, whoever else writes the same at the same moment."""

from __future__ import annotations

from journal_units import SampleRun
from journal_worlds import World
from triggerflow_orchestrator.app.units import Kind, Unit
from triggerflow_orchestrator.domain.lease import RequestTaken


def fired(run: SampleRun, request_id: str, node_id: str = "node") -> Unit:
    unit = run.insert(may_fail=True)
    unit.rows.append((Kind.FIRE, ("flow", node_id, request_id, run.id, 1)))
    return unit


async def test_a_second_firing_of_the_same_name_leaves_no_run_and_takes_nobody_with_it(world: World) -> None:
    runs = [SampleRun() for _ in range(12)]
    for number, run in enumerate(runs):
        world.told.submit(run.id, fired(run, f"request {number // 3}"))
    outcomes = dict(await world.told.all(len(runs)))
    for number, run in enumerate(runs):
        if number % 3 == 0:
            assert outcomes[run.id] is None
        else:
            assert isinstance(outcomes[run.id], RequestTaken)
    there = await world.rows("SELECT execution_id FROM fires ORDER BY request_id")
    assert [row[0] for row in there] == [run.id for run in runs[::3]]
    assert {row[0] for row in await world.rows("SELECT id FROM executions")} == {run.id for run in runs[::3]}


async def test_each_trigger_has_request_ids_of_its_own(world: World) -> None:
    assert await world.told.of(fired(SampleRun(), "1", "a")) is None
    assert await world.told.of(fired(SampleRun(), "1", "b")) is None
    assert isinstance(await world.told.of(fired(SampleRun(), "1", "a")), RequestTaken)

"""Commands on PostgreSQL: what those without a lease ask of a run, and who answers for it."""

from __future__ import annotations

import asyncio

import pytest
from journal_units import PROJECT
from lease_world import LeaseWorld
from triggerflow_chassis.ids import uuid7
from triggerflow_orchestrator.domain.execution import ExecutionRecord
from triggerflow_orchestrator.domain.lease import AskedOfOwner, Ended, LeaseLost, NotThere, RequestTaken, TakenOver
from triggerflow_orchestrator.ports import RequestRow

pytestmark = pytest.mark.postgres


def answering(request_id: str) -> object:
    def answer(record: ExecutionRecord) -> RequestRow:
        return RequestRow(PROJECT, request_id, "Cancel", "print", record.id.encode(), None, 1)

    return answer


async def test_what_is_not_there_or_has_ended_is_said_and_nothing_is_written(leases: LeaseWorld) -> None:
    run = await leases.queued()
    ask = leases.commands.ask_cancel
    assert isinstance(await ask(PROJECT, uuid7(), "me", None), NotThere)
    assert isinstance(await ask(uuid7(), run.id, "me", None), NotThere)
    await leases.end(run)
    asked = await ask(PROJECT, run.id, "me", answering("r"))  # type: ignore[arg-type]
    assert isinstance(asked, Ended)
    assert asked.record.status == "failed"
    assert (await leases.count("commands"), await leases.count("requests")) == (0, 0)


async def test_the_holder_of_a_lease_is_asked_and_the_answer_stands_with_it(leases: LeaseWorld) -> None:
    worker, other = await leases.worker(), await leases.worker()
    run = await leases.queued()
    await leases.leases.claim(worker, [run.id])
    asked = await leases.commands.ask_cancel(PROJECT, run.id, "me", answering("r"))  # type: ignore[arg-type]
    assert isinstance(asked, AskedOfOwner)
    assert (asked.owner, asked.record.epoch) == (worker, 2)
    assert asked.record.cancel_requested_at is not None
    [command] = await leases.commands.of_worker(worker)
    assert command == asked.command
    assert (command.execution_id, command.project_id, command.kind, command.principal) == (
        run.id,
        PROJECT,
        "cancel",
        "me",
    )
    assert await leases.commands.of_worker(other) == []
    assert await leases.commands.orphaned() == []
    assert await leases.mesh.rows("SELECT request_id, response FROM requests") == [("r", run.id.encode())]
    await leases.commands.done([command.id, uuid7()])
    assert await leases.commands.of_worker(worker) == []


async def test_asked_twice_at_once_there_is_one_command(leases: LeaseWorld) -> None:
    worker = await leases.worker()
    run = await leases.queued()
    await leases.leases.claim(worker, [run.id])
    asked = await asyncio.gather(*(leases.commands.ask_cancel(PROJECT, run.id, str(n), None) for n in range(8)))
    assert all(isinstance(each, AskedOfOwner) for each in asked)
    assert len({each.command.id for each in asked if isinstance(each, AskedOfOwner)}) == 1
    assert len({each.record.cancel_requested_at for each in asked if isinstance(each, AskedOfOwner)}) == 1
    assert await leases.count("commands") == 1


async def test_a_request_id_that_has_an_answer_changes_nothing(leases: LeaseWorld) -> None:
    worker = await leases.worker()
    run, other = await leases.queued(), await leases.queued()
    await leases.leases.claim(worker, [run.id, other.id])
    await leases.commands.ask_cancel(PROJECT, run.id, "me", answering("r"))  # type: ignore[arg-type]
    with pytest.raises(RequestTaken):
        await leases.commands.ask_cancel(PROJECT, other.id, "me", answering("r"))  # type: ignore[arg-type]
    assert (await leases.row(other))["cancel_requested_at"] is None
    assert await leases.count("commands") == 1


async def test_a_run_that_nobody_holds_is_taken_over_and_ended_by_who_asked(leases: LeaseWorld) -> None:
    run = await leases.queued()
    asked = await leases.commands.ask_cancel(PROJECT, run.id, "me", None)
    assert isinstance(asked, TakenOver)
    assert (asked.record.epoch, asked.record.owner) == (2, None)
    assert await leases.mesh.told.of(leases.cancelling(asked.record)) is None
    assert (await leases.row(run))["status"] == "cancelled"


async def test_a_run_whose_worker_lapsed_is_taken_over_before_any_reaper_came_by(leases: LeaseWorld) -> None:
    worker = await leases.worker()
    run = await leases.queued()
    [record] = await leases.leases.claim(worker, [run.id])
    await leases.lapse(worker)
    asked = await leases.commands.ask_cancel(PROJECT, run.id, "me", None)
    assert isinstance(asked, TakenOver)
    assert asked.record.epoch == 3
    assert isinstance(await leases.mesh.told.of(leases.holder(record).step()), LeaseLost)
    assert await leases.mesh.told.of(leases.cancelling(asked.record)) is None
    assert await leases.leases.reap() == []


async def test_two_who_take_over_at_once_end_the_run_once(leases: LeaseWorld) -> None:
    run = await leases.queued()
    asked = await asyncio.gather(*(leases.commands.ask_cancel(PROJECT, run.id, str(n), None) for n in range(2)))
    taken = [each.record for each in asked if isinstance(each, TakenOver)]
    assert sorted(record.epoch for record in taken) == [2, 3]
    for record in sorted(taken, key=lambda record: record.epoch):
        leases.mesh.told.submit(str(record.epoch), leases.cancelling(record))
    outcomes = dict(await leases.mesh.told.all(2))
    assert isinstance(outcomes["2"], LeaseLost)
    assert outcomes["3"] is None


async def test_whoever_claims_between_a_take_over_and_its_end_keeps_the_run(leases: LeaseWorld) -> None:
    worker = await leases.worker()
    run = await leases.queued()
    asked = await leases.commands.ask_cancel(PROJECT, run.id, "me", None)
    assert isinstance(asked, TakenOver)
    await leases.leases.claim(worker, [run.id])
    assert isinstance(await leases.mesh.told.of(leases.cancelling(asked.record)), LeaseLost)
    assert isinstance(await leases.commands.ask_cancel(PROJECT, run.id, "me", None), AskedOfOwner)


async def test_a_command_outlives_its_worker_and_goes_to_the_next_holder_or_whoever_looks(leases: LeaseWorld) -> None:
    worker, following = await leases.worker(), await leases.worker()
    run = await leases.queued()
    await leases.leases.claim(worker, [run.id])
    await leases.commands.ask_cancel(PROJECT, run.id, "me", None)
    await leases.lapse(worker)
    [orphan] = await leases.commands.orphaned()
    await leases.leases.reap()
    assert await leases.commands.orphaned() == [orphan]
    [record] = await leases.leases.claim(following, [run.id])
    assert record.cancel_requested_at is not None
    assert await leases.commands.of_worker(following) == [orphan]
    assert await leases.commands.orphaned() == []
    await leases.end(run)
    assert await leases.commands.of_worker(following) == []
    await leases.leases.reap()
    assert await leases.count("commands") == 0

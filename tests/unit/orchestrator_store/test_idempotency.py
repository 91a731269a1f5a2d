"""A repeated request is answered as the first time; a concurrent one waits for it."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from triggerflow_chassis.errors import (
    BY_REASON,
    AlreadyEnded,
    Deadline,
    IdempotencyKeyReused,
    Internal,
    NotFound,
    ServiceError,
    Unavailable,
)
from triggerflow_orchestrator.app.commands import RequestKey
from triggerflow_orchestrator.app.idempotency import KEPT_US, Idempotency, Replayed
from triggerflow_orchestrator.app.units import Kind, Unit
from triggerflow_orchestrator.domain.lease import RequestTaken
from triggerflow_orchestrator.ports import StoredAnswer

RECORD: Any = "what a first call gives"


class Table:
    """The requests, as reads, journal and pruning share them."""

    def __init__(self) -> None:
        self.rows: dict[tuple[str, str, str], StoredAnswer] = {}
        self.now = 10 * KEPT_US
        self.failure: BaseException | None = None

    async def answer(self, project_id: str, request_id: str, method: str) -> StoredAnswer | None:
        await asyncio.sleep(0)
        return self.rows.get((project_id, request_id, method))

    def submit(self, unit: Unit) -> None:
        if self.failure is None:
            for kind, (project_id, request_id, method, *rest) in unit.rows:
                assert kind is Kind.REQUEST
                self.rows.setdefault((project_id, request_id, method), StoredAnswer(*rest))
        asyncio.get_running_loop().call_soon(unit.done, self.failure)

    async def forget_answers(self, before_us: int) -> int:
        old = [name for name, row in self.rows.items() if row.created_at < before_us]
        for name in old:
            del self.rows[name]
        return len(old)

    def answered(self, key: RequestKey, response: bytes) -> None:
        name = (key.project_id, key.request_id, key.method)
        self.rows.setdefault(name, StoredAnswer(key.fingerprint, response, None, self.now))


def _key(fingerprint: str = "print", request_id: str = "key", method: str = "Start") -> RequestKey:
    return RequestKey("project", request_id, method, fingerprint, lambda record: b"")


def _decode(stored: bytes) -> ServiceError:
    reason, detail = stored.decode().split(":")
    return BY_REASON[reason].rebuild(detail, (), {})


@pytest.fixture
def table() -> Table:
    return Table()


@pytest.fixture
def idempotency(table: Any) -> Idempotency:
    return Idempotency(
        table,
        table,
        table,
        lambda: table.now,
        lambda error: f"{error.reason}:{error.detail}".encode(),
        _decode,
    )


class Work:
    """Counts how often it was done, and answers or refuses as told."""

    def __init__(self, table: Table, key: RequestKey | None, outcome: Any = b"first") -> None:
        self.table, self.key, self.outcome = table, key, outcome
        self.count = 0
        self.begun = asyncio.Event()
        self.may_end = asyncio.Event()
        self.may_end.set()

    async def __call__(self) -> Any:
        self.count += 1
        self.begun.set()
        await self.may_end.wait()
        if isinstance(self.outcome, BaseException):
            raise self.outcome
        if self.key is not None:
            self.table.answered(self.key, self.outcome)
        return RECORD


async def test_without_a_key_every_call_is_made(idempotency: Idempotency, table: Table) -> None:
    work = Work(table, None)
    await idempotency.once(None, work)
    await idempotency.once(None, work)
    assert (work.count, table.rows) == (2, {})


async def test_the_second_call_gets_the_first_answer(idempotency: Idempotency, table: Table) -> None:
    work = Work(table, _key())
    assert await idempotency.once(_key(), work) == RECORD
    assert await idempotency.once(_key(), work) == Replayed(b"first")
    assert work.count == 1


async def test_another_body_under_the_same_key_is_refused(idempotency: Idempotency, table: Table) -> None:
    work = Work(table, _key())
    await idempotency.once(_key(), work)
    with pytest.raises(IdempotencyKeyReused):
        await idempotency.once(_key("other"), work)
    assert work.count == 1


async def test_another_key_or_method_is_another_request(idempotency: Idempotency, table: Table) -> None:
    for key in (_key(), _key(request_id="KEY"), _key(method="Cancel")):
        assert await idempotency.once(key, Work(table, key)) == RECORD


async def test_a_concurrent_call_waits_and_gets_the_same(idempotency: Idempotency, table: Table) -> None:
    work = Work(table, _key())
    work.may_end.clear()
    first = asyncio.create_task(idempotency.once(_key(), work))
    await work.begun.wait()
    second = asyncio.create_task(idempotency.once(_key(), work))
    other_body = asyncio.create_task(idempotency.once(_key("other"), work))
    for _ in range(10):
        await asyncio.sleep(0)
    assert not second.done() and not other_body.done()
    work.may_end.set()
    assert (await first, await second) == (RECORD, Replayed(b"first"))
    with pytest.raises(IdempotencyKeyReused):
        await other_body
    assert work.count == 1
    assert idempotency._turns == {}


async def test_a_refusal_is_replayed_as_it_was(idempotency: Idempotency, table: Table) -> None:
    work = Work(table, _key(), AlreadyEnded("It ended."))
    for _ in range(2):
        with pytest.raises(AlreadyEnded, match="It ended"):
            await idempotency.once(_key(), work)
    with pytest.raises(IdempotencyKeyReused):
        await idempotency.once(_key("other"), work)
    assert work.count == 1


@pytest.mark.parametrize("error", [Internal(), Unavailable(), Deadline(), RuntimeError("a defect")])
async def test_what_may_go_better_next_time_is_not_kept(
    idempotency: Idempotency, table: Table, error: Exception
) -> None:
    with pytest.raises(type(error)):
        await idempotency.once(_key(), Work(table, _key(), error))
    assert await idempotency.once(_key(), Work(table, _key())) == RECORD


async def test_a_refusal_that_cannot_be_kept_is_told_all_the_same(idempotency: Idempotency, table: Table) -> None:
    table.failure = Unavailable("disk full")
    with pytest.raises(NotFound):
        await idempotency.once(_key(), Work(table, _key(), NotFound("execution", "x")))


async def test_a_caller_that_hangs_up_stops_nothing(idempotency: Idempotency, table: Table) -> None:
    work = Work(table, _key())
    work.may_end.clear()
    caller = asyncio.create_task(idempotency.once(_key(), work))
    await work.begun.wait()
    caller.cancel()
    with pytest.raises(asyncio.CancelledError):
        await caller
    work.may_end.set()
    assert await idempotency.once(_key(), work) == Replayed(b"first")
    assert work.count == 1
    await idempotency.close()


async def test_after_a_day_the_key_is_free_again(idempotency: Idempotency, table: Table) -> None:
    work = Work(table, _key())
    await idempotency.once(_key(), work)
    table.now += KEPT_US
    assert await idempotency.once(_key(), work) == Replayed(b"first")
    table.now += 1
    assert await idempotency.once(_key("other"), Work(table, _key("other"), b"second")) == RECORD
    assert await idempotency.once(_key("other"), work) == Replayed(b"second")
    assert work.count == 1


async def test_where_another_process_was_first_its_answer_is_given(table: Any, idempotency: Idempotency) -> None:
    key = _key()

    async def too_late() -> Any:
        table.answered(key, b"theirs")  # by another process, while this one worked
        raise RequestTaken(key.request_id)

    assert await idempotency.once(key, too_late) == Replayed(b"theirs")


async def test_a_refusal_that_another_process_answered_first_gives_that_answer(
    table: Any, idempotency: Idempotency
) -> None:
    key = _key()
    table.failure = RequestTaken(key.request_id)

    async def refused() -> Any:
        table.answered(key, b"theirs")
        raise AlreadyEnded

    assert await idempotency.once(key, refused) == Replayed(b"theirs")


async def test_another_bodys_answer_is_not_given_to_who_came_second(table: Any, idempotency: Idempotency) -> None:
    key = _key()

    async def too_late() -> Any:
        table.answered(_key("another print"), b"theirs")
        raise RequestTaken(key.request_id)

    with pytest.raises(IdempotencyKeyReused):
        await idempotency.once(key, too_late)

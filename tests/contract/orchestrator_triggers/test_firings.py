"""What firings promise, over each database: written once, started once, decided by one replica at a time."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from sqlalchemy import insert, update
from triggerflow_orchestrator.app.firing_ports import Offer
from triggerflow_orchestrator.domain.admission import Limits, Rate, limits_of
from triggerflow_orchestrator.ports import Position
from triggerflow_orchestrator.store.firings import SqlFirings
from triggerflow_orchestrator.store.tables import executions, firings

PROJECT = "00000000-0000-7000-8000-000000000001"


@pytest.fixture
def store(database: Any) -> SqlFirings:
    return SqlFirings(database)


class Came:
    """Brings things to one trigger, and says what became of them."""

    def __init__(self, database: Any, store: SqlFirings, trigger: Any) -> None:
        self._database = database
        self._store = store
        self.trigger = trigger
        self.limits: Limits = limits_of(trigger.config, trigger.most_of_flow)
        self.ids: list[str] = []

    async def bring(self, *keys: str) -> None:
        for key in keys:
            offer = Offer(self.trigger, f"r{len(self.ids)}", "{}", key)
            (firing,) = await self._store.offer([offer], durable=False)
            self.ids.append(firing.id)

    async def admit(self) -> int:
        return await self._store.admit(self.trigger.flow_id, self.trigger.node_id, self.limits)

    async def statuses(self) -> list[str]:
        return [(await self.at(place)).status for place in range(len(self.ids))]

    async def at(self, place: int) -> Any:
        return await self._store.firing(self.ids[place])

    async def start(self) -> list[str]:
        """Start what is ready: its runs go on until `end`. Their firings, in order."""
        claimed = await self._store.claim(100, 30)
        for firing in claimed:
            run = f"run of {firing.id}"
            await self.run(run)
            await self._store.started(firing, run)
        return [firing.id for firing in claimed]

    async def run(self, execution_id: str) -> None:
        async with self._database.change() as connection:
            await connection.execute(
                insert(executions).values(
                    id=execution_id, project_id=PROJECT, principal="p", flow_id=self.trigger.flow_id, flow_name="F",
                    version="1", content_hash="h", status="running", priority=1, inputs="{}", outputs="{}",
                    context="{}", options="{}", epoch=1, created_at=1,
                )
            )  # fmt: skip

    async def end(self, place: int) -> None:
        async with self._database.change() as connection:
            of = executions.c.id == f"run of {self.ids[place]}"
            await connection.execute(update(executions).where(of).values(ended_at=2, status="succeeded"))

    async def pass_time(self, seconds: float) -> None:
        """As if everything had happened so much earlier."""
        by = round(seconds * 1_000_000)
        columns = {name: firings.c[name] - by for name in ("created_at", "decided_at", "look_at")}
        async with self._database.change() as connection:
            await connection.execute(update(firings).values(**columns))


@pytest.fixture
def came(database: Any, book: Any, make: Any, store: SqlFirings) -> Any:
    async def trigger_with(most_at_once: int | None = None, **limits: Any) -> Came:
        config = {"limits": limits} if limits else {}
        flow = make.flow("f1", make.node("n1", kind="core:channel", key="c", **config))
        from dataclasses import replace

        await book.take(None, "e1", [replace(flow, most_at_once=most_at_once)])
        return Came(database, store, await book.trigger(PROJECT, "f1", "n1"))

    return trigger_with


async def test_what_comes_without_limits_is_ready_and_taken_by_one(came: Any, store: Any) -> None:
    one = await came()
    await one.bring("", "")
    taken = await asyncio.gather(*(store.claim(1, 30) for _ in range(6)))
    assert sorted(firing.id for some in taken for firing in some) == sorted(one.ids)
    assert await store.claim(10, 30) == []


async def test_a_request_id_counts_once(came: Any, store: Any) -> None:
    one = await came()
    offers = [Offer(one.trigger, "same", '{"first": true}'), Offer(one.trigger, "same", "{}")]
    first, second = await store.offer(offers, durable=True)
    assert first == second and first.inputs_json == '{"first": true}'
    together = await asyncio.gather(*(store.offer(offers[1:], durable=False) for _ in range(5)))
    assert {some[0].id for some in together} == {first.id}


async def test_what_was_claimed_and_not_settled_is_there_again(came: Any, store: Any) -> None:
    one = await came()
    await one.bring("")
    assert len(await store.claim(1, 30)) == 1
    await one.pass_time(31)
    (again,) = await store.claim(1, 30)
    await store.started(again, "run 1")
    await store.started(again, "run 2")
    await store.dropped(again.id, "too late")
    found = await one.at(0)
    assert (found.status, found.execution_id, found.reason) == ("started", "run 1", None)


async def test_what_is_let_go_of_waits_its_time(came: Any, store: Any) -> None:
    one = await came()
    await one.bring("")
    (firing,) = await store.claim(1, 30)
    await store.later(firing.id, 5)
    assert await store.claim(1, 30) == [] and 4 < await store.next_in() <= 5
    await one.pass_time(5)
    assert len(await store.claim(1, 30)) == 1


async def test_debounced_only_the_last_of_a_key_starts_once_it_is_quiet(came: Any) -> None:
    one = await came(debounceSeconds=10)
    await one.bring("a", "b", "a")
    await one.admit()
    assert await one.statuses() == ["dropped", "held", "held"]
    assert (await one.at(0)).reason == "debounce: another came after it"
    await one.pass_time(9)
    await one.bring("b")
    await one.admit()
    assert await one.statuses() == ["dropped", "dropped", "held", "held"]
    await one.pass_time(2)
    await one.admit()
    assert await one.statuses() == ["dropped", "dropped", "ready", "held"]


async def test_debounced_what_was_quiet_and_waits_for_a_place_stays_whatever_comes(came: Any, store: Any) -> None:
    one = await came(debounceSeconds=10, singleton="queue")
    await one.bring("")
    await one.pass_time(11)
    await one.admit()
    await one.start()
    await one.bring("")
    await one.pass_time(11)
    await one.admit()
    assert (await one.at(1)).reason == "concurrency: 1 of 1 runs go on"
    await one.bring("", "")
    await one.admit()
    assert await one.statuses() == ["started", "held", "dropped", "held"]
    await one.end(0)
    await one.pass_time(11)
    await one.admit()
    assert await one.statuses() == ["started", "ready", "dropped", "held"]
    assert (await one.at(3)).reason == "concurrency: 1 of 1 runs go on"


async def test_debounced_what_was_quiet_before_anybody_looked_is_not_replaced(came: Any) -> None:
    one = await came(debounceSeconds=10)
    await one.bring("")
    await one.pass_time(11)
    await one.bring("")
    await one.admit()
    assert await one.statuses() == ["ready", "held"]


async def test_throttled_what_is_more_waits(came: Any, store: Any) -> None:
    one = await came(throttle={"count": 2, "seconds": 60})
    await one.bring("", "", "")
    await one.admit()
    assert await one.statuses() == ["ready", "ready", "held"]
    assert (await one.at(2)).reason == "throttle: 2 starts within 60 s"
    await one.start()
    assert 55 < await store.next_in() <= 60
    await one.pass_time(61)
    await one.admit()
    assert await one.statuses() == ["started", "started", "ready"]


async def test_over_the_rate_what_is_more_is_dropped_by_key(came: Any) -> None:
    one = await came(rateLimit={"count": 1, "seconds": 60}, key="inputs.k")
    await one.bring("a", "a", "b")
    await one.admit()
    assert await one.statuses() == ["ready", "dropped", "ready"]
    assert (await one.at(1)).reason == "rate limit: 1 starts within 60 s"
    await one.pass_time(61)
    await one.bring("a")
    await one.admit()
    assert (await one.statuses())[3] == "ready"


async def test_one_at_a_time_the_next_waits_for_the_end(came: Any, store: Any) -> None:
    one = await came(singleton="queue")
    await one.bring("", "")
    await one.admit()
    assert await one.statuses() == ["ready", "held"]
    await one.start()
    await one.admit()
    assert await one.statuses() == ["started", "held"]
    await one.end(0)
    assert await store.held_of("f1") == [(PROJECT, "f1", "n1")]
    await one.admit()
    assert await one.statuses() == ["started", "ready"]


async def test_more_than_so_many_at_once_are_dropped(came: Any) -> None:
    one = await came(concurrency={"count": 2, "surplus": "drop"})
    await one.bring("", "", "")
    await one.admit()
    assert await one.statuses() == ["ready", "ready", "dropped"]
    assert (await one.at(2)).reason == "concurrency: 2 of 2 runs go on"


async def test_the_oldest_ends_for_the_newest(came: Any, store: Any) -> None:
    one = await came(concurrency={"count": 1, "surplus": "cancelOldest"})
    await one.bring("")
    await one.admit()
    await one.start()
    await one.bring("")
    await one.admit()
    (claimed,) = await store.claim(10, 30)
    assert claimed.id == one.ids[1] and claimed.cancels == (one.ids[0],)


async def test_the_flow_has_so_many_runs_at_most_whoever_starts_them(came: Any, store: Any) -> None:
    one = await came(most_at_once=2)
    await one.run("by hand")
    assert await store.reserve(PROJECT, "f1", 1) is None
    place = await store.reserve(PROJECT, "f1", 2)
    assert place is not None and await store.reserve(PROJECT, "f1", 2) is None
    await one.bring("")
    await one.admit()
    assert await one.statuses() == ["held"]
    assert (await one.at(0)).reason == "concurrency of the flow: 2 of 2 runs go on"
    await store.release(place)
    await one.admit()
    assert await one.statuses() == ["ready"]


async def test_a_place_whose_owner_is_gone_is_free_again(came: Any, store: Any) -> None:
    one = await came()
    place = await store.reserve(PROJECT, "f1", 1)
    assert await store.claim(10, 30) == []
    await one.pass_time(31)
    assert [firing.id for firing in await store.claim(10, 30)] == [place]


async def test_of_many_replicas_one_lets_through_no_more_than_the_limit(came: Any) -> None:
    one = await came(concurrency={"count": 3, "surplus": "queue"})
    await asyncio.gather(*(one.bring(*[""] * 5) for _ in range(1)))
    await asyncio.gather(*(one.admit() for _ in range(8)))
    assert (await one.statuses()).count("ready") == 3


async def test_each_key_has_the_limits_to_itself_and_none_stands_in_anothers_way(came: Any) -> None:
    one = await came(singleton="queue", key="inputs.k")
    await one.bring(*["a"] * 60, "b")
    await one.admit()
    found = await one.statuses()
    assert found[0] == found[-1] == "ready" and set(found[1:-1]) == {"held"}


async def test_what_waits_is_looked_at_again_within_a_second_and_not_all_the_time(came: Any, store: Any) -> None:
    one = await came(singleton="queue")
    await one.bring(*[""] * 60)
    await one.admit()
    await one.start()
    await one.admit()
    assert await store.undecided(10) == []
    assert 0 < await store.next_in() <= 1
    await one.pass_time(2)
    assert await store.undecided(10) == [(PROJECT, "f1", "n1")]


async def test_history_is_paged_newest_first_and_old_drops_are_forgotten(came: Any, store: Any) -> None:
    one = await came(rateLimit={"count": 1, "seconds": 60})
    await one.bring("", "", "")
    await one.admit()
    await one.start()
    dropped = await store.history(PROJECT, "f1", "n1", ["dropped"], None, 1)
    assert [each.id for each in dropped] == [one.ids[2]]
    after = Position(dropped[0].due_at, dropped[0].id)
    rest = await store.history(PROJECT, "f1", "n1", ["dropped"], after, 5)
    assert [each.id for each in rest] == [one.ids[1]]
    assert await store.forget(2**62) == 2
    assert await store.history(PROJECT, "f1", "n1", ["dropped", "started"], None, 5) == [await one.at(0)]


def test_a_limit_is_none_where_nothing_is_limited() -> None:
    assert not limits_of({}, None).any and not limits_of({"limits": {"key": "inputs.a"}}, None).any
    assert limits_of({}, 3).any
    assert limits_of({"limits": {"throttle": {"count": 2.0, "seconds": 5}}}, None).throttle == Rate(2, 5)

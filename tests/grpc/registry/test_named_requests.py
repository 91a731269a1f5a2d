"""A mutation with a request id happens once, whatever becomes of its caller."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from triggerflow.registry.v1 import registry_service_pb2 as pb
from triggerflow_chassis.bus import FLOW_EVENTS
from triggerflow_chassis.errors import (
    Deadline,
    IdempotencyKeyReused,
    Invalid,
    NotFound,
    Running,
    StaleEtag,
    Unavailable,
)
from triggerflow_chassis.wire import flow as wire

BACKENDS = ["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)]
pytestmark = pytest.mark.parametrize("house", BACKENDS, indirect=True)

NOWHERE = "00000000-0000-7000-8000-00000000dead"


async def test_the_same_request_gives_the_same_answer_and_makes_one_flow(caller: Any, pencil: Any) -> None:
    first = await caller.create(pencil.chain(), request_id="key")
    await caller.update(first.id, {"name": "Changed since"}, "*")
    assert await caller.create(pencil.chain(), request_id="key") == first
    assert len((await caller.flows()).flows) == 1


async def test_many_at_once_wait_for_the_first(caller: Any, house: Any, pencil: Any) -> None:
    made = await asyncio.gather(*(caller.create(pencil.chain(), request_id="key") for _ in range(10)))
    assert {flow.id for flow in made} == {made[0].id}
    assert len((await caller.flows()).flows) == 1
    assert len(house.told) == 1


async def test_without_a_name_each_request_is_another(caller: Any) -> None:
    assert (await caller.create({"name": "A"})).id != (await caller.create({"name": "A"})).id


async def test_the_order_of_members_makes_no_other_request(caller: Any, pencil: Any) -> None:
    flow = wire.flow_from_json(pencil.chain())
    flow.nodes[1].handlers["main"].config_json = '{"a": 1, "b": {"c": 2, "d": 3}}'
    first = (await caller.ask(caller.stub.CreateFlow(pb.CreateFlowRequest(flow=flow, request_id="key")))).flow
    flow.nodes[1].handlers["main"].config_json = '{"b":{"d":3,"c":2},"a":1}'
    again = (await caller.ask(caller.stub.CreateFlow(pb.CreateFlowRequest(flow=flow, request_id="key")))).flow
    assert again == first


async def test_a_name_used_for_another_request_is_refused(caller: Any) -> None:
    made = await caller.create({"name": "A"}, request_id="key")
    for other in (
        caller.create({"name": "B"}, request_id="key"),
        caller.update(made.id, {"name": "A"}, "*", request_id="key"),
        caller.publish(made.id, request_id="key"),
        caller.delete(made.id, "*", request_id="key"),
    ):
        assert isinstance(await caller.refusal(other), IdempotencyKeyReused)
    assert (await caller.get(made.id)).name == "A"


async def test_a_refusal_is_given_again_with_all_it_said(caller: Any, pencil: Any) -> None:
    body = pencil.chain()
    body["edges"].append(pencil.edge(3, 8, 9))
    first = await caller.refusal(caller.create(body, request_id="key"))
    again = await caller.refusal(caller.create(body, request_id="key"))
    assert isinstance(again, Invalid)
    assert (again.detail, again.violations) == (first.detail, first.violations)
    made = await caller.create({"name": "A"})
    stale = await caller.refusal(caller.update(made.id, {"name": "B"}, "old", request_id="stale"))
    now = await caller.update(made.id, {"name": "C"}, "*")
    replayed = await caller.refusal(caller.update(made.id, {"name": "B"}, "old", request_id="stale"))
    assert isinstance(replayed, StaleEtag)
    assert replayed.current_etag == stale.current_etag == made.etag != now.etag


async def test_a_replayed_delete_asks_nobody_and_finds_nothing_missing(caller: Any, house: Any) -> None:
    made = await caller.create({"name": "A"})
    await caller.delete(made.id, made.etag, request_id="key")
    await caller.delete(made.id, made.etag, request_id="key")
    assert len(house.runs.asked) == 1
    assert isinstance(await caller.refusal(caller.delete(made.id, made.etag)), NotFound)


async def test_a_delete_refused_while_it_ran_is_refused_again(caller: Any, house: Any) -> None:
    made = await caller.create({"name": "A"})
    house.runs.running.add(made.id)
    assert isinstance(await caller.refusal(caller.delete(made.id, "*", request_id="key")), Running)
    house.runs.running.clear()
    assert isinstance(await caller.refusal(caller.delete(made.id, "*", request_id="key")), Running)
    await caller.delete(made.id, "*", request_id="another key")


async def test_what_only_passes_is_not_kept(caller: Any, house: Any) -> None:
    made = await caller.create({"name": "A"})
    house.runs.down = True
    assert isinstance(await caller.refusal(caller.delete(made.id, "*", request_id="key")), Unavailable)
    house.runs.down = False
    await caller.delete(made.id, "*", request_id="key")


async def test_nodes_and_versions_are_made_once_too(caller: Any, pencil: Any) -> None:
    made = await caller.create(pencil.chain())
    put = await caller.put_node(made.id, pencil.node(9), create_only=True, request_id="put")
    assert await caller.put_node(made.id, pencil.node(9), create_only=True, request_id="put") == put
    published = await caller.publish(made.id, "m", request_id="publish")
    assert published.created
    assert await caller.publish(made.id, "m", request_id="publish") == published
    await caller.delete_node(made.id, pencil.id(9), "*", request_id="delete")
    await caller.delete_node(made.id, pencil.id(9), "*", request_id="delete")


async def test_answers_outlive_a_restart(caller: Any, house: Any) -> None:
    made = await caller.create({"name": "A"}, request_id="key")
    await house.close()
    caller = await house.open()
    assert await caller.create({"name": "A"}, request_id="key") == made


async def test_an_answer_is_given_again_for_a_day_and_then_no_more(folder: Any, house: Any) -> None:
    day = 24 * 3_600 * 1_000_000
    now = 1_800_000_000_000_000
    house.clock = lambda: now
    caller = await house.open()
    made = await caller.create({"name": "A"}, request_id="key")
    now += day
    assert await caller.create({"name": "A"}, request_id="key") == made
    now += 1
    assert (await caller.create({"name": "A"}, request_id="key")).id != made.id


async def test_a_change_goes_on_when_its_caller_hangs_up(house: Any, pencil: Any) -> None:
    caller = await house.open(busy_ms=10_000)
    done = asyncio.Event()
    house.bus.subscribe(FLOW_EVENTS, None, lambda _items: done.set())
    request = pb.CreateFlowRequest(flow=wire.flow_from_json(pencil.chain("Mine")), request_id="key")
    async with house.locked():
        # The change waits for the lock longer than its caller does.
        assert isinstance(await caller.refusal(caller.ask(caller.stub.CreateFlow(request, timeout=0.5))), Deadline)
        assert not done.is_set()
    await asyncio.wait_for(done.wait(), 10)
    made = await caller.create(pencil.chain("Mine"), request_id="key")
    assert [flow.id for flow in (await caller.flows()).flows] == [made.id]
    assert len(house.told) == 1

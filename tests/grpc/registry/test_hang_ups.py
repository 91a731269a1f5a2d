"""Callers that leave at any moment take nothing with them: neither a connection nor half a change."""

from __future__ import annotations

import asyncio
import random
from typing import Any

import pytest
from triggerflow.registry.v1 import registry_service_pb2 as pb
from triggerflow_chassis.errors import ServiceError

BACKENDS = ["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)]
pytestmark = pytest.mark.parametrize("house", BACKENDS, indirect=True)


async def test_reads_cut_off_at_any_moment_leave_every_connection_usable(caller: Any, pencil: Any) -> None:
    chance = random.Random(7)
    made = await caller.create(pencil.chain())

    async def hang_up() -> None:
        request = pb.GetFlowRequest(flow_id=made.id)
        try:
            # From too short to be received, to longer than it takes.
            await caller.ask(caller.stub.GetFlow(request, timeout=chance.uniform(0.0001, 0.02)))
        except ServiceError as error:
            assert error.reason == "DEADLINE"

    for _ in range(15):
        await asyncio.gather(*(hang_up() for _ in range(20)))
    answers = await asyncio.wait_for(asyncio.gather(*(caller.get(made.id) for _ in range(20))), 10)
    assert answers == [made] * 20


async def test_writes_cut_off_at_any_moment_happen_whole_or_not_at_all(caller: Any, house: Any) -> None:
    chance = random.Random(7)
    made = await caller.create({"name": "0"})

    async def hang_up(number: int) -> None:
        flow = pb.UpdateFlowRequest(etag="*")
        flow.flow.id, flow.flow.name = made.id, str(number)
        try:
            await caller.ask(caller.stub.UpdateFlow(flow, timeout=chance.uniform(0.0001, 0.05)))
        except ServiceError as error:
            assert error.reason == "DEADLINE"

    for round in range(10):
        await asyncio.gather(*(hang_up(1 + round * 20 + number) for number in range(20)))
    last = await asyncio.wait_for(caller.update(made.id, {"name": "last"}, "*"), 10)
    assert await caller.get(made.id) == last
    # As many events as changes, told in the order they are kept.
    events = await caller.events()
    assert [event.id for event in events] == [item["id"] for item in house.told]
    assert 2 <= len(events) <= 202

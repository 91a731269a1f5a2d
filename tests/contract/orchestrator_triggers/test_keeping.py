"""Replicas keep one book in step with a registry, whatever it or they do meanwhile."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack
from typing import Any

import pytest
from triggerflow_chassis.bus import FLOW_EVENTS, InProcessBus
from triggerflow_chassis.errors import CursorExpired, Unavailable
from triggerflow_chassis.lifecycle import open_task
from triggerflow_orchestrator.app.keep_triggers import KeepTriggers
from triggerflow_orchestrator.domain.execution import FlowEvent
from triggerflow_orchestrator.domain.trigger import ActiveFlow

PROJECT = "00000000-0000-7000-8000-000000000001"


class Registry:
    """Flows with a log, as the registry tells of them: `ports.FlowLog` and `ActiveFlows`."""

    def __init__(self, bus: InProcessBus) -> None:
        self.bus = bus
        self.flows: dict[str, ActiveFlow] = {}
        self.log: list[FlowEvent] = []
        self.pruned_to = ""
        self.away = False
        self.read_whole = 0
        self.triggers_read: list[str] = []

    def change(self, flow: ActiveFlow) -> None:
        self.flows[flow.flow_id] = flow
        event = FlowEvent(f"{len(self.log) + 1:06}", "flow.published", 0, PROJECT, flow.flow_id)
        self.log.append(event)
        self.bus.publish(FLOW_EVENTS, PROJECT, [{"id": event.id}])

    async def read(self, after: str, limit: int) -> Sequence[FlowEvent]:
        self._answer()
        if after and after < self.pruned_to:
            raise CursorExpired
        return [event for event in self.log if event.id > max(after, self.pruned_to)][:limit]

    async def flow_ids(self) -> Sequence[str]:
        self._answer()
        self.read_whole += 1
        return [flow.flow_id for flow in self.flows.values() if flow.version is not None]

    async def active(self, flow_id: str, known_version: str | None) -> ActiveFlow:
        self._answer()
        flow = self.flows[flow_id]
        if flow.version is None or flow.version != known_version:
            self.triggers_read.append(flow_id)
            return flow
        return ActiveFlow(flow.project_id, flow_id, flow.name, flow.version)

    def _answer(self) -> None:
        if self.away:
            raise Unavailable("The registry is away.")


@pytest.fixture
def registry() -> Registry:
    return Registry(InProcessBus())


@pytest.fixture
async def replicas(book: Any, registry: Registry) -> AsyncIterator[Any]:
    """Start replicas over the one book."""
    async with AsyncExitStack() as stack:

        async def start(*, bus_is_sure: bool = True) -> KeepTriggers:
            keep = KeepTriggers(registry, registry, book, registry.bus, idle_seconds=30, bus_is_sure=bus_is_sure)
            await stack.enter_async_context(open_task("keep", keep.run))
            return keep

        yield start


async def keys(book: Any) -> list[str]:
    return [each.key for each in await book.of_kinds({"core:webhook"})]


async def test_flows_published_before_the_first_start_are_there(
    book: Any, registry: Registry, replicas: Any, make: Any
) -> None:
    for number in range(20):
        registry.change(make.flow(f"f{number:02}", make.node("n", key=f"p{number:02}")))
    registry.pruned_to = "000015"
    keep = await replicas()
    await keep.abreast()
    assert await keys(book) == [f"p{number:02}" for number in range(20)]


async def test_a_change_is_there_once_who_made_it_asks(book: Any, registry: Registry, replicas: Any, make: Any) -> None:
    keep = await replicas()
    for version in ("1", "2", "3"):
        registry.change(make.flow("f1", make.node("n", key=f"v{version}"), version=version))
        # Asked in the middle of taking it in, as well as before.
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        await keep.abreast()
        assert await keys(book) == [f"v{version}"]
    registry.change(make.gone("f1"))
    await keep.abreast()
    assert await keys(book) == []


async def test_a_bus_that_may_lose_words_is_not_trusted(
    book: Any, registry: Registry, replicas: Any, make: Any
) -> None:
    keep = await replicas(bus_is_sure=False)
    await keep.abreast()
    registry.bus = InProcessBus()  # nobody listens to this one
    registry.change(make.flow("f1", make.node("n", key="orders")))
    await keep.abreast()
    assert await keys(book) == ["orders"]


async def test_replicas_do_not_undo_each_other(book: Any, registry: Registry, replicas: Any, make: Any) -> None:
    keeps = [await replicas(bus_is_sure=False) for _ in range(4)]
    for version in range(1, 31):
        registry.change(make.flow("f1", make.node("n", key=f"v{version}"), version=str(version)))
        if version % 3 == 0:
            await asyncio.gather(*(keep.abreast() for keep in keeps))
            assert await keys(book) == [f"v{version}"]
    assert await book.position() == registry.log[-1].id


async def test_a_saved_draft_reads_no_triggers_again(book: Any, registry: Registry, replicas: Any, make: Any) -> None:
    keep = await replicas()
    registry.change(make.flow("f1", make.node("n", key="orders")))
    await keep.abreast()
    for _ in range(5):
        registry.change(registry.flows["f1"])
        await keep.abreast()
    assert registry.triggers_read == ["f1"]


async def test_a_log_pruned_past_the_position_is_begun_again(
    book: Any, registry: Registry, replicas: Any, make: Any
) -> None:
    await book.take(None, "000001", [make.flow("old", make.node("n", key="old"))])
    for number in range(5):
        registry.change(make.flow("f1", make.node("n", key=f"v{number}"), version=str(number)))
    registry.pruned_to = "000004"
    keep = await replicas()
    await keep.abreast()
    assert await keys(book) == ["v4"]


async def test_a_registry_that_is_away_holds_nobody_up_for_long_and_is_asked_again(
    book: Any, registry: Registry, replicas: Any, make: Any
) -> None:
    keep = await replicas()
    registry.change(make.flow("f1", make.node("n", key="orders")))
    await keep.abreast()
    registry.away = True
    registry.change(make.flow("f1", make.node("n", key="moved"), version="2"))
    async with asyncio.timeout(5):
        await keep.abreast()
    assert await keys(book) == ["orders"]
    registry.away = False
    async with asyncio.timeout(5):
        while await keys(book) != ["moved"]:
            await keep.abreast()


async def test_whoever_listens_is_told_of_each_change_taken(
    book: Any, registry: Registry, replicas: Any, make: Any
) -> None:
    keep = await replicas()
    await keep.abreast()
    told = asyncio.Event()
    keep.on_change(told.set)
    registry.change(make.flow("f1", make.node("n", key="orders")))
    async with asyncio.timeout(5):
        await told.wait()
    assert await keys(book) == ["orders"]

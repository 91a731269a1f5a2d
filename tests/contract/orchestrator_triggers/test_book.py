"""What a trigger book promises, over each database."""

from __future__ import annotations

import asyncio
from typing import Any

from triggerflow_orchestrator.domain.trigger import HOOK_KINDS

PROJECT = "00000000-0000-7000-8000-000000000001"
OTHER = "00000000-0000-7000-8000-000000000002"


async def test_an_untouched_book_has_no_position_and_no_triggers(book: Any) -> None:
    assert await book.position() is None
    assert await book.of_kinds(HOOK_KINDS) == []
    assert await book.trigger(PROJECT, "f", "n") is None


async def test_what_is_taken_is_found_by_flow_node_kind_and_key(book: Any, make: Any) -> None:
    hook = make.node("n1", key="orders", answer="sync")
    clock = make.node("n2", kind="core:schedule", cron="* * * * *")
    assert await book.take(None, "e1", [make.flow("f1", hook, clock, name="Orders")])

    assert await book.position() == "e1"
    found = await book.trigger(PROJECT, "f1", "n1")
    assert (found.kind, found.key, found.config) == ("core:webhook", "orders", {"answer": "sync"})
    assert (found.flow_name, found.node_name, found.version, found.paused) == ("Orders", "Node n1", "1", False)
    assert [each.node_id for each in await book.of_flow(PROJECT, "f1")] == ["n1", "n2"]
    assert [each.node_id for each in await book.of_kinds({"core:schedule"})] == ["n2"]
    assert [each.node_id for each in await book.found_by(PROJECT, HOOK_KINDS, "orders")] == ["n1"]
    assert await book.found_by(PROJECT, {"core:channel"}, "orders") == []
    assert await book.versions(["f1", "f2"]) == {"f1": "1"}


async def test_another_project_sees_nothing(book: Any, make: Any) -> None:
    await book.take(None, "e1", [make.flow("f1", make.node("n1", key="orders"))])
    assert await book.trigger(OTHER, "f1", "n1") is None
    assert await book.of_flow(OTHER, "f1") == []
    assert await book.of_kinds(HOOK_KINDS, OTHER) == []
    assert await book.found_by(OTHER, HOOK_KINDS, "orders") == []
    assert await book.pause(OTHER, "f1", "n1", True) is None
    assert (await book.trigger(PROJECT, "f1", "n1")).paused is False


async def test_a_new_version_replaces_the_triggers_and_keeps_what_stays(book: Any, make: Any) -> None:
    await book.take(None, "e1", [make.flow("f1", make.node("n1", key="a"), make.node("n2", key="b"))])
    before = await book.pause(PROJECT, "f1", "n1", True)
    assert before.paused

    await book.take("e1", "e2", [make.flow("f1", make.node("n1", key="c"), make.node("n3"), version="2")])
    after = await book.trigger(PROJECT, "f1", "n1")
    assert (after.key, after.version, after.paused, after.made_at) == ("c", "2", True, before.made_at)
    assert after.changed_at > before.changed_at
    assert [each.node_id for each in await book.of_flow(PROJECT, "f1")] == ["n1", "n3"]


async def test_a_known_version_changes_the_name_alone(book: Any, make: Any) -> None:
    await book.take(None, "e1", [make.flow("f1", make.node("n1", key="a"))])
    before = await book.trigger(PROJECT, "f1", "n1")
    await book.take("e1", "e2", [make.same("f1", name="Renamed")])
    after = await book.trigger(PROJECT, "f1", "n1")
    assert (after.flow_name, after.key, after.changed_at) == ("Renamed", "a", before.changed_at)


async def test_a_flow_that_is_gone_takes_its_triggers_with_it(book: Any, make: Any) -> None:
    await book.take(None, "e1", [make.flow("f1", make.node("n1")), make.flow("f2", make.node("n1"))])
    await book.take("e1", "e2", [make.gone("f1")])
    assert [each.flow_id for each in await book.of_kinds(HOOK_KINDS)] == ["f2"]


async def test_taken_whole_there_are_no_others(book: Any, make: Any) -> None:
    await book.take(None, "e1", [make.flow("f1", make.node("n1")), make.flow("f2", make.node("n1"))])
    assert await book.take("e1", "e2", [make.flow("f2", make.node("n1"))], whole=True)
    assert [each.flow_id for each in await book.of_kinds(HOOK_KINDS)] == ["f2"]
    assert await book.take("e2", "e3", [], whole=True)
    assert await book.of_kinds(HOOK_KINDS) == []


async def test_who_comes_second_changes_nothing(book: Any, make: Any) -> None:
    assert await book.take(None, "e1", [make.flow("f1", make.node("n1"))])
    assert not await book.take(None, "e2", [make.gone("f1")], whole=True)
    assert not await book.take("e0", "e2", [make.gone("f1")])
    assert await book.position() == "e1"
    assert len(await book.of_flow(PROJECT, "f1")) == 1


async def test_of_many_at_once_one_takes_a_change(book: Any, make: Any) -> None:
    flows = [make.flow("f1", make.node("n1"))]
    assert sum(await asyncio.gather(*(book.take(None, "e1", flows) for _ in range(8)))) == 1
    assert sum(await asyncio.gather(*(book.take("e1", "e2", flows) for _ in range(8)))) == 1


async def test_who_had_a_key_first_comes_first(book: Any, make: Any) -> None:
    await book.take(None, "e1", [make.flow("f9", make.node("n1", key="orders"))])
    await book.take("e1", "e2", [make.flow("f1", make.node("n1", key="orders"))])
    assert [each.flow_id for each in await book.found_by(PROJECT, HOOK_KINDS, "orders")] == ["f9", "f1"]

"""What `triggerflow_registry.ports.Store` promises, asked of every backend."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import pytest
from triggerflow_chassis.errors import NotFound, ServiceError
from triggerflow_registry.domain.flow import UNPUBLISHED, Answer, FlowEventType, FlowId, Heading
from triggerflow_registry.domain.schema import Schema, SchemaType
from triggerflow_registry.ports import FlowPosition, Store

ME = "someone"


class Oops(Exception):
    pass


async def kept(store: Store, *flows: Any) -> None:
    async with store.write() as change:
        for flow in flows:
            await change.add_flow(flow, ME)


async def names(store: Store, project: Any, **asked: Any) -> list[str]:
    said: dict[str, Any] = {"name_has": "", "before": None, "limit": 100} | asked
    async with store.read() as view:
        return [summary.name for summary in await view.flows(project, **said)]


class TestDrafts:
    async def test_a_draft_comes_back_as_it_was_kept(self, store: Store, make: Any) -> None:
        flow = make.flow(1, created_at=2**52 + 1, description="d", settings={"labels": []}, channels=({"a": 1},))
        await kept(store, flow)
        async with store.read() as view:
            assert await view.flow(make.mine, flow.id) == flow

    async def test_a_draft_that_is_not_there_is_none(self, store: Store, make: Any) -> None:
        async with store.read() as view:
            assert await view.flow(make.mine, make.id(1)) is None

    async def test_another_project_sees_nothing(self, store: Store, make: Any) -> None:
        flow = make.flow(1)
        await kept(store, flow)
        async with store.write() as change:
            await change.add_version(make.mine, make.version(flow, 1), ME)
        async with store.read() as view:
            assert await view.flow(make.others, flow.id) is None
            assert await view.version(make.others, flow.id, 1) is None
            assert await view.versions(make.others, flow.id, before=None, limit=9) == []
        assert await names(store, make.others) == []

    async def test_a_draft_is_replaced_whole(self, store: Store, make: Any) -> None:
        flow = make.flow(1, created_at=5)
        await kept(store, flow, make.flow(2))
        changed = replace(make.changed(flow, name="New", nodes=()), updated_at=9)
        async with store.write() as change:
            await change.replace_flow(changed, ME)
        async with store.read() as view:
            assert await view.flow(make.mine, flow.id) == changed
            assert await view.flow(make.mine, make.id(2)) == make.flow(2)

    async def test_a_removed_draft_takes_its_versions_along_and_no_others(self, store: Store, make: Any) -> None:
        gone, stays = make.flow(1), make.flow(2)
        await kept(store, gone, stays)
        async with store.write() as change:
            for flow in (gone, stays):
                await change.add_version(make.mine, make.version(flow, 1), ME)
            await change.add_event(make.event(5), ME)
            await change.remove_flow(make.mine, gone.id)
        async with store.read() as view:
            assert await view.flow(make.mine, gone.id) is None
            assert await view.version(make.mine, gone.id, 1) is None
            assert await view.version(make.mine, stays.id, 1) == make.version(stays, 1)
            assert len(await view.events(make.mine, after="", limit=9)) == 1


class TestLists:
    async def test_flows_come_newest_first_and_by_id_within_a_moment(self, store: Store, make: Any) -> None:
        await kept(store, *[make.flow(i, created_at=t, name=n) for i, t, n in ((1, 7, "c"), (2, 9, "a"), (3, 7, "b"))])
        assert await names(store, make.mine) == ["a", "b", "c"]

    async def test_a_page_goes_on_below_its_place(self, store: Store, make: Any) -> None:
        await kept(store, *[make.flow(i, created_at=i // 2, name=str(i)) for i in range(6)])
        assert await names(store, make.mine, limit=2) == ["5", "4"]
        assert await names(store, make.mine, limit=3, before=FlowPosition(2, make.id(4))) == ["3", "2", "1"]
        # The place may be gone meanwhile.
        assert await names(store, make.mine, before=FlowPosition(1, make.id(99))) == ["3", "2", "1", "0"]

    @pytest.mark.parametrize(
        ("part", "found"),
        [
            ("weather", True),
            ("straße".casefold(), True),
            ("ÄRGER".casefold(), True),
            ("%", False),
            ("_", False),
            ("'", True),
            ("\\", True),
            ("x" * 100_000, False),
        ],
    )
    async def test_names_are_searched_without_case_and_without_patterns(
        self, store: Store, make: Any, part: str, found: bool
    ) -> None:
        await kept(store, make.flow(1, name="The WEATHER in der STRASSE: ärger's \\ end"))
        assert bool(await names(store, make.mine, name_has=part)) == found

    async def test_a_summary_says_what_the_draft_says(self, store: Store, make: Any) -> None:
        flow = make.flow(1, created_at=5, description="d", settings={"timeoutSeconds": 3})
        await kept(store, flow)
        async with store.write() as change:
            await change.add_version(make.mine, make.version(flow, 1), ME)
        async with store.read() as view:
            (summary,) = await view.flows(make.mine, name_has="", before=None, limit=1)
        assert (summary.id, summary.project_id, summary.name) == (flow.id, make.mine, flow.document.name)
        assert (summary.description, summary.settings) == ("d", {"timeoutSeconds": 3})
        assert (summary.etag, summary.latest_version) == (flow.etag, 1)
        assert (summary.created_at, summary.updated_at) == (5, 5)


class TestVersions:
    async def test_a_version_comes_back_with_its_blueprint_and_is_the_latest(self, store: Store, make: Any) -> None:
        flow = make.flow(1)
        await kept(store, flow)
        async with store.write() as change:
            await change.add_version(make.mine, make.version(flow, 1), ME)
        async with store.read() as view:
            assert await view.version(make.mine, flow.id, 1) == make.version(flow, 1)
            assert await view.version(make.mine, flow.id, 2) is None
            draft = await view.flow(make.mine, flow.id)
        assert draft == replace(flow, latest_version=1)

    async def test_the_newest_number_is_told_of_drafts_that_are_there(self, store: Store, make: Any) -> None:
        flow = make.flow(1)
        await kept(store, flow)
        async with store.read() as view:
            assert await view.latest_version(make.mine, flow.id) == UNPUBLISHED
            assert await view.heading(make.mine, flow.id) == Heading(flow.document.name, UNPUBLISHED)
        async with store.write() as change:
            await change.add_version(make.mine, make.version(flow, 1), ME)
            await change.add_version(make.mine, make.version(flow, 2), ME)
        async with store.read() as view:
            assert await view.latest_version(make.mine, flow.id) == 2
            assert await view.latest_version(make.others, flow.id) is None
            assert await view.latest_version(make.mine, make.id(2)) is None
            assert await view.heading(make.mine, flow.id) == Heading(flow.document.name, 2)
            assert await view.heading(make.others, flow.id) is None
            assert await view.heading(make.mine, make.id(2)) is None

    @pytest.mark.parametrize("number", [2**31 - 1, 2**31, 10**18 - 1])
    async def test_a_number_that_no_version_ever_has_is_none(self, store: Store, make: Any, number: int) -> None:
        flow = make.flow(1)
        await kept(store, flow)
        async with store.write() as change:
            await change.add_version(make.mine, make.version(flow, 1), ME)
        async with store.read() as view:
            assert await view.version(make.mine, flow.id, number) is None

    async def test_a_version_stays_when_the_draft_changes(self, store: Store, make: Any) -> None:
        flow = make.flow(1)
        await kept(store, flow)
        async with store.write() as change:
            await change.add_version(make.mine, make.version(flow, 1), ME)
            await change.replace_flow(make.changed(flow, name="New"), ME)
        async with store.read() as view:
            version = await view.version(make.mine, flow.id, 1)
        assert version is not None
        assert version.blueprint == flow.document

    async def test_versions_come_newest_first_without_blueprints(self, store: Store, make: Any) -> None:
        flow = make.flow(1)
        await kept(store, flow)
        async with store.write() as change:
            for number in range(1, 12):
                await change.add_version(make.mine, make.version(flow, number), ME)
        async with store.read() as view:
            first = await view.versions(make.mine, flow.id, before=None, limit=2)
            rest = await view.versions(make.mine, flow.id, before=10, limit=100)
        assert [version.number for version in first] == [11, 10]
        assert [version.number for version in rest] == list(range(9, 0, -1))
        assert {version.blueprint for version in first + rest} == {None}


class TestEvents:
    async def test_events_come_by_rising_id_after_a_cursor(self, store: Store, make: Any) -> None:
        events = [make.event(1), make.event(2, type=FlowEventType.PUBLISHED), make.event(3, deleted=True)]
        async with store.write() as change:
            for event in events:
                await change.add_event(event, ME)
            await change.add_event(make.event(4, project=make.others), ME)
        async with store.read() as view:
            assert await view.events(make.mine, after="", limit=9) == events
            assert await view.events(make.mine, after=events[0].id, limit=1) == [events[1]]
            assert await view.events(make.mine, after=events[2].id, limit=9) == []

    async def test_the_last_event_is_that_of_all_projects(self, store: Store, make: Any) -> None:
        async with store.write() as change:
            assert await change.last_event_id() is None
            await change.add_event(make.event(7), ME)
            await change.add_event(make.event(9, project=make.others), ME)
            assert await change.last_event_id() == make.id(9)

    async def test_the_oldest_events_are_forgotten_and_it_is_known_how_far(self, store: Store, make: Any) -> None:
        async with store.write() as change:
            for number in range(1, 6):
                await change.add_event(make.event(number), ME)
            await change.add_event(make.event(6, project=make.others), ME)
        async with store.write() as change:
            assert await change.forget_events(make.id(6), 3) == 3
        async with store.write() as change:
            assert await change.forget_events(make.id(4), 3) == 0
        async with store.read() as view:
            assert [event.id for event in await view.events(make.mine, after="", limit=9)] == [make.id(4), make.id(5)]
            assert await view.forgotten_up_to(make.mine) == make.id(3)
            assert await view.forgotten_up_to(make.others) == ""
        async with store.write() as change:
            assert await change.forget_events(make.id(7), 9) == 3
        async with store.read() as view:
            assert await view.forgotten_up_to(make.mine) == make.id(5)
            assert await view.forgotten_up_to(make.others) == make.id(6)


class TestAnswers:
    def answer(self, at: int, body: bytes = b"\x00\xff") -> Answer:
        return Answer(method="M", fingerprint="f", body=body, failed=True, created_at=at)

    async def test_an_answer_is_found_by_its_project_and_name_while_it_is_young(self, store: Store, make: Any) -> None:
        async with store.write() as change:
            await change.add_answer(make.mine, "key", self.answer(50), ME)
        async with store.read() as view:
            assert await view.answer(make.mine, "key", 50) == self.answer(50)
            assert await view.answer(make.mine, "key", 51) is None
            assert await view.answer(make.mine, "other", 0) is None
            assert await view.answer(make.others, "key", 0) is None

    async def test_a_new_answer_takes_the_place_of_an_old_one(self, store: Store, make: Any) -> None:
        for at, body in ((50, b"old"), (60, b"new")):
            async with store.write() as change:
                await change.add_answer(make.mine, "key", self.answer(at, body), ME)
        async with store.read() as view:
            assert await view.answer(make.mine, "key", 0) == self.answer(60, b"new")

    async def test_old_answers_are_forgotten(self, store: Store, make: Any) -> None:
        async with store.write() as change:
            await change.add_answer(make.mine, "old", self.answer(49), ME)
            await change.add_answer(make.mine, "young", self.answer(50), ME)
            await change.forget_answers(50)
        async with store.read() as view:
            assert await view.answer(make.mine, "old", 0) is None
            assert await view.answer(make.mine, "young", 0) is not None


class TestChanges:
    async def test_a_change_that_ends_with_an_exception_leaves_nothing(self, store: Store, make: Any) -> None:
        told: list[str] = []
        with pytest.raises(Oops):
            async with store.write() as change:
                await change.add_flow(make.flow(1), ME)
                change.after_commit(lambda: told.append("committed"))
                raise Oops
        assert await names(store, make.mine) == []
        assert told == []

    async def test_nobody_sees_a_change_before_it_is_committed(self, store: Store, make: Any) -> None:
        async with store.write() as change:
            await change.add_flow(make.flow(1), ME)
            assert await names(store, make.mine) == []
            assert await change.flow(make.mine, make.id(1)) is not None
        assert await names(store, make.mine) == ["A flow"]

    async def test_a_view_does_not_move(self, store: Store, make: Any) -> None:
        async with store.read() as view:
            assert await view.flow(make.mine, make.id(1)) is None
            await kept(store, make.flow(1))
            assert await view.flow(make.mine, make.id(1)) is None

    async def test_an_attempt_that_is_refused_leaves_nothing_and_the_rest_commits(
        self, store: Store, make: Any
    ) -> None:
        told: list[str] = []
        async with store.write() as change:
            await change.add_flow(make.flow(1, name="before"), ME)
            with pytest.raises(ServiceError):
                async with change.attempt():
                    await change.add_flow(make.flow(2, name="refused"), ME)
                    change.after_commit(lambda: told.append("refused"))
                    raise NotFound("flow", "x")
            await change.add_flow(make.flow(3, name="after"), ME)
            change.after_commit(lambda: told.append("after"))
        assert sorted(await names(store, make.mine)) == ["after", "before"]
        assert told == ["after"]

    async def test_an_attempt_that_succeeds_is_part_of_the_change(self, store: Store, make: Any) -> None:
        async with store.write() as change, change.attempt():
            await change.add_flow(make.flow(1), ME)
        assert await names(store, make.mine) == ["A flow"]

    async def test_changes_happen_one_after_the_other_and_lose_no_update(self, store: Store, make: Any) -> None:
        await kept(store, make.flow(1, name=""))

        async def append(letter: str) -> None:
            async with store.write() as change:
                flow = await change.flow(make.mine, make.id(1))
                assert flow is not None
                await asyncio.sleep(0)
                await change.replace_flow(make.changed(flow, name=flow.document.name + letter), ME)

        await asyncio.gather(*(append(letter) for letter in "abcdefghij"))
        (name,) = await names(store, make.mine)
        assert sorted(name) == sorted("abcdefghij")

    async def test_changes_are_told_in_the_order_they_were_committed(self, store: Store, make: Any) -> None:
        told: list[FlowId] = []

        async def add(number: int) -> None:
            async with store.write() as change:
                last = await change.last_event_id()
                event = make.event(1 if last is None else int(last[-12:], 16) + 1, flow=number)
                await change.add_event(event, ME)
                change.after_commit(lambda: told.append(event.flow_id))

        await asyncio.gather(*(add(number) for number in range(20)))
        async with store.read() as view:
            assert [event.flow_id for event in await view.events(make.mine, after="", limit=99)] == told

    async def test_what_waits_for_a_commit_happens_before_the_writer_goes_on(self, store: Store, make: Any) -> None:
        told: list[str] = []
        async with store.write() as change:
            await change.add_flow(make.flow(1), ME)
            change.after_commit(lambda: told.append("one"))
            change.after_commit(lambda: told.append("two"))
            assert told == []
        assert told == ["one", "two"]

    async def test_a_store_that_is_open_is_ready(self, store: Store) -> None:
        assert await asyncio.wait_for(store.ready(), 5) is None  # type: ignore[func-returns-value]


def _schema(subject: str, version: int, fingerprint: str) -> Schema:
    return Schema(subject, version, SchemaType.AVRO, fingerprint, f'"text {version}"', 10 + version)


async def test_schemas_are_found_by_version_and_by_fingerprint(store: Any, make: Any) -> None:
    first, second = _schema("b.Event", 1, "aa"), _schema("b.Event", 2, "bb")
    other, theirs = _schema("a.Event", 1, "aa"), _schema("c.Event", 1, "cc")
    async with store.write() as change:
        for schema in (first, second, other):
            await change.add_schema(make.mine, schema, "somebody")
        await change.add_schema(make.others, theirs, "somebody")
    async with store.read() as view:
        assert await view.schema(make.mine, "b.Event", None) == second
        assert await view.schema(make.mine, "b.Event", 1) == first
        assert await view.schema(make.mine, "b.Event", 3) is None
        assert await view.schema(make.mine, "c.Event", None) is None
        assert await view.schema_like(make.mine, "b.Event", "aa") == first
        assert await view.schema_like(make.mine, None, "aa") == other
        assert await view.schema_like(make.mine, None, "cc") is None
        assert await view.newest_schemas(make.mine, after="", limit=9) == [other, second]
        assert await view.newest_schemas(make.mine, after="a.Event", limit=9) == [second]
        assert await view.newest_schemas(make.mine, after="", limit=1) == [other]
        assert await view.schema_versions(make.mine, "b.Event", before=None, limit=9) == [second, first]
        assert await view.schema_versions(make.mine, "b.Event", before=2, limit=9) == [first]


async def test_a_path_below_hooks_is_one_flows_until_it_gives_it_up_or_goes(store: Any, make: Any) -> None:
    one, other, theirs = make.flow(1), make.flow(2), make.flow(3, project=make.others)
    async with store.write() as change:
        for flow in (one, other, theirs):
            await change.add_flow(flow, "somebody")
        await change.take_paths(make.mine, one.id, {"a", "b"}, "somebody")
        await change.take_paths(make.mine, other.id, {"c"}, "somebody")
        await change.take_paths(make.others, theirs.id, {"a"}, "somebody")
        assert await change.flows_at_paths(make.mine, {"a"}) == {"a": one.id}
    async with store.read() as view:
        assert await view.flows_at_paths(make.mine, {"a", "b", "c", "d"}) == {"a": one.id, "b": one.id, "c": other.id}
        assert await view.flows_at_paths(make.others, {"a", "b"}) == {"a": theirs.id}
    async with store.write() as change:
        await change.take_paths(make.mine, one.id, {"b"}, "somebody")
        await change.take_paths(make.mine, other.id, {"a"}, "somebody")
    async with store.write() as change:
        await change.remove_flow(make.mine, one.id)
    async with store.read() as view:
        assert await view.flows_at_paths(make.mine, {"a", "b", "c"}) == {"a": other.id}

"""Flows over gRPC: made, read, replaced, deleted, listed."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from triggerflow.registry.v1 import flow_pb2, node_pb2
from triggerflow.registry.v1 import registry_service_pb2 as pb
from triggerflow_chassis.errors import (
    BadCursor,
    BadParameter,
    Forbidden,
    Invalid,
    NotFound,
    PreconditionRequired,
    Running,
    StaleEtag,
    Unauthenticated,
    Unavailable,
)
from triggerflow_chassis.grpc.client import open_channel
from triggerflow_chassis.identity import LOCAL
from triggerflow_chassis.ids import is_uuid
from triggerflow_chassis.wire import flow as wire

BACKENDS = ["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)]
pytestmark = pytest.mark.parametrize("house", BACKENDS, indirect=True)

NOWHERE = "00000000-0000-7000-8000-00000000dead"


class TestCreate:
    async def test_a_flow_is_made_and_read_back(self, caller: Any, pencil: Any) -> None:
        made = await caller.create(pencil.chain() | {"description": "d", "settings": {"timeoutSeconds": 9}})
        assert is_uuid(made.id)
        assert made.id[14] == "7"
        assert made.project_id == LOCAL.project_id
        assert made.etag
        assert not made.HasField("latest_version")
        assert list(made.problems) == []
        assert made.created_at == made.updated_at
        assert [node.version for node in made.nodes] == [1, 1, 1]
        assert await caller.get(made.id) == made
        assert wire.flow_to_json(made)["nodes"][0]["position"] == {"x": 10, "y": -2.5}

    async def test_a_name_is_all_it_takes(self, caller: Any) -> None:
        made = await caller.create({"name": "Only this"})
        shown = wire.flow_to_json(made)
        assert (shown["description"], shown["nodes"], shown["edges"]) == ("", [], [])
        assert (shown["channels"], shown["settings"], shown["latestVersion"]) == ([], {}, None)
        assert {(each["severity"], each["reason"]) for each in shown["problems"]} == {
            ("warning", "NO_TRIGGER"),
            ("warning", "NO_OUTPUT"),
        }

    async def test_what_the_server_sets_is_ignored(self, caller: Any) -> None:
        flow = flow_pb2.Flow(id=NOWHERE, project_id=NOWHERE, name="A", latest_version="7", etag="x")
        flow.problems.add(reason="CYCLE")
        made = (await caller.ask(caller.stub.CreateFlow(pb.CreateFlowRequest(flow=flow)))).flow
        assert made.id != NOWHERE
        assert made.project_id == LOCAL.project_id
        assert not made.HasField("latest_version")

    async def test_every_fault_is_told_at_its_pointer(self, caller: Any, pencil: Any) -> None:
        body = pencil.chain()
        body["edges"].append(pencil.edge(3, 1, 9))
        body["edges"].append(pencil.edge(1, 2, 3, out="nope"))
        refused = await caller.refusal(caller.create(body))
        assert isinstance(refused, Invalid)
        assert [each.pointer for each in refused.violations] == [
            "/edges/2/target/nodeId",
            "/edges/3/id",
            "/edges/3/source/port",
        ]

    async def test_a_message_that_no_json_could_be_is_refused(self, caller: Any, pencil: Any) -> None:
        flow = flow_pb2.Flow(name="a\0b")
        flow.nodes.append(node_pb2.Node(id="x", name="A"))
        flow.nodes.append(wire.node_from_json(pencil.node(1)))
        flow.nodes[1].position.x = float("nan")
        refused = await caller.refusal(caller.ask(caller.stub.CreateFlow(pb.CreateFlowRequest(flow=flow))))
        assert isinstance(refused, Invalid)
        assert {each.pointer for each in refused.violations} == {
            "/name",
            "/nodes/0/id",
            "/nodes/0/type",
            "/nodes/0/position",
            "/nodes/1/position/x",
        }

    @pytest.mark.parametrize("config", ["{", "[1]", '{"a":1,"a":2}', '{"a":123456789012345678901234567890}'])
    async def test_a_config_that_is_no_object_is_refused_at_the_config(
        self, caller: Any, pencil: Any, config: str
    ) -> None:
        flow = wire.flow_from_json(pencil.chain())
        flow.nodes[1].handlers["main"].config_json = config
        refused = await caller.refusal(caller.ask(caller.stub.CreateFlow(pb.CreateFlowRequest(flow=flow))))
        assert isinstance(refused, Invalid)
        assert refused.violations[0].pointer.startswith("/nodes/1/handlers/main/config")

    async def test_a_literal_secret_is_refused(self, caller: Any, pencil: Any) -> None:
        body = pencil.chain()
        config = {"method": "GET", "url": "http://localhost/", "headers": {"authorization": "Bearer canary-1"}}
        body["nodes"][1]["handlers"] = {"main": {"entrypoint": "http:request", "config": config}}
        refused = await caller.refusal(caller.create(body))
        assert isinstance(refused, Invalid)
        assert [each.pointer for each in refused.violations] == ["/nodes/1/handlers/main/config/headers/authorization"]
        assert "canary-1" not in str(refused.violations)


class TestUpdate:
    async def test_the_same_body_changes_nothing(self, caller: Any, house: Any, pencil: Any) -> None:
        made = await caller.create(pencil.chain())
        same = await caller.update(made.id, wire.flow_to_json(await caller.get(made.id)), made.etag)
        assert same == made
        assert len(house.told) == 1

    async def test_a_change_moves_the_tag_and_counts_the_changed_node(self, caller: Any, pencil: Any) -> None:
        made = await caller.create(pencil.chain())
        body = pencil.chain()
        body["nodes"][1]["name"] = "New"
        changed = await caller.update(made.id, body, made.etag)
        assert changed.etag != made.etag
        assert [node.version for node in changed.nodes] == [1, 2, 1]
        assert changed.created_at == made.created_at
        assert changed.updated_at.ToMicroseconds() > made.updated_at.ToMicroseconds()
        assert await caller.get(made.id) == changed

    async def test_an_absent_member_takes_its_default(self, caller: Any, pencil: Any) -> None:
        made = await caller.create(pencil.chain() | {"description": "d", "settings": {"labels": ["a"]}})
        changed = await caller.update(made.id, {"name": "Bare"}, "*")
        assert (changed.description, list(changed.nodes), list(changed.edges)) == ("", [], [])
        assert not changed.settings.HasField("labels")

    async def test_ids_are_taken_in_either_case_and_come_out_in_lower(self, caller: Any, pencil: Any) -> None:
        flow = wire.flow_from_json({"name": "A", "nodes": [pencil.node(0xABC, "trigger"), pencil.node(0xDEF)]})
        edge = flow.edges.add(id=pencil.id(0xFFF).upper())
        edge.source.node_id, edge.source.port = pencil.id(0xABC).upper(), "out"
        edge.target.node_id, edge.target.port = pencil.id(0xDEF), "input"
        flow.nodes[1].id = flow.nodes[1].id.upper()
        made = (await caller.ask(caller.stub.CreateFlow(pb.CreateFlowRequest(flow=flow)))).flow
        assert [node.id for node in made.nodes] == [pencil.id(0xABC), pencil.id(0xDEF)]
        assert made.edges[0].id == pencil.id(0xFFF)
        assert made.edges[0].source.node_id == pencil.id(0xABC)
        assert (await caller.get(made.id.upper())) == made
        flow.id = made.id.upper()
        request = pb.UpdateFlowRequest(flow=flow, etag=made.etag)
        assert (await caller.ask(caller.stub.UpdateFlow(request))).flow == made

    async def test_refusals_come_in_their_order(self, caller: Any) -> None:
        made = await caller.create({"name": "A"})
        broken = {"name": ""}
        assert isinstance(await caller.refusal(caller.update(NOWHERE, broken, "")), NotFound)
        assert isinstance(await caller.refusal(caller.update("seven", broken, "")), NotFound)
        assert isinstance(await caller.refusal(caller.update(made.id, broken, "")), PreconditionRequired)
        stale = await caller.refusal(caller.update(made.id, broken, "old"))
        assert isinstance(stale, StaleEtag)
        assert stale.current_etag == made.etag
        assert isinstance(await caller.refusal(caller.update(made.id, broken, made.etag)), Invalid)
        assert await caller.get(made.id) == made

    async def test_of_two_writers_with_one_tag_one_wins(self, caller: Any) -> None:
        made = await caller.create({"name": "A"})
        calls = [caller.update(made.id, {"name": f"Writer {n}"}, made.etag) for n in range(8)]
        ended = await asyncio.gather(*calls, return_exceptions=True)
        won = [each for each in ended if not isinstance(each, BaseException)]
        assert len(won) == 1
        assert [type(each) for each in ended if isinstance(each, BaseException)] == [StaleEtag] * 7
        assert await caller.get(made.id) == won[0]


class TestDelete:
    async def test_a_deleted_flow_is_gone(self, caller: Any, pencil: Any) -> None:
        made = await caller.create(pencil.chain())
        await caller.publish(made.id)
        await caller.delete(made.id, (await caller.get(made.id)).etag)
        assert isinstance(await caller.refusal(caller.get(made.id)), NotFound)
        assert isinstance(await caller.refusal(caller.version(made.id, "1")), NotFound)
        assert isinstance(await caller.refusal(caller.delete(made.id, "*")), NotFound)

    async def test_a_flow_that_runs_is_not_deleted(self, caller: Any, house: Any) -> None:
        made = await caller.create({"name": "A"})
        house.runs.running.add(made.id)
        assert isinstance(await caller.refusal(caller.delete(made.id, made.etag)), Running)
        assert await caller.get(made.id) == made
        house.runs.running.clear()
        await caller.delete(made.id, made.etag)

    async def test_the_orchestrator_is_asked_as_the_caller_for_what_has_not_ended(
        self, caller: Any, house: Any
    ) -> None:
        made = await caller.create({"name": "A"})
        await caller.delete(made.id, "*")
        (asked,) = house.runs.asked
        assert (asked.project_id, asked.flow_id, list(asked.statuses)) == (LOCAL.project_id, made.id, [1, 2, 3])
        assert house.runs.shown == ["Bearer only-for-this-test"]

    async def test_refusals_come_in_their_order(self, caller: Any, house: Any) -> None:
        made = await caller.create({"name": "A"})
        house.runs.running |= {made.id, NOWHERE}
        assert isinstance(await caller.refusal(caller.delete(NOWHERE, "")), NotFound)
        assert isinstance(await caller.refusal(caller.delete("7", "")), NotFound)
        assert isinstance(await caller.refusal(caller.delete(made.id, "")), PreconditionRequired)
        assert isinstance(await caller.refusal(caller.delete(made.id, "old")), StaleEtag)
        assert house.runs.asked == []
        assert isinstance(await caller.refusal(caller.delete(made.id, "*")), Running)

    async def test_a_channel_that_signs_in_by_itself_asks_too(self, house: Any) -> None:
        # As in local mode, where one channel leads to every service.
        caller = await house.open(own_token="only-for-this-test")
        made = await caller.create({"name": "A"})
        await caller.delete(made.id, "*")
        assert len(house.runs.asked) == 1

    async def test_without_the_orchestrator_nothing_is_deleted(self, caller: Any, house: Any) -> None:
        made = await caller.create({"name": "A"})
        house.runs.down = True
        refused = await caller.refusal(caller.delete(made.id, "*"))
        assert isinstance(refused, Unavailable)
        assert "Nothing was changed" in refused.detail
        assert await caller.get(made.id) == made


class TestList:
    async def test_pages_hold_every_flow_once_newest_first(self, caller: Any) -> None:
        made = [(await caller.create({"name": f"Flow {number}"})).id for number in range(7)]
        seen: list[str] = []
        token = ""
        while True:
            page = await caller.flows(page_size=3, page_token=token)
            seen += [flow.id for flow in page.flows]
            token = page.next_page_token
            if len(seen) == 3:
                # What comes and goes meanwhile moves nothing that stays.
                await caller.create({"name": "Newcomer"})
                await caller.delete(made[0], "*")
            if not token:
                break
        assert seen == list(reversed(made[1:]))

    async def test_lists_come_without_nodes_but_with_problems(self, caller: Any, house: Any, pencil: Any) -> None:
        body = pencil.chain() | {"description": "d", "settings": {"timeoutSeconds": 3}}
        body["nodes"][1]["handlers"]["main"]["entrypoint"] = "nobody:here"
        made = await caller.create(body)
        for _ in range(2):
            (listed,) = (await caller.flows()).flows
            assert (list(listed.nodes), list(listed.edges)) == ([], [])
            assert not listed.HasField("channels_json")
            assert (listed.name, listed.description, listed.settings) == (made.name, "d", made.settings)
            assert (listed.id, listed.etag, listed.problems) == (made.id, made.etag, made.problems)
            assert [each.reason for each in listed.problems] == ["UNKNOWN_HANDLER"]
            # And again after a restart, when nothing is remembered.
            await house.close()
            caller = await house.open()

    async def test_a_query_is_a_part_of_the_name_without_case(self, caller: Any) -> None:
        for name in ("Seattle WEATHER", "Cars", "Straßen 100%"):
            await caller.create({"name": name})
        for query, names in (
            ("weather", ["Seattle WEATHER"]),
            ("STRASSE", ["Straßen 100%"]),
            ("%", ["Straßen 100%"]),
            ("a", ["Straßen 100%", "Cars", "Seattle WEATHER"]),
            ("nothing", []),
        ):
            assert [flow.name for flow in (await caller.flows(query=query)).flows] == names

    async def test_a_bad_page_is_refused(self, caller: Any, pencil: Any) -> None:
        for size in (-1, 251):
            refused = await caller.refusal(caller.flows(page_size=size))
            assert isinstance(refused, BadParameter)
            assert refused.parameter == "page_size"
        for token in ("x", "bm90aGluZw", "🙂"):
            assert isinstance(await caller.refusal(caller.flows(page_token=token)), BadCursor)
        handlers = await caller.ask(caller.stub.ListHandlers(pb.ListHandlersRequest(page_size=1)))
        assert isinstance(await caller.refusal(caller.flows(page_token=handlers.next_page_token)), BadCursor)


class TestAccess:
    async def test_without_the_token_nothing_is_told(self, caller: Any, house: Any) -> None:
        await caller.flows()
        async with open_channel(house.address, "wrong") as channel:
            stranger = type(caller)(channel)
            assert isinstance(await caller.refusal(stranger.flows()), Unauthenticated)

    async def test_another_project_is_refused_on_every_method(self, caller: Any) -> None:
        service = pb.DESCRIPTOR.services_by_name["RegistryService"]
        for method in service.methods:
            request = getattr(pb, method.input_type.name)(project_id=NOWHERE)
            refused = await caller.refusal(caller.ask(getattr(caller.stub, method.name)(request)))
            assert isinstance(refused, Forbidden), method.name

    async def test_ones_own_project_may_be_named_in_either_case(self, caller: Any) -> None:
        await caller.flows(project_id=LOCAL.project_id.upper())

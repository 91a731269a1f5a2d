"""Nodes over gRPC, each with a tag of its own."""

from __future__ import annotations

from typing import Any

import pytest
from triggerflow.registry.v1 import registry_service_pb2 as pb
from triggerflow_chassis.errors import Invalid, NotFound, PreconditionRequired, StaleEtag

BACKENDS = ["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)]
pytestmark = pytest.mark.parametrize("house", BACKENDS, indirect=True)

NOWHERE = "00000000-0000-7000-8000-00000000dead"


@pytest.fixture
async def flow(caller: Any, pencil: Any) -> Any:
    return await caller.create(pencil.chain())


async def nodes(caller: Any, flow_id: str) -> list[Any]:
    return list((await caller.ask(caller.stub.ListNodes(pb.ListNodesRequest(flow_id=flow_id)))).nodes)


async def test_nodes_come_in_the_order_saved(caller: Any, flow: Any, pencil: Any) -> None:
    assert await nodes(caller, flow.id) == list(flow.nodes)
    one = await caller.node(flow.id, pencil.id(2).upper())
    assert one.node == flow.nodes[1]
    assert one.etag
    assert one.etag != flow.etag


async def test_a_changed_node_moves_its_tag_and_the_flows(caller: Any, flow: Any, pencil: Any) -> None:
    before = await caller.node(flow.id, pencil.id(2))
    put = await caller.put_node(flow.id, pencil.node(2, name="New"), before.etag)
    assert (put.node.name, put.node.version, put.created) == ("New", 2, False)
    assert put.etag != before.etag
    after = await caller.get(flow.id)
    assert after.etag != flow.etag
    assert [node.name for node in after.nodes] == ["trigger 1", "New", "output 3"]
    back = await caller.put_node(flow.id, pencil.node(2), put.etag)
    assert back.node.version == 3
    assert back.etag not in (before.etag, put.etag)


async def test_the_same_node_moves_nothing(caller: Any, house: Any, flow: Any, pencil: Any) -> None:
    before = await caller.node(flow.id, pencil.id(2))
    put = await caller.put_node(flow.id, pencil.node(2) | {"version": 99}, "*")
    assert (put.node, put.etag, put.created) == (before.node, before.etag, False)
    assert await caller.get(flow.id) == flow
    assert len(house.told) == 1


async def test_a_flows_tag_moves_no_other_nodes_tag(caller: Any, flow: Any, pencil: Any) -> None:
    before = await caller.node(flow.id, pencil.id(3))
    await caller.put_node(flow.id, pencil.node(2, name="New"), "*")
    assert await caller.node(flow.id, pencil.id(3)) == before


async def test_a_new_node_is_made_only_where_that_was_said(caller: Any, flow: Any, pencil: Any) -> None:
    assert isinstance(await caller.refusal(caller.put_node(flow.id, pencil.node(9), "*")), NotFound)
    assert isinstance(await caller.refusal(caller.put_node(flow.id, pencil.node(9))), NotFound)
    put = await caller.put_node(flow.id, pencil.node(9), create_only=True)
    assert (put.node.version, put.created) == (1, True)
    assert [node.id for node in await nodes(caller, flow.id)][-1] == pencil.id(9)
    again = await caller.refusal(caller.put_node(flow.id, pencil.node(9), create_only=True))
    assert isinstance(again, StaleEtag)
    assert again.current_etag == put.etag


async def test_refusals_come_in_their_order(caller: Any, flow: Any, pencil: Any) -> None:
    broken = pencil.node(2, name="")
    assert isinstance(await caller.refusal(caller.put_node(NOWHERE, broken)), NotFound)
    assert isinstance(await caller.refusal(caller.put_node("x", broken)), NotFound)
    assert isinstance(await caller.refusal(caller.put_node(flow.id, broken)), PreconditionRequired)
    assert isinstance(await caller.refusal(caller.put_node(flow.id, broken, "old")), StaleEtag)
    refused = await caller.refusal(caller.put_node(flow.id, broken, "*"))
    assert isinstance(refused, Invalid)
    assert [each.pointer for each in refused.violations] == ["/name"]
    assert await caller.get(flow.id) == flow


async def test_a_used_port_is_not_taken_away(caller: Any, flow: Any, pencil: Any) -> None:
    ports = {"outputs": [{"key": "result", "label": "Result"}]}
    refused = await caller.refusal(caller.put_node(flow.id, pencil.node(2, ports=ports), "*"))
    assert isinstance(refused, Invalid)
    assert [each.pointer for each in refused.violations] == ["/edges/1"]


async def test_a_deleted_node_takes_its_edges_along(caller: Any, flow: Any, pencil: Any) -> None:
    tag = (await caller.node(flow.id, pencil.id(2))).etag
    assert isinstance(await caller.refusal(caller.delete_node(NOWHERE, pencil.id(2), "")), NotFound)
    assert isinstance(await caller.refusal(caller.delete_node(flow.id, NOWHERE, "")), NotFound)
    assert isinstance(await caller.refusal(caller.delete_node(flow.id, "x", "")), NotFound)
    assert isinstance(await caller.refusal(caller.delete_node(flow.id, pencil.id(2), "")), PreconditionRequired)
    assert isinstance(await caller.refusal(caller.delete_node(flow.id, pencil.id(2), flow.etag)), StaleEtag)
    await caller.delete_node(flow.id, pencil.id(2).upper(), tag)
    after = await caller.get(flow.id)
    assert [node.id for node in after.nodes] == [pencil.id(1), pencil.id(3)]
    assert list(after.edges) == []
    assert after.etag != flow.etag
    assert isinstance(await caller.refusal(caller.node(flow.id, pencil.id(2))), NotFound)

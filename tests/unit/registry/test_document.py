"""One normal form for a draft, and a count of each node's changes."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from triggerflow_chassis.errors import PreconditionRequired, StaleEtag
from triggerflow_registry.domain.document import count_changes, document_of, edge_of, node_of, same_node
from triggerflow_registry.domain.etag import flow_etag, node_etag, require
from triggerflow_registry.domain.flow import FlowId

BUS = {"id": "00000000-0000-4000-8000-000000000001", "name": "numbers", "publishers": [], "subscribers": []}
FLOW = FlowId("00000000-0000-7000-8000-0000000000aa")


def test_absent_members_take_their_defaults() -> None:
    document = document_of({"name": "A"})
    assert (document.description, document.nodes, document.edges) == ("", (), ())
    assert (document.channels, document.settings) == ((), {})


def test_ids_come_out_in_lower_case(pencil: Any) -> None:
    upper = pencil.id(0xABC).upper()
    edge = pencil.edge(1, 1, 2) | {"id": upper, "source": {"nodeId": upper, "port": "Out"}}
    assert node_of(pencil.node(1) | {"id": upper})["id"] == upper.lower()
    assert edge_of(edge)["id"] == upper.lower()
    assert edge_of(edge)["source"] == {"nodeId": upper.lower(), "port": "Out"}


def test_what_was_given_stays_as_it_was(pencil: Any) -> None:
    given_node = pencil.node(1) | {"id": pencil.id(0xABC).upper(), "version": 7}
    node_of(given_node)
    assert given_node["version"] == 7
    assert given_node["id"] == pencil.id(0xABC).upper()


def test_a_node_counts_its_changes_from_one(pencil: Any) -> None:
    first = count_changes([node_of(pencil.node(1)), node_of(pencil.node(2))], ())
    assert [node["version"] for node in first] == [1, 1]
    second = count_changes([node_of(pencil.node(1)), node_of(pencil.node(2, name="New"))], first)
    assert [node["version"] for node in second] == [1, 2]
    third = count_changes([node_of(pencil.node(2)), node_of(pencil.node(3))], second)
    assert [node["version"] for node in third] == [3, 1]


@pytest.mark.parametrize(("one", "other"), [(1, 1.0), (1, True), (0, False), (None, False), ("1", 1)])
def test_values_python_calls_equal_are_changes(pencil: Any, one: Any, other: Any) -> None:
    assert not same_node(pencil.node(1, annotations={"a": one}), pencil.node(1, annotations={"a": other}))


def test_the_order_of_members_is_no_change(pencil: Any) -> None:
    assert same_node(pencil.node(1, annotations={"a": 1, "b": 2}), pencil.node(1, annotations={"b": 2, "a": 1}))


def test_a_place_is_the_same_in_either_spelling(pencil: Any) -> None:
    whole, point = (node_of(pencil.node(1, position={"x": x, "y": 0})) for x in (1, 1.0))
    assert same_node(whole, point)


class TestEtag:
    def test_equal_drafts_have_equal_tags_and_other_flows_others(self, pencil: Any) -> None:
        document = pencil.document(pencil.chain())
        assert flow_etag(FLOW, document) == flow_etag(FLOW, pencil.document(pencil.chain()))
        assert flow_etag(FLOW, document) != flow_etag(FlowId(pencil.id(9)), document)

    @pytest.mark.parametrize(
        "change", [{"name": "B"}, {"description": "b"}, {"settings": {"timeoutSeconds": 1}}, {"channels": [BUS]}]
    )
    def test_every_change_of_a_draft_moves_its_tag(self, pencil: Any, change: Any) -> None:
        before, after = pencil.document(pencil.chain()), pencil.document(pencil.chain() | change)
        assert flow_etag(FLOW, before) != flow_etag(FLOW, after)

    def test_the_order_of_nodes_is_part_of_the_state(self, pencil: Any) -> None:
        turned = pencil.chain()
        turned["nodes"].reverse()
        assert flow_etag(FLOW, pencil.document(turned)) != flow_etag(FLOW, pencil.document(pencil.chain()))

    def test_a_node_that_changed_back_has_another_tag(self, pencil: Any) -> None:
        tags = {node_etag(FLOW, {**pencil.node(1), "version": version}) for version in (1, 3)}
        assert len(tags) == 2

    def test_a_write_names_the_current_state_or_any(self) -> None:
        require("now", "now")
        require("*", "now")
        with pytest.raises(PreconditionRequired):
            require("", "now")
        with pytest.raises(StaleEtag) as stale:
            require("before", "now")
        assert stale.value.current_etag == "now"


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@given(config=JSON, other=JSON)
def test_the_normal_form_of_a_normal_form_is_itself(config: Any, other: Any) -> None:
    node = {
        "id": "00000000-0000-4000-8000-000000000ABC",
        "type": "action",
        "name": "A",
        "handlers": {"main": {"entrypoint": "x:y", "config": {"value": config}}},
        "position": {"x": 1, "y": 2},
        "annotations": {"free": other},
    }
    once = document_of({"name": "A", "nodes": [node]})
    twice = document_of({"name": once.name, "nodes": [dict(each) for each in once.nodes]})
    assert once == twice
    assert flow_etag(FLOW, once) == flow_etag(FLOW, twice)

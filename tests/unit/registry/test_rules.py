"""What a save refuses, and where it says the fault is."""

from __future__ import annotations

from typing import Any

import pytest
from triggerflow_chassis.errors import Invalid
from triggerflow_registry.domain.rules import check_flow, check_node


@pytest.fixture
def refused(adapters: Any) -> Any:
    def pointers(body: Any) -> list[str]:
        try:
            check_flow(body, adapters.secrets)
        except Invalid as error:
            return [violation.pointer for violation in error.violations]
        return []

    return pointers


def test_a_finished_flow_passes(pencil: Any, refused: Any) -> None:
    assert refused(pencil.chain()) == []


def test_only_the_name_is_required(refused: Any) -> None:
    assert refused({"name": "A"}) == []
    assert refused({}) == ["/name"]


@pytest.mark.parametrize("name", ["", "x" * 201, 7, None])
def test_a_name_has_one_to_two_hundred_characters(refused: Any, name: Any) -> None:
    assert refused({"name": name}) == ["/name"]


def test_two_hundred_characters_are_counted_as_characters(refused: Any) -> None:
    assert refused({"name": "🙂" * 200}) == []
    assert refused({"name": "🙂" * 201}) == ["/name"]


def test_what_the_server_sets_is_ignored_whatever_it_is(refused: Any) -> None:
    said = dict.fromkeys(("id", "projectId", "latestVersion", "problems", "createdAt", "updatedAt"), 7)
    assert refused({"name": "A", **said}) == []


def test_an_unknown_member_is_refused_where_it_stands(pencil: Any, refused: Any) -> None:
    assert set(refused(pencil.flow(pencil.node(1, colour="red"), extra=1))) == {"/nodes/0/colour", "/extra"}


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"id": "seven"}, "/nodes/0/id"),
        ({"type": "loop"}, "/nodes/0/type"),
        ({"name": ""}, "/nodes/0/name"),
        ({"handlers": {"main": {}}}, "/nodes/0/handlers/main/entrypoint"),
        ({"handlers": {"main": {"entrypoint": "a:b", "timeoutSeconds": 0}}}, "/nodes/0/handlers/main/timeoutSeconds"),
        (
            {"handlers": {"main": {"entrypoint": "a:b", "retries": {"maxAttempts": -1}}}},
            "/nodes/0/handlers/main/retries/maxAttempts",
        ),
        ({"handlers": {"main": {"entrypoint": "a:b", "config": []}}}, "/nodes/0/handlers/main/config"),
        ({"position": {"x": 0}}, "/nodes/0/position/y"),
        ({"position": {"x": float("nan"), "y": 0}}, "/nodes/0/position/x"),
        ({"position": {"x": 0, "y": float("inf")}}, "/nodes/0/position/y"),
        ({"description": "a\0b"}, "/nodes/0/description"),
        ({"ports": {"inputs": [{"key": "a", "label": "A"}]}}, "/nodes/0/ports/inputs/0/type"),
        ({"annotations": {"note\0": 1}}, "/nodes/0/annotations/note\0"),
    ],
)
def test_a_node_that_breaks_its_schema_is_refused(pencil: Any, refused: Any, change: Any, pointer: str) -> None:
    assert refused(pencil.flow({**pencil.node(1), **change})) == [pointer]


def test_two_nodes_with_one_id_are_refused_whatever_their_case(pencil: Any, refused: Any) -> None:
    twin = pencil.node(0xABC)
    assert refused(pencil.flow(twin, {**twin, "id": twin["id"].upper()})) == ["/nodes/1/id"]


def test_two_edges_with_one_id_are_refused(pencil: Any, refused: Any) -> None:
    flow = pencil.chain()
    flow["edges"][1]["id"] = flow["edges"][0]["id"].upper()
    assert refused(flow) == ["/edges/1/id"]


def test_the_same_edge_twice_is_refused(pencil: Any, refused: Any) -> None:
    flow = pencil.chain()
    flow["edges"].append({**flow["edges"][0], "id": pencil.id(77)})
    assert refused(flow) == ["/edges/2"]


def test_several_edges_into_one_port_are_fine(pencil: Any, refused: Any) -> None:
    flow = pencil.flow(
        pencil.node(1, "trigger"),
        pencil.node(2, "trigger"),
        pencil.node(3),
        edges=[pencil.edge(1, 1, 3), pencil.edge(2, 2, 3)],
    )
    assert refused(flow) == []


@pytest.mark.parametrize(
    ("edge", "pointers"),
    [
        ((9, 2, "out", "input"), ["/edges/0/source/nodeId"]),
        ((1, 9, "out", "input"), ["/edges/0/target/nodeId"]),
        ((1, 2, "nope", "input"), ["/edges/0/source/port"]),
        ((1, 2, "error", "input"), ["/edges/0/source/port"]),
        ((1, 2, "out", "nope"), ["/edges/0/target/port"]),
        ((2, 1, "out", "input"), ["/edges/0/target/port"]),
        ((3, 2, "out", "input"), ["/edges/0/source/port"]),
        ((9, 8, "out", "input"), ["/edges/0/source/nodeId", "/edges/0/target/nodeId"]),
        ((2, 3, "error", "input"), []),
    ],
)
def test_an_edge_needs_a_node_and_a_port_at_both_ends(
    pencil: Any, refused: Any, edge: tuple[int, int, str, str], pointers: list[str]
) -> None:
    nodes = [pencil.node(1, "trigger"), pencil.node(2), pencil.node(3, "output")]
    assert refused(pencil.flow(*nodes, edges=[pencil.edge(1, *edge)])) == pointers


def test_edges_find_nodes_whatever_the_case_of_their_ids(pencil: Any, refused: Any) -> None:
    flow = pencil.flow(pencil.node(0xAA, "trigger"), pencil.node(0xBB), edges=[pencil.edge(1, 0xAA, 0xBB)])
    flow["edges"][0]["source"]["nodeId"] = flow["edges"][0]["source"]["nodeId"].upper()
    assert refused(flow) == []


@pytest.mark.parametrize("key", ["", "A", "1a", "a-b", "in", "true", "null", "while", "inputs", "a b", "é"])
def test_a_port_key_that_is_not_allowed_is_refused(pencil: Any, refused: Any, key: str) -> None:
    port = {"key": key, "label": "x", "type": "any"}
    assert refused(pencil.flow(pencil.node(1, ports={"inputs": [port]}))) == ["/nodes/0/ports/inputs/0/key"]
    assert refused(pencil.flow(pencil.node(1, ports={"outputs": [port]}))) == ["/nodes/0/ports/outputs/0/key"]


@pytest.mark.parametrize("type", ["action", "subflow"])
def test_the_error_port_may_not_be_declared(pencil: Any, refused: Any, type: str) -> None:
    ports = {"outputs": [{"key": "out", "label": ""}, {"key": "error", "label": ""}]}
    assert refused(pencil.flow(pencil.node(1, type, "core:map", ports=ports))) == ["/nodes/0/ports/outputs/1/key"]


def test_a_port_key_twice_on_one_side_is_refused(pencil: Any, refused: Any) -> None:
    port = {"key": "a", "label": "", "type": "any"}
    node = pencil.node(1, ports={"inputs": [port, port], "outputs": [{"key": "a", "label": ""}]})
    assert refused(pencil.flow(node)) == ["/nodes/0/ports/inputs/1/key"]


def test_a_trigger_has_no_inputs_and_an_output_no_outputs(pencil: Any, refused: Any) -> None:
    port = {"key": "a", "label": "", "type": "any"}
    flow = pencil.flow(
        pencil.node(1, "trigger", ports={"inputs": [port]}), pencil.node(2, "output", ports={"outputs": [port]})
    )
    assert refused(flow) == ["/nodes/0/ports/inputs", "/nodes/1/ports/outputs"]
    empty = pencil.flow(
        pencil.node(1, "trigger", ports={"inputs": []}), pencil.node(2, "output", ports={"outputs": []})
    )
    assert refused(empty) == []


def test_an_edge_at_an_unknown_port_of_a_condition_with_unfinished_cases_is_saved(pencil: Any, refused: Any) -> None:
    unfinished = {"handlers": {"main": {"entrypoint": "core:condition", "config": {"cases": [{"port": "a"}]}}}}
    flow = pencil.flow(
        {**pencil.node(1, "condition"), **unfinished}, pencil.node(2), edges=[pencil.edge(1, 1, 2, out="a")]
    )
    assert refused(flow) == []


def test_an_edge_at_an_unknown_port_of_a_condition_with_valid_cases_is_refused(pencil: Any, refused: Any) -> None:
    cases = [{"port": "big", "when": "input > 5"}]
    node = {
        **pencil.node(1, "condition"),
        "handlers": {"main": {"entrypoint": "core:condition", "config": {"cases": cases}}},
    }
    ports = ["big", "default", "small"]
    edges = [pencil.edge(index, 1, 2, out=port) for index, port in enumerate(ports)]
    assert refused(pencil.flow(node, pencil.node(2), edges=edges)) == ["/edges/2/source/port"]


@pytest.mark.parametrize("name", ["Authorization", "authorization", "PROXY-AUTHORIZATION", "Cookie", "X-Api-Key"])
@pytest.mark.parametrize("value", ["Bearer x", {"$expr": "token"}, 7, None, ["x"], {}])
def test_a_literal_in_a_secret_header_is_refused(pencil: Any, refused: Any, name: str, value: Any) -> None:
    config = {"headers": {"Accept": "text/csv", name: value}}
    node = pencil.node(1, handlers={"main": {"entrypoint": "http:request", "config": config}})
    assert refused(pencil.flow(node)) == [f"/nodes/0/handlers/main/config/headers/{name}"]


def test_a_secret_header_from_the_environment_passes(pencil: Any, refused: Any) -> None:
    config = {"headers": {"Authorization": {"$env": "TOKEN", "prefix": "Bearer "}}}
    assert refused(pencil.flow(pencil.node(1, handlers={"main": {"entrypoint": "x:y", "config": config}}))) == []


def test_a_literal_a_handler_calls_secret_is_refused_once(pencil: Any, adapters: Any, refused: Any) -> None:
    where = "/handlers/main/config/headers/Cookie"
    adapters.literals = [(where, "A literal."), ("/handlers/main/config/key", "A literal.")]
    node = pencil.node(1, handlers={"main": {"entrypoint": "x:y", "config": {"headers": {"Cookie": "a"}}}})
    assert refused(pencil.flow(node)) == [f"/nodes/0{where}", "/nodes/0/handlers/main/config/key"]


def test_every_violation_is_told_up_to_a_hundred(pencil: Any, refused: Any) -> None:
    edges = [pencil.edge(number, 1, 2) for number in range(60)]
    assert len(refused(pencil.flow(edges=edges))) == 100
    # 60 with two unknown ends, and 59 of them twice: all told where there is room.
    assert len(refused(pencil.flow(edges=edges[:20]))) == 59


class TestNode:
    def test_a_node_alone_has_pointers_of_its_own(self, pencil: Any, adapters: Any) -> None:
        before = pencil.document(pencil.chain())
        with pytest.raises(Invalid) as refused:
            check_node({**pencil.node(2), "name": ""}, before, adapters.secrets)
        assert [violation.pointer for violation in refused.value.violations] == ["/name"]

    def test_a_node_that_takes_away_used_ports_names_the_edges(self, pencil: Any, adapters: Any) -> None:
        before = pencil.document(pencil.chain())
        ports = {"inputs": [], "outputs": [{"key": "result", "label": ""}]}
        with pytest.raises(Invalid) as refused:
            check_node(pencil.node(2, ports=ports), before, adapters.secrets)
        assert [violation.pointer for violation in refused.value.violations] == ["/edges/0", "/edges/1"]

    def test_a_node_that_keeps_its_used_ports_may_gain_others(self, pencil: Any, adapters: Any) -> None:
        before = pencil.document(pencil.chain())
        ports = {"outputs": [{"key": "out", "label": ""}, {"key": "more", "label": ""}]}
        check_node(pencil.node(2, ports=ports), before, adapters.secrets)

    def test_a_change_of_type_takes_ports_away_too(self, pencil: Any, adapters: Any) -> None:
        before = pencil.document(pencil.chain())
        with pytest.raises(Invalid) as refused:
            check_node(pencil.node(2, "output"), before, adapters.secrets)
        assert [violation.pointer for violation in refused.value.violations] == ["/edges/1"]

    def test_cases_that_become_unfinished_take_nothing_away(self, pencil: Any, adapters: Any) -> None:
        def condition(cases: Any) -> Any:
            main = {"entrypoint": "core:condition", "config": {"cases": cases}}
            return {**pencil.node(1, "condition"), "handlers": {"main": main}}

        case = {"port": "big", "when": "input > 5"}
        edges = [pencil.edge(1, 1, 2, out="big")]
        before = pencil.document(pencil.flow(condition([case]), pencil.node(2), edges=edges))
        check_node(condition([case, {"port": ""}]), before, adapters.secrets)
        with pytest.raises(Invalid) as refused:
            check_node(condition([{**case, "port": "large"}]), before, adapters.secrets)
        assert [violation.pointer for violation in refused.value.violations] == ["/edges/0"]

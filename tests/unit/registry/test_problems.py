"""What is saved and named: each reason, where it points, and how grave it is."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from triggerflow_chassis.errors import Violation
from triggerflow_registry.domain.handler_problems import LATER
from triggerflow_registry.domain.problem import Reason, Severity
from triggerflow_registry.domain.problems import problems_of


@pytest.fixture
def found(pencil: Any, adapters: Any) -> Any:
    def problems(body: Any) -> list[tuple[str, str]]:
        return [(str(each.reason), each.pointer) for each in problems_of(pencil.document(body), adapters)]

    return problems


def main(entrypoint: str, **config: Any) -> dict[str, Any]:
    return {"main": {"entrypoint": entrypoint, "config": config}}


def test_a_finished_flow_has_no_problem(pencil: Any, found: Any) -> None:
    assert found(pencil.chain()) == []


def test_an_empty_flow_lacks_a_trigger_and_an_output(found: Any) -> None:
    assert found({"name": "A"}) == [("NO_TRIGGER", "/nodes"), ("NO_OUTPUT", "/nodes")]


def test_a_url_that_is_told_of_failures_must_be_one(pencil: Any, found: Any) -> None:
    flow = {**pencil.chain(), "settings": {"onFailure": {"url": "http://["}}}
    assert found(flow) == [("CONFIG_INVALID", "/settings/onFailure/url")]
    assert found({**flow, "settings": {"onFailure": {"url": "http://a"}}}) == []


def test_exactly_four_reasons_are_warnings(pencil: Any) -> None:
    from triggerflow_registry.domain.problem import Problem

    warnings = {reason for reason in Reason if Problem(reason, "", "").severity is Severity.WARNING}
    assert warnings == {"UNREACHABLE", "NO_TRIGGER", "NO_OUTPUT", "TYPE_MISMATCH"}


def test_a_node_no_trigger_leads_to_is_unreachable(pencil: Any, found: Any) -> None:
    flow = pencil.chain()
    flow["nodes"].append(pencil.node(9))
    assert found(flow) == [("UNREACHABLE", "/nodes/3")]


def test_without_a_trigger_only_that_is_told(pencil: Any, found: Any) -> None:
    assert found(pencil.flow(pencil.node(2), pencil.node(3, "output"))) == [("NO_TRIGGER", "/nodes")]


def test_outputs_of_one_name_are_told_at_the_later_one(pencil: Any, found: Any) -> None:
    flow = pencil.chain()
    flow["nodes"].append(pencil.node(4, "output", name=flow["nodes"][2]["name"]))
    flow["edges"].append(pencil.edge(3, 2, 4))
    assert found(flow) == [("DUPLICATE_OUTPUT", "/nodes/3/name")]


@pytest.mark.parametrize(
    ("join", "known"), [("all", True), ("strict", True), ("any", True), ("some", False), (7, False), (None, False)]
)
def test_a_join_nobody_knows_is_a_problem(pencil: Any, found: Any, join: Any, known: bool) -> None:
    flow = pencil.chain()
    flow["nodes"][1]["annotations"] = {"join": join}
    assert found(flow) == ([] if known else [("UNKNOWN_JOIN", "/nodes/1/annotations/join")])


def test_a_cycle_is_told_at_the_edge_drawn_last(pencil: Any, adapters: Any) -> None:
    flow = pencil.flow(
        pencil.node(1, "trigger"),
        pencil.node(2, name="Ask"),
        pencil.node(3, name="Check"),
        pencil.node(4, "output"),
        edges=[pencil.edge(1, 3, 2), pencil.edge(2, 1, 2), pencil.edge(3, 2, 3), pencil.edge(4, 3, 4)],
    )
    problems = problems_of(pencil.document(flow), adapters)
    assert [(each.reason, each.pointer) for each in problems] == [("CYCLE", "/edges/2")]
    assert "Ask → Check → Ask" in problems[0].message


def test_a_node_that_leads_to_itself_is_a_cycle(pencil: Any, found: Any) -> None:
    flow = pencil.chain()
    flow["edges"].append(pencil.edge(3, 2, 2, out="error"))
    assert found(flow) == [("CYCLE", "/edges/2")]


def test_two_separate_cycles_are_two_problems(pencil: Any, found: Any) -> None:
    nodes = [pencil.node(number) for number in range(2, 6)]
    edges = [pencil.edge(1, 2, 3), pencil.edge(2, 3, 2), pencil.edge(3, 4, 5), pencil.edge(4, 5, 4)]
    flow = pencil.flow(*nodes, edges=edges)
    assert [each for each in found(flow) if each[0] == "CYCLE"] == [("CYCLE", "/edges/1"), ("CYCLE", "/edges/3")]


def test_a_loop_edge_that_is_bounded_is_no_problem(pencil: Any, found: Any) -> None:
    flow = pencil.chain()
    flow["edges"].append(pencil.edge(3, 2, 2, out="error", loop={"maxIterations": 3}))
    assert found(flow) == []


@pytest.mark.parametrize("loop", [{}, {"maxIterations": 0}, {"maxIterations": 1.5}, {"maxIterations": True}])
def test_a_loop_needs_its_bound(pencil: Any, found: Any, loop: dict[str, Any]) -> None:
    flow = pencil.chain()
    flow["edges"].append(pencil.edge(3, 2, 2, out="error", loop=loop))
    assert found(flow) == [("CONFIG_INVALID", "/edges/2/loop/maxIterations")]


@pytest.mark.parametrize("condition", ["", 5, "input ? 1"])
def test_a_loops_condition_is_cel_over_the_headers_ports(pencil: Any, found: Any, condition: Any) -> None:
    flow = pencil.chain()
    flow["edges"].append(pencil.edge(3, 2, 2, out="error", loop={"maxIterations": 2, "while": condition}))
    assert found(flow) == [("CONFIG_INVALID", "/edges/2/loop/while")]


def test_a_loop_has_no_other_members(pencil: Any, found: Any) -> None:
    flow = pencil.chain()
    flow["edges"].append(pencil.edge(3, 2, 2, out="error", loop={"maxIterations": 2, "until": "x"}))
    assert found(flow) == [("CONFIG_INVALID", "/edges/2/loop/until")]


def test_a_loop_edge_that_goes_forward_is_a_cycle_problem(pencil: Any, found: Any) -> None:
    flow = pencil.chain()
    flow["edges"][1]["loop"] = {"maxIterations": 2}
    assert found(flow) == [("CYCLE", "/edges/1")]


def test_a_loop_with_two_entries_names_the_edge_that_is_one_too_many(pencil: Any, found: Any) -> None:
    nodes = [pencil.node(number) for number in (2, 3)]
    edges = [pencil.edge(1, 1, 2), pencil.edge(2, 2, 3), pencil.edge(3, 3, 2, loop={"maxIterations": 2})]
    flow = pencil.flow(pencil.node(1, "trigger"), *nodes, edges=[*edges, pencil.edge(4, 1, 3)])
    assert [each for each in found(flow) if each[0] == "CYCLE"] == [("CYCLE", "/edges/3")]


def test_a_channel_leads_on_and_round_as_edges_do(pencil: Any, found: Any) -> None:
    def bus(source: int, target: int) -> dict[str, Any]:
        ends = {"publishers": [{"nodeId": pencil.id(source), "port": "out"}]}
        ends["subscribers"] = [{"nodeId": pencil.id(target), "port": "input"}]
        return {"id": pencil.id(90), "name": "bus", **ends}

    flow = pencil.chain()
    drawn = {**flow, "edges": flow["edges"][1:]}
    assert ("UNREACHABLE", "/nodes/1") in found(drawn)
    assert found({**drawn, "channels": [bus(1, 2)]}) == []
    assert found({**flow, "channels": [bus(2, 2)]}) == [("CYCLE", "/channels/0/subscribers/0")]
    # The same wire by an edge and by a channel is one wire.
    assert found({**flow, "channels": [bus(1, 2)]}) == []


def test_what_is_no_channel_is_told(pencil: Any, adapters: Any) -> None:
    before = pencil.document(pencil.chain())
    old = replace(before, channels=({"name": "a"},))
    assert [each.pointer for each in problems_of(old, adapters)] == ["/channels/0"]


def test_a_subflow_needs_its_handler(pencil: Any, found: Any) -> None:
    flow = pencil.chain()
    flow["nodes"][1] = pencil.node(2, "subflow", None)
    assert found(flow) == [("UNKNOWN_HANDLER", "/nodes/1/handlers/main")]


@pytest.mark.parametrize("entrypoint", sorted(LATER))
def test_handlers_of_the_flow_model_are_not_yet(pencil: Any, found: Any, entrypoint: str) -> None:
    flow = pencil.chain()
    flow["nodes"][1]["handlers"] = main(entrypoint)
    assert found(flow) == [("NOT_YET", "/nodes/1/handlers/main/entrypoint")]


def test_main_and_on_error_are_the_only_handlers(pencil: Any, found: Any) -> None:
    flow = pencil.chain()
    handler = {"entrypoint": "core:map"}
    flow["nodes"][1]["handlers"] |= {"onError": handler, "before/after": handler}
    assert found(flow) == [("CONFIG_INVALID", "/nodes/1/handlers/before~1after")]


@pytest.mark.parametrize("type", ["trigger", "action", "condition"])
def test_a_node_without_a_main_handler_has_no_known_one(pencil: Any, found: Any, type: str) -> None:
    index = {"trigger": 0, "action": 1, "condition": 1}[type]
    flow = pencil.chain()
    flow["nodes"][index] |= {"type": type, "handlers": {}}
    flow["edges"] = [pencil.edge(1, 1, 2), pencil.edge(2, 2, 3, out="true" if type == "condition" else "out")]
    assert found(flow) == [("UNKNOWN_HANDLER", f"/nodes/{index}/handlers/main")]


def test_an_output_takes_no_handler(pencil: Any, found: Any) -> None:
    flow = pencil.chain()
    flow["nodes"][2]["handlers"] = main("core:map")
    assert found(flow) == [("CONFIG_INVALID", "/nodes/2/handlers/main")]


def test_an_unknown_handler_says_what_to_do(pencil: Any, adapters: Any) -> None:
    flow = pencil.chain()
    flow["nodes"][1]["handlers"] = main("slack:send")
    (problem,) = problems_of(pencil.document(flow), adapters)
    assert (problem.reason, problem.pointer) == ("UNKNOWN_HANDLER", "/nodes/1/handlers/main/entrypoint")
    assert problem.message == "No adapter has slack:send. Install one."
    assert problem.node_id == pencil.id(2)


def test_a_handler_of_another_type_of_node_is_invalid(pencil: Any, found: Any) -> None:
    flow = pencil.chain()
    flow["nodes"][1]["handlers"] = main("core:manual")
    assert found(flow) == [("CONFIG_INVALID", "/nodes/1/handlers/main/entrypoint")]


def test_what_adapters_say_of_a_config_stands_at_its_pointer_in_the_flow(
    pencil: Any, adapters: Any, found: Any
) -> None:
    adapters.findings = [Violation("/handlers/main/config/expression", "It is missing.")]
    flow = pencil.flow(pencil.node(1, "trigger"))
    assert ("CONFIG_INVALID", "/nodes/0/handlers/main/config/expression") in found(flow)


def test_unfinished_cases_make_the_config_invalid_and_other_ports_unknown(pencil: Any, found: Any) -> None:
    flow = pencil.flow(
        pencil.node(1, "trigger"),
        {**pencil.node(2, "condition"), "handlers": main("core:condition", cases=[{"port": "a"}])},
        pencil.node(3, "output"),
        edges=[pencil.edge(1, 1, 2), pencil.edge(2, 2, 3, out="a"), pencil.edge(3, 2, 3, out="default")],
    )
    assert found(flow) == [
        ("CONFIG_INVALID", "/nodes/1/handlers/main/config/cases"),
        ("UNKNOWN_PORT", "/edges/1/source/port"),
    ]


def test_a_condition_of_one_expression_declares_true_and_false_or_nothing(pencil: Any, found: Any) -> None:
    def flow(*keys: str) -> Any:
        outputs = [{"key": key, "label": ""} for key in keys]
        return pencil.flow(
            pencil.node(1, "trigger"),
            pencil.node(2, "condition", ports={"outputs": outputs}),
            pencil.node(3, "output"),
            edges=[pencil.edge(1, 1, 2), pencil.edge(2, 2, 3, out=keys[0])],
        )

    assert found(flow("false", "true")) == []
    assert found(flow("yes", "no")) == [("CONFIG_INVALID", "/nodes/1/ports/outputs")]


@pytest.mark.parametrize(
    ("gives", "takes", "fits"),
    [
        ("string", "string", True),
        ("any", "string", True),
        ("string", "any", True),
        ("integer", "number", True),
        ("number", "integer", False),
        ("string", "number", False),
        ("array", "object", False),
        ("my own word", "number", True),
        (None, "number", True),
    ],
)
def test_types_that_do_not_fit_are_a_warning(pencil: Any, found: Any, gives: Any, takes: str, fits: bool) -> None:
    output = {"key": "out", "label": ""} | ({} if gives is None else {"type": gives})
    flow = pencil.chain()
    flow["nodes"][1]["ports"] = {"outputs": [output]}
    flow["nodes"][2]["ports"] = {"inputs": [{"key": "input", "label": "", "type": takes}]}
    assert found(flow) == ([] if fits else [("TYPE_MISMATCH", "/edges/1")])


def test_a_chain_of_thousands_is_looked_through(pencil: Any, found: Any) -> None:
    nodes = [pencil.node(1, "trigger"), *[pencil.node(number) for number in range(2, 5000)]]
    edges = [pencil.edge(number, number, number + 1) for number in range(1, 4999)]
    edges.append(pencil.edge(9000, 4999, 2))
    flow = pencil.flow(*nodes, edges=edges)
    assert ("CYCLE", "/edges/4998") in found(flow)


def test_of_very_many_problems_errors_are_kept_first(pencil: Any, adapters: Any) -> None:
    adrift = [pencil.node(number) for number in range(2, 1_100)]
    flow = pencil.flow(pencil.node(1, "trigger"), *adrift, pencil.node(2_000, entrypoint="nobody:here"))
    problems = problems_of(pencil.document(flow), adapters)
    assert len(problems) == 1_000
    assert problems[0].reason is Reason.UNKNOWN_HANDLER

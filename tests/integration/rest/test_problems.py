"""What is saved all the same and told in `problems`, reason by reason. CONTRACT sections 1 and 3."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from problem_answer import refused

Make = Callable[..., dict[str, Any]]
ERRORS = {"UNKNOWN_HANDLER", "CONFIG_INVALID", "CYCLE", "DUPLICATE_OUTPUT", "UNKNOWN_JOIN", "UNKNOWN_PORT", "NOT_YET"}
WARNINGS = {"UNREACHABLE", "NO_TRIGGER", "NO_OUTPUT", "TYPE_MISMATCH"}


def handler(entrypoint: str, **config: Any) -> dict[str, Any]:
    return {"main": {"entrypoint": entrypoint, "config": config}}


def port(key: str, kind: str = "any") -> dict[str, Any]:
    return {"key": key, "label": key, "type": kind}


@pytest.fixture
def problems(client: httpx.Client) -> Callable[..., list[tuple[str, str]]]:
    """Save a flow; its problems as (reason, pointer), each well-formed. Errors, and they alone, refuse publishing."""

    def problems(nodes: list[Any], edges: list[Any] = (), **more: Any) -> list[tuple[str, str]]:  # type: ignore[assignment]
        answer = client.post("/flows", json={"name": "odd", "nodes": nodes, "edges": list(edges), **more})
        assert answer.status_code == 201, answer.text
        flow = answer.json()
        assert client.get(f"/flows/{flow['id']}").json()["problems"] == flow["problems"]
        at_fault = []
        for each in flow["problems"]:
            assert {"severity", "pointer", "reason", "message"} <= set(each) <= {
                "severity", "pointer", "nodeId", "reason", "message"
            }  # fmt: skip
            assert each["reason"] in (ERRORS if each["severity"] == "error" else WARNINGS), each
            if each["pointer"].startswith("/nodes/"):
                index = int(each["pointer"].split("/")[2])
                assert each["nodeId"] == flow["nodes"][index]["id"], each
            if each["severity"] == "error":
                at_fault.append(each["pointer"])
        published = client.post(f"/flows/{flow['id']}/versions", json={})
        if at_fault:
            refused(published, 422, "HAS_PROBLEMS", *set(at_fault))
        else:
            assert published.status_code == 201, published.text
        return [(each["reason"], each["pointer"]) for each in flow["problems"]]

    return problems


def around(a_node: Make, an_edge: Make, node: dict[str, Any], **ports: Any) -> tuple[list[Any], list[Any]]:
    """trigger → node → output."""
    trigger, output = a_node("trigger"), a_node("output")
    return [trigger, node, output], [an_edge(trigger, node), an_edge(node, output, **ports)]


def test_a_whole_flow_has_none(problems: Callable[..., Any], a_node: Make, an_edge: Make) -> None:
    assert problems(*around(a_node, an_edge, a_node())) == []


@pytest.mark.parametrize(
    "entrypoint",
    ["nope:thing", "core:nothing", "http:nothing", "core:", ":map", "", "x", "a:b:c", "core:Map", "not a path.x y"],
)
def test_an_unknown_handler(problems: Callable[..., Any], a_node: Make, an_edge: Make, entrypoint: str) -> None:
    found = problems(*around(a_node, an_edge, a_node(handlers=handler(entrypoint))))
    assert found == [("UNKNOWN_HANDLER", "/nodes/1/handlers/main/entrypoint")]


@pytest.mark.parametrize("path", ["os.system", "sample_handlers_too.f", "sample.handlers.f", "builtins.eval"])
def test_a_path_outside_the_allowed_modules(
    problems: Callable[..., Any], a_node: Make, an_edge: Make, path: str
) -> None:
    found = problems(*around(a_node, an_edge, a_node(handlers=handler(path))))
    assert found == [("UNKNOWN_HANDLER", "/nodes/1/handlers/main/entrypoint")]


@pytest.mark.parametrize(
    ("kind", "handlers", "pointer"),
    [
        ("action", handler("core:map"), "/expression"),
        ("action", handler("core:map", expression=1), "/expression"),
        ("action", handler("core:map", expression="a["), "/expression"),
        ("action", handler("core:map", expression="$eval('1')"), "/expression"),
        ("action", handler("core:map", expression="( $e := $eval; $e('1') )"), "/expression"),
        ("action", handler("core:map", expression="/* $eval */ 1"), "/expression"),
        ("action", handler("core:map", expression="'$eval'"), "/expression"),
        ("action", handler("core:map", expression=""), "/expression"),
        ("action", handler("core:map", expression={"$expr": "'input'"}), "/expression"),
        ("action", handler("core:map", expression="input", more=1), "/more"),
        ("action", handler("sample_handlers.pass_on", a=[{"b": {"$env": "T"}}]), "/a/0/b"),
        ("action", handler("sample_handlers.pass_on", a={"$expr": 5}), "/a/$expr"),
        ("action", handler("sample_handlers.pass_on", a={"$expr": "("}), "/a/$expr"),
        ("action", handler("core:map", expression={"$env": "HOME"}), None),
        ("action", handler("core:parse", format="xml"), "/format"),
        ("action", handler("core:parse"), "/format"),
        ("action", handler("http:request", method="GET"), "/url"),
        ("action", handler("http:request", url="https://example.com"), "/method"),
        ("action", handler("http:request", method="FETCH ME", url="https://example.com"), "/method"),
        ("action", handler("http:request", method="GET", url={"$env": "URL"}), None),
        ("action", handler("http:request", method="GET", url="https://e.com", body={"a": {"$env": "T"}}), None),
        ("action", handler("http:request", method="GET", url="https://e.com", body={"$expr": "a["}), None),
        ("action", handler("http:request", method="GET", url="https://e.com", body={"$expr": "$eval('1')"}), None),
        ("action", handler("http:request", method="GET", url="https://e.com", timeoutSeconds=0), "/timeoutSeconds"),
        ("action", handler("http:request", method="GET", url="https://e.com", headers={"A": 1}), "/headers/A"),
        ("condition", handler("core:condition"), None),
        ("condition", handler("core:condition", expression="input >"), "/expression"),
        ("condition", handler("core:condition", expression="nobody > 1"), "/expression"),
        ("condition", handler("core:condition", expression=True), "/expression"),
        ("condition", handler("core:condition", expression="true", more=1), "/more"),
    ],
)
def test_a_config_that_breaks_the_handlers_schema(
    problems: Callable[..., Any], a_node: Make, an_edge: Make, kind: str, handlers: Any, pointer: str | None
) -> None:
    ports = {"port": "true"} if kind == "condition" else {}
    found = problems(*around(a_node, an_edge, a_node(kind, handlers=handlers), **ports))
    assert {reason for reason, _ in found} <= {"CONFIG_INVALID", "UNKNOWN_PORT"}
    configs = [at for reason, at in found if reason == "CONFIG_INVALID"]
    assert configs and all(at.startswith("/nodes/1/handlers/main/config") for at in configs)
    if pointer is not None:
        assert f"/nodes/1/handlers/main/config{pointer}" in configs


def test_a_config_with_expressions_is_whole(problems: Callable[..., Any], a_node: Make, an_edge: Make) -> None:
    config = {
        "method": "POST",
        "url": {"$expr": "input.url"},
        "body": {"a": [{"$expr": "input.b"}], "$expr": "not alone"},
        "headers": {"Authorization": {"$env": "T", "prefix": "Bearer "}, "X-Mine": {"$env": "T"}},
        "query": {"q": {"$expr": "input.q"}},
    }
    assert problems(*around(a_node, an_edge, a_node(handlers=handler("http:request", **config)))) == []


@pytest.mark.parametrize(
    "cases",
    [
        [],
        [{"port": "default", "when": "true"}],
        [{"port": "a", "when": "true"}, {"port": "a", "when": "false"}],
        [{"port": "Not-a-key", "when": "true"}],
        [{"port": "in", "when": "true"}],
        [{"port": "a"}],
        [{"when": "true"}],
        "a",
    ],
)
def test_cases_that_are_not_valid_leave_default_alone(
    problems: Callable[..., Any], a_node: Make, an_edge: Make, cases: Any
) -> None:
    condition = a_node("condition", handlers=handler("core:condition", cases=cases))
    found = problems(*around(a_node, an_edge, condition, port="default"))
    assert {reason for reason, _ in found} == {"CONFIG_INVALID"}
    nodes, edges = around(a_node, an_edge, condition, port="a")
    assert ("UNKNOWN_PORT", "/edges/1/source/port") in problems(nodes, edges)


def test_declared_outputs_of_a_condition_name_its_cases(
    problems: Callable[..., Any], a_node: Make, an_edge: Make
) -> None:
    cases = [{"port": "a", "when": "input == 1"}, {"port": "b", "when": "input == 2"}]
    for keys, whole in ((["a", "b", "default"], True), (["a", "default"], False), (["a", "b", "default", "c"], False)):
        node = a_node(
            "condition",
            handlers=handler("core:condition", cases=cases),
            ports={"outputs": [port(key) for key in keys]},
        )
        found = problems(*around(a_node, an_edge, node, port="default"))
        assert (found == []) is whole, found


@pytest.mark.parametrize("length", [1, 2, 5])
def test_a_cycle(problems: Callable[..., Any], a_node: Make, an_edge: Make, length: int) -> None:
    ring = [a_node(ports={"inputs": [port("input"), port("back")]}) for _ in range(length)]
    nodes, edges = around(a_node, an_edge, ring[0])
    edges += [an_edge(ring[i], ring[(i + 1) % length], into="back") for i in range(length)]
    found = problems([*nodes, *ring[1:]], edges)
    assert {reason for reason, _ in found} == {"CYCLE"}


def test_two_outputs_of_one_name(problems: Callable[..., Any], a_node: Make, an_edge: Make) -> None:
    nodes, edges = around(a_node, an_edge, a_node())
    second = a_node("output")
    assert problems([*nodes, second], [*edges, an_edge(nodes[1], second)]) == [("DUPLICATE_OUTPUT", "/nodes/3/name")]


@pytest.mark.parametrize("join", ["most", "ALL", "", None, 1, ["all"]])
def test_an_unknown_join(problems: Callable[..., Any], a_node: Make, an_edge: Make, join: Any) -> None:
    found = problems(*around(a_node, an_edge, a_node(annotations={"join": join, "color": "red"})))
    assert found == [("UNKNOWN_JOIN", "/nodes/1/annotations/join")]


def test_a_loop_and_channels_are_returned_as_saved(client: httpx.Client, a_node: Make, an_edge: Make) -> None:
    nodes, edges = around(a_node, an_edge, a_node())
    edges[1]["loop"] = {"maxIterations": 3}
    publisher = {"nodeId": nodes[0]["id"], "port": "out"}
    channels = [{"id": str(uuid.uuid4()), "name": "c", "publishers": [publisher], "subscribers": []}]
    body = {"name": "later", "nodes": nodes, "edges": edges, "channels": channels}
    flow = client.post("/flows", json=body).json()
    assert (flow["edges"], flow["channels"]) == (edges, channels)
    # It is saved, and cannot be published: nothing leads back.
    assert ("CYCLE", "/edges/1") in [(problem["reason"], problem["pointer"]) for problem in flow["problems"]]


def test_another_handler_key_is_a_problem(problems: Callable[..., Any], a_node: Make, an_edge: Make) -> None:
    node = a_node(handlers={**handler("core:map", expression="1"), "cleanup": {"entrypoint": "core:map"}})
    found = problems(*around(a_node, an_edge, node))
    assert [at for _, at in found if at.startswith("/nodes/1/handlers/cleanup")]
    assert problems(*around(a_node, an_edge, a_node(handlers={})))


def test_warnings_refuse_nothing(problems: Callable[..., Any], a_node: Make, an_edge: Make) -> None:
    assert {reason for reason, _ in problems([])} == {"NO_TRIGGER", "NO_OUTPUT"}
    nodes, edges = around(a_node, an_edge, a_node())
    alone, after = a_node(), a_node()
    found = problems([*nodes, alone, after], [*edges, an_edge(alone, after)])
    assert found == [("UNREACHABLE", "/nodes/3"), ("UNREACHABLE", "/nodes/4")]


@pytest.mark.parametrize(
    ("source", "target", "mismatch"),
    [
        ("string", "integer", True),
        ("object", "array", True),
        ("boolean", "number", True),
        ("string", "string", False),
        ("any", "integer", False),
        ("string", "any", False),
        ("integer", "number", False),
        ("datetime", "integer", False),
        ("string", "blob", False),
    ],
)
def test_types_are_hints(
    problems: Callable[..., Any], a_node: Make, an_edge: Make, source: str, target: str, mismatch: bool
) -> None:
    one, two = a_node(ports={"outputs": [port("out", source)]}), a_node(ports={"inputs": [port("input", target)]})
    nodes, edges = around(a_node, an_edge, one)
    nodes.append(two)
    found = problems(nodes, [*edges, an_edge(one, two)])
    if mismatch:
        assert [reason for reason, _ in found] == ["TYPE_MISMATCH"] and found[0][1].startswith("/edges/2")
    else:
        assert found == []


@pytest.mark.parametrize(
    ("kind", "entrypoint"),
    [
        ("action", "core:manual"),
        ("action", "core:condition"),
        ("trigger", "core:map"),
        ("trigger", "http:request"),
        ("condition", "core:map"),
        ("condition", "core:manual"),
        ("output", "core:map"),
    ],
)
def test_a_handler_of_another_kind_of_node_is_a_problem(
    client: httpx.Client, a_node: Make, kind: str, entrypoint: str
) -> None:
    config = {"method": "GET", "url": "https://example.com"} if entrypoint == "http:request" else {"expression": "true"}
    node = a_node(kind, handlers=handler(entrypoint, **({} if entrypoint == "core:manual" else config)))
    flow = client.post("/flows", json={"name": "n", "nodes": [node]}).json()
    errors = [each for each in flow["problems"] if each["severity"] == "error"]
    assert [each["nodeId"] for each in errors] == [node["id"]], flow["problems"]


@pytest.mark.parametrize(
    "schema",
    [{"type": "nope"}, 1, "x", [], {"$ref": "http://127.0.0.1:1/x.json"}, {"required": "n"}, {"properties": []}],
)
def test_an_input_schema_that_is_none_is_a_problem(
    problems: Callable[..., Any], a_node: Make, an_edge: Make, schema: Any
) -> None:
    trigger, output = a_node("trigger", handlers=handler("core:manual", inputSchema=schema)), a_node("output")
    found = problems([trigger, output], [an_edge(trigger, output)])
    assert {reason for reason, _ in found} == {"CONFIG_INVALID"}
    assert all(at.startswith("/nodes/0/handlers/main/config/inputSchema") for _, at in found)


def test_nodes_without_a_main_handler(problems: Callable[..., Any], a_node: Make, an_edge: Make) -> None:
    for kind, lit in (("trigger", "out"), ("condition", "true")):
        node = a_node(kind, handlers={})
        output = a_node("output")
        found = problems([node, output], [an_edge(node, output, lit)])
        assert any(at.startswith("/nodes/0/handlers") for _, at in found), found

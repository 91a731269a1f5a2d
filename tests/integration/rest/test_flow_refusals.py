"""What a flow is refused for: whatever breaks its shape or the document. CONTRACT section 1, "PUT refuses"."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from problem_answer import refused

CEL_RESERVED = [
    "as",
    "break",
    "const",
    "continue",
    "else",
    "false",
    "for",
    "function",
    "if",
    "import",
    "in",
    "let",
    "loop",
    "package",
    "namespace",
    "null",
    "return",
    "true",
    "var",
    "void",
    "while",
]
Make = Callable[..., dict[str, Any]]


def port(key: str, **more: Any) -> dict[str, Any]:
    return {"key": key, "label": key, "type": "any", **more}


@pytest.fixture
def refuse(client: httpx.Client) -> Callable[..., None]:
    """POST and PUT of the body are both refused at the pointers."""

    def refuse(body: dict[str, Any], *pointers: str) -> None:
        refused(client.post("/flows", json={"name": "refused", **body}), 422, "INVALID", *pointers)
        flow_id = client.post("/flows", json={"name": "kept"}).json()["id"]
        answer = client.put(f"/flows/{flow_id}", json={"name": "refused", **body}, headers={"If-Match": "*"})
        refused(answer, 422, "INVALID", *pointers)
        assert client.get(f"/flows/{flow_id}").json()["name"] == "kept"

    return refuse


@pytest.fixture
def saved(client: httpx.Client) -> Callable[..., dict[str, Any]]:
    def saved(**body: Any) -> dict[str, Any]:
        answer = client.post("/flows", json={"name": "saved", **body})
        assert answer.status_code == 201, answer.text
        return answer.json()

    return saved


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"more": 1}, "/more"),
        ({"description": 1}, "/description"),
        ({"description": None}, "/description"),
        ({"nodes": {}}, "/nodes"),
        ({"nodes": None}, "/nodes"),
        ({"nodes": [1]}, "/nodes/0"),
        ({"edges": {}}, "/edges"),
        ({"edges": [1]}, "/edges/0"),
        ({"channels": {}}, "/channels"),
        ({"settings": []}, "/settings"),
        ({"settings": {"more": 1}}, "/settings/more"),
        ({"settings": {"timeoutSeconds": 0}}, "/settings/timeoutSeconds"),
        ({"settings": {"timeoutSeconds": 1.5}}, "/settings/timeoutSeconds"),
        ({"settings": {"timeoutSeconds": "1"}}, "/settings/timeoutSeconds"),
        ({"settings": {"labels": "x"}}, "/settings/labels"),
        ({"settings": {"labels": [1]}}, "/settings/labels/0"),
    ],
)
def test_a_member_of_the_wrong_shape(refuse: Callable[..., None], body: dict[str, Any], pointer: str) -> None:
    refuse(body, pointer)


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"id": None}, "/id"),
        ({"id": "e1"}, "/id"),
        ({"more": 1}, "/more"),
        ({"source": None}, "/source"),
        ({"source": {}}, "/source/nodeId"),
        ({"target": {"nodeId": "x", "port": "input"}}, "/target/nodeId"),
        ({"target": {"port": "input"}}, "/target/nodeId"),
    ],
)
def test_an_edge_of_the_wrong_shape(
    client: httpx.Client, a_node: Make, an_edge: Make, change: dict[str, Any], pointer: str
) -> None:
    trigger, step = a_node("trigger"), a_node()
    body = {"name": "n", "nodes": [trigger, step], "edges": [{**an_edge(trigger, step), **change}]}
    problem = refused(client.post("/flows", json=body), 422, "INVALID")
    assert f"/edges/0{pointer}" in [error["pointer"] for error in problem["errors"]]


@pytest.mark.parametrize("member", ["id", "source", "target"])
def test_an_edge_without_a_member(refuse: Callable[..., None], a_node: Make, an_edge: Make, member: str) -> None:
    trigger, step = a_node("trigger"), a_node()
    edge = an_edge(trigger, step)
    del edge[member]
    refuse({"nodes": [trigger, step], "edges": [edge]}, f"/edges/0/{member}")


@pytest.mark.parametrize("end", ["source", "target"])
@pytest.mark.parametrize("member", ["nodeId", "port"])
def test_an_end_of_an_edge(refuse: Callable[..., None], a_node: Make, an_edge: Make, end: str, member: str) -> None:
    trigger, step = a_node("trigger"), a_node()
    whole = {"nodes": [trigger, step], "edges": [an_edge(trigger, step)]}
    edge = whole["edges"][0]
    refuse({**whole, "edges": [{**edge, end: {**edge[end], "more": 1}}]}, f"/edges/0/{end}/more")
    refuse({**whole, "edges": [{**edge, end: {k: v for k, v in edge[end].items() if k != member}}]},
           f"/edges/0/{end}/{member}")  # fmt: skip
    unknown = str(uuid.uuid4()) if member == "nodeId" else "nowhere"
    refuse({**whole, "edges": [{**edge, end: {**edge[end], member: unknown}}]}, f"/edges/0/{end}/{member}")


def test_ids_are_unique_in_either_case(refuse: Callable[..., None], a_node: Make, an_edge: Make) -> None:
    trigger, one, two = a_node("trigger"), a_node(), a_node()
    for same in (one["id"], one["id"].upper()):
        refuse({"nodes": [trigger, one, {**two, "id": same}]}, "/nodes/2/id")
    first, second = an_edge(trigger, one), an_edge(trigger, two)
    for same in (first["id"], first["id"].upper()):
        refuse({"nodes": [trigger, one, two], "edges": [first, {**second, "id": same}]}, "/edges/1/id")


def test_the_same_edge_twice(client: httpx.Client, a_node: Make, an_edge: Make) -> None:
    trigger, one = a_node("trigger"), a_node()
    body = {"name": "n", "nodes": [trigger, one], "edges": [an_edge(trigger, one), an_edge(trigger, one)]}
    problem = refused(client.post("/flows", json=body), 422, "INVALID")
    assert all(error["pointer"].startswith("/edges/1") for error in problem["errors"])


def test_two_edges_into_one_port_from_two_ports_are_two_edges(saved: Callable[..., Any], a_node: Make, an_edge: Make) -> None:  # fmt: skip # noqa: E501
    trigger, one, two = a_node("trigger"), a_node("condition"), a_node()
    edges = [an_edge(trigger, one), an_edge(one, two, "true"), an_edge(one, two, "false")]
    assert len(saved(nodes=[trigger, one, two], edges=edges)["edges"]) == 3


@pytest.mark.parametrize("side", ["inputs", "outputs"])
@pytest.mark.parametrize(
    "key", ["Big", "1a", "a-b", "", "é", "a b", "a.b", "$a", "inputs", "a" * 3 + "\n", *CEL_RESERVED]
)
def test_a_port_key_that_is_not_allowed(refuse: Callable[..., None], a_node: Make, side: str, key: str) -> None:
    refuse({"nodes": [a_node(ports={side: [port("fine"), port(key)]})]}, f"/nodes/0/ports/{side}/1/key")


@pytest.mark.parametrize("key", ["a", "_", "_a", "aB9_", "input", "out", "type", "int", "size", "has", "x" * 100])
def test_a_port_key_that_is_allowed(saved: Callable[..., Any], a_node: Make, key: str) -> None:
    node = saved(nodes=[a_node(ports={"inputs": [port(key)], "outputs": [port(key)]})])["nodes"][0]
    assert node["ports"] == {"inputs": [port(key)], "outputs": [port(key)]}


@pytest.mark.parametrize("side", ["inputs", "outputs"])
def test_port_keys_are_unique_on_their_side(refuse: Callable[..., None], a_node: Make, side: str) -> None:
    refuse({"nodes": [a_node(ports={side: [port("a"), port("b"), port("a")]})]}, f"/nodes/0/ports/{side}/2/key")


def test_error_may_not_be_declared_where_every_node_has_it(refuse: Callable[..., None], a_node: Make) -> None:
    for kind in ("action", "subflow"):
        node = a_node(kind, ports={"outputs": [port("out"), port("error")]})
        refuse({"nodes": [node]}, "/nodes/0/ports/outputs/1/key")


def test_a_trigger_has_no_inputs_and_an_output_no_outputs(
    client: httpx.Client, saved: Callable[..., Any], a_node: Make
) -> None:
    for kind, side in (("trigger", "inputs"), ("output", "outputs")):
        body = {"name": "n", "nodes": [a_node(kind, ports={side: [port("a")]})]}
        problem = refused(client.post("/flows", json=body), 422, "INVALID")
        assert all(error["pointer"].startswith(f"/nodes/0/ports/{side}") for error in problem["errors"])
        saved(nodes=[a_node(kind, ports={side: []})])


def test_a_condition_may_have_true_and_false(saved: Callable[..., Any], a_node: Make) -> None:
    saved(nodes=[a_node("condition", ports={"outputs": [port("true"), port("false")]})])


def test_edges_go_to_ports_that_a_node_has(refuse: Callable[..., None], a_node: Make, an_edge: Make) -> None:
    trigger, action, output, condition = a_node("trigger"), a_node(), a_node("output"), a_node("condition")
    nodes = [trigger, action, output, condition]
    for edge, end in (
        (an_edge(action, trigger), "target"),
        (an_edge(output, action), "source"),
        (an_edge(trigger, action, "error"), "source"),
        (an_edge(condition, action, "out"), "source"),
        (an_edge(condition, action, "error"), "source"),
        (an_edge(action, output, "out", "out"), "target"),
    ):
        refuse({"nodes": nodes, "edges": [edge]}, f"/edges/0/{end}/port")
    declared = a_node(ports={"inputs": [port("a")], "outputs": [port("b")]})
    refuse({"nodes": [trigger, declared], "edges": [an_edge(trigger, declared)]}, "/edges/0/target/port")
    refuse({"nodes": [declared, action], "edges": [an_edge(declared, action)]}, "/edges/0/source/port")
    none = a_node(ports={"inputs": []})
    refuse({"nodes": [trigger, none], "edges": [an_edge(trigger, none)]}, "/edges/0/target/port")


def test_every_action_has_error(saved: Callable[..., Any], a_node: Make, an_edge: Make) -> None:
    trigger, action, output = a_node("trigger"), a_node(ports={"outputs": [port("b")]}), a_node("output")
    assert saved(nodes=[trigger, action, output], edges=[an_edge(trigger, action), an_edge(action, output, "error")])


@pytest.mark.parametrize(
    "name",
    ["Authorization", "authorization", "aUTHORIZATION", "Proxy-Authorization", "Cookie", "X-API-Key", "x-api-key"],
)
@pytest.mark.parametrize("value", ["Bearer abc", "", {"$expr": "input.token"}, {"$expr": "'x'"}])
def test_a_literal_where_a_secret_belongs(refuse: Callable[..., None], a_node: Make, name: str, value: Any) -> None:
    config = {"method": "GET", "url": "https://example.com/", "headers": {"Accept": "text/plain", name: value}}
    node = a_node(handlers={"main": {"entrypoint": "http:request", "config": config}})
    refuse({"nodes": [node]}, f"/nodes/0/handlers/main/config/headers/{name}")


def test_what_is_only_unfinished_is_saved(saved: Callable[..., Any], a_node: Make) -> None:
    config = {"url": "", "headers": {"Authorization": {"$env": "TOKEN", "prefix": "Bearer "}}}
    flow = saved(
        nodes=[a_node(handlers={}), a_node(handlers={"main": {"entrypoint": "http:request", "config": config}})]
    )
    assert [node["handlers"] for node in flow["nodes"]] == [
        {},
        {"main": {"entrypoint": "http:request", "config": config}},
    ]
    assert flow["problems"]

"""One node at a time: its own etag, its version, its edges. CONTRACT section 1."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from problem_answer import refused
from triggerflow_chassis.schemas import violations

Make = Callable[..., dict[str, Any]]


@pytest.fixture
def drawn(make_flow: Make, a_node: Make, an_edge: Make) -> dict[str, Any]:
    """trigger → step → output, saved."""
    trigger, step, output = a_node("trigger"), a_node(), a_node("output")
    return make_flow(nodes=[trigger, step, output], edges=[an_edge(trigger, step), an_edge(step, output)])


def test_nodes_are_a_bare_array_of_the_missions_form(client: httpx.Client, drawn: dict[str, Any]) -> None:
    answer = client.get(f"/flows/{drawn['id']}/nodes")
    assert answer.status_code == 200
    assert answer.json() == drawn["nodes"]
    for node in answer.json():
        assert violations("node-metadata", node) == []
        one = client.get(f"/flows/{drawn['id']}/nodes/{node['id']}")
        assert (one.status_code, one.json()) == (200, node)
        assert one.headers["etag"]


def test_a_node_is_made_once(client: httpx.Client, drawn: dict[str, Any], a_node: Make) -> None:
    node = a_node()
    path = f"/flows/{drawn['id']}/nodes/{node['id']}"
    made = client.put(path, json=node, headers={"If-None-Match": "*"})
    assert made.status_code == 201, made.text
    assert {**node, "version": made.json()["version"]} == made.json()
    again = client.put(path, json=node, headers={"If-None-Match": "*"})
    problem = refused(again, 412, "STALE_ETAG")
    assert again.headers["etag"] == problem["currentEtag"] == made.headers["etag"]
    assert client.get(f"/flows/{drawn['id']}").json()["nodes"][-1]["id"] == node["id"]
    assert client.get(f"/flows/{drawn['id']}").headers["etag"] != drawn["etag"]


def test_a_node_has_an_etag_of_its_own(client: httpx.Client, drawn: dict[str, Any]) -> None:
    paths = [f"/flows/{drawn['id']}/nodes/{node['id']}" for node in drawn["nodes"]]
    before = [client.get(path).headers["etag"] for path in paths]
    step = drawn["nodes"][1]
    moved = client.put(paths[1], json={**step, "position": {"x": 9, "y": 9}}, headers={"If-Match": before[1]})
    assert moved.status_code == 200, moved.text
    assert moved.json()["version"] == step["version"] + 1
    assert moved.headers["etag"] != before[1]
    assert [client.get(path).headers["etag"] for path in paths] == [before[0], moved.headers["etag"], before[2]]
    flow = client.get(f"/flows/{drawn['id']}")
    assert flow.headers["etag"] != drawn["etag"] and flow.json()["updatedAt"] > drawn["updatedAt"]
    stale = client.put(paths[1], json=step, headers={"If-Match": before[1]})
    assert refused(stale, 412, "STALE_ETAG")["currentEtag"] == moved.headers["etag"] == stale.headers["etag"]
    refused(client.delete(paths[1], headers={"If-Match": before[1]}), 412, "STALE_ETAG")
    refused(client.put(paths[1], json=step), 428, "PRECONDITION_REQUIRED")
    refused(client.delete(paths[1]), 428, "PRECONDITION_REQUIRED")
    same = client.put(paths[1], json=moved.json(), headers={"If-Match": moved.headers["etag"]})
    assert (same.headers["etag"], same.json()) == (moved.headers["etag"], moved.json())
    assert client.get(f"/flows/{drawn['id']}").headers["etag"] == flow.headers["etag"]


def test_a_change_through_the_flow_moves_only_the_nodes_it_changes(
    client: httpx.Client, drawn: dict[str, Any], put: Callable[..., httpx.Response]
) -> None:
    paths = [f"/flows/{drawn['id']}/nodes/{node['id']}" for node in drawn["nodes"]]
    before = [client.get(path).headers["etag"] for path in paths]
    nodes = [{**node, "name": "renamed"} if node["type"] == "action" else node for node in drawn["nodes"]]
    saved = put(drawn["id"], {"name": "n", "nodes": nodes, "edges": drawn["edges"]}).json()
    versions = [node["version"] - old["version"] for node, old in zip(saved["nodes"], drawn["nodes"], strict=True)]
    assert versions == [0, 1, 0]
    after = [client.get(path).headers["etag"] for path in paths]
    assert [a == b for a, b in zip(before, after, strict=True)] == [True, False, True]


def test_a_nodes_id_is_that_of_its_path(client: httpx.Client, drawn: dict[str, Any], a_node: Make) -> None:
    step = drawn["nodes"][1]
    path = f"/flows/{drawn['id']}/nodes/{step['id']}"
    refused(client.put(path, json={**step, "id": str(uuid.uuid4())}, headers={"If-Match": "*"}), 422, "INVALID", "/id")
    upper = client.put(path.upper().replace("/FLOWS/", "/flows/").replace("/NODES/", "/nodes/"), json=step,
                       headers={"If-Match": "*"})  # fmt: skip
    assert (upper.status_code, upper.json()["id"]) == (200, step["id"])
    unknown = f"/flows/{drawn['id']}/nodes/{uuid.uuid4()}"
    refused(client.get(unknown), 404, "NOT_FOUND")
    refused(client.put(unknown, json=a_node(), headers={"If-Match": "*"}), 404, "NOT_FOUND")
    refused(client.delete(unknown, headers={"If-Match": "*"}), 404, "NOT_FOUND")
    refused(client.get(f"/flows/{drawn['id']}/nodes/nope"), 404, "NOT_FOUND")
    elsewhere = f"/flows/{uuid.uuid4()}/nodes/{step['id']}"
    refused(client.put(elsewhere, json=step, headers={"If-None-Match": "*"}), 404, "NOT_FOUND")


def test_with_a_node_go_its_edges(client: httpx.Client, drawn: dict[str, Any]) -> None:
    path = f"/flows/{drawn['id']}/nodes/{drawn['nodes'][1]['id']}"
    gone = client.delete(path, headers={"If-Match": client.get(path).headers["etag"]})
    assert (gone.status_code, gone.content) == (204, b"")
    flow = client.get(f"/flows/{drawn['id']}")
    assert [node["id"] for node in flow.json()["nodes"]] == [drawn["nodes"][0]["id"], drawn["nodes"][2]["id"]]
    assert flow.json()["edges"] == [] and flow.headers["etag"] != drawn["etag"]
    refused(client.get(path), 404, "NOT_FOUND")


def test_a_port_in_use_is_not_taken_away(client: httpx.Client, drawn: dict[str, Any]) -> None:
    step = drawn["nodes"][1]
    path = f"/flows/{drawn['id']}/nodes/{step['id']}"
    port = {"key": "other", "label": "o", "type": "any"}
    for ports, pointers in (
        ({"inputs": [port]}, ["/edges/0"]),
        ({"outputs": [port]}, ["/edges/1"]),
        ({"inputs": [port], "outputs": [port]}, ["/edges/0", "/edges/1"]),
    ):
        answer = client.put(path, json={**step, "ports": ports}, headers={"If-Match": "*"})
        problem = refused(answer, 422, "INVALID")
        assert sorted({"/".join(each["pointer"].split("/")[:3]) for each in problem["errors"]}) == pointers
    as_output = {**step, "type": "output", "handlers": {}}
    refused(client.put(path, json=as_output, headers={"If-Match": "*"}), 422, "INVALID")
    assert client.get(f"/flows/{drawn['id']}").headers["etag"] == drawn["etag"]
    more = {**step, "ports": {"inputs": [port, {**port, "key": "input"}]}}
    assert client.put(path, json=more, headers={"If-Match": "*"}).status_code == 200


def test_a_nodes_problems_are_told_by_its_flow(client: httpx.Client, drawn: dict[str, Any]) -> None:
    step = {**drawn["nodes"][1], "handlers": {"main": {"entrypoint": "nope:nope"}}}
    path = f"/flows/{drawn['id']}/nodes/{step['id']}"
    assert client.put(path, json=step, headers={"If-Match": "*"}).status_code == 200
    (problem,) = client.get(f"/flows/{drawn['id']}").json()["problems"]
    assert (problem["reason"], problem["nodeId"]) == ("UNKNOWN_HANDLER", step["id"])
    config = {"method": "GET", "url": "https://example.com", "headers": {"cookie": "a=b"}}
    secret = {**step, "handlers": {"main": {"entrypoint": "http:request", "config": config}}}
    answer = client.put(path, json=secret, headers={"If-Match": "*"})
    refused(answer, 422, "INVALID", "/handlers/main/config/headers/cookie")

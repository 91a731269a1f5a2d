"""Publishing: what a version is, when a new one is made, and what its hash covers. CONTRACT section 1, "Version"."""

from __future__ import annotations

import copy
import uuid
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from problem_answer import refused

Make = Callable[..., dict[str, Any]]
Change = Callable[[dict[str, Any]], None]


@pytest.fixture
def draft(a_node: Make, an_edge: Make) -> dict[str, Any]:
    """trigger → step → output, with every optional member that counts."""
    port = {"key": "input", "label": "in", "type": "any", "default": 1}
    trigger, output = a_node("trigger"), a_node("output", name="result")
    step = a_node(ports={"inputs": [port], "outputs": [{"key": "out", "label": "out"}]}, annotations={"join": "all"})
    other = a_node("output", name="other")
    edges = [an_edge(trigger, step), an_edge(step, output), an_edge(step, other)]
    settings = {"timeoutSeconds": 60, "labels": ["a"]}
    return {"name": "v", "nodes": [trigger, step, output, other], "edges": edges, "settings": settings}


@pytest.fixture
def publish(client: httpx.Client) -> Callable[..., httpx.Response]:
    def publish(flow_id: str, **body: Any) -> httpx.Response:
        answer = client.post(f"/flows/{flow_id}/versions", json=body)
        assert answer.status_code in (200, 201), answer.text
        return answer

    return publish


def test_a_version_is_a_snapshot(
    client: httpx.Client, make_flow: Make, draft: dict[str, Any], publish: Any, put: Any
) -> None:
    flow = make_flow(**draft)
    made = publish(flow["id"], message="first")
    assert made.status_code == 201
    version = made.json()
    assert set(version) == {"version", "contentHash", "createdAt", "message"}
    assert (version["version"], version["message"]) == ("1", "first")
    put(flow["id"], {"name": "changed"})
    one = client.get(f"/flows/{flow['id']}/versions/1").json()
    assert {key: one[key] for key in version} == version
    assert set(one["flow"]) == {"name", "description", "nodes", "edges", "channels", "settings"}
    assert one["flow"] == {key: flow[key] for key in one["flow"]}
    read = client.get(f"/flows/{flow['id']}").json()
    assert read["latestVersion"] == "1"
    listed = client.get(f"/flows/{flow['id']}/versions").json()
    assert listed == {"items": [version], "nextPageToken": None}


def test_publishing_and_running_move_no_etag(
    client: httpx.Client, make_flow: Make, draft: dict[str, Any], publish: Any
) -> None:
    flow = make_flow(**draft)
    node_path = f"/flows/{flow['id']}/nodes/{draft['nodes'][1]['id']}"
    node_tag = client.get(node_path).headers["etag"]
    publish(flow["id"])
    client.post("/executions", json={"flowId": flow["id"], "inputs": {}, "executionOptions": {"async": False}})
    read = client.get(f"/flows/{flow['id']}")
    assert (read.headers["etag"], read.json()["updatedAt"]) == (flow["etag"], flow["updatedAt"])
    assert client.get(node_path).headers["etag"] == node_tag
    answer = client.put(f"/flows/{flow['id']}", json=draft, headers={"If-Match": flow["etag"]})
    assert (answer.status_code, answer.headers["etag"]) == (200, flow["etag"])


def test_versions_only_go_up(client: httpx.Client, make_flow: Make, publish: Any, put: Any, a_node: Make) -> None:
    flow = make_flow(nodes=[a_node("output", name="one")])
    first = publish(flow["id"]).json()
    changed = {"name": "n", "nodes": [{**flow["nodes"][0], "name": "two"}]}
    for number in range(2, 12):
        put(flow["id"], changed if number % 2 == 0 else {"name": "n", "nodes": flow["nodes"]})
        made = publish(flow["id"])
        assert (made.status_code, made.json()["version"]) == (201, str(number))
        assert (made.json()["contentHash"] == first["contentHash"]) is (number % 2 == 1)
    listed = client.get(f"/flows/{flow['id']}/versions").json()["items"]
    assert [each["version"] for each in listed] == [str(number) for number in range(11, 0, -1)]
    assert all("flow" not in each for each in listed)
    page = client.get(f"/flows/{flow['id']}/versions?pageSize=4").json()
    rest = client.get(f"/flows/{flow['id']}/versions?pageSize=250&pageToken={page['nextPageToken']}").json()
    assert [*page["items"], *rest["items"]] == listed


@pytest.mark.parametrize("version", ["0", "2", "01", "abc", "-1", "1.0", "999999999999999999999"])
def test_an_unknown_version_is_not_found(client: httpx.Client, make_flow: Make, publish: Any, version: str) -> None:
    flow = make_flow()
    publish(flow["id"])
    refused(client.get(f"/flows/{flow['id']}/versions/{version}"), 404, "NOT_FOUND")


def test_publishing_takes_an_empty_body_and_nothing_surplus(client: httpx.Client, make_flow: Make) -> None:
    path = f"/flows/{make_flow()['id']}/versions"
    assert client.post(path).status_code == 201
    assert client.post(path, content=b"", headers={"Content-Type": "application/json"}).status_code == 200
    assert client.post(path, json={}).json()["message"] == ""
    refused(client.post(path, json={"more": 1}), 422, "INVALID", "/more")
    refused(client.post(path, json={"message": 1}), 422, "INVALID", "/message")
    refused(client.post(path, json=[]), 422, "INVALID", "")


def test_what_equals_the_newest_version_is_answered_with_it(
    make_flow: Make, draft: dict[str, Any], publish: Any
) -> None:
    flow = make_flow(**draft)
    first = publish(flow["id"], message="first").json()
    again = publish(flow["id"], message="second")
    assert (again.status_code, again.json()) == (200, first)


def _edit_step(**more: Any) -> Change:
    return lambda flow: flow["nodes"][1].update(more)


def _edit_handler(**more: Any) -> Change:
    return lambda flow: flow["nodes"][1]["handlers"]["main"].update(more)


def _edit_input(**more: Any) -> Change:
    return lambda flow: flow["nodes"][1]["ports"]["inputs"][0].update(more)


def _new_node_id(flow: dict[str, Any]) -> None:
    old, new = flow["nodes"][2]["id"], str(uuid.uuid4())
    flow["nodes"][2]["id"] = new
    for edge in flow["edges"]:
        if edge["target"]["nodeId"] == old:
            edge["target"]["nodeId"] = new


def _new_edge_ids(flow: dict[str, Any]) -> None:
    for edge in flow["edges"]:
        edge["id"] = str(uuid.uuid4())


def _ends(flow: dict[str, Any]) -> None:
    flow["edges"] = [flow["edges"][0], flow["edges"][2], flow["edges"][1]]


QUIET: dict[str, Change] = {
    "moved": _edit_step(position={"x": 500, "y": -3.5}),
    "name": _edit_step(name="renamed"),
    "node description": _edit_step(description="said"),
    "annotation": _edit_step(annotations={"join": "all", "color": "red"}),
    "label": _edit_input(label="relabelled"),
    "edge ids": _new_edge_ids,
    "order of nodes": lambda flow: flow["nodes"].reverse(),
    "flow name": lambda flow: flow.update(name="other"),
    "flow description": lambda flow: flow.update(description="other"),
    "node version": _edit_step(version=55),
}
LOUD: dict[str, Change] = {
    "node id": _new_node_id,
    "entrypoint": _edit_handler(entrypoint="core:parse", config={"format": "json"}),
    "config": _edit_handler(config={"expression": "input.b"}),
    "node timeout": _edit_handler(timeoutSeconds=3),
    "retries": _edit_handler(retries={"maxAttempts": 2}),
    "default": _edit_input(default=2),
    "no default": lambda flow: flow["nodes"][1]["ports"]["inputs"][0].pop("default"),
    "port type": _edit_input(type="string"),
    "join": _edit_step(annotations={"join": "strict"}),
    "order of edges": _ends,
    "an edge less": lambda flow: flow["edges"].pop(),
    "a node less": lambda flow: (flow["edges"].pop(), flow["nodes"].pop()),
    "run timeout": lambda flow: flow["settings"].update(timeoutSeconds=61),
    "labels": lambda flow: flow["settings"].update(labels=["b"]),
    "output name": lambda flow: flow["nodes"][2].update(name="renamed"),
}


@pytest.mark.parametrize("change", QUIET)
def test_what_has_no_meaning_makes_no_version(
    make_flow: Make, draft: dict[str, Any], publish: Any, put: Any, change: str
) -> None:
    flow = make_flow(**draft)
    first = publish(flow["id"])
    changed = copy.deepcopy(draft)
    QUIET[change](changed)
    assert put(flow["id"], changed).status_code == 200
    again = publish(flow["id"])
    assert (again.status_code, again.json()) == (200, first.json())


@pytest.mark.parametrize("change", LOUD)
def test_what_has_a_meaning_makes_a_version(
    make_flow: Make, draft: dict[str, Any], publish: Any, put: Any, change: str
) -> None:
    flow = make_flow(**draft)
    first = publish(flow["id"])
    changed = copy.deepcopy(draft)
    LOUD[change](changed)
    answer = put(flow["id"], changed)
    assert answer.status_code == 200, answer.text
    again = publish(flow["id"])
    assert (again.status_code, again.json()["version"]) == (201, "2")
    assert again.json()["contentHash"] != first.json()["contentHash"]


def test_two_flows_of_one_meaning_have_one_hash(make_flow: Make, draft: dict[str, Any], publish: Any) -> None:
    hashes = {publish(make_flow(**{**draft, "name": name})["id"]).json()["contentHash"] for name in ("a", "b")}
    assert len(hashes) == 1


def test_of_many_who_publish_at_once_one_makes_the_version(
    make_flow: Make, draft: dict[str, Any], publish: Any
) -> None:
    from concurrent.futures import ThreadPoolExecutor

    flow = make_flow(**draft)
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: publish(flow["id"]), range(8)))
    assert sorted(answer.status_code for answer in answers) == [200] * 7 + [201]
    assert {answer.json()["version"] for answer in answers} == {"1"}

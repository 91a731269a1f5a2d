"""Flows as resources: what is made, replaced, guarded by etags and deleted. CONTRACT section 1, "Flow"."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from problem_answer import refused
from running_product import wait_for

MEMBERS = {
    "id",
    "projectId",
    "name",
    "description",
    "nodes",
    "edges",
    "channels",
    "settings",
    "latestVersion",
    "problems",
    "createdAt",
    "updatedAt",
}
SERVERS = {"id", "projectId", "latestVersion", "problems", "createdAt", "updatedAt"}
UNKNOWN = "01890000-0000-7000-8000-000000000000"


def test_only_the_name_is_needed(client: httpx.Client) -> None:
    made = client.post("/flows", json={"name": "only a name"})
    assert made.status_code == 201
    flow = made.json()
    assert set(flow) == MEMBERS
    assert uuid.UUID(flow["id"]).version == 7 and flow["id"] == flow["id"].lower()
    assert made.headers["location"].endswith(f"/flows/{flow['id']}")
    assert (flow["description"], flow["nodes"], flow["edges"], flow["channels"]) == ("", [], [], [])
    assert (flow["settings"], flow["latestVersion"]) == ({}, None)
    assert flow["createdAt"] == flow["updatedAt"] and flow["createdAt"].endswith("Z")
    read = client.get(f"/flows/{flow['id']}")
    assert (read.status_code, read.json(), read.headers["etag"]) == (200, flow, made.headers["etag"])
    assert client.get(made.headers["location"]).json() == flow


@pytest.mark.parametrize("name", ["x", "n" * 200, "😀" * 200, " ", "a/b?c#d", "Ünïcödé\nline"])
def test_a_name_has_1_to_200_characters(client: httpx.Client, name: str) -> None:
    assert client.post("/flows", json={"name": name}).json()["name"] == name


@pytest.mark.parametrize("name", ["", "n" * 201, "😀" * 201, None, 7, ["x"]])
def test_any_other_name_is_refused(client: httpx.Client, name: Any) -> None:
    refused(client.post("/flows", json={"name": name}), 422, "INVALID", "/name")


def test_a_missing_name_is_told_where_it_should_be(client: httpx.Client) -> None:
    refused(client.post("/flows", json={}), 422, "INVALID", "/name")
    refused(client.post("/flows", json={"description": "x", "surplus": 1}), 422, "INVALID", "/name", "/surplus")


def test_two_flows_may_have_one_name(make_flow: Callable[..., Any]) -> None:
    assert make_flow(name="twin")["id"] != make_flow(name="twin")["id"]


def test_get_then_put_of_the_same_body_changes_nothing(
    client: httpx.Client, make_flow: Callable[..., Any], a_node: Callable[..., Any], an_edge: Callable[..., Any]
) -> None:
    trigger, step = a_node("trigger"), a_node(description="", annotations={"b": 1, "a": [1.0, {"z": None}]})
    made = make_flow(
        nodes=[trigger, step], edges=[an_edge(trigger, step)], settings={"labels": ["b", "a"], "timeoutSeconds": 9}
    )
    read = client.get(f"/flows/{made['id']}")
    node_tag = client.get(f"/flows/{made['id']}/nodes/{step['id']}").headers["etag"]
    for body in (read.json(), {key: value for key, value in read.json().items() if key not in SERVERS}):
        answer = client.put(f"/flows/{made['id']}", json=body, headers={"If-Match": made["etag"]})
        assert (answer.status_code, answer.json()) == (200, read.json())
        assert answer.headers["etag"] == made["etag"] == client.get(f"/flows/{made['id']}").headers["etag"]
    assert client.get(f"/flows/{made['id']}/nodes/{step['id']}").headers["etag"] == node_tag


def test_an_absent_member_takes_its_default(
    put: Callable[..., httpx.Response], make_flow: Callable[..., Any], a_node: Callable[..., Any]
) -> None:
    made = make_flow(description="d", nodes=[a_node("trigger")], settings={"timeoutSeconds": 5, "labels": ["x"]})
    answer = put(made["id"], {"name": "bare"})
    flow = answer.json()
    assert (flow["description"], flow["nodes"], flow["settings"]) == ("", [], {})
    assert flow["createdAt"] == made["createdAt"] and flow["updatedAt"] > made["updatedAt"]
    assert answer.headers["etag"] != made["etag"]
    refused(put(made["id"], {"description": "no name"}), 422, "INVALID", "/name")


def test_what_belongs_to_the_server_is_ignored(
    put: Callable[..., httpx.Response], client: httpx.Client, a_node: Callable[..., Any]
) -> None:
    mine = {
        "id": UNKNOWN,
        "projectId": str(uuid.uuid4()),
        "latestVersion": "99",
        "problems": [{"severity": "error", "pointer": "", "reason": "CYCLE", "message": "mine"}],
        "createdAt": "1999-01-01T00:00:00Z",
        "updatedAt": "1999-01-01T00:00:00Z",
    }
    made = client.post("/flows", json={"name": "n", "nodes": [a_node("trigger", version=77)], **mine}).json()
    assert all(made[key] != mine[key] for key in ("id", "projectId", "latestVersion", "createdAt", "updatedAt"))
    assert "CYCLE" not in {problem["reason"] for problem in made["problems"]}
    assert made["nodes"][0]["version"] != 77
    body = {"name": "n", "nodes": [{**made["nodes"][0], "version": 1_000}], **{**mine, "id": made["id"]}}
    assert put(made["id"], body).json() == made
    refused(put(made["id"], {"name": "n", "id": UNKNOWN}), 422, "INVALID", "/id")
    assert put(made["id"], {"name": "upper", "id": made["id"].upper()}).json()["id"] == made["id"]


def test_a_write_needs_the_etag_that_was_read(client: httpx.Client, make_flow: Callable[..., Any]) -> None:
    made = make_flow()
    path = f"/flows/{made['id']}"
    for method in ("PUT", "DELETE"):
        refused(client.request(method, path, json={"name": "x"}), 428, "PRECONDITION_REQUIRED")
    moved = client.put(path, json={"name": "moved"}, headers={"If-Match": made["etag"]})
    assert moved.status_code == 200
    for method in ("PUT", "DELETE"):
        stale = client.request(method, path, json={"name": "lost"}, headers={"If-Match": made["etag"]})
        problem = refused(stale, 412, "STALE_ETAG")
        assert problem["currentEtag"] == stale.headers["etag"] == moved.headers["etag"]
    assert client.get(path).json()["name"] == "moved"
    several = client.put(path, json={"name": "l"}, headers={"If-Match": f'"other", {moved.headers["etag"]}'})
    assert several.status_code == 200
    assert client.put(path, json={"name": "any"}, headers={"If-Match": "*"}).status_code == 200
    weak = client.put(path, json={"name": "weak"}, headers={"If-Match": "W/" + several.headers["etag"]})
    refused(weak, 412, "STALE_ETAG")


def test_etags_are_quoted_and_differ_with_the_content(client: httpx.Client, make_flow: Callable[..., Any]) -> None:
    one = make_flow(name="one")
    assert one["etag"].startswith('"') and one["etag"].endswith('"')
    two = client.put(f"/flows/{one['id']}", json={"name": "two"}, headers={"If-Match": one["etag"]}).headers["etag"]
    back = client.put(f"/flows/{one['id']}", json={"name": "one"}, headers={"If-Match": two}).headers["etag"]
    assert two not in (one["etag"], back)


def test_a_put_of_an_unknown_flow_makes_nothing(client: httpx.Client) -> None:
    for headers in ({}, {"If-Match": "*"}, {"If-None-Match": "*"}):
        refused(client.put(f"/flows/{UNKNOWN}", json={"name": "x"}, headers=headers), 404, "NOT_FOUND")


@pytest.mark.parametrize("flow_id", [UNKNOWN, "nope", "1", "%00", "01890000-0000-7000-8000-00000000000g", "a" * 3000])
def test_ids_of_other_kinds_are_not_found(client: httpx.Client, flow_id: str) -> None:
    for path in (f"/flows/{flow_id}", f"/flows/{flow_id}/nodes", f"/flows/{flow_id}/versions"):
        refused(client.get(path), 404, "NOT_FOUND")
    refused(client.get(f"/executions/{flow_id}"), 404, "NOT_FOUND")
    refused(client.post(f"/flows/{flow_id}/versions"), 404, "NOT_FOUND")
    refused(client.post(f"/executions/{flow_id}/cancel"), 404, "NOT_FOUND")
    refused(client.delete(f"/flows/{flow_id}", headers={"If-Match": "*"}), 404, "NOT_FOUND")


def test_an_id_is_accepted_in_either_case(
    client: httpx.Client, make_flow: Callable[..., Any], a_node: Callable[..., Any], an_edge: Callable[..., Any]
) -> None:
    trigger, step = a_node("trigger"), a_node()
    edge = an_edge(trigger, step)
    lower = make_flow(nodes=[trigger, step], edges=[edge])
    upper_nodes = [{**node, "id": node["id"].upper()} for node in (trigger, step)]
    upper_edge = {
        "id": edge["id"].upper(),
        "source": {"nodeId": trigger["id"].upper(), "port": "out"},
        "target": {"nodeId": step["id"], "port": "input"},
    }
    upper = make_flow(nodes=upper_nodes, edges=[upper_edge])
    assert [node["id"] for node in upper["nodes"]] == [trigger["id"], step["id"]]
    assert upper["edges"] == lower["edges"]
    assert client.get(f"/flows/{lower['id'].upper()}").json()["id"] == lower["id"]
    node = client.get(f"/flows/{lower['id'].upper()}/nodes/{step['id'].upper()}")
    assert node.json()["id"] == step["id"]


def test_a_flow_that_is_deleted_is_gone_and_its_runs_stay(client: httpx.Client, runnable: Callable[..., str]) -> None:
    flow_id = runnable()
    ran = client.post(
        "/executions", json={"flowId": flow_id, "inputs": {"a": 1}, "executionOptions": {"async": False}}
    ).json()
    tag = client.get(f"/flows/{flow_id}").headers["etag"]
    gone = client.delete(f"/flows/{flow_id}", headers={"If-Match": tag})
    assert (gone.status_code, gone.content) == (204, b"")
    refused(client.get(f"/flows/{flow_id}"), 404, "NOT_FOUND")
    refused(client.get(f"/flows/{flow_id}/versions/1"), 404, "NOT_FOUND")
    refused(client.delete(f"/flows/{flow_id}", headers={"If-Match": tag}), 404, "NOT_FOUND")
    assert flow_id not in {flow["id"] for flow in client.get("/flows?pageSize=250").json()["items"]}
    assert client.get(f"/executions/{ran['id']}").json() == ran
    assert len(client.get(f"/executions/{ran['id']}/activations").json()["items"]) == 3
    assert client.get(f"/executions?flowId={flow_id}").json()["items"][0]["id"] == ran["id"]
    again = client.post("/executions", json={"flowId": flow_id, "inputs": {}})
    refused(again, 422, "INVALID", "/flowId")


def test_a_flow_that_runs_is_not_deleted(client: httpx.Client, runnable: Callable[..., str]) -> None:
    flow_id = runnable("hang")
    run_id = client.post("/executions", json={"flowId": flow_id, "inputs": {}}).json()["id"]
    refused(client.delete(f"/flows/{flow_id}", headers={"If-Match": "*"}), 409, "RUNNING")
    assert client.get(f"/flows/{flow_id}").status_code == 200
    client.post(f"/executions/{run_id}/cancel")
    wait_for(lambda: client.get(f"/executions/{run_id}").json()["endedAt"], seconds=5)
    assert client.delete(f"/flows/{flow_id}", headers={"If-Match": "*"}).status_code == 204


def test_of_two_writers_with_one_etag_one_wins(client: httpx.Client, make_flow: Callable[..., Any]) -> None:
    from concurrent.futures import ThreadPoolExecutor

    made = make_flow()

    def write(number: int) -> int:
        body = {"name": f"writer {number}"}
        return client.put(f"/flows/{made['id']}", json=body, headers={"If-Match": made["etag"]}).status_code

    with ThreadPoolExecutor(8) as pool:
        assert sorted(pool.map(write, range(8))) == [200] + [412] * 7


def test_a_stale_etag_comes_before_a_running_flow(client: httpx.Client, runnable: Callable[..., str]) -> None:
    flow_id = runnable("hang")
    run_id = client.post("/executions", json={"flowId": flow_id, "inputs": {}}).json()["id"]
    refused(client.delete(f"/flows/{flow_id}", headers={"If-Match": '"stale"'}), 412, "STALE_ETAG")
    client.post(f"/executions/{run_id}/cancel")


def test_numbers_of_the_document_survive_too(make_flow: Callable[..., Any], a_node: Callable[..., Any]) -> None:
    positions = [(0, 0), (1.5, -2.25), (2**53 - 1, -(2**53)), (1e308, 5e-324), (-0.5, 123456789.123)]
    made = make_flow(nodes=[a_node(position={"x": x, "y": y}) for x, y in positions])
    assert [(node["position"]["x"], node["position"]["y"]) for node in made["nodes"]] == positions


def test_an_integer_may_be_written_as_a_float(
    client: httpx.Client, put: Callable[..., httpx.Response], a_node: Callable[..., Any]
) -> None:
    """The schemas' `integer` takes 5.0 as 5."""
    retries = {"maxAttempts": 2.0, "backoffSeconds": 0.0}
    handlers = {
        "main": {"entrypoint": "core:map", "config": {"expression": "1"}, "timeoutSeconds": 5.0, "retries": retries}
    }
    body = {"name": "n", "nodes": [a_node(handlers=handlers, version=3.0)], "settings": {"timeoutSeconds": 60.0}}
    made = client.post("/flows", json=body)
    assert made.status_code == 201, made.text
    flow = made.json()
    assert flow["settings"] == {"timeoutSeconds": 60}
    assert flow["nodes"][0]["handlers"]["main"]["retries"] == {"maxAttempts": 2, "backoffSeconds": 0}
    again = put(flow["id"], flow)
    assert again.headers["etag"] == made.headers["etag"]


@pytest.mark.parametrize("number", ["1e300", "1e19", "9223372036854775808.0"])
def test_an_integer_of_the_document_beyond_64_bits_is_refused(client: httpx.Client, number: str) -> None:
    node_id = str(uuid.uuid4())
    handler = f'{{"entrypoint": "core:map", "timeoutSeconds": {number}}}'
    node = f'{{"id": "{node_id}", "type": "action", "name": "n", "handlers": {{"main": {handler}}}, '
    node += '"position": {"x": 0, "y": 0}}'
    for body, pointer in (
        (f'{{"name": "n", "nodes": [{node}]}}', "/nodes/0/handlers/main/timeoutSeconds"),
        (f'{{"name": "n", "settings": {{"timeoutSeconds": {number}}}}}', "/settings/timeoutSeconds"),
    ):
        answer = client.post("/flows", content=body, headers={"Content-Type": "application/json"})
        refused(answer, 422, "INVALID", pointer)
    run = f'{{"flowId": "{node_id}", "inputs": {{}}, "executionOptions": {{"timeoutSeconds": {number}}}}}'
    answer = client.post("/executions", content=run, headers={"Content-Type": "application/json"})
    refused(answer, 422, "INVALID", "/executionOptions/timeoutSeconds")

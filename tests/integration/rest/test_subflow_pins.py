"""Publishing pins the version each sub-flow runs. CONTRACT section 3, end; section 1, "Version"."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from problem_answer import refused

Make = Callable[..., dict[str, Any]]


@pytest.fixture
def publish(client: httpx.Client) -> Callable[[str], dict[str, Any]]:
    def publish(flow_id: str) -> dict[str, Any]:
        answer = client.post(f"/flows/{flow_id}/versions", json={})
        assert answer.status_code in (200, 201), answer.text
        return dict(answer.json())

    return publish


@pytest.fixture
def child(make_flow: Make, a_node: Make, an_edge: Make) -> dict[str, Any]:
    trigger, output = a_node("trigger"), a_node("output")
    return make_flow(name="child", nodes=[trigger, output], edges=[an_edge(trigger, output)])


@pytest.fixture
def parent_of(make_flow: Make, a_node: Make, an_edge: Make) -> Callable[..., dict[str, Any]]:
    def parent_of(flow_id: str, **config: Any) -> dict[str, Any]:
        trigger, output = a_node("trigger"), a_node("output")
        main = {"entrypoint": "core:subflow", "config": {"flowId": flow_id, **config}}
        sub = a_node("subflow", handlers={"main": main})
        edges = [an_edge(trigger, sub), an_edge(sub, output)]
        return make_flow(name="parent", nodes=[trigger, sub, output], edges=edges)

    return parent_of


def named(client: httpx.Client, flow_id: str, version: str) -> Any:
    nodes = client.get(f"/flows/{flow_id}/versions/{version}").json()["flow"]["nodes"]
    return nodes[1]["handlers"]["main"]["config"].get("version")


def change(flow: dict[str, Any], put: Any) -> None:
    body = {key: value for key, value in flow.items() if key != "etag"}
    changed = put(flow["id"], {**body, "settings": {"timeoutSeconds": 5}})
    assert changed.status_code == 200, changed.text


def test_a_version_names_the_newest_version_of_its_sub_flow(
    client: httpx.Client, child: dict[str, Any], parent_of: Make, publish: Any, put: Any
) -> None:
    publish(child["id"])
    parent = parent_of(child["id"])
    first = publish(parent["id"])
    assert named(client, parent["id"], "1") == "1"
    # The draft says what its author said.
    assert "version" not in client.get(f"/flows/{parent['id']}").json()["nodes"][1]["handlers"]["main"]["config"]
    change(child, put)
    publish(child["id"])
    second = publish(parent["id"])
    assert (first["version"], second["version"]) == ("1", "2")
    assert first["contentHash"] != second["contentHash"]
    assert (named(client, parent["id"], "1"), named(client, parent["id"], "2")) == ("1", "2")
    assert publish(parent["id"]) == second


def test_a_version_that_is_named_stays(
    client: httpx.Client, child: dict[str, Any], parent_of: Make, publish: Any, put: Any
) -> None:
    publish(child["id"])
    change(child, put)
    publish(child["id"])
    parent = parent_of(child["id"], version="1")
    publish(parent["id"])
    assert named(client, parent["id"], "1") == "1"


@pytest.mark.parametrize(("config", "at"), [({}, "flowId"), ({"version": "2"}, "version")])
def test_what_is_not_there_cannot_be_pinned(
    client: httpx.Client, child: dict[str, Any], parent_of: Make, publish: Any, config: dict[str, Any], at: str
) -> None:
    if config:
        publish(child["id"])
    answer = client.post(f"/flows/{parent_of(child['id'], **config)['id']}/versions", json={})
    problem = refused(answer, 422, "HAS_PROBLEMS")
    assert [error["pointer"] for error in problem["errors"]] == [f"/nodes/1/handlers/main/config/{at}"]


def test_an_unknown_flow_cannot_be_pinned(client: httpx.Client, parent_of: Make) -> None:
    answer = client.post(f"/flows/{parent_of(str(uuid.uuid4()))['id']}/versions", json={})
    problem = refused(answer, 422, "HAS_PROBLEMS")
    assert [error["pointer"] for error in problem["errors"]] == ["/nodes/1/handlers/main/config/flowId"]

"""Each thing that makes another version, and each that does not."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest
from triggerflow_registry.domain.content_hash import content_hash

Change = Callable[[dict[str, Any]], Any]


@pytest.fixture
def body(pencil: Any) -> dict[str, Any]:
    flow: dict[str, Any] = pencil.chain()
    flow["description"] = "What it does"
    flow["settings"] = {"timeoutSeconds": 60, "labels": ["a"]}
    flow["nodes"][1] |= {
        "description": "Maps",
        "annotations": {"join": "all", "colour": "red"},
        "ports": {
            "inputs": [{"key": "input", "label": "In", "type": "any", "default": 1}],
            "outputs": [{"key": "out", "label": "Out", "type": "any"}],
        },
        "handlers": {
            "main": {
                "entrypoint": "core:map",
                "config": {"expression": "input"},
                "timeoutSeconds": 5,
                "retries": {"maxAttempts": 2},
            }
        },
    }
    return flow


def at(*path: Any, value: Any) -> Change:
    def change(flow: dict[str, Any]) -> None:
        inside: Any = flow
        for step in path[:-1]:
            inside = inside[step]
        inside[path[-1]] = value

    return change


NODE = ("nodes", 1)
MAIN = (*NODE, "handlers", "main")


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(at("nodes", 1, "type", value="subflow"), id="a node's type"),
        pytest.param(at(*MAIN, "entrypoint", value="core:parse"), id="an entrypoint"),
        pytest.param(at(*MAIN, "config", "expression", value="2"), id="a config"),
        pytest.param(at(*MAIN, "config", "expression", value=True), id="a config's value of another kind"),
        pytest.param(at(*MAIN, "timeoutSeconds", value=6), id="a handler's time-out"),
        pytest.param(at(*MAIN, "retries", "maxAttempts", value=3), id="retries"),
        pytest.param(at(*NODE, "ports", "inputs", 0, "default", value=1.0), id="a default"),
        pytest.param(at(*NODE, "ports", "inputs", 0, "type", value="number"), id="a port's type"),
        pytest.param(at(*NODE, "ports", "inputs", value=[]), id="declared ports"),
        pytest.param(at(*NODE, "annotations", "join", value="any"), id="join"),
        pytest.param(at("nodes", 2, "name", value="Other"), id="an output's name"),
        pytest.param(at("edges", 0, "source", "port", value="error"), id="an edge's port"),
        pytest.param(at("edges", 0, "loop", value={"maxIterations": 2}), id="an edge's loop"),
        pytest.param(lambda flow: flow["edges"].reverse(), id="the order of edges"),
        pytest.param(lambda flow: flow["edges"].pop(), id="an edge less"),
        pytest.param(lambda flow: flow["nodes"].pop(), id="a node less"),
        pytest.param(at("settings", "timeoutSeconds", value=61), id="the flow's time-out"),
        pytest.param(at("settings", "labels", value=["b"]), id="labels"),
    ],
)
def test_this_makes_another_version(pencil: Any, body: dict[str, Any], change: Change) -> None:
    before = content_hash(pencil.document(body))
    change(body)
    assert content_hash(pencil.document(body)) != before


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda flow: flow["nodes"].reverse(), id="the order of nodes"),
        pytest.param(at("name", value="Other"), id="the flow's name"),
        pytest.param(at("description", value="Other"), id="the flow's description"),
        pytest.param(at(*NODE, "name", value="Other"), id="a node's name"),
        pytest.param(at(*NODE, "description", value="Other"), id="a node's description"),
        pytest.param(at(*NODE, "position", value={"x": 9, "y": 9}), id="a position"),
        pytest.param(at(*NODE, "ports", "inputs", 0, "label", value="Other"), id="an input's label"),
        pytest.param(at(*NODE, "ports", "outputs", 0, "label", value="Other"), id="an output's label"),
        pytest.param(at(*NODE, "annotations", "colour", value="blue"), id="another annotation"),
        pytest.param(lambda flow: flow["nodes"][1]["annotations"].pop("join"), id="the default join unsaid"),
        pytest.param(at("edges", 0, "id", value="00000000-0000-4000-8000-00000000aaaa"), id="an edge's id"),
        pytest.param(at("nodes", 0, "ports", value={}), id="ports that say nothing"),
    ],
)
def test_this_makes_no_version(pencil: Any, body: dict[str, Any], change: Change) -> None:
    before = content_hash(pencil.document(body))
    change(body)
    assert content_hash(pencil.document(body)) == before


def test_another_id_of_a_node_makes_another_version(pencil: Any) -> None:
    one, other = pencil.flow(pencil.node(1)), pencil.flow(pencil.node(2, name=pencil.node(1)["name"]))
    assert content_hash(pencil.document(one)) != content_hash(pencil.document(other))


def test_a_node_that_changed_and_changed_back_makes_no_version(pencil: Any, body: dict[str, Any]) -> None:
    document = pencil.document(body)
    again = pencil.document(copy.deepcopy(body))
    counted = tuple({**node, "version": 7} for node in again.nodes)
    assert content_hash(type(again)(again.name, again.description, counted, again.edges, (), again.settings)) == (
        content_hash(document)
    )


def test_the_version_a_subflow_is_pinned_to_counts(pencil: Any, body: dict[str, Any]) -> None:
    document = pencil.document(body)
    pinned = {
        content_hash(document),
        content_hash(document, {pencil.id(2): "1"}),
        content_hash(document, {pencil.id(2): "2"}),
    }
    assert len(pinned) == 3

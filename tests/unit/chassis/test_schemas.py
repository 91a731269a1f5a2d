"""Violations stand at the member at fault and say what to do."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest
from triggerflow_chassis import schemas

ID = "0000000A-0000-4000-8000-000000000001"
# The mission's files, byte for byte.
DIGESTS: dict[str, str] = {
    "node-metadata": "beeef8a0351045f1bf93bf1746d1a2f585078e9041b1b8126daf4a140805777c",
    "execution-request": "5414e5eed8fd62f8bec20b4680ec3870647eb8700b51b55fc30d9b3aa029b96f",
    "execution-event": "d73129c9c7bd0ebc8e0469106bea7e3a6d1a63d8218c22c1c81942449bb5f82a",
}


def _pointers(name: str, instance: Any, at: str = "") -> list[str]:
    return [found.pointer for found in schemas.violations(name, instance, at)]


@pytest.mark.parametrize("name", sorted(DIGESTS))
def test_the_missions_schemas_are_untouched(name: str) -> None:
    assert hashlib.sha256(schemas.text(name).encode()).hexdigest() == DIGESTS[name]


@pytest.mark.parametrize("name", schemas.NAMES)
def test_every_schema_is_one_and_is_named_after_its_file(name: str) -> None:
    assert schemas.load(name)["$id"].endswith(f"/{name}.json")
    schemas.compile_schema({**schemas.load(name), "properties": {}})


def test_a_missing_member_is_at_where_it_should_be_and_a_surplus_one_at_where_it_is() -> None:
    found = _pointers("execution-request", {"flowId": ID, "b~/": 1, "context": {"x": 1}})
    assert sorted(found) == ["/b~0~1", "/context/x", "/inputs"]


def test_formats_are_asserted_and_either_case_of_an_id_is_fine() -> None:
    assert _pointers("execution-request", {"flowId": ID, "inputs": {}}) == []
    assert _pointers("execution-request", {"flowId": "x", "inputs": {}}) == ["/flowId"]
    event = {"id": ID, "executionId": ID, "type": "log", "timestamp": "yesterday"}
    assert _pointers("execution-event", event) == ["/timestamp"]


def test_a_flow_needs_a_name_of_1_to_200_characters_and_nothing_else() -> None:
    assert _pointers("flow", {"name": "x" * 200}) == []
    assert _pointers("flow", {}) == ["/name"]
    assert _pointers("flow", {"name": ""}) == ["/name"]
    assert _pointers("flow", {"name": "é" * 201}) == ["/name"]


def test_nodes_and_edges_inside_a_flow_are_checked_where_they_stand() -> None:
    node = {"id": ID, "type": "action", "name": "n", "handlers": {"main": {}}, "position": {"x": 1, "y": "2"}, "z": 0}
    edge = {"id": ID, "source": {"nodeId": ID}, "target": {"nodeId": ID, "port": "input"}, "loop": []}
    found = _pointers("flow", {"name": "x", "nodes": [node], "edges": [edge], "settings": {"timeoutSeconds": 0}}, "/at")
    assert sorted(found) == [
        "/at/edges/0/loop",
        "/at/edges/0/source/port",
        "/at/nodes/0/handlers/main/entrypoint",
        "/at/nodes/0/position/y",
        "/at/nodes/0/z",
        "/at/settings/timeoutSeconds",
    ]


def test_at_most_a_hundred_are_told() -> None:
    assert len(_pointers("flow", {"name": "x", "nodes": [{}] * 500})) == 100


@pytest.mark.parametrize(
    ("name", "instance", "said"),
    [
        ("flow", {"name": 5}, "Must be a string, not 5."),
        ("flow", {"name": ""}, "Must not be empty."),
        ("flow", [], "Must be an object, not an array."),
        ("execution-request", {"flowId": "x", "inputs": {}}, '"x" is not a UUID. Write 8-4-4-4-12 hexadecimal digits.'),
        ("publish-version", {"massage": ""}, "This member is not known here. Remove it."),
        (
            "execution-request",
            {"flowId": ID, "inputs": {}, "context": {"priority": "top"}},
            'Must be "low", "normal" or "high", not "top".',
        ),
    ],
)
def test_messages_say_what_to_do(name: str, instance: Any, said: str) -> None:
    assert [found.message for found in schemas.violations(name, instance)] == [said]


def test_a_users_schema_that_is_none_or_reaches_out_is_refused() -> None:
    for schema in ({"type": 5}, {"$ref": "http://127.0.0.1:9/schema.json"}):
        with pytest.raises(ValueError, match="schema"):
            schemas.compile_schema(schema)

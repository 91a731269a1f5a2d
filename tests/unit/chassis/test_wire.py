"""There and back gives the same, with absent and empty told apart."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from triggerflow.registry.v1 import node_pb2
from triggerflow_chassis import schemas
from triggerflow_chassis.errors import Invalid
from triggerflow_chassis.wire import event, execution, flow, node, project_event

TEXT = st.text(st.characters(blacklist_categories=["Cs"], blacklist_characters="\0"), max_size=8)
WORD = TEXT.filter(bool)
IDS = st.uuids().map(str)
INTS = st.integers(0, 2**63 - 1)
ANY = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=6,
)
OBJECT = st.dictionaries(TEXT, ANY, max_size=3)
TIMES = st.just("2026-11-23T10:00:00.123456Z") | st.just("1999-12-31T23:59:59.000000Z")


def _object(required: dict[str, Any], optional: dict[str, Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries(required, optional=optional)


NUMBER = st.integers(-(2**53) + 1, 2**53 - 1) | st.floats(allow_nan=False, allow_infinity=False)
NODES = _object(
    {
        "id": IDS,
        "type": st.sampled_from(["trigger", "action", "condition", "subflow", "output"]),
        "name": WORD,
        "handlers": st.dictionaries(
            TEXT,
            _object(
                {"entrypoint": TEXT},
                {
                    "config": OBJECT,
                    "timeoutSeconds": st.integers(1, 2**63 - 1),
                    "retries": _object({}, {"maxAttempts": INTS, "backoffSeconds": INTS}),
                },
            ),
            max_size=2,
        ),
        "position": _object({"x": NUMBER, "y": NUMBER}, {}),
    },
    {
        "description": TEXT,
        "ports": _object(
            {},
            {
                "inputs": st.lists(_object({"key": TEXT, "label": TEXT, "type": TEXT}, {"default": ANY}), max_size=2),
                "outputs": st.lists(_object({"key": TEXT, "label": TEXT}, {"type": TEXT}), max_size=2),
            },
        ),
        "annotations": OBJECT,
        "version": INTS,
    },
)
ENDS = _object({"nodeId": IDS, "port": TEXT}, {})
EDGES = _object({"id": IDS, "source": ENDS, "target": ENDS}, {"loop": OBJECT})
URL = st.just("https://example.com/failed")
ON_FAILURE = st.one_of(_object({"flowId": IDS}, {"url": URL}), _object({"url": URL}, {}))
SETTINGS = _object(
    {},
    {
        "timeoutSeconds": st.integers(1, 2**63 - 1),
        "labels": st.lists(TEXT, max_size=2),
        "concurrency": st.integers(1, 100_000),
        "onFailure": ON_FAILURE,
    },
)
CHANNELS = _object(
    {
        "id": IDS,
        "name": WORD,
        "publishers": st.lists(ENDS, max_size=2),
        "subscribers": st.lists(ENDS, max_size=2),
    },
    {"shared": st.booleans()},
)
BLUEPRINTS = _object(
    {
        "name": WORD,
        "description": TEXT,
        "nodes": st.lists(NODES, max_size=2),
        "edges": st.lists(EDGES, max_size=2),
        "channels": st.lists(CHANNELS, max_size=2),
        "settings": SETTINGS,
    },
    {},
)


@given(NODES)
@settings(deadline=None)
def test_a_node_survives(value: dict[str, Any]) -> None:
    assert not schemas.violations("node-metadata", value)
    there = node.node_from_json(value)
    assert node.node_to_json(there) == value
    assert node.node_from_json(node.node_to_json(there)) == there


@given(BLUEPRINTS)
@settings(deadline=None)
def test_a_flow_read_and_sent_back_is_the_same(value: dict[str, Any]) -> None:
    there = flow.flow_from_json(value)
    shown = flow.flow_to_json(there)
    assert {key: shown[key] for key in value} == value
    assert flow.flow_from_json(shown) == there
    assert not schemas.violations("flow", shown)
    assert flow.blueprint_to_json(flow.blueprint_from_json(value)) == value


def test_a_flow_of_a_name_alone_has_every_default() -> None:
    shown = flow.flow_to_json(flow.flow_from_json({"name": "x"}))
    assert (shown["nodes"], shown["edges"], shown["channels"], shown["settings"]) == ([], [], [], {})
    assert (shown["description"], shown["latestVersion"], shown["problems"]) == ("", None, [])


def test_what_a_client_puts_in_the_servers_place_is_ignored() -> None:
    odd = {"name": "x", "id": 5, "projectId": [], "latestVersion": {}, "problems": 1, "createdAt": "?", "updatedAt": 0}
    assert not schemas.violations("flow", odd)
    assert flow.flow_from_json(odd) == flow.flow_from_json({"name": "x"})


def test_lists_of_flows_come_without_their_drawing() -> None:
    shown = flow.flow_to_json(flow.flow_from_json({"name": "x"}), summary=True)
    assert not {"nodes", "edges", "channels"} & set(shown)


def test_ids_come_back_in_lower_case() -> None:
    upper = "ABCDEF00-0000-4000-8000-000000000000"
    ends = {"nodeId": upper, "port": "P"}
    value = {"name": "x", "edges": [{"id": upper, "source": ends, "target": ends}]}
    (edge,) = flow.flow_to_json(flow.flow_from_json(value))["edges"]
    assert (edge["id"], edge["source"]) == (upper.lower(), {"nodeId": upper.lower(), "port": "P"})


def test_whole_positions_are_shown_without_a_fraction() -> None:
    value = {"id": "a", "type": "action", "name": "x", "handlers": {}, "position": {"x": 100.0, "y": 0.5}}
    shown = node.node_to_json(node.node_from_json(value))["position"]
    assert (repr(shown["x"]), repr(shown["y"])) == ("100", "0.5")


def test_integers_beyond_64_bits_are_told_at_their_place() -> None:
    value = {"name": "x", "settings": {"timeoutSeconds": 1e300}}
    assert not schemas.violations("flow", value)
    with pytest.raises(Invalid) as refused:
        flow.flow_from_json(value)
    assert refused.value.violations[0].pointer == "/settings/timeoutSeconds"


def test_text_that_is_not_json_is_told_at_its_place() -> None:
    broken = node_pb2.Node(id="a", name="x")
    broken.handlers["main"].config_json = '{"a":1,"a":2}'
    with pytest.raises(Invalid) as refused:
        node.node_to_json(broken, "/nodes/3")
    assert refused.value.violations[0].pointer == "/nodes/3/handlers/main/config"


ERROR = _object({}, {"type": TEXT, "message": TEXT, "stack": TEXT})
STATUS = st.sampled_from(["running", "succeeded", "failed"])
PAYLOADS = {
    "execution": _object({}, {"status": STATUS, "message": TEXT}),
    "chunk": _object({"nodeId": IDS, "status": STATUS}, {"result": ANY, "error": ERROR}),
    "runtime": _object({"stream": st.sampled_from(["stdout", "stderr", "custom"])}, {"data": ANY, "sequence": INTS}),
    "log": _object({"level": st.sampled_from(["debug", "info", "warning", "error"]), "message": TEXT}, {"nodeId": IDS}),
    "metric": _object({"name": TEXT, "value": NUMBER}, {"unit": TEXT}),
}
EVENTS = st.sampled_from(sorted(event.TYPES)).flatmap(
    lambda kind: _object(
        {
            "id": IDS,
            "executionId": IDS,
            "type": st.just(kind),
            "timestamp": TIMES,
            "payload": PAYLOADS[kind.partition(".")[0]],
        },
        {},
    )
)


@given(EVENTS, st.integers(1, 2**40))
@settings(deadline=None)
def test_an_event_survives(value: dict[str, Any], sequence: int) -> None:
    there = event.event_from_json(value, sequence)
    assert there.sequence == sequence
    assert event.event_to_json(there) == value


FAULT = st.none() | _object(
    {"type": TEXT, "message": TEXT}, {"nodeId": IDS, "stack": TEXT, "attempt": st.integers(1, 9)}
)
EXECUTIONS = _object(
    {
        "id": IDS,
        "projectId": IDS,
        "flowId": IDS,
        "blueprintVersion": TEXT,
        "contentHash": TEXT,
        "status": st.sampled_from(sorted(execution.STATUSES)),
        "inputs": OBJECT,
        "outputs": OBJECT,
        "error": FAULT,
        "context": _object(
            {}, {"userId": TEXT, "labels": st.lists(TEXT, max_size=2), "priority": st.sampled_from(["low", "high"])}
        ),
        "executionOptions": _object(
            {"async": st.booleans(), "trace": st.booleans()}, {"timeoutSeconds": st.integers(1, 2**63 - 1)}
        ),
        "createdAt": TIMES,
        "startedAt": st.none() | TIMES,
        "endedAt": st.none() | TIMES,
    },
    {"rerunOf": IDS},
)
ACTIVATIONS = _object(
    {
        "id": IDS,
        "nodeId": IDS,
        "scope": TEXT,
        "attempt": st.integers(1, 100),
        "status": st.sampled_from(sorted(execution.ACTIVATION_STATUSES)),
        "ports": OBJECT,
        "error": FAULT,
        "startedAt": TIMES,
        "endedAt": st.none() | TIMES,
    },
    {"inputs": OBJECT},
)


@given(EXECUTIONS)
@settings(deadline=None)
def test_an_execution_survives(value: dict[str, Any]) -> None:
    assert execution.execution_to_json(execution.execution_from_json(value)) == value


@given(ACTIVATIONS)
@settings(deadline=None)
def test_an_activation_survives(value: dict[str, Any]) -> None:
    assert execution.activation_to_json(execution.activation_from_json(value)) == value


def test_options_left_out_are_shown_with_their_defaults() -> None:
    shown = execution.options_to_json(execution.options_from_json({}))
    assert shown == {"async": True, "trace": False}


def test_history_and_bus_say_the_same_of_a_project() -> None:
    changed = {"id": "a", "type": "flow.published", "timestamp": 5, "projectId": "p", "flowId": "f", "deleted": False}
    ran = {"id": "b", "type": "execution.failed", "timestamp": 6, "projectId": "p", "flowId": "f", "executionId": "e"}
    assert project_event.flow_event_to_item(project_event.flow_event_from_item(changed)) == changed
    assert project_event.notice_to_item(project_event.notice_from_item(ran)) == ran
    shown = project_event.project_event_to_json(project_event.project_event_from_item(ran))
    assert shown == {
        "id": "b",
        "type": "execution.failed",
        "timestamp": "1970-01-01T00:00:00.000006Z",
        "flowId": "f",
        "executionId": "e",
    }

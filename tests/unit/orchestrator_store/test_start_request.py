"""A start asked for over gRPC is judged by the schema of the REST body, at the same pointers."""

from __future__ import annotations

from typing import Any

import pytest
from triggerflow.orchestrator.v1 import execution_pb2
from triggerflow.orchestrator.v1 import orchestrator_service_pb2 as pb
from triggerflow_orchestrator.transport import start_request

FLOW = "01900000-0000-7000-8000-00000000f100"


def _request(**changes: Any) -> pb.StartExecutionRequest:
    return pb.StartExecutionRequest(**{"flow_id": FLOW, "inputs_json": '{"a":1}', **changes})


def _pointers(request: pb.StartExecutionRequest) -> list[str]:
    refusal = start_request.read(request).refusal
    return [] if refusal is None else [violation.pointer for violation in refusal.violations]


def test_a_request_is_read_as_the_rest_body_would_be() -> None:
    asked = start_request.read(
        _request(
            flow_id=FLOW.upper(),
            blueprint_version="3",
            context=execution_pb2.ExecutionContext(
                user_id="ada", labels=execution_pb2.ExecutionLabels(labels=["x"]), priority="low"
            ),
            options=execution_pb2.ExecutionOptions(timeout_seconds=5, trace=False),
            trigger_node_id="t",
        )
    )
    assert asked.refusal is None
    assert asked.trigger_node_id == "t"
    assert asked.document == {
        "flowId": FLOW,
        "blueprintVersion": "3",
        "inputs": {"a": 1},
        "context": {"userId": "ada", "labels": ["x"], "priority": "low"},
        "executionOptions": {"timeoutSeconds": 5, "trace": False},
    }


def test_what_is_absent_stays_absent() -> None:
    asked = start_request.read(pb.StartExecutionRequest(flow_id=FLOW))
    assert (asked.refusal, asked.document) == (None, {"flowId": FLOW, "inputs": {}})


@pytest.mark.parametrize(
    ("changes", "pointers"),
    [
        ({"flow_id": "weather"}, ["/flowId"]),
        ({"flow_id": ""}, ["/flowId"]),
        ({"inputs_json": "[1]"}, ["/inputs"]),
        ({"inputs_json": "null"}, ["/inputs"]),
        ({"inputs_json": "{"}, ["/inputs"]),
        ({"inputs_json": '{"a":1,"a":2}'}, ["/inputs"]),
        ({"inputs_json": '{"a":[9223372036854775808]}'}, ["/inputs/a/0"]),
        ({"inputs_json": '{"a":"\\u0000"}'}, ["/inputs/a"]),
        ({"inputs_json": '{"$value":"ref"}'}, ["/inputs/$value"]),
        ({"context": execution_pb2.ExecutionContext(priority="urgent")}, ["/context/priority"]),
        ({"context": execution_pb2.ExecutionContext(priority="")}, ["/context/priority"]),
        ({"context": execution_pb2.ExecutionContext(user_id="a\0")}, ["/context/userId"]),
        (
            {"context": execution_pb2.ExecutionContext(labels=execution_pb2.ExecutionLabels(labels=["a", "\0"]))},
            ["/context/labels/1"],
        ),
        (
            {"options": execution_pb2.ExecutionOptions(timeout_seconds=0)},
            ["/executionOptions/timeoutSeconds"],
        ),
    ],
)
def test_each_fault_is_told_at_its_member(changes: dict[str, Any], pointers: list[str]) -> None:
    assert _pointers(_request(**changes)) == pointers


def test_all_faults_are_told_together() -> None:
    request = _request(
        flow_id="x",
        inputs_json='{"$value":1}',
        options=execution_pb2.ExecutionOptions(timeout_seconds=-1),
    )
    assert sorted(_pointers(request)) == ["/executionOptions/timeoutSeconds", "/flowId", "/inputs/$value"]
    assert sorted(_pointers(_request(flow_id="x", inputs_json="{"))) == ["/flowId", "/inputs"]


def test_how_json_is_written_does_not_change_what_was_asked() -> None:
    one = start_request.read(_request(inputs_json='{"a":1,"b":{"c":"é"}}')).fingerprint
    other = start_request.read(
        _request(flow_id=FLOW.upper(), inputs_json='{ "b": {"c": "\\u00e9"}, "a": 1 }', wait_seconds=5, request_id="k")
    ).fingerprint
    assert one == other


@pytest.mark.parametrize(
    "changes",
    [
        {"inputs_json": '{"a":2}'},
        {"inputs_json": "{"},
        {"blueprint_version": "1"},
        {"trigger_node_id": "t"},
        {"context": execution_pb2.ExecutionContext()},
        {"options": execution_pb2.ExecutionOptions(trace=True)},
        {"flow_id": FLOW[:-1] + "1"},
    ],
)
def test_every_part_of_the_body_counts(changes: dict[str, Any]) -> None:
    assert start_request.read(_request(**changes)).fingerprint != start_request.read(_request()).fingerprint

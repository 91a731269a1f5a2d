"""The AsyncAPI document is valid by its makers' own schema, whole, and says what the codecs and the table do."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import fastavro
import jsonschema_rs
import pytest
from triggerflow_bff.asyncapi import document
from triggerflow_bff.live.websocket import BATCH
from triggerflow_bff.openapi import shown_path
from triggerflow_bff.routes import ROUTES
from triggerflow_bff.table import Operation, Reply, Resource
from triggerflow_chassis.kafka import avro, execution_event, flow_events
from triggerflow_chassis.kafka.topics import TOPICS

ROOT = Path(__file__).resolve().parents[3]
OFFICIAL = ROOT / "canvas-web" / "node_modules" / "@asyncapi" / "specs" / "schemas" / "3.0.0.json"
ID = "01900000-0000-7000-8000-000000000001"
MEMBERS = {"id": ID, "projectId": ID, "flowId": ID, "timestamp": 1_700_000_000_000_000}


@pytest.fixture(scope="module")
def described() -> dict[str, Any]:
    """The document as it is sent."""
    found: dict[str, Any] = json.loads(json.dumps(document(ROUTES)))
    return found


@pytest.fixture(scope="module")
def official() -> jsonschema_rs.Validator:
    if not OFFICIAL.exists():
        pytest.skip("@asyncapi/specs is not installed: run `make setup`")
    return jsonschema_rs.validator_for(json.loads(OFFICIAL.read_text("utf-8")))


def test_the_document_is_valid_by_the_official_schema(
    described: dict[str, Any], official: jsonschema_rs.Validator
) -> None:
    assert [(list(each.instance_path), each.message) for each in official.iter_errors(described)] == []


def test_a_document_that_is_not_valid_would_be_told(
    described: dict[str, Any], official: jsonschema_rs.Validator
) -> None:
    broken = {**described, "channels": {"x": {"adress": "/x"}}}
    assert not official.is_valid(broken)


def test_every_reference_leads_somewhere(described: dict[str, Any]) -> None:
    targets = set(_references(described))
    assert targets
    for target in targets:
        place: Any = described
        for part in target.removeprefix("#/").split("/"):
            assert part in place, target
            place = place[part]


def test_every_websocket_and_stream_of_the_table_is_there(described: dict[str, Any]) -> None:
    served = {
        ("ws" if resource.websocket and kind == "socket" else "http", shown_path(resource))
        for resource in ROUTES
        for operation in resource.operations
        for reply in operation.replies
        if "text/event-stream" in reply.media_types()
        for kind in (("socket", "stream") if resource.websocket else ("stream",))
    }
    protocol = {f"#/servers/{name}": server["protocol"] for name, server in described["servers"].items()}
    shown = {
        (protocol[channel["servers"][0]["$ref"]], channel["address"]) for channel in described["channels"].values()
    }
    assert {each for each in shown if each[0] != "kafka"} == served
    assert {address for kind, address in shown if kind == "kafka"} == set(TOPICS)
    sends = {operation["channel"]["$ref"] for operation in described["operations"].values()}
    assert sends == {f"#/channels/{name}" for name in described["channels"]}


def test_the_subprotocol_is_the_one_that_is_spoken(described: dict[str, Any]) -> None:
    headers = described["channels"]["executionEvents"]["bindings"]["ws"]["headers"]
    assert headers["properties"]["Sec-WebSocket-Protocol"]["enum"] == [BATCH]


async def _handler(call: object) -> object:
    return call


def test_a_stream_that_nobody_named_fails() -> None:
    reply = Reply(200, "It goes on.", "Flow", media_type="text/event-stream")
    routes = (Resource("/x", "X", (Operation("GET", _handler, "It goes on", (reply,)),)),)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="/x streams Flow"):
        document(routes)


@pytest.mark.parametrize(
    ("message", "record", "written"),
    [
        (
            "executionEventRecord",
            {**MEMBERS, "type": "log", "executionId": ID, "sequence": 300, "body": '{"é": 1}'},
            execution_event.encode("log", ID, ID, ID, ID, 300, MEMBERS["timestamp"], '{"é": 1}'),  # type: ignore[arg-type]
        ),
        (
            "flowEventRecord",
            {**MEMBERS, "type": "flow.updated", "deleted": True},
            flow_events.encode_flow_event({**MEMBERS, "type": "flow.updated", "deleted": True}),
        ),
        (
            "projectEventRecord",
            {**MEMBERS, "type": "flow.updated", "executionId": None},
            flow_events.encode_project_event({**MEMBERS, "type": "flow.updated"}),
        ),
    ],
)
def test_what_is_written_can_be_read_with_the_document_alone(
    described: dict[str, Any], message: str, record: dict[str, Any], written: bytes
) -> None:
    schema = described["components"]["messages"][message]["payload"]["schema"]
    assert written[:2] == b"\xc3\x01"
    assert written[2:10] == avro.fingerprint(json.dumps(schema))
    read = fastavro.schemaless_reader(io.BytesIO(written[10:]), fastavro.parse_schema(schema), None)
    assert {key: _plain(value) for key, value in read.items()} == record  # type: ignore[union-attr]


def _plain(value: Any) -> Any:
    """Without Avro's logical types."""
    if hasattr(value, "timestamp"):
        return round(value.timestamp() * 1_000_000)
    return str(value) if hasattr(value, "hex") and not isinstance(value, float) else value


def _references(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        if isinstance(value.get("$ref"), str):
            yield value["$ref"]
        for each in value.values():
            yield from _references(each)
    elif isinstance(value, list):
        for each in value:
            yield from _references(each)

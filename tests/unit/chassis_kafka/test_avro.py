"""Records as bytes: the specification's own vectors, golden bytes of ours, and the fast path equal to the slow one."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from triggerflow_chassis.kafka import avro, execution_event
from triggerflow_chassis.kafka.flow_events import (
    FLOW_EVENT,
    PROJECT_EVENT,
    FlowEventReader,
    ProjectEventReader,
    encode_flow_event,
    encode_project_event,
)

ID = "0198c5a2-7d30-7000-8000-00000000000"
FIELDS = ("type", "executionId", "projectId", "flowId", "id", "sequence", "timestamp", "body")

ids = st.uuids().map(str)
longs = st.integers(min_value=-(2**63), max_value=2**63 - 1)
texts = st.text(alphabet=st.characters(exclude_categories=("Cs",)), max_size=300)


def test_fingerprints_are_those_of_the_specification_least_significant_byte_first() -> None:
    # Avro's own test vectors (share/test/data/schema-tests.txt) give the numbers 7195948357588979594,
    # 8247732601305521295 and -8142146995180207161 for these.
    for text, number in (
        ('"null"', 7195948357588979594),
        ('"int"', 8247732601305521295),
        ('{"type": "string"}', -8142146995180207161),
    ):
        assert int.from_bytes(avro.fingerprint(text), "little", signed=True) == number


def test_a_fingerprint_heeds_names_and_types_alone() -> None:
    text = avro.schema("flow-event").text
    loaded = json.loads(text)
    loaded["doc"] = "another"
    loaded["fields"][0]["doc"] = "another"
    assert avro.fingerprint(json.dumps(loaded, indent=7)) == avro.fingerprint(text)
    loaded["fields"][0]["name"] = "kind"
    assert avro.fingerprint(json.dumps(loaded)) != avro.fingerprint(text)


@pytest.mark.parametrize("text", ["{", '"nothing"', '{"type": "record"}', "[1]"])
def test_what_is_no_schema_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        avro.fingerprint(text)


def test_an_execution_event_is_these_bytes_for_ever() -> None:
    written = execution_event.encode(
        "log", ID + "1", ID + "2", ID + "3", ID + "4", 300, 1_795_000_000_000_000, '{"é":1}'
    )
    assert written.hex() == (
        "c301e7f8cae700bd6266066c6f67"
        + "".join("48" + (ID + digit).encode().hex() for digit in "1234")
        + "d804" + "80c0f995e0a2b006" + "10" + '{"é":1}'.encode().hex()
    )  # fmt: skip


def test_flow_and_project_events_are_these_bytes_for_ever() -> None:
    flow = {
        "id": ID + "1", "type": "flow.updated", "timestamp": 1, "projectId": ID + "2", "flowId": ID + "3",
        "deleted": True,
    }  # fmt: skip
    text = {digit: "48" + (ID + digit).encode().hex() for digit in "1234"}
    assert encode_flow_event(flow) == FLOW_EVENT.header + bytes.fromhex(
        "18" + b"flow.updated".hex() + text["2"] + text["3"] + text["1"] + "02" + "01"
    )
    assert FLOW_EVENT.header.hex() == "c3013468ce95609883a1"
    told = {"id": ID + "1", "type": "flow.updated", "timestamp": 1, "projectId": ID + "2", "flowId": ID + "3"}
    assert encode_project_event(told) == PROJECT_EVENT.header + bytes.fromhex(
        "18" + b"flow.updated".hex() + text["2"] + text["3"] + "00" + text["1"] + "02"
    )
    of_run = {**told, "executionId": ID + "4"}
    assert encode_project_event(of_run) == PROJECT_EVENT.header + bytes.fromhex(
        "18" + b"flow.updated".hex() + text["2"] + text["3"] + "02" + text["4"] + text["1"] + "02"
    )
    assert FlowEventReader().item(encode_flow_event(flow)) == flow
    assert ProjectEventReader().item(encode_project_event(told)) == told
    assert ProjectEventReader().item(encode_project_event(of_run)) == of_run


@given(texts, st.lists(ids, min_size=4, max_size=4), longs, longs, texts)
def test_the_hand_writes_and_reads_what_fastavro_does(
    kind: str, four: list[str], sequence: int, timestamp: int, body: str
) -> None:
    record = dict(zip(FIELDS, (kind, *four, sequence, timestamp, body), strict=True))
    written = execution_event.encode(kind, *four, sequence, timestamp, body)  # type: ignore[call-arg]
    assert written == avro.encode(execution_event.SCHEMA, record)
    assert avro.Decoder(execution_event.SCHEMA).decode(written) == record
    event = execution_event.Reader().event(written)
    assert (event.id, event.sequence, event.body) == (four[3], sequence, body)


def test_an_id_that_is_no_uuid_is_not_written() -> None:
    with pytest.raises(ValueError, match="no UUID"):
        execution_event.encode("log", "short", ID + "2", ID + "3", ID + "4", 1, 1, "{}")


def later_schema() -> tuple[str, bytes, dict[str, Any]]:
    """The schema as a later release may have it: one more field, in the middle."""
    loaded = json.loads(avro.schema("execution-event").text)
    loaded["fields"].insert(3, {"name": "region", "type": "string", "default": "here"})
    text = json.dumps(loaded)
    return text, avro.fingerprint(text), loaded


def test_a_record_of_a_later_release_is_read_by_the_schema_that_the_registry_has() -> None:
    import io

    import fastavro

    text, mark, loaded = later_schema()
    record = dict(zip(FIELDS, ("log", ID + "1", ID + "2", ID + "3", ID + "4", 7, 9, "body"), strict=True))
    out = io.BytesIO()
    fastavro.schemaless_writer(out, fastavro.parse_schema(loaded), {**record, "region": "there"})
    asked: list[bytes] = []

    def registry(fingerprint: bytes) -> str | None:
        asked.append(fingerprint)
        return text

    reader = execution_event.Reader(registry)
    for _ in range(2):
        event = reader.event(avro.MARKER + mark + out.getvalue())
        assert (event.id, event.sequence, event.body) == (ID + "4", 7, "body")
    assert asked == [mark]


def test_a_record_nobody_can_read_is_told_apart() -> None:
    _, mark, _ = later_schema()
    with pytest.raises(avro.UnknownSchema, match=mark.hex()):
        execution_event.Reader(lambda _: None).event(avro.MARKER + mark + b"x")
    with pytest.raises(avro.UnknownSchema):
        # A registry that answers with another schema is not believed.
        execution_event.Reader(lambda _: avro.schema("flow-event").text).event(avro.MARKER + mark + b"x")
    with pytest.raises(avro.NotSingleObject):
        execution_event.Reader().event(b'{"id": 1}')

"""Registered schemas: idempotent, found by version and by what a record carries, refused where they are none."""

from __future__ import annotations

import asyncio
import io
import json
from typing import Any

import fastavro
import pytest
from triggerflow.registry.v1 import registry_service_pb2 as pb
from triggerflow.registry.v1 import schema_pb2
from triggerflow_chassis.errors import BadCursor, BadParameter, Invalid, NotFound
from triggerflow_chassis.grpc.client import open_channel
from triggerflow_chassis.kafka.avro import MARKER, Decoder, UnknownSchema, schema
from triggerflow_chassis.kafka.registered import RegisteredSchemas

AVRO, JSON = schema_pb2.SCHEMA_TYPE_AVRO, schema_pb2.SCHEMA_TYPE_JSON
EVENT = schema("flow-event")
pytestmark = pytest.mark.parametrize(
    "house", ["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)], indirect=True
)


async def register(caller: Any, subject: str, text: str, type: Any = AVRO) -> Any:
    request = pb.RegisterSchemaRequest(subject=subject, type=type, text=text)
    return await caller.ask(caller.stub.RegisterSchema(request))


async def get(caller: Any, **asked: Any) -> Any:
    return (await caller.ask(caller.stub.GetSchema(pb.GetSchemaRequest(**asked)))).schema


def later(text: str, field: str) -> str:
    loaded = json.loads(text)
    loaded["fields"].append({"name": field, "type": "string", "default": ""})
    return json.dumps(loaded)


async def test_a_schema_is_registered_once_however_often_it_is_asked_for(caller: Any) -> None:
    made = await asyncio.gather(*(register(caller, EVENT.subject, EVENT.text) for _ in range(8)))
    assert sum(each.created for each in made) == 1
    assert {(each.schema.version, each.schema.fingerprint) for each in made} == {(1, EVENT.fingerprint.hex())}
    # What means the same is the same, whatever its words.
    reworded = json.dumps({**json.loads(EVENT.text), "doc": "other words"}, indent=3)
    again = await register(caller, EVENT.subject, reworded)
    assert (again.created, again.schema.version, again.schema.text) == (False, 1, EVENT.text)
    newer = await register(caller, EVENT.subject, later(EVENT.text, "region"))
    assert (newer.created, newer.schema.version) == (True, 2)
    elsewhere = await register(caller, "another.Event", EVENT.text)
    assert (elsewhere.created, elsewhere.schema.version) == (True, 1)


async def test_a_schema_is_found_by_version_and_by_fingerprint(caller: Any) -> None:
    newer = later(EVENT.text, "region")
    for text in (EVENT.text, newer):
        await register(caller, EVENT.subject, text)
    assert (await get(caller, subject=EVENT.subject)).text == newer
    first = await get(caller, subject=EVENT.subject, version=1)
    assert (first.text, first.type, first.HasField("created_at")) == (EVENT.text, AVRO, True)
    assert (await get(caller, fingerprint=EVENT.fingerprint.hex().upper())).version == 1
    for asked in (
        {"subject": EVENT.subject, "version": 3},
        {"subject": "nobody"},
        {"subject": "no\0body"},
        {"subject": ""},
        {"fingerprint": "0" * 16},
        {"fingerprint": "no\0"},
    ):
        assert isinstance(await caller.refusal(get(caller, **asked)), NotFound)
    assert isinstance(await caller.refusal(get(caller, subject="a", version=-1)), BadParameter)


async def test_json_schemas_are_told_apart_by_their_json(caller: Any) -> None:
    made = await register(caller, "order", '{"type": "object", "title": "Order"}', JSON)
    same = await register(caller, "order", '{"title":"Order","type":"object"}', JSON)
    assert (made.created, same.created, len(made.schema.fingerprint)) == (True, False, 64)
    other = await register(caller, "order", '{"title":"Order","type":"array"}', JSON)
    assert other.schema.version == 2


@pytest.mark.parametrize(
    ("subject", "text", "type", "pointer"),
    [
        ("", EVENT.text, AVRO, "/subject"),
        ("9", EVENT.text, AVRO, "/subject"),
        ("a b", EVENT.text, AVRO, "/subject"),
        ("a" * 256, EVENT.text, AVRO, "/subject"),
        ("a", "{", AVRO, "/text"),
        ("a", '"nothing"', AVRO, "/text"),
        ("a", '{"type":"nothing"}', JSON, "/text"),
        ("a", "[", JSON, "/text"),
        ("a", " " * (1024 * 1024 + 1), JSON, "/text"),
        ("a", EVENT.text, 0, "/type"),
    ],
)
async def test_what_is_no_schema_is_refused_at_the_member_at_fault(
    caller: Any, subject: str, text: str, type: Any, pointer: str
) -> None:
    refused = await caller.refusal(register(caller, subject, text, type))
    assert isinstance(refused, Invalid)
    assert [each.pointer for each in refused.violations] == [pointer]


async def test_lists_come_in_pages_and_without_texts(caller: Any) -> None:
    for subject in ("c", "a", "b"):
        await register(caller, subject, EVENT.text)
    for field in ("one", "two"):
        await register(caller, "b", later(EVENT.text, field))

    async def pages(**asked: Any) -> list[Any]:
        found: list[Any] = []
        token = ""
        while not found or token:
            request = pb.ListSchemasRequest(page_size=1, page_token=token, **asked)
            answer = await caller.ask(caller.stub.ListSchemas(request))
            found += answer.schemas
            token = answer.next_page_token
        return found

    everything = await pages()
    assert [(each.subject, each.version, each.text) for each in everything] == [
        ("a", 1, ""),
        ("b", 3, ""),
        ("c", 1, ""),
    ]
    assert [each.version for each in await pages(subject="b")] == [3, 2, 1]
    nobody = await caller.ask(caller.stub.ListSchemas(pb.ListSchemasRequest(subject="no\0body")))
    assert list(nobody.schemas) == []
    first = await caller.ask(caller.stub.ListSchemas(pb.ListSchemasRequest(page_size=1)))
    other = pb.ListSchemasRequest(subject="b", page_token=first.next_page_token)
    assert isinstance(await caller.refusal(caller.ask(caller.stub.ListSchemas(other))), BadCursor)


async def test_a_consumer_reads_what_a_later_release_wrote_by_what_it_registered(house: Any, caller: Any) -> None:
    async with open_channel(house.address, house.token) as channel:
        registered = RegisteredSchemas(channel)
        await registered.register([EVENT])
        newer = later(EVENT.text, "region")
        made = await register(caller, EVENT.subject, newer)
        mark = bytes.fromhex(made.schema.fingerprint)
        record = {
            "type": "flow.updated", "projectId": "p", "flowId": "f", "id": "i", "timestamp": 3, "deleted": False,
        }  # fmt: skip
        out = io.BytesIO()
        fastavro.schemaless_writer(out, fastavro.parse_schema(json.loads(newer)), {**record, "region": "north"})
        known = {mark: await registered.text(mark)}
        assert Decoder(EVENT, known.get).decode(MARKER + mark + out.getvalue()) == record
        assert await registered.text(b"\0" * 8) is None
        with pytest.raises(UnknownSchema):
            Decoder(EVENT, lambda _: None).decode(MARKER + b"\0" * 8 + out.getvalue())

"""Avro as records carry it: schemas of this package, fingerprints, single-object encoding (Avro 1.12, section 'Single
object encoding'). Whoever writes often writes by hand (`execution_event.py`); this is for the rest, and its oracle.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

import fastavro
import orjson
from fastavro.schema import fingerprint as fastavro_fingerprint
from fastavro.schema import to_parsing_canonical_form

from triggerflow_chassis.kafka.published import TOPICS, schema_text

MARKER: Final = b"\xc3\x01"
HEADER_BYTES: Final = 10

NAMES: Final = tuple(topic.schema for topic in TOPICS)
"""The schemas that this release writes; their files stand in `schemas/`."""

Lookup = Callable[[bytes], str | None]
"""The text of the schema of a fingerprint, where somebody knows it. May wait; is asked once for each."""


class UnknownSchema(Exception):
    """A record is written by a schema that nobody here knows."""

    def __init__(self, fingerprint: bytes) -> None:
        super().__init__(f"no schema has the fingerprint {fingerprint.hex()}")
        self.fingerprint = fingerprint


class NotSingleObject(Exception):
    """A record is not in single-object encoding, so not one of ours."""


@dataclass(frozen=True, slots=True)
class Schema:
    """A schema of ours: its full name, its text as it is registered, and what its records begin with."""

    subject: str
    text: str
    fingerprint: bytes
    header: bytes
    parsed: Any
    """Without logical types, so that values stay text and numbers."""


def fingerprint(text: str) -> bytes:
    """CRC-64-AVRO of the parsing canonical form, as a header has it: least significant byte first.

    Raises ValueError where the text is no Avro schema.
    """
    try:
        canonical = to_parsing_canonical_form(fastavro.parse_schema(orjson.loads(text)))
    except Exception as error:  # each kind of wrong schema has an exception of its own there
        raise ValueError(f"not an Avro schema: {error}") from error
    # The hex that fastavro gives is the bytes in this order already, and not a number to be turned round.
    return bytes.fromhex(fastavro_fingerprint(canonical, "CRC-64-AVRO"))


@cache
def schema(name: str) -> Schema:
    """One of `NAMES`."""
    text = schema_text(name)
    loaded = orjson.loads(text)
    mark = fingerprint(text)
    return Schema(
        subject=f"{loaded['namespace']}.{loaded['name']}",
        text=text,
        fingerprint=mark,
        header=MARKER + mark,
        parsed=fastavro.parse_schema(_plain(loaded)),
    )


def encode(written_by: Schema, record: Mapping[str, Any]) -> bytes:
    """The record in single-object encoding."""
    out = io.BytesIO()
    out.write(written_by.header)
    fastavro.schemaless_writer(out, written_by.parsed, record)
    return out.getvalue()


class Decoder:
    """Reads records of one kind, by whatever version of its schema they were written. For one thread."""

    def __init__(self, reads: Schema, lookup: Lookup | None = None) -> None:
        self._reads = reads
        self._lookup = lookup
        self._writers: dict[bytes, Any] = {reads.fingerprint: reads.parsed}

    def decode(self, data: bytes) -> dict[str, Any]:
        """The record with the fields of the schema it is read by. Raises UnknownSchema, NotSingleObject."""
        if data[:2] != MARKER or len(data) < HEADER_BYTES:
            raise NotSingleObject(f"a record begins with {data[:2].hex()}, not with {MARKER.hex()}")
        writer = self._writer(data[2:HEADER_BYTES])
        body = io.BytesIO(data[HEADER_BYTES:])
        record: Any = fastavro.schemaless_reader(body, writer, self._reads.parsed)
        return dict(record)

    def _writer(self, mark: bytes) -> Any:
        known = self._writers.get(mark)
        if known is None:
            text = self._lookup(mark) if self._lookup is not None else None
            if text is None or fingerprint(text) != mark:
                raise UnknownSchema(mark)
            known = self._writers[mark] = fastavro.parse_schema(_plain(orjson.loads(text)))
        return known


def _plain(value: Any) -> Any:
    """A schema without logical types."""
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if not isinstance(value, dict):
        return value
    rest = {key: _plain(item) for key, item in value.items() if key not in ("logicalType", "doc")}
    # {"type": "string"} and "string" are the same; the short one is what a union compares by.
    return rest["type"] if rest.keys() == {"type"} and isinstance(rest["type"], str) else rest

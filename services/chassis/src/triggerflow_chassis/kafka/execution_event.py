"""Execution events to bytes and back, by hand: every event of a deployment passes here, in every replica.

Per event of 450 bytes on the development machine: written in 1.2 µs, the part a reader needs read in 1.0 µs; by
fastavro's compiled code 2.7 and 3.1 µs. A test holds the two equal, byte for byte.
"""

from __future__ import annotations

from typing import Final

from triggerflow_chassis.bus import BusEvent
from triggerflow_chassis.kafka.avro import HEADER_BYTES, Decoder, Lookup, schema

SCHEMA: Final = schema("execution-event")

_ID_BYTES: Final = 36
_ID_LENGTH: Final = b"\x48"  # 36, as Avro writes a length
_FOUR_IDS: Final = 4 * (_ID_BYTES + 1)
_HEADER: Final = SCHEMA.header
_MOST_SMALL: Final = 0x7F


def long_bytes(value: int) -> bytes:
    """A number of 64 bits as Avro writes a long: zigzag, seven bits a byte."""
    value = (value << 1) ^ (value >> 63)
    if value <= _MOST_SMALL:
        return bytes((value,))
    out = bytearray()
    while value > _MOST_SMALL:
        out.append((value & 0x7F) | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def _long(data: bytes, at: int) -> tuple[int, int]:
    byte = data[at]
    at += 1
    value = byte & 0x7F
    shift = 7
    while byte > _MOST_SMALL:
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        shift += 7
    return (value >> 1) ^ -(value & 1), at


_types: dict[str, bytes] = {}


def encode(
    type: str,
    execution_id: str,
    project_id: str,
    flow_id: str,
    id: str,
    sequence: int,
    timestamp: int,
    body: str,
) -> bytes:
    """The record. Ids are UUIDs in text, `timestamp` is microseconds since the epoch."""
    start = _types.get(type)
    if start is None:
        text = type.encode()
        start = _types[type] = _HEADER + long_bytes(len(text)) + text
    ids = f"H{execution_id}H{project_id}H{flow_id}H{id}".encode()
    if len(ids) != _FOUR_IDS:
        raise ValueError(f"an event of {execution_id} has an id that is no UUID")
    payload = body.encode()
    return b"".join((start, ids, long_bytes(sequence), long_bytes(timestamp), long_bytes(len(payload)), payload))


class Reader:
    """Reads of a record what the bus hands on. For one thread."""

    def __init__(self, lookup: Lookup | None = None) -> None:
        self._decoder = Decoder(SCHEMA, lookup)

    def event(self, data: bytes) -> BusEvent:
        """Raises UnknownSchema, NotSingleObject."""
        if data[:HEADER_BYTES] != _HEADER:
            record = self._decoder.decode(data)
            return BusEvent(record["id"], record["sequence"], record["body"])
        type_bytes, at = _long(data, HEADER_BYTES)
        at += type_bytes + _FOUR_IDS
        event_id = data[at - _ID_BYTES : at].decode()
        sequence, at = _long(data, at)
        _, at = _long(data, at)
        body_bytes, at = _long(data, at)
        return BusEvent(event_id, sequence, data[at : at + body_bytes].decode())

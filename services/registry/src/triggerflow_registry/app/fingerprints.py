"""Tell schemas apart by what they mean."""

from __future__ import annotations

import hashlib

import jsonschema_rs
from triggerflow_chassis.errors import BadJson, Invalid, Violation
from triggerflow_chassis.jsontext import canonical, parse

from triggerflow_registry.domain.schema import SchemaType


def fingerprint(type: SchemaType, text: str) -> str:
    """Hex in lower case. Raises Invalid at /text where it is no schema of its type."""
    return _avro(text) if type is SchemaType.AVRO else _json(text)


def _avro(text: str) -> str:
    # Here, since its library is the mesh's.
    from triggerflow_chassis.kafka.avro import fingerprint as of_avro

    try:
        return of_avro(text).hex()
    except ValueError as error:
        raise Invalid([Violation("/text", f"must be an Avro schema: {error}")]) from error


def _json(text: str) -> str:
    try:
        value = parse(text.encode())
        if not isinstance(value, dict | bool) or not jsonschema_rs.meta.is_valid(value):
            raise Invalid([Violation("/text", "must be a JSON Schema of draft 2020-12")])
    except BadJson as error:
        raise Invalid([Violation("/text", f"must be JSON: {error.detail}")]) from error
    return hashlib.sha256(canonical(value)).hexdigest()

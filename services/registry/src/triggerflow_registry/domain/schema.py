"""A registered schema, and what may be one. Pure; no I/O."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from triggerflow_chassis.errors import Invalid, Violation

LONGEST_BYTES: Final = 1024 * 1024
_FINGERPRINT: Final = re.compile(r"[0-9a-fA-F]{16}|[0-9a-fA-F]{64}")
_SUBJECT: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]{0,254}")


class SchemaType(StrEnum):
    """In what language a schema is written."""

    AVRO = "AVRO"
    JSON = "JSON"


@dataclass(frozen=True, slots=True)
class Schema:
    """One version of what a subject looks like."""

    subject: str
    version: int
    """Counts from 1 within the subject."""
    type: SchemaType
    fingerprint: str
    """Hex, in lower case; the same for schemas that mean the same."""
    text: str
    """As it was registered; empty in lists."""
    created_at: int


def is_subject(text: str) -> bool:
    """Whether a subject may be called so."""
    return _SUBJECT.fullmatch(text) is not None


def is_fingerprint(text: str) -> bool:
    """Whether it has the form of one, in either case."""
    return _FINGERPRINT.fullmatch(text) is not None


def check_subject(subject: str) -> None:
    """Raises Invalid, with the pointer of the member at fault."""
    if not is_subject(subject):
        raise Invalid(
            [Violation("/subject", "must be letters, digits and _ . - (1 to 255), beginning with a letter or _")]
        )


def check_length(text: str) -> None:
    """Raises Invalid."""
    if len(text.encode()) > LONGEST_BYTES:
        raise Invalid([Violation("/text", f"must have at most {LONGEST_BYTES} bytes")])

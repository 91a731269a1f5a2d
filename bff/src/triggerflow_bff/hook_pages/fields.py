"""Turn a JSON Schema of an object into fields, and what was filled in into an object. Pure; no I/O.

What a field holds is read here, what the schema says of it is judged by the orchestrator.
"""

from __future__ import annotations

import base64
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from triggerflow_bff.hook_pages.multipart import Part

Kind = Literal["text", "textarea", "number", "integer", "boolean", "choice", "date", "email", "url", "file"]

FILE_BYTES: Final = 5 * 1024 * 1024
_LONG_TEXT: Final = 300
_INTEGER: Final = re.compile(r"[+-]?[0-9]{1,19}", re.ASCII)
_FORMATS: Final[Mapping[str, Kind]] = {"date": "date", "email": "email", "uri": "url", "textarea": "textarea"}
_MOST_NAME: Final = 255


@dataclass(frozen=True, slots=True)
class Field:
    """One property as a field."""

    name: str
    kind: Kind
    label: str
    hint: str
    required: bool
    choices: tuple[Any, ...]
    schema: Mapping[str, Any]

    @property
    def key(self) -> str:
        """What the field is called in a form; no property can look like another field of the page."""
        return f"f.{self.name}"


@dataclass(slots=True)
class Filled:
    """What was filled in."""

    inputs: dict[str, Any] = field(default_factory=dict)
    errors: dict[str, str] = field(default_factory=dict)
    """By property."""
    shown: dict[str, str] = field(default_factory=dict)
    """The text of each field as it was typed, to show it again. Files are not kept."""


def fields_of(schema: Mapping[str, Any]) -> list[Field]:
    """A field for each property, in their order."""
    required = set(schema.get("required", ()))
    found = []
    for name, of in schema.get("properties", {}).items():
        found.append(
            Field(
                name=name,
                kind=_kind(of),
                label=str(of.get("title") or name),
                hint=str(of.get("description") or ""),
                required=name in required,
                choices=tuple(of.get("enum", ())),
                schema=of,
            )
        )
    return found


def _kind(schema: Mapping[str, Any]) -> Kind:
    if "enum" in schema:
        return "choice"
    match schema.get("type"):
        case "boolean":
            return "boolean"
        case "number":
            return "number"
        case "integer":
            return "integer"
        case "object":
            return "file"
    kind = _FORMATS.get(str(schema.get("format")))
    if kind is None:
        longest = schema.get("maxLength")
        kind = "textarea" if isinstance(longest, int) and longest > _LONG_TEXT else "text"
    return kind


def filled(fields: Iterable[Field], parts: Sequence[Part]) -> Filled:
    """What the fields hold. A field left empty is absent; of one sent twice the first counts."""
    sent: dict[str, Part] = {}
    for part in parts:
        sent.setdefault(part.name, part)
    found = Filled()
    for each in fields:
        _read(each, sent.get(each.key), found)
    return found


def file_value(part: Part) -> dict[str, Any]:
    """A file as flows get it."""
    name = (part.filename or "").replace("\\", "/").rpartition("/")[2]
    return {
        "name": "".join(letter for letter in name if letter.isprintable())[:_MOST_NAME] or "file",
        "type": part.type,
        "bytes": len(part.data),
        "content": base64.b64encode(part.data).decode(),
    }


def _read(of: Field, part: Part | None, found: Filled) -> None:
    if of.kind == "boolean":
        ticked = part is not None
        found.inputs[of.name] = ticked
        found.shown[of.name] = "on" if ticked else ""
        if of.required and not ticked and of.schema.get("const") is True:
            found.errors[of.name] = "This must be ticked."
        return
    if of.kind == "file":
        if part is not None and part.filename is not None and (part.data or part.filename):
            if len(part.data) > FILE_BYTES:
                found.errors[of.name] = "This file is larger than 5 MiB. Choose a smaller one."
            else:
                found.inputs[of.name] = file_value(part)
        elif of.required:
            found.errors[of.name] = "Choose a file."
        return
    text = "" if part is None else part.text
    found.shown[of.name] = text
    if text == "" or (of.kind not in ("text", "textarea") and not text.strip()):
        if of.required:
            found.errors[of.name] = "Choose one." if of.kind == "choice" else "Fill this in."
        return
    if "\0" in text:
        found.errors[of.name] = "This holds a character that cannot be kept. Type it anew."
        return
    value, error = _value(of, text)
    if error:
        found.errors[of.name] = error
    else:
        found.inputs[of.name] = value


def _value(of: Field, text: str) -> tuple[Any, str]:
    if of.kind == "choice":
        chosen = [choice for choice in of.choices if choice_text(choice) == text]
        return (chosen[0], "") if chosen else (None, "Choose one of the list.")
    if of.kind == "integer":
        short = text.strip()
        number = int(short) if _INTEGER.fullmatch(short) else None
        if number is None or not -(2**63) <= number < 2**63:
            return None, "Enter a whole number."
        return number, ""
    if of.kind == "number":
        if _INTEGER.fullmatch(text.strip()) and -(2**63) <= int(text) < 2**63:
            return int(text), ""
        try:
            real = float(text.strip()) if "_" not in text else math.nan
        except ValueError:
            real = math.nan
        return (real, "") if math.isfinite(real) else (None, "Enter a number.")
    return (text.strip() if of.kind in ("date", "email", "url") else text), ""


def choice_text(choice: Any) -> str:
    """How a choice is told apart in a form."""
    return choice if isinstance(choice, str) else repr(choice)

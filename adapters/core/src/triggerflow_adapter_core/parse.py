"""core:parse: text to a value, JSON or CSV (RFC 4180 with a header row)."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from triggerflow_adapter_sdk import ParseFailed
from triggerflow_adapter_sdk.jsontext import parse_json
from triggerflow_adapter_sdk.pointers import Path
from triggerflow_adapter_sdk.ports import input_keys, passed_on

# In characters: what takes less than a millisecond.
_MOST_AT_ONCE = 8_192
# A field, quoted or plain, and what ends it.
_FIELD = re.compile(r'(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r\n|\n|\Z)')


class Parse:
    """Sync: parsing megabytes takes its time, and a thread's."""

    @staticmethod
    def for_node(node: Mapping[str, Any], key: str) -> _Parsing:
        csv = node["handlers"][key]["config"]["format"] == "csv"
        return _Parsing(input_keys(node), parse_csv if csv else parse_json)


class _Parsing:
    def __init__(self, keys: tuple[str, ...], parse: Callable[[str], Any]) -> None:
        self._keys = keys
        self._parse = parse

    def __call__(self, inputs: Mapping[str, Any], ctx: Any) -> Any:
        text = passed_on(inputs, self._keys)
        if not isinstance(text, str):
            raise ParseFailed(f"the input is no text but {_KINDS.get(type(text), type(text).__name__)}")
        return self._parse(text)

    def at_once(self, inputs: Mapping[str, Any]) -> Any:
        text = passed_on(inputs, self._keys)
        if isinstance(text, str) and len(text) > _MOST_AT_ONCE:
            raise ParseFailed("this text takes a thread")
        return self(inputs, None)


_KINDS = {dict: "an object", list: "a list", type(None): "null", bool: "a boolean", int: "a number", float: "a number"}


def parse_csv(text: str) -> list[dict[str, str]]:
    """Objects of text, one a record, keys from the first. Raises ParseFailed, naming the record."""
    text = text.removeprefix("\ufeff")
    records = _quoted_records(text) if '"' in text else _plain_records(text)
    header = next(records, None)
    if header is None:
        raise ParseFailed("CSV without a header row")
    if len(set(header)) != len(header):
        twice = next(name for name in header if header.count(name) > 1)
        raise ParseFailed(f"CSV with two columns named {twice!r}")
    width = len(header)
    rows = []
    for number, record in enumerate(records, 2):
        if len(record) != width:
            if width > 1 and record == [""]:
                continue  # an empty line
            raise ParseFailed(f"CSV record {number} has {len(record)} fields, the header row has {width}")
        rows.append(dict(zip(header, record, strict=True)))
    return rows


def _plain_records(text: str) -> Iterator[list[str]]:
    """Without quotes a line is a record."""
    lines = text.replace("\r\n", "\n").split("\n")
    if lines[-1] == "":
        lines.pop()
    for number, line in enumerate(lines, 1):
        if "\r" in line:
            raise ParseFailed(f"CSV record {number} holds a carriage return that ends no line")
        yield line.split(",")


def _quoted_records(text: str) -> Iterator[list[str]]:
    record: list[str] = []
    at, number = 0, 1
    while at < len(text) or record:
        match = _FIELD.match(text, at)
        if match is None:
            where = f"CSV record {number}, field {len(record) + 1}"
            raise ParseFailed(f"{where}: a quote where none may stand, or one that is not closed")
        quoted, plain, end = match.groups()
        record.append(plain if quoted is None else quoted.replace('""', '"'))
        at = match.end()
        if end != ",":
            yield record
            record = []
            number += 1


def check(node: Mapping[str, Any], config: Mapping[str, Any]) -> Iterator[tuple[Path, str]]:
    """It has one input."""
    if node and len(input_keys(node)) != 1:
        yield ("ports", "inputs"), "A parse node has exactly one input."


HANDLER = Parse()

ENTRY: Mapping[str, Any] = {
    "reference": "core:parse",
    "node": {
        "type": "action",
        "name": "Parse",
        "description": "Turns text into a value: JSON, or CSV with a header row into a list of objects.",
        "handlers": {"main": {"entrypoint": "core:parse", "config": {"format": "json"}}},
        "ports": {
            "inputs": [{"key": "input", "label": "Text", "type": "string"}],
            "outputs": [{"key": "out", "label": "Value", "type": "any"}],
        },
    },
    "configSchema": {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Parse",
        "type": "object",
        "properties": {
            "format": {
                "title": "Format",
                "description": "What the text is.",
                "type": "string",
                "enum": ["json", "csv"],
                "default": "json",
                "examples": ["csv"],
            }
        },
        "required": ["format"],
        "additionalProperties": False,
    },
    "ui": {
        "group": "Data",
        "kind": "parse",
        "icon": "file-json-2",
        "order": 25,
        "summary": "{format}",
        "keywords": ["csv", "json", "text", "table", "decode"],
        "fields": {"/format": {"widget": "select", "labels": {"json": "JSON", "csv": "CSV with a header row"}}},
    },
    "pure": True,
    "check": check,
}

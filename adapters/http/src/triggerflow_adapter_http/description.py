"""How `http:request` is described: its node, its config, its form, and what can be checked without a call."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from triggerflow_adapter_sdk.pointers import Path
from triggerflow_adapter_sdk.schemas import ENV_SCHEMA
from triggerflow_adapter_sdk.urls import url_problem

# The connection is the client's: these would let a config say one thing and send another.
OWN_HEADERS = frozenset(
    {"connection", "content-length", "host", "keep-alive", "te", "trailer", "transfer-encoding", "upgrade"}
)

_SCALAR = {"type": ["string", "number", "boolean", "null"]}
_CONFIG: Path = ("handlers", "main", "config")


def check(node: Mapping[str, Any], config: Mapping[str, Any]) -> Iterator[tuple[Path, str]]:
    """What a schema cannot say of a URL and of header names."""
    url = config.get("url")
    if isinstance(url, str) and (said := url_problem(url)) is not None:
        yield (*_CONFIG, "url"), said
    headers = config.get("headers")
    if isinstance(headers, dict):
        seen: set[str] = set()
        for name in headers:
            if name.lower() in OWN_HEADERS:
                yield (*_CONFIG, "headers", name), "The client sets this header itself. Remove it."
            if name.lower() in seen:
                yield (
                    (*_CONFIG, "headers", name),
                    "This header is there twice: upper and lower case make no difference.",
                )
            seen.add(name.lower())


ENTRY: Mapping[str, Any] = {
    "reference": "http:request",
    "node": {
        "type": "action",
        "name": "HTTP request",
        "description": "Calls a web address and hands on status, headers and body.",
        "handlers": {"main": {"entrypoint": "http:request", "config": {"method": "GET", "url": "https://example.com"}}},
        "ports": {
            "inputs": [{"key": "input", "label": "Input", "type": "any"}],
            "outputs": [{"key": "out", "label": "Response", "type": "object"}],
        },
    },
    "configSchema": {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "HTTP request",
        "type": "object",
        "properties": {
            "method": {
                "title": "Method",
                "description": "What to do there.",
                "type": "string",
                "enum": ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"],
                "default": "GET",
                "examples": ["POST"],
            },
            "url": {
                "title": "URL",
                "description": "Absolute, http or https. Private addresses are refused unless the host allows them.",
                "type": "string",
                "minLength": 1,
                "maxLength": 8192,
                "pattern": "^[hH][tT][tT][pP][sS]?://[^\\s\\x00-\\x1f]+$",
                "examples": ["https://api.example.com/items"],
            },
            "headers": {
                "title": "Headers",
                "description": "Secrets (Authorization, Cookie, X-API-Key) come from the environment only.",
                "type": "object",
                "propertyNames": {"pattern": "^[!#$%&'*+.^_`|~0-9A-Za-z-]+$"},
                "additionalProperties": {
                    "title": "Value",
                    "anyOf": [
                        {"title": "Text", "type": "string", "maxLength": 8192, "pattern": "^[^\\x00\\r\\n]*$"},
                        ENV_SCHEMA,
                    ],
                },
                "default": {},
                "examples": [{"Accept": "application/json", "Authorization": {"$env": "API_KEY", "prefix": "Bearer "}}],
            },
            "query": {
                "title": "Query",
                "description": "Added to the URL. A list gives a parameter several times, null leaves it out.",
                "type": "object",
                "additionalProperties": {
                    "title": "Value",
                    "anyOf": [_SCALAR, {"title": "Several", "type": "array", "items": _SCALAR}],
                },
                "default": {},
                "examples": [{"page": 1, "tag": ["a", "b"]}],
            },
            "body": {
                "title": "Body",
                "description": "Objects and lists go as JSON, text as it is.",
                "examples": [{"name": {"$expr": "input.name"}}],
            },
            "timeoutSeconds": {
                "title": "Time limit",
                "description": "For the whole request, redirects and body included, in seconds.",
                "type": "number",
                "exclusiveMinimum": 0,
                "maximum": 3600,
                "default": 30,
                "examples": [10],
            },
        },
        "required": ["method", "url"],
        "additionalProperties": False,
    },
    "ui": {
        "group": "Network",
        "kind": "http",
        "icon": "globe",
        "order": 40,
        "summary": "{method} {url}",
        "keywords": ["api", "rest", "fetch", "webhook", "get", "post", "llm", "chat completions"],
        "fieldOrder": ["method", "url", "query", "headers", "body", "timeoutSeconds"],
        "fields": {
            "/method": {"widget": "select"},
            "/url": {"widget": "text", "placeholder": "https://"},
            "/headers": {"widget": "headers"},
            "/headers/*": {"widget": "secretOrText"},
            "/query": {"widget": "pairs"},
            "/body": {"widget": "code", "language": "json", "rows": 8},
            "/timeoutSeconds": {"widget": "number", "unit": "s", "advanced": True},
        },
    },
    "pure": False,
    "headers": ["/headers"],
    "check": check,
}

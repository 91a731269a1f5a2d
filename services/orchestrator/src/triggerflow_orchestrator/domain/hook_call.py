"""A call of a webhook as its trigger gets it: `{body, headers, query, method}`. Pure; no I/O."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import parse_qsl

from triggerflow_chassis import jsontext
from triggerflow_chassis.errors import BadParameter, UnsupportedMediaType

from triggerflow_orchestrator.domain import hook_signature

# What is between the caller and this server, or what would let a flow act as whoever called from a browser.
_NOT_TOLD: Final = frozenset(
    {
        "authorization",
        "connection",
        "cookie",
        "host",
        "keep-alive",
        "proxy-authorization",
        "te",
        "trailer",
        "traceparent",
        "tracestate",
        "transfer-encoding",
        "upgrade",
        hook_signature.HEADER,
    }
)
_NOT_TOLD_STARTS: Final = ("x-envoy-", "x-forwarded-")
_MOST_PAIRS: Final = 1_000


@dataclass(frozen=True, slots=True)
class HookCall:
    """As it came."""

    method: str
    query: str
    headers: Sequence[tuple[str, str]]
    """Names in lower case."""
    body: bytes

    def header(self, name: str) -> str | None:
        """Its value, repeats joined by a comma; None where it is absent."""
        found = [value for key, value in self.headers if key == name]
        return ", ".join(found) if found else None


def inputs_of(call: HookCall) -> dict[str, Any]:
    """What `out` carries. A body is JSON, a form (an object of text) or text, by its content type; none is null.

    Raises UnsupportedMediaType, BadJson, Invalid, BadParameter.
    """
    return {
        "body": _body(call),
        "headers": _joined((name, value) for name, value in call.headers if _told(name)),
        "query": _gathered(_pairs(call.query, "The query")),
        "method": call.method,
    }


def _told(name: str) -> bool:
    return name not in _NOT_TOLD and not name.startswith(_NOT_TOLD_STARTS)


def _joined(headers: Iterable[tuple[str, str]]) -> dict[str, str]:
    found: dict[str, str] = {}
    for name, value in headers:
        found[name] = f"{found[name]}, {value}" if name in found else value
    return found


def _body(call: HookCall) -> Any:
    if not call.body:
        return None
    if (call.header("content-encoding") or "identity").strip().lower() != "identity":
        raise UnsupportedMediaType("Send the body without Content-Encoding.")
    media = (call.header("content-type") or "application/json").partition(";")[0].strip().lower()
    if media == "application/json" or media.endswith("+json"):
        return jsontext.parse(call.body)
    if media == "application/x-www-form-urlencoded":
        return _gathered(_pairs(_text(call.body), "The form"))
    if media.startswith("text/"):
        return _text(call.body)
    raise UnsupportedMediaType("Send JSON, a form (application/x-www-form-urlencoded) or text.")


def _text(body: bytes) -> str:
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError:
        raise UnsupportedMediaType("The body is not UTF-8.") from None
    if "\0" in text:
        raise BadParameter("body", "Text may not contain U+0000. Remove it.")
    return text


def _pairs(text: str, what: str) -> list[tuple[str, str]]:
    try:
        found = parse_qsl(text, keep_blank_values=True, max_num_fields=_MOST_PAIRS)
    except ValueError:
        raise BadParameter("", f"{what} has more than {_MOST_PAIRS} fields.") from None
    for pair in found:
        if any("\0" in each or "\ufffd" in each for each in pair):
            raise BadParameter("", f"{what} is not UTF-8 text without U+0000.")
    return found


def _gathered(pairs: Iterable[tuple[str, str]]) -> dict[str, Any]:
    """A name that is there once has text, one that is repeated a list."""
    found: dict[str, Any] = {}
    for name, value in pairs:
        known = found.get(name)
        if known is None:
            found[name] = value
        elif isinstance(known, list):
            known.append(value)
        else:
            found[name] = [known, value]
    return found

"""http:request: one request by the guarded client, its answer as `{status, headers, body}`."""

from __future__ import annotations

import time
from collections.abc import Collection, Mapping
from email.message import Message
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Any
from urllib.parse import urlencode

import orjson
from triggerflow_adapter_sdk import ConfigInvalid, HttpStatus
from triggerflow_adapter_sdk.http import GuardedClient, Request, Response
from triggerflow_adapter_sdk.http.client import parse_url, shown
from triggerflow_adapter_sdk.jsontext import parse_json
from triggerflow_adapter_sdk.secrets import Redactor, Secret

from triggerflow_adapter_http.description import OWN_HEADERS

_SNIPPET = 500


class HttpRequest:
    """The handler, and the client that its nodes share."""

    def __init__(self, allow: Collection[str]) -> None:
        self._allow = allow
        self._client: GuardedClient | None = None

    async def __call__(self, inputs: Mapping[str, Any], ctx: Any) -> dict[str, Any]:
        config = ctx.config
        if self._client is None:
            self._client = GuardedClient(self._allow)
        request = build_request(config)
        response = await self._client.send(request, timeout=float(config.get("timeoutSeconds", 30)))
        if response.status >= 400:
            raise _status_error(request, response)
        return {"status": response.status, "headers": _joined(response), "body": _value(request, response)}

    async def close(self) -> None:
        """Close the connections."""
        if self._client is not None:
            await self._client.close()
            self._client = None


def build_request(config: Mapping[str, Any]) -> Request:
    """The request a config asks for. Raises ConfigInvalid."""
    url = parse_url(config["url"])
    pairs = [(key, text) for key, value in (config.get("query") or {}).items() for text in _texts(value)]
    if pairs:
        # What the URL says already stays as it is written.
        url = url.copy_with(query=b"&".join(part for part in (url.query, urlencode(pairs).encode()) if part))
    headers = dict(config.get("headers") or {})
    for name, value in headers.items():
        if name.lower() in OWN_HEADERS:
            raise ConfigInvalid(f"config/headers/{name}: is set by the client itself")
        if any(char in value for char in "\r\n\0"):
            raise ConfigInvalid(f"config/headers/{name}: holds a line break")
    body, content_type = _body(config.get("body"))
    names = {name.lower() for name in headers}
    own = [("Accept", "*/*"), ("Accept-Encoding", "gzip, deflate"), ("User-Agent", "TriggerFlow-Canvas/0.1")]
    if content_type is not None:
        own.append(("Content-Type", content_type))
    if body is None and config["method"] in ("POST", "PUT", "PATCH"):
        body = b""
    if body is not None:
        own.append(("Content-Length", str(len(body))))
    # What the config sets stands; a value may be a Secret, which the client must recognise.
    every = [*headers.items(), *((name, value) for name, value in own if name.lower() not in names)]
    return Request(config["method"], str(url), tuple(every), body)


def _texts(value: Any) -> list[str]:
    if isinstance(value, list):
        return [text for item in value for text in _texts(item)]
    if value is None:
        return []
    if isinstance(value, bool):
        return ["true" if value else "false"]
    return [value if isinstance(value, str) else orjson.dumps(value).decode()]


def _body(value: Any) -> tuple[bytes | None, str | None]:
    if value is None:
        return None, None
    if isinstance(value, str):
        return value.encode(), "text/plain; charset=utf-8"
    return orjson.dumps(value), "application/json"


def _joined(response: Response) -> dict[str, str]:
    names = dict.fromkeys(name for name, _ in response.headers)
    return {name: response.header(name) or "" for name in names}


def _value(request: Request, response: Response) -> Any:
    media_type, charset = _content_type(response)
    if media_type == "application/json" or media_type.endswith("+json"):
        if not response.body and (request.method == "HEAD" or response.status in (204, 205, 304)):
            return None
        return parse_json(response.body)
    return _decoded(response.body, charset)


def _content_type(response: Response) -> tuple[str, str]:
    message = Message()
    message["content-type"] = response.header("content-type") or "text/plain"
    return message.get_content_type(), str(message.get_param("charset", "utf-8"))


def _decoded(body: bytes, charset: str) -> str:
    try:
        return body.decode(charset, errors="replace")
    except LookupError:  # a charset nobody knows
        return body.decode(errors="replace")


def _status_error(request: Request, response: Response) -> HttpStatus:
    secrets = [value for _, value in request.headers if isinstance(value, Secret)]
    # Redacted before it is cut: half a secret would not be recognised later.
    text = Redactor(secrets).text(_decoded(response.body, _content_type(response)[1])).strip()
    snippet = text if len(text) <= _SNIPPET else f"{text[:_SNIPPET]}…"
    phrase = HTTPStatus(response.status).phrase if response.status in _KNOWN else ""
    told = f"{response.status} {phrase}".strip() + f" from {request.method} {shown(parse_url(response.url))}"
    return HttpStatus(
        f"{told}: {snippet}" if snippet else told,
        status=response.status,
        retry_after=_retry_after(response.header("retry-after")),
    )


_KNOWN = frozenset(status.value for status in HTTPStatus)


def _retry_after(value: str | None) -> float | None:
    """Seconds, from seconds or a date; None where it is absent or neither."""
    if value is None:
        return None
    text = value.strip()
    if text.isascii() and text.isdigit():
        return float(text[:10])
    try:
        return max(0.0, parsedate_to_datetime(text).timestamp() - time.time())
    except (ValueError, TypeError, OverflowError):
        return None

"""The guarded client: HTTP/1.1 with checked addresses, few redirects, bounded bodies and times, bounded secrets."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from typing import Any

import httpcore
import httpx

from triggerflow_adapter_sdk.errors import (
    AddressRefused,
    ConfigInvalid,
    ConnectionFailed,
    HandlerError,
    TimedOut,
    TooManyRedirects,
)
from triggerflow_adapter_sdk.http.bodies import read_body
from triggerflow_adapter_sdk.http.guard import GuardedNetwork, host_and_port
from triggerflow_adapter_sdk.secrets import Secret

MAX_REDIRECTS = 5
MAX_BYTES = 10 * 1024 * 1024
# Of an answer that is an error only the beginning is told.
_ERROR_BYTES = 64 * 1024
_CONNECT_SECONDS = 10.0
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_DEFAULT_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class Request:
    """One request. A header value that is a `Secret` goes to the origin of `url` and nowhere else."""

    method: str
    url: str
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes | None = None


@dataclass(frozen=True, slots=True)
class Response:
    """The last answer, unpacked. `truncated`: an error's body, cut."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes
    url: str

    def header(self, name: str) -> str | None:
        """The values of a header, joined; None where it is absent. `name` in lower case."""
        values = [value for key, value in self.headers if key == name]
        return ", ".join(values) if values else None


class GuardedClient:
    """Connections are kept per origin. For one event loop."""

    def __init__(self, allow: Collection[str], *, tls: Callable[[], ssl.SSLContext] = httpx.create_ssl_context) -> None:
        self._network = GuardedNetwork(allow)
        self._tls = tls
        self._plain = self._pool(None)
        self._secure: httpcore.AsyncConnectionPool | None = None
        self._making_secure = asyncio.Lock()

    def _pool(self, context: ssl.SSLContext | None) -> httpcore.AsyncConnectionPool:
        return httpcore.AsyncConnectionPool(
            ssl_context=context,
            max_connections=256,
            max_keepalive_connections=32,
            keepalive_expiry=5.0,
            network_backend=self._network,
        )

    async def send(self, request: Request, *, timeout: float = 30.0, max_bytes: int = MAX_BYTES) -> Response:
        """Send and read all. `timeout` bounds everything, in seconds.

        Raises ConfigInvalid (a URL that is none), AddressRefused, ConnectionFailed, TimedOut, TooManyRedirects,
        ResponseTooLarge, ParseFailed (broken compression). A status is no error here.
        """
        try:
            async with asyncio.timeout(timeout) as limit:
                return await self._follow(request, max_bytes)
        except TimeoutError:
            if not limit.expired():
                raise
            raise TimedOut(f"no complete answer within {timeout:g} s") from None

    async def _follow(self, request: Request, max_bytes: int) -> Response:
        url = parse_url(request.url)
        for _ in range(MAX_REDIRECTS + 1):
            response = await self._exchange(request, url, max_bytes)
            location = response.header("location") if response.status in _REDIRECTS else None
            if location is None:
                return response
            target = _redirected(url, location)
            request = _next_request(request, response.status, same_origin=origin(url) == origin(target))
            url = target
        raise TooManyRedirects(f"more than {MAX_REDIRECTS} redirects, the last to {shown(url)}")

    async def _exchange(self, request: Request, url: httpx.URL, max_bytes: int) -> Response:
        pool = self._plain if url.scheme == "http" else await self._secure_pool()
        target = httpcore.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path)
        headers = [(b"Host", url.netloc), *_encoded(request.headers)]
        extensions = {"timeout": {"connect": _CONNECT_SECONDS}}
        try:
            async with pool.stream(
                request.method, target, headers=headers, content=request.body, extensions=extensions
            ) as answer:
                told = tuple((key.decode("latin-1").lower(), _text(value)) for key, value in answer.headers)
                response = Response(answer.status, told, b"", str(url.copy_with(fragment=None)))
                if answer.status in _REDIRECTS and response.header("location") is not None:
                    return response
                return replace(response, body=await self._body(request, response, answer, max_bytes))
        except HandlerError:
            raise
        except (httpcore.ConnectTimeout, httpcore.PoolTimeout):
            raise TimedOut(f"no connection to {shown(url)} within {_CONNECT_SECONDS:g} s") from None
        except httpcore.TimeoutException as slow:
            raise TimedOut(f"{shown(url)}: {slow or type(slow).__name__}") from None
        except httpcore.LocalProtocolError as refused:
            raise ConfigInvalid(f"the request cannot be sent: {refused}") from None
        except (httpcore.NetworkError, httpcore.ProtocolError, ssl.SSLError, OSError) as broken:
            raise ConnectionFailed(f"{shown(url)}: {broken or type(broken).__name__}") from None

    async def _body(self, request: Request, response: Response, answer: Any, max_bytes: int) -> bytes:
        if request.method == "HEAD" or response.status in (204, 304):
            return b""
        is_error = response.status >= 400
        limit = min(max_bytes, _ERROR_BYTES) if is_error else max_bytes
        encodings = response.header("content-encoding") or ""
        return await read_body(answer.aiter_stream(), encodings, limit, cut=is_error)

    async def _secure_pool(self) -> httpcore.AsyncConnectionPool:
        async with self._making_secure:
            if self._secure is None:
                # Reading the certificates of a system takes tens of milliseconds.
                self._secure = self._pool(await self._network.run(self._tls))
            return self._secure

    async def close(self) -> None:
        """Close every connection."""
        await self._plain.aclose()
        if self._secure is not None:
            await self._secure.aclose()
        self._network.close()


def parse_url(text: str) -> httpx.URL:
    """An absolute http or https URL without userinfo. Raises ConfigInvalid."""
    try:
        url = httpx.URL(text.strip())
    except (httpx.InvalidURL, TypeError, ValueError) as broken:
        raise ConfigInvalid(f"config/url: is no URL: {broken}") from None
    if url.scheme not in _DEFAULT_PORTS or not url.host:
        raise ConfigInvalid("config/url: is no absolute http or https URL")
    if url.userinfo:
        raise ConfigInvalid("config/url: holds a user or password; give an Authorization header from $env")
    return url


def origin(url: httpx.URL) -> tuple[str, str, int]:
    """Scheme, host and port: where secrets may go."""
    return url.scheme, url.host.lower(), url.port or _DEFAULT_PORTS[url.scheme]


def shown(url: httpx.URL) -> str:
    """A URL for a message: without query, which may hold what nobody should read."""
    return f"{url.scheme}://{host_and_port(url.host, url.port) if url.port else url.host}{url.path}"


def _redirected(url: httpx.URL, location: str) -> httpx.URL:
    try:
        target = url.join(location)
    except (httpx.InvalidURL, ValueError):
        raise ConnectionFailed(f"{shown(url)} redirects to what is no URL") from None
    if target.scheme not in _DEFAULT_PORTS or not target.host:
        scheme = target.scheme or "nowhere"
        raise AddressRefused(f"{shown(url)} redirects to {scheme}, and only http and https are followed")
    if target.userinfo:
        raise AddressRefused(f"{shown(url)} redirects to a URL with a user in it")
    return target


def _next_request(request: Request, status: int, *, same_origin: bool) -> Request:
    headers = request.headers
    if not same_origin:
        headers = tuple((name, value) for name, value in headers if not isinstance(value, Secret))
    # As browsers do: a form that was posted is not posted again to where its answer is shown.
    if (status == 303 and request.method != "HEAD") or (status in (301, 302) and request.method == "POST"):
        headers = tuple((name, value) for name, value in headers if not name.lower().startswith("content-"))
        return replace(request, method="GET", body=None, headers=headers)
    return replace(request, headers=headers)


def _encoded(headers: Sequence[tuple[str, str]]) -> list[tuple[bytes, bytes]]:
    try:
        return [(name.encode("ascii"), value.encode()) for name, value in headers]
    except UnicodeEncodeError:
        raise ConfigInvalid("config/headers: a header name is ASCII") from None


def _text(value: bytes) -> str:
    try:
        return value.decode()
    except UnicodeDecodeError:
        return value.decode("latin-1")

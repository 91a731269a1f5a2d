"""Connect only to addresses that were checked: the name is resolved once, and the checked address is dialled.

So a name that answers with another address the second time (DNS rebinding) gains nothing, and every new connection,
after a redirect too, goes through here.
"""

from __future__ import annotations

import ipaddress
import socket
import typing
from collections.abc import Collection, Iterable

import httpcore

from triggerflow_adapter_sdk.errors import AddressRefused, ConnectionFailed
from triggerflow_adapter_sdk.http.addresses import Address, refusal
from triggerflow_adapter_sdk.threads import HandlerThreads

_T = typing.TypeVar("_T")

SETTING = "TFCANVAS_HTTP_ALLOW"


def host_and_port(host: str, port: int) -> str:
    """As TFCANVAS_HTTP_ALLOW writes it."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


class GuardedNetwork(httpcore.AsyncNetworkBackend):
    """Dials for the connection pool."""

    def __init__(self, allow: Collection[str], network: httpcore.AsyncNetworkBackend | None = None) -> None:
        self._allow = frozenset(entry.strip().lower() for entry in allow)
        self._network = network or httpcore.AnyIOBackend()
        # Not the loop's own executor: a slow resolver would hold up whatever else uses that.
        self._threads = HandlerThreads(limit=16)

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[typing.Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """Raises AddressRefused, ConnectionFailed."""
        addresses = await self._resolve(host, port)
        if host_and_port(host, port).lower() not in self._allow:
            for address in addresses:
                kind = refusal(address)
                # One bad address spoils the name: which of them is dialled would be the resolver's choice.
                if kind is not None:
                    raise AddressRefused(
                        f"{host_and_port(host, port)} is a {kind} address; {SETTING} names the ones that may be reached"
                    )
        failure: Exception | None = None
        for address in addresses:
            try:
                return await self._network.connect_tcp(
                    str(address), port, timeout=timeout, local_address=local_address, socket_options=socket_options
                )
            except httpcore.ConnectError as refused:
                failure = refused
        raise ConnectionFailed(f"no connection to {host_and_port(host, port)}: {failure}")

    async def connect_unix_socket(
        self, path: str, timeout: float | None = None, socket_options: Iterable[typing.Any] | None = None
    ) -> httpcore.AsyncNetworkStream:
        raise AddressRefused("a socket of this machine is no address")

    async def sleep(self, seconds: float) -> None:
        await self._network.sleep(seconds)

    async def _resolve(self, host: str, port: int) -> list[Address]:
        try:
            return [ipaddress.ip_address(host)]
        except ValueError:
            pass
        try:
            found = await self._threads.run(socket.getaddrinfo, host, port, 0, socket.SOCK_STREAM)
        except (OSError, UnicodeError) as failure:
            raise ConnectionFailed(f"the name {host} does not resolve: {failure}") from None
        addresses = [ipaddress.ip_address(str(entry[4][0])) for entry in found]
        if not addresses:
            raise ConnectionFailed(f"the name {host} does not resolve")
        return list(dict.fromkeys(addresses))

    async def run(self, function: typing.Callable[[], _T]) -> _T:
        """Call what blocks in a thread of the client's own."""
        result: _T = await self._threads.run(function)
        return result

    def close(self) -> None:
        """Let idle threads end."""
        self._threads.close()

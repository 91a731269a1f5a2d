"""Send a POST through the guarded HTTP client, which is imported with the first one: its libraries take a while."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Final

from triggerflow_adapter_sdk import HttpStatus

if TYPE_CHECKING:
    from triggerflow_adapter_sdk.http import GuardedClient

_MOST_ANSWER_BYTES: Final = 64 * 1024


class WebPost:
    """`app.failure_calls.Post`. `allow` names private addresses that may be called."""

    def __init__(self, allow: Collection[str]) -> None:
        self._allow = allow
        self._client: GuardedClient | None = None

    async def __call__(self, url: str, headers: Mapping[str, str], body: bytes, *, seconds: float) -> None:
        from triggerflow_adapter_sdk.http import GuardedClient, Request

        if self._client is None:
            self._client = GuardedClient(self._allow)
        own = {"Content-Length": str(len(body)), "User-Agent": "TriggerFlow-Canvas"}
        request = Request("POST", url, tuple({**headers, **own}.items()), body)
        answer = await self._client.send(request, timeout=seconds, max_bytes=_MOST_ANSWER_BYTES)
        if answer.status >= 400:
            wait = answer.header("retry-after") or ""
            asked = float(wait[:10]) if wait.isascii() and wait.isdigit() else None
            raise HttpStatus(f"{answer.status} from {url}", status=answer.status, retry_after=asked)

    async def close(self) -> None:
        """Close every connection."""
        if self._client is not None:
            await self._client.close()

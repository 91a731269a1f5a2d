"""Adapter `http`: describes `http:request` and keeps its client."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from triggerflow_adapter_sdk import AdapterSettings, TriggerFlowIntegrationAdapter
from triggerflow_adapter_sdk.blueprints import EmbeddedBlueprints

from triggerflow_adapter_http.description import ENTRY


class HttpAdapter(EmbeddedBlueprints, TriggerFlowIntegrationAdapter):
    """Adapter `http`."""

    name = "http"

    def __init__(self) -> None:
        self._settings = AdapterSettings()
        self._handler: Any = None

    def configure(self, settings: AdapterSettings) -> None:
        self._settings = settings

    def describe(self) -> Mapping[str, Any]:
        return {
            "version": "1",
            "capabilities": {"loadBluePrint": True, "saveBluePrint": True, "remote": False},
            "health": {"status": "ok", "message": ""},
            "handlers": [ENTRY],
        }

    def resolve_handler(self, reference: str) -> Any:
        if reference != "request":
            raise LookupError(f"http:{reference} is no handler")
        if self._handler is None:
            # The client's libraries take long to import; this runs in a thread, at the first request.
            from triggerflow_adapter_http.request import HttpRequest

            self._handler = HttpRequest(self._settings.http_allow)
        return self._handler

    async def close(self) -> None:
        """Close the connections that requests left open."""
        if self._handler is not None:
            await self._handler.close()
            self._handler = None

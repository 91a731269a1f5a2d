"""The catalogue: installed adapters, what they describe, and handlers bound to nodes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from triggerflow_adapter_sdk.adapter import TriggerFlowIntegrationAdapter
from triggerflow_adapter_sdk.binding import BoundHandler
from triggerflow_adapter_sdk.description import HandlerDescription
from triggerflow_adapter_sdk.settings import AdapterSettings


class Catalogue:
    """Adapters by name. `load` imports adapters and runs `describe()`, nothing of a user's."""

    @classmethod
    def load(cls, settings: AdapterSettings) -> Catalogue:
        """Find adapters by entry point. A broken one is logged, reported with health `down`, and skipped."""
        raise NotImplementedError

    def handlers(self) -> list[HandlerDescription]:
        """What a palette may offer, by reference."""
        raise NotImplementedError

    def describe(self, entrypoint: str) -> HandlerDescription | None:
        """The handler of an entrypoint, or None where there is none (the problem UNKNOWN_HANDLER)."""
        raise NotImplementedError

    def explain_unknown(self, entrypoint: str) -> str:
        """One sentence on why `describe` gives None, naming the setting that would change it."""
        raise NotImplementedError

    def bind(self, node: Mapping[str, Any], key: str = "main") -> BoundHandler:
        """The node's handler, ready to be called. Imports nothing of a user's; that happens at the first call.

        Raises LookupError where the node has no such handler or the entrypoint is unknown; a bad config raises
        ConfigInvalid at the call, so that it fails its node and not the run.
        """
        raise NotImplementedError

    def adapters_of(self, nodes: Sequence[Mapping[str, Any]]) -> list[TriggerFlowIntegrationAdapter]:
        """The adapters whose handlers these nodes reference (for `on_execution_start/end`, `save_blue_print`)."""
        raise NotImplementedError

    async def open(self) -> None:
        """Start what handlers need (threads, expression processes, connections) on the running loop."""
        raise NotImplementedError

    async def close(self) -> None:
        """Stop it all; leaves no process, thread that would hold the interpreter, or connection."""
        raise NotImplementedError

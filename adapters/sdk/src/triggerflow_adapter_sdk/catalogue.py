"""The catalogue: installed adapters, what they describe, and handlers bound to nodes."""

from __future__ import annotations

import inspect
import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from importlib.metadata import entry_points
from typing import Any

from triggerflow_adapter_sdk import capture
from triggerflow_adapter_sdk.adapter import ENTRY_POINT_GROUP, TriggerFlowIntegrationAdapter
from triggerflow_adapter_sdk.binding import BoundHandler, Handler
from triggerflow_adapter_sdk.config import ConfigSource
from triggerflow_adapter_sdk.description import HandlerDescription, description_of
from triggerflow_adapter_sdk.errors import HandlerError
from triggerflow_adapter_sdk.expressions import close_pool
from triggerflow_adapter_sdk.ports import output_keys
from triggerflow_adapter_sdk.settings import AdapterSettings
from triggerflow_adapter_sdk.threads import HandlerThreads

_log = logging.getLogger(__name__)

# What serves an entrypoint without a colon.
DOTTED_PATHS = "python"


class UnknownHandler(HandlerError, LookupError):
    """A node has no such handler, or nothing serves its entrypoint. Trying again changes nothing."""


class Catalogue:
    """Adapters by name. Making one imports adapters and runs `describe()`, nothing of a user's."""

    def __init__(
        self, adapters: Iterable[TriggerFlowIntegrationAdapter] = (), settings: AdapterSettings | None = None
    ) -> None:
        """A catalogue of these adapters; `load` is what finds the installed ones."""
        self._settings = settings or AdapterSettings()
        self._adapters: dict[str, TriggerFlowIntegrationAdapter] = {}
        self._descriptions: dict[str, HandlerDescription] = {}
        self._broken: dict[str, str] = {}
        self._threads = HandlerThreads()
        self._opened: list[TriggerFlowIntegrationAdapter] = []
        self._sink: Callable[[capture.OutputLine], None] = capture.log_line
        self._captures = False
        for adapter in adapters:
            self._take(adapter.name, lambda adapter=adapter: adapter)  # type: ignore[misc]

    @classmethod
    def load(cls, settings: AdapterSettings) -> Catalogue:
        """Find adapters by entry point. A broken one is logged, reported with health `down`, and skipped."""
        catalogue = cls(settings=settings)
        for point in sorted(entry_points(group=ENTRY_POINT_GROUP), key=lambda point: point.name):
            catalogue._take(point.name, lambda point=point: point.load()())  # type: ignore[misc]
        return catalogue

    def _take(self, name: str, make: Callable[[], TriggerFlowIntegrationAdapter]) -> None:
        try:
            adapter = make()
            configure = getattr(adapter, "configure", None)
            if configure is not None:
                configure(self._settings)
            metadata = adapter.describe()
            health = _health(metadata.get("health"))
            found = [description_of(name, entry, health) for entry in metadata.get("handlers", ())]
            for description in found:
                if not description.reference.startswith(f"{name}:"):
                    raise ValueError(f"{description.reference} does not start with {name}:")
        except Exception as broken:  # whatever a stranger's package does, the service starts
            _log.error("adapter_broken", exc_info=broken, extra={"adapter": name})
            self._broken[name] = f"{type(broken).__name__}: {broken}"
            return
        self._adapters[name] = adapter
        self._descriptions.update({description.reference: description for description in found})

    def health(self) -> dict[str, Mapping[str, str]]:
        """Every adapter's health by name, broken ones included."""
        broken = {name: {"status": "down", "message": message} for name, message in self._broken.items()}
        found: dict[str, Mapping[str, str]] = {}
        for name, adapter in self._adapters.items():
            try:
                found[name] = _health(adapter.describe().get("health"))
            except Exception as failure:  # it described itself at start, so its handlers stay
                found[name] = {"status": "down", "message": f"{type(failure).__name__}: {failure}"}
        return {**found, **broken}

    @property
    def stray_threads(self) -> int:
        """Threads of handlers that go on although nobody waits for them any more."""
        return self._threads.strays

    def handlers(self) -> list[HandlerDescription]:
        """What a palette may offer, by reference."""
        return [self._descriptions[reference] for reference in sorted(self._descriptions)]

    def describe(self, entrypoint: str) -> HandlerDescription | None:
        """The handler of an entrypoint, or None where there is none (the problem UNKNOWN_HANDLER)."""
        if (known := self._descriptions.get(entrypoint)) is not None:
            return known if "main" in known.node.get("handlers", {}) else None
        describe_path = getattr(self._adapters.get(DOTTED_PATHS), "describe_path", None)
        if ":" in entrypoint or describe_path is None:
            return None
        entry = describe_path(entrypoint)
        return None if entry is None else description_of(DOTTED_PATHS, entry, _health(None))

    def explain_unknown(self, entrypoint: str) -> str:
        """One sentence on why `describe` gives None, naming the setting that would change it."""
        name, colon, _ = entrypoint.partition(":")
        if not colon:
            name = DOTTED_PATHS
        if name in self._broken:
            return f"the adapter {name} is broken: {self._broken[name]}"
        if name not in self._adapters:
            return f"no adapter {name} is installed"
        if colon:
            return f"the adapter {name} has no handler {entrypoint}"
        explain = getattr(self._adapters[name], "explain_path", None)
        return str(explain(entrypoint)) if explain is not None else f"{entrypoint} is unknown"

    def bind(self, node: Mapping[str, Any], key: str = "main") -> BoundHandler:
        """The node's handler, ready to be called. Imports nothing of a user's; that happens at the first call.

        Raises UnknownHandler (a LookupError) where the node has no such handler or nothing serves its entrypoint. A
        bad config is no error here: it raises ConfigInvalid at each call, so that it fails its node and not the run.
        """
        handler = (node.get("handlers") or {}).get(key)
        if handler is None:
            raise UnknownHandler(f"the node has no handler {key!r}")
        entrypoint = handler["entrypoint"]
        description = self.describe(entrypoint)
        if description is None:
            raise UnknownHandler(self.explain_unknown(entrypoint))
        adapter = self._adapters[description.adapter]
        config = ConfigSource(handler.get("config") or {}, description.marks, description.validator, self._settings)

        def resolve() -> Handler:
            found = adapter.resolve_handler(entrypoint.partition(":")[2] or entrypoint)
            for_node = getattr(found, "for_node", None)
            bound: Handler = found if for_node is None else for_node(node, key)
            return bound

        return BoundHandler(
            reference=entrypoint,
            pure=description.pure and config.pure and description.expressions_are_pure(handler.get("config") or {}),
            ports=output_keys(node, key),
            config=config,
            resolve=resolve,
            threads=self._threads,
            sink=self._sink,
        )

    def adapters_of(self, nodes: Sequence[Mapping[str, Any]]) -> list[TriggerFlowIntegrationAdapter]:
        """The adapters whose handlers these nodes reference (for `on_execution_start/end`, `save_blue_print`)."""
        entrypoints = [handler["entrypoint"] for node in nodes for handler in (node.get("handlers") or {}).values()]
        names = {name if colon else DOTTED_PATHS for name, colon, _ in (point.partition(":") for point in entrypoints)}
        return [self._adapters[name] for name in sorted(names) if name in self._adapters]

    async def open(self, *, sink: Callable[[capture.OutputLine], None] | None = None) -> None:
        """Start what handlers need on the running loop. `sink` takes what handlers print; by default it is logged."""
        if sink is not None:
            self._sink = sink
        capture.install()
        self._captures = True
        for name, adapter in self._adapters.items():
            start = getattr(adapter, "open", None)
            if start is None:
                continue
            try:
                await _finished(start())
            except Exception as broken:
                _log.error("adapter_open_failed", exc_info=broken, extra={"adapter": name})
                continue
            self._opened.append(adapter)

    async def close(self) -> None:
        """Stop it all; leaves no process, thread that would hold the interpreter, or connection."""
        while self._opened:
            adapter = self._opened.pop()
            try:
                await _finished(adapter.close())  # type: ignore[attr-defined]
            except Exception as broken:
                _log.error("adapter_close_failed", exc_info=broken, extra={"adapter": adapter.name})
        close_pool()
        self._threads.close()
        if self._captures:
            self._captures = False
            capture.uninstall()


async def _finished(result: Any) -> None:
    if inspect.isawaitable(result):
        await result


def _health(told: Any) -> Mapping[str, str]:
    if not isinstance(told, Mapping):
        return {"status": "ok", "message": ""}
    return {"status": str(told.get("status", "ok")), "message": str(told.get("message", ""))}

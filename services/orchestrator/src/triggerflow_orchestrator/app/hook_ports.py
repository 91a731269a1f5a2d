"""What hooks need to keep, and to know of drafts. All raise Unavailable where the other side does not answer."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from triggerflow_orchestrator.domain.trigger import TriggerNode


@dataclass(frozen=True, slots=True)
class Listen:
    """A listening for one call of a draft's webhook. Times are microseconds since the epoch."""

    project_id: str
    flow_id: str
    node_id: str
    path: str
    config: Mapping[str, Any]
    """The node's, as the draft had it when the listening began."""
    until: int
    request_id: str = ""
    inputs_json: str | None = None
    """The call, once one came."""
    called_at: int | None = None


class HookStore(Protocol):
    """Secrets that the server made, and listenings. What a method answered is durable."""

    async def secrets(self, project_id: str, flow_id: str, node_ids: Collection[str]) -> Mapping[str, str]:
        """The secret of each of these nodes, made where there was none: by one of several callers at once."""

    async def secret(self, flow_id: str, node_id: str) -> str | None:
        """The secret, None where none was ever made."""

    async def rotate(self, project_id: str, flow_id: str, node_id: str, request_id: str) -> None:
        """Make the secret anew, unless the call of this request id was the last that did; "" is no request id."""

    async def listen(self, listen: Listen) -> None:
        """Begin to listen, in place of what was before at this node, unless that has the same request id."""

    async def listening(self, project_id: str, path: str, now: int) -> Listen | None:
        """Who listens at this path now and was not called yet; of several who began last."""

    async def listen_of(self, project_id: str, flow_id: str, node_id: str) -> Listen | None:
        """The last listening at this node, ended or not."""

    async def heard(self, listen: Listen, inputs_json: str, now: int) -> bool:
        """Give it this call. False where it had one, was begun anew, or is over: one call wins."""


class Drafts(Protocol):
    """The registry, as far as hooks need it."""

    async def triggers(self, project_id: str, flow_id: str) -> tuple[TriggerNode, ...]:
        """The triggers of a draft, in its order. Raises NotFound."""

"""What triggers need from the outside. Both databases pass one contract suite (`tests/contract/orchestrator_triggers`).

All raise Unavailable where the database, or the registry, does not answer.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Protocol

from triggerflow_orchestrator.domain.trigger import ActiveFlow, Trigger


class TriggerBook(Protocol):
    """One row for each trigger of each flow's active version, shared by all replicas."""

    async def position(self) -> str | None:
        """How far the registry's log is taken in: the id of its last event. None: nothing was ever taken."""

    async def take(self, after: str | None, to: str, flows: Sequence[ActiveFlow], *, whole: bool = False) -> bool:
        """Replace the rows of these flows, and move the position, in one transaction; with `whole` there are no others.

        False, and nothing is changed, where the position is not `after` any more: another replica was first. A row
        that stays keeps `paused` and `made_at`; a flow whose `triggers` is None only changes its name.
        """

    async def versions(self, flow_ids: Collection[str]) -> Mapping[str, str]:
        """The version whose triggers are in the book, of those of these flows that have any."""

    async def trigger(self, project_id: str, flow_id: str, node_id: str) -> Trigger | None:
        """One trigger."""

    async def of_flow(self, project_id: str, flow_id: str) -> list[Trigger]:
        """Those of a flow, by node id."""

    async def of_kinds(self, kinds: Collection[str], project_id: str | None = None) -> list[Trigger]:
        """Those of these kinds, of one project or of all, by (flow id, node id)."""

    async def found_by(self, project_id: str, kinds: Collection[str], key: str) -> list[Trigger]:
        """Those of these kinds that have this key; who had it first comes first."""

    async def pause(self, project_id: str, flow_id: str, node_id: str, paused: bool) -> Trigger | None:
        """Pause or resume one; it as it is now, None where there is none."""


class Fires(Protocol):
    """What was fired before. `app.start` writes it with the run (`Kind.FIRE`)."""

    async def execution_of(self, flow_id: str, node_id: str, request_id: str) -> str | None:
        """The run that this request id of this trigger started, as long as the run is kept."""


class ActiveFlows(Protocol):
    """The registry, as far as the book needs it."""

    async def flow_ids(self) -> Sequence[str]:
        """Every flow that has a published version."""

    async def active(self, flow_id: str, known_version: str | None) -> ActiveFlow:
        """What a run of the flow takes by default. Its triggers are read only where that is not `known_version`."""

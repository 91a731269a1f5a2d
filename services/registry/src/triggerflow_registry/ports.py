"""State what the registry needs from outside, and what each must promise. All ports of the service; no I/O here."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from typing import NamedTuple, Protocol

from triggerflow_adapter_sdk.description import HandlerDescription

from triggerflow_registry.domain.flow import Answer, Flow, FlowEvent, FlowId, FlowSummary, Heading, ProjectId, Version
from triggerflow_registry.domain.schema import Schema


class FlowPosition(NamedTuple):
    """Where a page of flows ended. A page after it holds only older flows."""

    created_at: int
    id: str


class View(Protocol):
    """What is committed, as of one moment. Everything is seen within one project only."""

    async def flow(self, project_id: ProjectId, flow_id: FlowId) -> Flow | None:
        """The draft, None where there is none."""
        ...

    async def flows(
        self, project_id: ProjectId, *, name_has: str, before: FlowPosition | None, limit: int
    ) -> list[FlowSummary]:
        """At most `limit` drafts by falling (created_at, id). `name_has` is part of the name, case folded; empty
        means any."""
        ...

    async def latest_version(self, project_id: ProjectId, flow_id: FlowId) -> int | None:
        """The number of the flow's newest version, UNPUBLISHED where there is none; None where there is no flow."""
        ...

    async def heading(self, project_id: ProjectId, flow_id: FlowId) -> Heading | None:
        """The flow's name and newest version, without its draft; None where there is no flow."""
        ...

    async def version(self, project_id: ProjectId, flow_id: FlowId, number: int) -> Version | None:
        """One version with its blueprint."""
        ...

    async def versions(
        self, project_id: ProjectId, flow_id: FlowId, *, before: int | None, limit: int
    ) -> list[Version]:
        """At most `limit` versions by falling number, without blueprints."""
        ...

    async def events(self, project_id: ProjectId, *, after: str, limit: int) -> list[FlowEvent]:
        """At most `limit` events by rising id, each above `after`. Once an event is seen, none appears below it."""
        ...

    async def forgotten_up_to(self, project_id: ProjectId) -> str:
        """The highest id of the project's events that were forgotten, "" where none was."""
        ...

    async def schema(self, project_id: ProjectId, subject: str, version: int | None) -> Schema | None:
        """One version of a subject; with None the newest."""
        ...

    async def schema_like(self, project_id: ProjectId, subject: str | None, fingerprint: str) -> Schema | None:
        """The schema of a fingerprint, of this subject or, with None, of the first that has it."""
        ...

    async def newest_schemas(self, project_id: ProjectId, *, after: str, limit: int) -> list[Schema]:
        """At most `limit` subjects above `after`, by rising name, each with its newest version."""
        ...

    async def schema_versions(
        self, project_id: ProjectId, subject: str, *, before: int | None, limit: int
    ) -> list[Schema]:
        """At most `limit` versions of a subject by falling number."""
        ...

    async def flows_at_paths(self, project_id: ProjectId, paths: Collection[str]) -> Mapping[str, FlowId]:
        """Which flow's newest version has each of these paths below /hooks/, of those that one has."""
        ...

    async def answer(self, project_id: ProjectId, request_id: str, since: int) -> Answer | None:
        """What this request id was answered at or after `since`."""
        ...


class Change(View, Protocol):
    """One write transaction. It sees what it wrote; others see all of it once it is durable, or nothing."""

    async def add_flow(self, flow: Flow, principal: str) -> None:
        """Keep a new draft."""
        ...

    async def replace_flow(self, flow: Flow, principal: str) -> None:
        """Replace the draft of the same id and project."""
        ...

    async def remove_flow(self, project_id: ProjectId, flow_id: FlowId) -> None:
        """Remove the draft, all its versions and its paths. Its events stay."""
        ...

    async def add_version(self, project_id: ProjectId, version: Version, principal: str) -> None:
        """Keep a version, with its blueprint, and make it the flow's latest."""
        ...

    async def take_paths(self, project_id: ProjectId, flow_id: FlowId, paths: Collection[str], principal: str) -> None:
        """From now on the flow has these paths below /hooks/, which no other has, and no others."""
        ...

    async def last_event_id(self) -> str | None:
        """The highest event id of all projects, None where there is none. No other writer can add one meanwhile."""
        ...

    async def add_event(self, event: FlowEvent, principal: str) -> None:
        """Append an event. Its id must be above `last_event_id`."""
        ...

    async def forget_events(self, before: str, limit: int) -> int:
        """Remove at most `limit` events of all projects, the oldest of those whose id is below this; how many."""
        ...

    async def add_schema(self, project_id: ProjectId, schema: Schema, principal: str) -> None:
        """Keep a version of a subject, which must be one above the newest."""
        ...

    async def add_answer(self, project_id: ProjectId, request_id: str, answer: Answer, principal: str) -> None:
        """Keep what a request was answered, in place of one the id had before."""
        ...

    async def forget_answers(self, before: int) -> None:
        """Remove answers older than this."""
        ...

    def attempt(self) -> AbstractAsyncContextManager[None]:
        """A part of the change that leaves nothing, not even what was to be called after the commit, where it ends
        with a ServiceError; the rest may still commit. Any other exception must end the whole change."""
        ...

    def after_commit(self, then: Callable[[], None]) -> None:
        """Call this once the change is durable, before the next change commits. It must not raise or block."""
        ...


class Store(Protocol):
    """Where drafts, versions, events and answers are kept.

    Both methods raise `Unavailable` where the store is locked, full or broken, with what to do in its detail; nothing
    is lost then, and trying again is safe.
    """

    def read(self) -> AbstractAsyncContextManager[View]:
        """A view for the length of the block. Readers wait for nobody."""
        ...

    def write(self) -> AbstractAsyncContextManager[Change]:
        """A change: durable when the block ends, undone where it ends with an exception.

        Changes happen one after the other, in the order they commit: inside one, what was read cannot be changed by
        another. So a second request with the same id, which reads its answer inside its own change, has waited for
        the first.
        """
        ...

    async def ready(self) -> None:
        """Return where the store answers. Raises Unavailable."""
        ...


class HandlerCatalogue(Protocol):
    """What the installed adapters offer (`triggerflow_adapter_sdk.Catalogue`). Executes nothing of a user's."""

    def handlers(self) -> list[HandlerDescription]:
        """What a palette may offer, by reference."""
        ...

    def describe(self, entrypoint: str) -> HandlerDescription | None:
        """The handler of an entrypoint, None where there is none."""
        ...

    def explain_unknown(self, entrypoint: str) -> str:
        """Why there is none, and what would change it, in a sentence."""
        ...

    def health(self) -> Mapping[str, Mapping[str, str]]:
        """How each adapter is now, by name: `{status, message}`."""
        ...


class Executions(Protocol):
    """The runs of flows, as the orchestrator knows them."""

    async def any_unended(self, project_id: ProjectId, flow_id: FlowId) -> bool:
        """Whether an execution of the flow has not ended. Asks as the caller of this call. Raises ServiceError where
        the orchestrator cannot tell."""
        ...


class Announcer(Protocol):
    """Where committed events are told live (`triggerflow_chassis.bus.Bus`)."""

    def publish(self, topic: str, key: str, items: Sequence[object]) -> None:
        """Hand on the items. Never blocks or raises."""
        ...


Clock = Callable[[], int]
"""Now, in microseconds since the epoch, UTC."""

"""Publish a draft as an immutable version."""

from __future__ import annotations

from dataclasses import dataclass, replace

from triggerflow_chassis.errors import HasProblems, Invalid, Violation

from triggerflow_registry.app.desk import find_flow
from triggerflow_registry.app.pins import find_pins, pinned
from triggerflow_registry.app.writing import Work
from triggerflow_registry.domain.content_hash import content_hash
from triggerflow_registry.domain.flow import Flow, FlowEventType, Version
from triggerflow_registry.domain.hook_paths import hook_paths
from triggerflow_registry.domain.problem import Severity


@dataclass(frozen=True, slots=True)
class Published:
    """The version that says what the draft says, without its blueprint, and whether the call made it."""

    version: Version
    created: bool


async def publish_version(work: Work, flow_id: str, message: str) -> Published:
    """Make the next version, unless the newest one equals the draft in meaning. Moves no tag. Each subflow node of the
    version names the version that it runs.

    Raises NotFound, Invalid, HasProblems.
    """
    flow = await find_flow(work.change, work.project_id, flow_id)
    if "\0" in message:
        raise Invalid([Violation("/message", "Text may not contain U+0000. Remove it.")])
    refusing = [
        Violation(problem.pointer, problem.message)
        for problem in work.desk.inspector.problems(flow.etag, flow.document)
        if problem.severity is Severity.ERROR
    ]
    pins = await find_pins(work.change, work.project_id, flow)
    refusing += pins.refused
    if refusing:
        raise HasProblems(refusing)
    meaning = content_hash(flow.document, pins.meaning)
    for newest in await work.change.versions(work.project_id, flow.id, before=None, limit=1):
        if newest.content_hash == meaning:
            return Published(newest, created=False)
    paths = await _free_paths(work, flow)
    version = Version(
        flow_id=flow.id,
        number=flow.latest_version + 1,
        content_hash=meaning,
        created_at=work.now,
        message=message,
        blueprint=pinned(flow.document, pins.versions),
    )
    await work.change.add_version(work.project_id, version, work.actor.subject)
    await work.change.take_paths(work.project_id, flow.id, paths, work.actor.subject)
    await work.tell(FlowEventType.PUBLISHED, flow.id)
    return Published(replace(version, blueprint=None), created=True)


async def _free_paths(work: Work, flow: Flow) -> set[str]:
    """The paths below /hooks/ that the draft wants. Raises HasProblems where another flow has one."""
    wanted = list(hook_paths(flow.document))
    paths = {hook.path for hook in wanted}
    owners = await work.change.flows_at_paths(work.project_id, paths) if paths else {}
    taken = [hook for hook in wanted if owners.get(hook.path, flow.id) != flow.id]
    if taken:
        found = []
        for hook in taken:
            other = await work.change.heading(work.project_id, owners[hook.path])
            name = repr(other.name) if other is not None else "another flow"
            found.append(Violation(hook.pointer, f"The path {hook.path!r} is that of {name}. Choose another one."))
        raise HasProblems(found)
    return paths

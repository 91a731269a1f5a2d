"""Delete a flow with its versions. Its executions stay readable; they are not the registry's."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from triggerflow_chassis.errors import Running
from triggerflow_chassis.identity import Principal

from triggerflow_registry.app.desk import Desk, find_flow, flow_id_of
from triggerflow_registry.app.writing import Once, T, Work, recall
from triggerflow_registry.domain.etag import ANY, require
from triggerflow_registry.domain.flow import FlowEventType, ProjectId


async def prepare_delete(
    desk: Desk, actor: Principal, flow_id: str, etag: str, once: Once[T] | None
) -> Callable[[Work], Awaitable[None]]:
    """What to do in the transaction. The orchestrator is asked before it, so that no writer waits for another service.

    Raises what `Executions` raises. The rest is raised by what is returned: NotFound, PreconditionRequired, StaleEtag,
    Running, in this order.
    """
    running = False
    if await _would_delete(desk, actor, flow_id, etag, once):
        running = await desk.executions.any_unended(ProjectId(actor.project_id), flow_id_of(flow_id))

    async def delete(work: Work) -> None:
        flow = await find_flow(work.change, work.project_id, flow_id)
        require(etag, flow.etag)
        if running:
            raise Running()
        await work.change.remove_flow(work.project_id, flow.id)
        await work.tell(FlowEventType.UPDATED, flow.id, deleted=True)

    return delete


async def _would_delete(desk: Desk, actor: Principal, flow_id: str, etag: str, once: Once[T] | None) -> bool:
    project_id = ProjectId(actor.project_id)
    async with desk.store.read() as view:
        if once is not None and await recall(view, actor, once, desk.clock()) is not None:
            return False
        flow = await view.flow(project_id, flow_id_of(flow_id))
    return flow is not None and etag in (ANY, flow.etag)

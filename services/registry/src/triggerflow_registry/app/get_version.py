"""Read versions of a flow."""

from __future__ import annotations

import re

from triggerflow_chassis.errors import NotFound, NoVersion
from triggerflow_chassis.identity import Principal

from triggerflow_registry.app.desk import Desk, find_flow, flow_id_of
from triggerflow_registry.app.paging import page, page_size, place_of
from triggerflow_registry.app.shown import Page
from triggerflow_registry.domain.flow import UNPUBLISHED, ProjectId, Version

# As many digits as 64 bits always hold.
_NUMBER = re.compile(r"[1-9][0-9]{0,17}")


async def version_of_run(desk: Desk, actor: Principal, flow_id: str, number: str) -> tuple[str, int]:
    """The name of the flow now, and which version a run takes: that one, or where `number` is empty the newest. Raises
    NotFound, NoVersion."""
    async with desk.store.read() as view:
        heading = await view.heading(ProjectId(actor.project_id), flow_id_of(flow_id))
    if heading is None:
        raise NotFound("flow", flow_id)
    wanted = _wanted(number, heading.latest_version)
    if wanted > heading.latest_version:  # they count from 1, and none is ever taken away
        raise NotFound("version", number)
    return heading.name, wanted


async def get_version(desk: Desk, actor: Principal, flow_id: str, number: str) -> Version:
    """One version with its blueprint; the newest where `number` is empty. Raises NotFound, NoVersion."""
    project_id = ProjectId(actor.project_id)
    async with desk.store.read() as view:
        known = flow_id_of(flow_id)
        latest = await view.latest_version(project_id, known)
        if latest is None:
            raise NotFound("flow", flow_id)
        version = await view.version(project_id, known, _wanted(number, latest))
    if version is None:
        raise NotFound("version", number)
    return version


async def list_versions(desk: Desk, actor: Principal, flow_id: str, *, size: int, token: str) -> Page[Version]:
    """A page of versions, newest first, without blueprints. Raises NotFound, BadParameter, BadCursor."""
    project_id = ProjectId(actor.project_id)
    async with desk.store.read() as view:
        flow = await find_flow(view, project_id, flow_id)
        limit = page_size(size)
        name = f"versions of {flow.id}"
        place = place_of(token, name, (int,))
        found = await view.versions(project_id, flow.id, before=int(place[0]) if place else None, limit=limit + 1)
    return page(found, limit, name, lambda version: [version.number])


def _wanted(number: str, latest: int) -> int:
    if _NUMBER.fullmatch(number):
        return int(number)
    if number:
        raise NotFound("version", number)
    if latest == UNPUBLISHED:
        raise NoVersion()
    return latest

"""Register schemas and find them: by subject and version, or by the fingerprint that a record carries."""

from __future__ import annotations

from dataclasses import replace

from triggerflow_chassis.errors import BadParameter, NotFound
from triggerflow_chassis.identity import Principal

from triggerflow_registry.app.desk import Desk
from triggerflow_registry.app.fingerprints import fingerprint as fingerprint_of
from triggerflow_registry.app.paging import page, page_size, place_of
from triggerflow_registry.app.shown import Page
from triggerflow_registry.domain.flow import ProjectId
from triggerflow_registry.domain.schema import (
    Schema,
    SchemaType,
    check_length,
    check_subject,
    is_fingerprint,
    is_subject,
)

_SUBJECTS = "schemas"
_VERSIONS = "schema versions"


async def register_schema(
    desk: Desk, actor: Principal, *, subject: str, type: SchemaType, text: str
) -> tuple[Schema, bool]:
    """The schema as it is kept, and whether it is new. Raises Invalid."""
    check_subject(subject)
    check_length(text)
    mark = fingerprint_of(type, text)
    project_id = ProjectId(actor.project_id)
    # Looked for first without a change: who starts registers what is there already.
    async with desk.store.read() as view:
        known = await view.schema_like(project_id, subject, mark)
    if known is not None:
        return known, False
    async with desk.store.write() as change:
        known = await change.schema_like(project_id, subject, mark)
        if known is not None:
            return known, False
        newest = await change.schema(project_id, subject, None)
        made = Schema(
            subject=subject,
            version=1 if newest is None else newest.version + 1,
            type=type,
            fingerprint=mark,
            text=text,
            created_at=desk.clock(),
        )
        await change.add_schema(project_id, made, actor.subject)
    return made, True


async def get_schema(desk: Desk, actor: Principal, *, subject: str, version: int, fingerprint: str) -> Schema:
    """By fingerprint where there is one, else the version of the subject, 0 being the newest. Raises NotFound,
    BadParameter."""
    project_id = ProjectId(actor.project_id)
    if version < 0:
        raise BadParameter("version", "A version counts from 1; 0 asks for the newest.")
    async with desk.store.read() as view:
        found = None
        # What no schema is called is not looked for: no database need hold it.
        if fingerprint:
            if is_fingerprint(fingerprint):
                found = await view.schema_like(project_id, None, fingerprint.lower())
        elif is_subject(subject):
            found = await view.schema(project_id, subject, version or None)
    if found is None:
        raise NotFound("schema", fingerprint[:100] or subject[:300])
    return found


async def list_schemas(desk: Desk, actor: Principal, *, subject: str, size: int, token: str) -> Page[Schema]:
    """The newest of each subject, or all versions of one. Raises BadParameter, BadCursor."""
    limit = page_size(size)
    project_id = ProjectId(actor.project_id)
    async with desk.store.read() as view:
        if subject:
            if not is_subject(subject):
                return Page((), "")
            place = place_of(token, _VERSIONS, (int,))
            before = int(place[0]) if place else None
            found = await view.schema_versions(project_id, subject, before=before, limit=limit + 1)
            return _shown(page(found, limit, _VERSIONS, lambda each: [each.version]))
        place = place_of(token, _SUBJECTS, (str,))
        found = await view.newest_schemas(project_id, after=str(place[0]) if place else "", limit=limit + 1)
        return _shown(page(found, limit, _SUBJECTS, lambda each: [each.subject]))


def _shown(found: Page[Schema]) -> Page[Schema]:
    return Page(tuple(replace(each, text="") for each in found.items), found.next_token)

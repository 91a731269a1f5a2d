"""`tfcanvas mesh archive`: read an archived run out of the bucket, whether or not the mesh still knows it."""

from __future__ import annotations

import asyncio
import json
import os

import typer
from triggerflow_chassis.errors import NotFound, Unavailable
from triggerflow_chassis.identity import LOCAL
from triggerflow_chassis.ids import is_uuid, normalise
from triggerflow_orchestrator.app.archive import ReadArchive
from triggerflow_orchestrator.bucket_place import SETTING, BucketPlace
from triggerflow_orchestrator.domain.archive import NotAnArchive
from triggerflow_orchestrator.store.s3_archives import S3Archives
from triggerflow_orchestrator.store.s3_bucket import Bucket

from triggerflow_local.commands.session import fail
from triggerflow_local.mesh.folder import MeshFolder
from triggerflow_local.settings import read_settings


def archive(execution_id: str, project_id: str | None) -> None:
    project = project_id or LOCAL.project_id
    for name, value in (("EXECUTION", execution_id), ("--project", project)):
        if not is_uuid(value):
            fail(f"{name} must be an id, not {value!r}")
    archives = ReadArchive(S3Archives(Bucket(_place())))
    try:
        found = asyncio.run(archives.get(normalise(project), normalise(execution_id)))
    except NotFound:
        fail(f"There is no archive of {execution_id}. A run is archived a moment after its end.")
    except (Unavailable, NotAnArchive) as error:
        fail(str(error))
    for line in (found.head, *found.events):
        typer.echo(json.dumps(line, ensure_ascii=False, separators=(",", ":")))


def _place() -> BucketPlace:
    url = os.environ.get(SETTING) or _of_running_mesh()
    if not url:
        fail(f"No mesh runs here: start it, or set {SETTING} to the bucket.")
    try:
        return BucketPlace.parse(url)
    except ValueError as error:
        fail(f"{SETTING} {error}")


def _of_running_mesh() -> str | None:
    note = MeshFolder(read_settings().home).read_note()
    return note.addresses.get("s3") if note is not None else None

"""`tfcanvas tail`: follow the events of a run."""

from __future__ import annotations

import json

import typer

from triggerflow_local.commands.progress import line
from triggerflow_local.commands.session import session


def tail(execution_id: str, after: str | None, *, as_json: bool) -> None:
    with session() as api:
        execution = api.get(f"/executions/{execution_id}")
        version = api.get(f"/flows/{execution['flowId']}/versions/{execution['blueprintVersion']}")
        names = {node["id"]: node["name"] for node in version["flow"]["nodes"]}
        for event in api.events(execution_id, after):
            shown = json.dumps(event, ensure_ascii=False, separators=(",", ":")) if as_json else line(event, names)
            typer.echo(shown)
        if api.get(f"/executions/{execution_id}")["status"] != "succeeded":
            raise typer.Exit(1)

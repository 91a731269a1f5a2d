"""`tfcanvas run`: publish, run that version, follow it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import typer

from triggerflow_local.api import Api
from triggerflow_local.commands.flow import find, publish_draft
from triggerflow_local.commands.progress import follow
from triggerflow_local.commands.session import fail, out, session


def run(flow: str, pairs: list[str], whole: str | None, trigger: str | None, *, watch: bool) -> None:
    inputs = read_inputs(pairs, whole)
    with session() as api:
        flow_id = find(api, flow)
        draft = api.get(f"/flows/{flow_id}")
        names = {node["id"]: node["name"] for node in draft["nodes"]}
        # A run takes a version, and here it is the draft that is meant.
        version = publish_draft(api, flow_id)["version"]
        execution = api.call(
            "POST",
            "/executions",
            {"flowId": flow_id, "blueprintVersion": version, "inputs": inputs},
            trigger=None if trigger is None else _trigger(draft, trigger),
        ).json()
        out.print(f"run {execution['id']} of version {version}")
        if not watch:
            return
        follow(api.events(execution["id"]), names, live=out.is_terminal)
        finish(api, execution["id"])


def finish(api: Api, execution_id: str) -> None:
    """Say how a run ended; end the command with code 1 where it did not succeed."""
    ended = api.get(f"/executions/{execution_id}")
    if ended["status"] == "succeeded":
        out.print("succeeded", style="green")
        typer.echo(json.dumps(ended["outputs"], ensure_ascii=False, indent=2))
        return
    error = ended["error"] or {}
    out.print(f"{ended['status']}: {error.get('type', '')}: {error.get('message', '')}", style="red", markup=False)
    raise typer.Exit(1)


def read_inputs(pairs: list[str], whole: str | None) -> dict[str, Any]:
    """The inputs of a run from `--inputs` and, on top of them, each `--input`."""
    inputs: dict[str, Any] = {}
    if whole is not None:
        read = read_json(whole, "--inputs")
        if not isinstance(read, dict):
            fail("--inputs must be a JSON object.")
        inputs |= read
    for pair in pairs:
        key, equals, value = pair.partition("=")
        if not equals or not key:
            fail(f"--input takes KEY=VALUE, not {pair!r}.")
        try:
            inputs[key] = json.loads(value)
        except ValueError:
            inputs[key] = value
    return inputs


def read_json(given: str, option: str) -> Any:
    """The value of an option that is JSON, or @ and the name of a file that has it."""
    try:
        return json.loads(Path(given[1:]).read_text("utf-8") if given.startswith("@") else given)
    except OSError as error:
        fail(f"{option}: {given[1:]} cannot be read: {error.strerror or error}")
    except ValueError as error:
        fail(f"{option} is not JSON: {error}")


def _trigger(draft: dict[str, Any], trigger: str) -> str:
    named = [node["id"] for node in draft["nodes"] if node["type"] == "trigger" and node["name"] == trigger]
    return str(named[0]) if len(named) == 1 else trigger

"""`tfcanvas waits`, `tfcanvas resume`, `tfcanvas signal`: what waits for an answer, and answers."""

from __future__ import annotations

import itertools
import json
from typing import Any

import typer
from rich.table import Column, Table
from rich.text import Text

from triggerflow_local.api import ApiError
from triggerflow_local.commands.flow import find
from triggerflow_local.commands.run import read_json
from triggerflow_local.commands.session import fail, out, session


def list_waits(
    status: str, flow: str | None, execution: str | None, assignee: str | None, most: int, *, as_json: bool
) -> None:
    with session() as api:
        query = {
            "status": status,
            "flowId": None if flow is None else find(api, flow),
            "executionId": execution,
            "assignee": assignee,
        }
        found = list(itertools.islice(api.items("/waits", **query), most))
    if as_json:
        typer.echo(json.dumps(found, ensure_ascii=False, indent=2))
    elif not found:
        out.print("Nothing waits.")
    else:
        table = Table(Column("Id", no_wrap=True), "Kind", "Flow", "Node", "For", "Due", "Answer", box=None)
        for each in found:
            whom = ", ".join(each["assignees"]) if each["kind"] == "approval" else each.get("key", "")
            row = (each["id"], each["kind"], each["flowName"], each["nodeName"], whom or "anybody")
            table.add_row(*map(Text, (*row, (each["dueAt"] or "never")[:19], _said(each["answer"]))))
        out.print(table)


def resume(wait: str, *, approve: bool, reject: bool, value: str | None) -> None:
    """Answer a wait. Of an approval `value` is the form's data, else it is all that is said."""
    said = None if value is None else read_json(value, "--value")
    with session() as api:
        found = api.get(f"/waits/{wait}")
        body: dict[str, Any] = {"waitId": found["id"], "value": said}
        if found["kind"] == "approval":
            if approve == reject:
                fail("Say --approve or --reject.")
            body["value"] = {"decision": "approved" if approve else "rejected", "data": said}
        elif approve or reject:
            fail(f"A wait of kind {found['kind']} is not approved or rejected. Say --value, or nothing.")
        try:
            answered = api.call("POST", f"/executions/{found['executionId']}/resume", body).json()
        except ApiError as error:
            if error.reason != "ALREADY_ANSWERED":
                raise
            fail(f"It was answered before: {_said(error.problem.get('answer'))}.")
    out.print(f"run {answered['executionId']} goes on: {_said(answered['answer'])}", markup=False)


def signal(name: str, key: str, value: str | None) -> None:
    said = None if value is None else read_json(value, "--value")
    with session() as api:
        matched = api.call("POST", "/events", {"name": name, "key": key, "value": said}).json()["matched"]
    out.print(f"{matched} runs go on" if matched != 1 else "1 run goes on")


def _said(answer: dict[str, Any] | None) -> str:
    if answer is None:
        return ""
    return f"{answer.get('decision', 'answered')} by {answer['by']} at {answer['at'][:19]}"

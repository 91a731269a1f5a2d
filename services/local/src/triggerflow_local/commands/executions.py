"""`tfcanvas executions`, `tfcanvas retry`: find runs, and run them again."""

from __future__ import annotations

import itertools
import json
from typing import Any

import typer
from rich.table import Column, Table
from rich.text import Text

from triggerflow_local.api import Api
from triggerflow_local.commands.flow import find
from triggerflow_local.commands.progress import follow
from triggerflow_local.commands.run import finish, read_inputs
from triggerflow_local.commands.session import fail, out, session

# What one request may name.
_AT_ONCE = 250
_WORDS = ("failure", "start")


def list_executions(flow: str | None, statuses: list[str], most: int, *, ids: bool, as_json: bool) -> None:
    with session() as api:
        flow_id = None if flow is None else find(api, flow)
        found = list(itertools.islice(api.items("/executions", flowId=flow_id, status=statuses), most))
    if as_json:
        typer.echo(json.dumps(found, ensure_ascii=False, indent=2))
    elif ids:
        for each in found:
            typer.echo(each["id"])
    elif not found:
        out.print("No such runs.")
    else:
        table = Table(Column("Id", no_wrap=True), "Status", "Version", "Created", "Why", box=None, pad_edge=False)
        for each in found:
            error = each["error"]
            why = "" if error is None else f"{error['type']}: {error['message']}".splitlines()[0][:100]
            row = (each["id"], each["status"], each["blueprintVersion"], each["createdAt"][:19])
            table.add_row(*row, Text(why))
        out.print(table)


def retry(
    executions: list[str],
    start: str,
    version: str | None,
    pairs: list[str],
    whole: str | None,
    *,
    plan: bool,
    watch: bool,
    as_json: bool,
) -> None:
    inputs = read_inputs(pairs, whole) if pairs or whole is not None else None
    with session() as api:
        if len(executions) > 1:
            if inputs is not None or plan or start not in _WORDS:
                fail("Of several runs, all go from failure or from start, without inputs and without a plan.")
            _retry_many(api, executions, start, version)
            return
        execution = api.get(f"/executions/{executions[0]}")
        names = _names(api, execution["flowId"], version or execution["blueprintVersion"])
        body: dict[str, Any] = {"from": _node(names, start)}
        body |= {} if version is None else {"blueprintVersion": version}
        body |= {} if inputs is None else {"inputs": inputs}
        path = f"/executions/{execution['id']}/retry"
        if plan:
            found = api.call("POST", path, body, plan="true").json()
            if as_json:
                typer.echo(json.dumps(found, ensure_ascii=False, indent=2))
            else:
                _show(found, names)
            return
        made = api.call("POST", path, body).json()
        out.print(f"run {made['id']} of version {made['blueprintVersion']}")
        if watch:
            follow(api.events(made["id"]), names, live=out.is_terminal)
            finish(api, made["id"])


def _retry_many(api: Api, executions: list[str], start: str, version: str | None) -> None:
    refused = 0
    for first in range(0, len(executions), _AT_ONCE):
        body: dict[str, Any] = {"executionIds": executions[first : first + _AT_ONCE], "from": start}
        body |= {} if version is None else {"blueprintVersion": version}
        for item in api.call("POST", "/executions/retry", body).json()["items"]:
            if item["problem"] is None:
                typer.echo(f"{item['executionId']} run {item['retriedAs']}")
            else:
                refused += 1
                typer.echo(f"{item['executionId']} refused: {item['problem']['detail']}")
    if refused:
        raise typer.Exit(1)


def _show(plan: dict[str, Any], names: dict[str, str]) -> None:
    for warning in plan["warnings"]:
        out.print(warning, style="yellow", markup=False)
    out.print(f"from {names.get(plan['from'], plan['from'])}, version {plan['blueprintVersion']}", markup=False)
    out.print(f"reused: {len(plan['reused'])} results")
    if plan["changed"]:
        out.print(f"changed: {', '.join(names.get(node, node) for node in plan['changed'])}", markup=False)
    table = Table("Runs", "Effect", "Seconds", "Tokens", "Cost", box=None, pad_edge=False)
    for each in plan["repeats"]:
        repeated = each["lastSeconds"] is not None
        effect = ("repeats" if repeated else "yes") if each["effect"] else "-"
        table.add_row(Text(each["name"]), effect, *(_number(each[key]) for key in _LAST))
    total = plan["estimate"]
    table.add_row("last time", "", *(_number(total[key]) for key in ("seconds", "tokens", "cost")))
    out.print(table)


_LAST = ("lastSeconds", "lastTokens", "lastCost")


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}".rstrip("0").rstrip(".")


def _names(api: Api, flow_id: str, version: str) -> dict[str, str]:
    nodes = api.get(f"/flows/{flow_id}/versions/{version}")["flow"]["nodes"]
    return {node["id"]: node["name"] for node in nodes}


def _node(names: dict[str, str], start: str) -> str:
    """The id of a node given by id or name; failure and start are themselves."""
    if start in _WORDS:
        return start
    named = [node_id for node_id, name in names.items() if name == start]
    if len(named) > 1:
        fail(f"{len(named)} nodes are named {start!r}. Give an id instead: {', '.join(named)}")
    return named[0] if named else start

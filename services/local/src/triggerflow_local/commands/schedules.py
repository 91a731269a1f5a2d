"""`tfcanvas schedules`: what starts by itself, and when; pause, resume, run now."""

from __future__ import annotations

import json
from typing import Any

import typer
from rich.table import Table

from triggerflow_local.api import Api
from triggerflow_local.commands.session import fail, out, session


def list_schedules(*, as_json: bool) -> None:
    with session() as api:
        found = list(api.items("/schedules"))
    if as_json:
        typer.echo(json.dumps(found, ensure_ascii=False, indent=2))
        return
    table = Table("flow", "trigger", "when", "zone", "next", "last")
    for each in found:
        next_at = "paused" if each["paused"] else each["nextAt"] or "never"
        when = each["sentence"] or each["cron"]
        table.add_row(each["flowName"], each["nodeName"], when, each["timeZone"], next_at, each["lastAt"] or "")
    out.print(table)


def fires(schedule: str, status: str, *, as_json: bool) -> None:
    with session() as api:
        found = api.get(f"{_path(api, schedule)}/fires", status=status)["items"]
    if as_json:
        typer.echo(json.dumps(found, ensure_ascii=False, indent=2))
        return
    table = Table("due", "status", "run", "why")
    for each in found:
        due = each["dueAt"] if each["since"] is None else f"{each['since']} to {each['dueAt']}"
        table.add_row(due, each["status"], each["executionId"] or "", each["reason"] or "")
    out.print(table)


def pause(schedule: str | None, *, paused: bool) -> None:
    verb = "pause" if paused else "resume"
    with session() as api:
        if schedule is None:
            count = api.call("POST", f"/schedules/{verb}").json()["count"]
            out.print(f"{verb}d {count} schedules")
            return
        found = api.call("POST", f"{_path(api, schedule)}/{verb}").json()
    out.print("paused" if found["paused"] else f"due next at {found['nextAt'] or 'no time'}")


def run(schedule: str) -> None:
    with session() as api:
        fired = api.call("POST", f"{_path(api, schedule)}/run").json()
    if fired["executionId"] is None:
        fail(f"{fired['status']}: {fired['reason']}")
    out.print(f"run {fired['executionId']}")


def _path(api: Api, named: str) -> str:
    """The path of a schedule, named by its flow and, where that has several, its trigger: FLOW or FLOW/TRIGGER, each an
    id or a name."""
    found = [each for each in api.items("/schedules") if named in _names(each)]
    if not found:
        fail(f"There is no schedule {named!r}. See: tfcanvas schedules list")
    if len(found) > 1:
        several = ", ".join(f"{each['flowId']}/{each['nodeId']}" for each in found)
        fail(f"{named!r} names several schedules. Say which: {several}")
    return f"/schedules/{found[0]['flowId']}/{found[0]['nodeId']}"


def _names(schedule: dict[str, Any]) -> set[str]:
    flows = (schedule["flowId"], schedule["flowName"])
    return {*flows, *(f"{flow}/{node}" for flow in flows for node in (schedule["nodeId"], schedule["nodeName"]))}

"""`tfcanvas flow …`."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import typer
from rich.table import Column, Table
from rich.text import Text

from triggerflow_local.api import Api
from triggerflow_local.commands.session import fail, out, session

# What a flow holds that its user made; the rest is the server's.
_DRAWN = ("name", "description", "nodes", "edges", "channels", "settings")


def find(api: Api, flow: str) -> str:
    """The id of a flow given by id or name. Ends the command where there is none, or several."""
    from triggerflow_chassis.ids import is_uuid

    if is_uuid(flow):
        return flow.lower()
    found = [each["id"] for each in api.items("/flows") if each["name"] == flow]
    if not found:
        fail(f"There is no flow named {flow!r}. See: tfcanvas flow list")
    if len(found) > 1:
        fail(f"{len(found)} flows are named {flow!r}. Give an id instead: {', '.join(found)}")
    return str(found[0])


def list_flows(*, as_json: bool) -> None:
    with session() as api:
        flows = list(api.items("/flows"))
        if as_json:
            typer.echo(json.dumps(flows, ensure_ascii=False, indent=2))
            return
        if not flows:
            out.print("No flows yet. Draw one in the canvas, or import one: tfcanvas flow import FILE")
            return
        table = Table("Name", Column("Id", no_wrap=True), "Version", "Problems", "Changed", box=None, pad_edge=False)
        for each in flows:
            errors = sum(problem["severity"] == "error" for problem in each["problems"])
            table.add_row(
                _text(each["name"]),
                each["id"],
                each["latestVersion"] or "-",
                str(errors or "-"),
                _time(each["updatedAt"]),
            )
        out.print(table)


def show(flow: str, *, as_json: bool) -> None:
    with session() as api:
        shown = api.get(f"/flows/{find(api, flow)}")
        if as_json:
            typer.echo(json.dumps(shown, ensure_ascii=False, indent=2))
            return
        out.print(_text(shown["name"]), style="bold")
        if shown["description"]:
            out.print(_text(shown["description"]))
        version = f"version {shown['latestVersion']}" if shown["latestVersion"] else "not published"
        out.print(f"{shown['id']}   {version}   changed {_time(shown['updatedAt'])}\n")
        nodes = Table("Node", "Type", "Handler", Column("Id", no_wrap=True), box=None, pad_edge=False)
        names: dict[str, str] = {}
        for node in shown["nodes"]:
            names[node["id"]] = node["name"]
            main = node["handlers"].get("main") or {}
            nodes.add_row(_text(node["name"]), node["type"], _text(main.get("entrypoint", "-")), node["id"])
        out.print(nodes)
        for edge in shown["edges"]:
            ends = [
                f"{names.get(end['nodeId'], end['nodeId'])}.{end['port']}" for end in (edge["source"], edge["target"])
            ]
            out.print(_text(f"  {ends[0]} → {ends[1]}"))
        for problem in shown["problems"]:
            style = "red" if problem["severity"] == "error" else "yellow"
            out.print(
                _text(f"{problem['severity']} {problem['reason']} {problem['pointer']}: {problem['message']}"),
                style=style,
            )


def export(flow: str, to: Path | None) -> None:
    with session() as api:
        shown = api.get(f"/flows/{find(api, flow)}")
    text = json.dumps({key: shown[key] for key in _DRAWN}, ensure_ascii=False, indent=2) + "\n"
    if to is None:
        sys.stdout.write(text)
        return
    try:
        to.write_text(text, "utf-8")
    except OSError as error:
        fail(f"{to} cannot be written: {error.strerror or error}")


def import_(file: str, into: str | None, name: str | None) -> None:
    drawing = _read(file)
    if name is not None:
        drawing["name"] = name
    with session() as api:
        if into is None:
            # Of another server's, all the server's own members are ignored; the id would be, too.
            made = api.call("POST", "/flows", drawing).json()
        else:
            flow_id = find(api, into)
            drawing.pop("id", None)
            etag = api.call("GET", f"/flows/{flow_id}").headers["etag"]
            made = api.call("PUT", f"/flows/{flow_id}", drawing, headers={"If-Match": etag}).json()
        typer.echo(made["id"])
        for problem in made["problems"]:
            typer.echo(
                f"{problem['severity']} {problem['reason']} {problem['pointer']}: {problem['message']}", file=sys.stderr
            )


def publish(flow: str, message: str) -> None:
    with session() as api:
        typer.echo(publish_draft(api, find(api, flow), message)["version"])


def publish_draft(api: Api, flow_id: str, message: str = "") -> dict[str, Any]:
    """The version that equals the draft."""
    body = {"message": message} if message else {}
    version: dict[str, Any] = api.call("POST", f"/flows/{flow_id}/versions", body).json()
    return version


def delete(flow: str, *, yes: bool) -> None:
    with session() as api:
        flow_id = find(api, flow)
        answer = api.call("GET", f"/flows/{flow_id}")
        if not yes:
            typer.confirm(f"Delete {answer.json()['name']!r} ({flow_id})?", abort=True)
        api.call("DELETE", f"/flows/{flow_id}", headers={"If-Match": answer.headers["etag"]})


def _read(file: str) -> dict[str, Any]:
    try:
        text = sys.stdin.read() if file == "-" else Path(file).read_text("utf-8")
        drawing = json.loads(text)
    except OSError as error:
        fail(f"{file} cannot be read: {error.strerror or error}")
    except ValueError as error:
        fail(f"{file} is not JSON: {error}")
    if not isinstance(drawing, dict):
        fail(f"{file} holds no flow: it must be a JSON object.")
    return dict(drawing)


def _problem(problem: dict[str, str]) -> str:
    return f"{problem['severity']} {problem['reason']} {problem['pointer']}: {problem['message']}"


def _text(text: str) -> Text:
    # Names are the user's: rich must not read markup in them.
    return Text(text)


def _time(text: str) -> str:
    return text[:19].replace("T", " ")

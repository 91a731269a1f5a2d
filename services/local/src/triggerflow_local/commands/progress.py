"""Show a run while it happens: a table that lives on a terminal, lines elsewhere."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Mapping
from typing import Any

import typer
from rich.live import Live
from rich.table import Table
from rich.text import Text

from triggerflow_local.commands.session import out

_STYLES = {"running": "cyan", "succeeded": "green", "failed": "red", "skipped": "dim"}


def follow(events: Iterable[dict[str, Any]], names: Mapping[str, str], *, live: bool) -> str:
    """Show events until the last; `names` are those of the nodes. Returns the type of the last event."""
    board = _Board(names)
    if not live:
        for event in events:
            typer.echo(line(event, names))
            board.last = event["type"]
        return board.last
    with Live(console=out, get_renderable=board.table, refresh_per_second=12, transient=False) as screen:
        for event in events:
            note = board.take(event)
            if note is not None:
                screen.console.print(note)
    return board.last


def line(event: Mapping[str, Any], names: Mapping[str, str]) -> str:
    """One event as one line."""
    payload = event.get("payload") or {}
    node = payload.get("nodeId") or (payload.get("data") or {}).get("nodeId") if _has_node(payload) else None
    parts = [event["timestamp"][11:23], event["type"]]
    if node:
        parts.append(names.get(node, node))
    match event["type"]:
        case "log":
            parts += [payload["level"], payload["message"]]
        case "runtime.output":
            parts += [payload["stream"], _short(payload.get("data"))]
        case "metric":
            parts.append(f"{payload['name']} {payload['value']} {payload.get('unit', '')}".rstrip())
        case "chunk.completed" if "result" in payload:
            parts.append(_short(payload["result"]))
        case "chunk.failed":
            error = payload.get("error") or {}
            parts.append(f"{error.get('type', 'Error')}: {error.get('message', '')}")
        case _ if payload.get("message"):
            parts.append(payload["message"])
    return " ".join(part.replace("\n", " ") for part in parts)


def _has_node(payload: Mapping[str, Any]) -> bool:
    return "nodeId" in payload or isinstance(payload.get("data"), dict)


def _short(value: Any, most: int = 160) -> str:
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return text if len(text) <= most else text[: most - 1] + "…"


class _Board:
    """The state of each node, from events."""

    def __init__(self, names: Mapping[str, str]) -> None:
        self._names = names
        self._rows: dict[str, tuple[str, str, float]] = {}
        self._ends: dict[str, float] = {}
        self.last = ""

    def take(self, event: dict[str, Any]) -> Text | None:
        """Note an event; a line to print above the table where it belongs there."""
        self.last = kind = event["type"]
        payload = event.get("payload") or {}
        now = time.monotonic()
        if kind.startswith("chunk."):
            node = payload["nodeId"]
            started = self._rows[node][2] if node in self._rows and kind != "chunk.started" else now
            detail = _short(payload["result"], 80) if "result" in payload else ""
            if kind == "chunk.failed":
                detail = str((payload.get("error") or {}).get("message", ""))[:80]
            self._rows[node] = (payload["status"], detail, started)
            if kind != "chunk.started":
                self._ends[node] = now
            return None
        if kind == "runtime.output" and isinstance(payload.get("data"), dict) and payload["data"].get("kind") == "skip":
            self._rows[payload["data"]["nodeId"]] = ("skipped", "", now)
            self._ends[payload["data"]["nodeId"]] = now
            return None
        if kind == "log" and payload["level"] != "debug":
            return Text(line(event, self._names), style="dim")
        return None

    def table(self) -> Table:
        """What is shown now."""
        table = Table("Node", "Status", "Seconds", "Result", box=None, pad_edge=False)
        for node, (status, detail, started) in self._rows.items():
            seconds = self._ends.get(node, time.monotonic()) - started if status != "skipped" else None
            table.add_row(
                Text(self._names.get(node, node)),
                Text(status, style=_STYLES.get(status, "")),
                "" if seconds is None else f"{seconds:.2f}",
                Text(detail),
            )
        return table

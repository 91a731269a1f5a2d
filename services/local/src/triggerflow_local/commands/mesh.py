"""`tfcanvas mesh status` and `reset`."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

import typer
from rich.table import Column, Table

from triggerflow_local.commands.session import fail, out
from triggerflow_local.home import AlreadyRunning, CannotStart, Home, alive
from triggerflow_local.mesh.component import NotReady
from triggerflow_local.mesh.folder import MeshFolder, MeshNote, Standing, process_of
from triggerflow_local.mesh.load import Load, ask
from triggerflow_local.settings import read_settings

_STYLES = {"ready": "green", "starting": "yellow", "waiting": "red", "stopping": "yellow"}


def status(*, as_json: bool) -> None:
    folder = _folder()
    note = folder.read_note()
    if note is None or not alive(note):
        fail(f"No mesh runs in {folder.path}. Start it with: make mesh, or tfcanvas mesh up")
    rows = [_row(name, each) for name, each in folder.standings().items()]
    load, why = _load(note)
    if as_json:
        shown = {"pid": note.pid, "url": note.url, "grpc": note.grpc, "processes": rows}
        typer.echo(json.dumps({**shown, "load": None if load is None else asdict(load)}, indent=2))
        return
    out.print(f"mesh {note.pid}   HTTP {note.url}   gRPC {note.grpc}\n", markup=False)
    runs = {each.name: each for each in load.workers} if load is not None else {}
    table = _table("Process", "State", "Pid", "Restarts", "Memory", "Runs")
    for row in rows:
        worker = runs.get(row["name"])
        table.add_row(
            row["name"],
            f"[{_STYLES.get(row['state'], 'dim')}]{row['state']}[/]",
            str(row["pid"] or "-"),
            str(row["restarts"]),
            f"{row['memoryBytes'] / 2**20:.0f} MiB" if row["memoryBytes"] else "-",
            f"{worker.live_runs} of {worker.most_runs}" if worker is not None else "",
        )
    out.print(table)
    if load is None:
        out.print(f"\nHow much waits is not known: {why}", markup=False)
        return
    waiting = ", ".join(f"{count} {priority}" for priority, count in load.queued.items())
    oldest = f", the oldest for {load.oldest_queued_seconds:.1f} s" if any(load.queued.values()) else ""
    out.print(f"\nWaiting for a worker: {waiting}{oldest}", markup=False)
    if load.stray_handlers:
        out.print(f"Handlers that ignore being cancelled: {load.stray_handlers}", markup=False)


def _load(note: MeshNote) -> tuple[Load | None, str]:
    token = Home(read_settings().home).known_token()
    try:
        # Not through Envoy, which leaves out an orchestrator that has no worker.
        return ask(note.addresses["orchestrator"], token or ""), ""
    except NotReady as error:
        return None, str(error)


def _table(*columns: str) -> Table:
    left = ("Process", "State")
    return Table(
        *(Column(each, justify="left" if each in left else "right") for each in columns), box=None, pad_edge=False
    )


def reset(*, yes: bool) -> None:
    folder = _folder()
    if not folder.path.exists():
        out.print(f"Nothing to clear: there is no {folder.path}", markup=False)
        return
    if not yes:
        typer.confirm(f"Delete all flows, runs and logs of the mesh in {folder.path}?", abort=True)
    try:
        with folder.home.locked():
            folder.end_left_over()
            folder.clear()
    except AlreadyRunning:
        note = folder.home.note()
        which = f"process {note.pid}" if note is not None else "another process"
        fail(f"The mesh in {folder.path} is running ({which}). Stop it first, with Ctrl-C where it was started.")
    except (OSError, CannotStart) as error:
        fail(f"{folder.path} cannot be cleared: {error}")
    out.print(
        f"Cleared {folder.path}. What lies in servers of your own (DATABASE_URL and the like) stays.", markup=False
    )


def _folder() -> MeshFolder:
    return MeshFolder(read_settings().home)


def _row(name: str, standing: Standing) -> dict[str, Any]:
    process = process_of(standing)
    memory = 0
    if process is not None:
        # PostgreSQL is a family; what its members share is counted in each of them.
        members = [process, *process.children(recursive=True)]
        memory = sum(_memory(each) for each in members)
    return {
        "name": name,
        "state": standing.state,
        "pid": standing.pid,
        "restarts": standing.restarts,
        "memoryBytes": memory,
    }


def _memory(process: Any) -> int:
    import psutil

    try:
        # Without what it shares with others, where the system tells.
        return int(process.memory_full_info().uss)
    except psutil.NoSuchProcess:
        return 0
    except psutil.Error:
        return int(process.memory_info().rss)

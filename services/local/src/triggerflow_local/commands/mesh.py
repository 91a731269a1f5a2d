"""`tfcanvas mesh status` and `reset`."""

from __future__ import annotations

import json
from typing import Any

import typer
from rich.table import Column, Table

from triggerflow_local.commands.session import fail, out
from triggerflow_local.home import AlreadyRunning, CannotStart, alive
from triggerflow_local.mesh.folder import MeshFolder, Standing, process_of
from triggerflow_local.settings import read_settings

_STYLES = {"ready": "green", "starting": "yellow", "waiting": "red", "stopping": "yellow"}


def status(*, as_json: bool) -> None:
    folder = _folder()
    note = folder.home.note()
    if note is None or not alive(note):
        fail(f"No mesh runs in {folder.path}. Start it with: make mesh, or tfcanvas mesh up")
    rows = [_row(name, each) for name, each in folder.standings().items()]
    if as_json:
        typer.echo(json.dumps({"pid": note.pid, "url": note.url, "grpc": note.grpc, "processes": rows}, indent=2))
        return
    out.print(f"mesh {note.pid}   HTTP {note.url}   gRPC {note.grpc}\n", markup=False)
    table = Table(
        "Process", "State", Column("Pid", justify="right"), Column("Restarts", justify="right"),
        Column("Memory", justify="right"), box=None, pad_edge=False,
    )  # fmt: skip
    for row in rows:
        table.add_row(
            row["name"],
            f"[{_STYLES.get(row['state'], 'dim')}]{row['state']}[/]",
            str(row["pid"] or "-"),
            str(row["restarts"]),
            f"{row['memoryBytes'] / 2**20:.0f} MiB" if row["memoryBytes"] else "-",
        )
    out.print(table)


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

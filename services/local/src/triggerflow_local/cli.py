"""The `tfcanvas` command. What each part needs is imported when it runs, so that `--help` comes at once."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(
    name="tfcanvas",
    help="TriggerFlow Canvas on this machine: start it, and work with its flows.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
flow = typer.Typer(help="Work with flows. FLOW is an id or a name.", no_args_is_help=True, rich_markup_mode=None)
app.add_typer(flow, name="flow")
mesh = typer.Typer(
    help="The mesh: many processes on PostgreSQL, Valkey, Kafka and S3.", no_args_is_help=True, rich_markup_mode=None
)
app.add_typer(mesh, name="mesh")

schedules = typer.Typer(
    help="Schedules of published flows. SCHEDULE is FLOW or FLOW/TRIGGER, each an id or a name.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
app.add_typer(schedules, name="schedules")

Schedule = Annotated[str, typer.Argument(metavar="SCHEDULE", help="A flow, or flow/trigger; ids or names.")]
Flow = Annotated[str, typer.Argument(metavar="FLOW", help="The id or the name of a flow.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")]


@app.command()
def up() -> None:
    """Start the server, or print a fresh link to the one that runs. Ctrl-C stops it."""
    from triggerflow_local import up as up_

    up_.run()


@app.command()
def link() -> None:
    """Print a fresh link that signs a browser in, once."""
    from triggerflow_local.commands.session import link as link_

    link_()


@app.command()
def run(
    flow: Flow,
    input: Annotated[
        list[str] | None,
        typer.Option("--input", "-i", metavar="KEY=VALUE", help="One input; JSON where it is JSON, else text."),
    ] = None,
    inputs: Annotated[
        str | None, typer.Option("--inputs", metavar="JSON|@FILE", help="All inputs as one JSON object.")
    ] = None,
    trigger: Annotated[
        str | None, typer.Option("--trigger", metavar="NODE", help="Fire this trigger alone; an id or a name.")
    ] = None,
    watch: Annotated[bool, typer.Option("--watch/--no-watch", help="Follow the run until it ends.")] = True,
) -> None:
    """Publish a flow and run it. Exits with 1 where the run fails or is cancelled."""
    from triggerflow_local.commands.run import run as run_

    run_(flow, input or [], inputs, trigger, watch=watch)


@app.command()
def tail(
    execution: Annotated[str, typer.Argument(metavar="EXECUTION", help="The id of a run.")],
    after: Annotated[
        str | None, typer.Option("--after", metavar="EVENT", help="Start behind the event with this id.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print each event as a line of JSON.")] = False,
) -> None:
    """Follow the events of a run until it ends. Exits with 1 where it failed or was cancelled."""
    from triggerflow_local.commands.tail import tail as tail_

    tail_(execution, after, as_json=as_json)


@app.command()
def executions(
    flow: Annotated[str | None, typer.Option("--flow", metavar="FLOW", help="Only of this flow; id or name.")] = None,
    status: Annotated[
        list[str] | None, typer.Option("--status", help="Any of these: queued, running, waiting, succeeded, …")
    ] = None,
    failed: Annotated[bool, typer.Option("--failed", help="Those that failed; as --status failed.")] = False,
    most: Annotated[int, typer.Option("--most", "-n", min=1, help="How many, the newest first.")] = 50,
    ids: Annotated[bool, typer.Option("--ids", help="Print ids alone, as retry takes them.")] = False,
    as_json: AsJson = False,
) -> None:
    """List runs, newest first."""
    from triggerflow_local.commands import executions as commands

    statuses = [*(status or ()), *(("failed",) if failed else ())]
    commands.list_executions(flow, statuses, most, ids=ids, as_json=as_json)


@app.command()
def retry(
    execution: Annotated[list[str], typer.Argument(metavar="EXECUTION…", help="Ids of runs that have ended.")],
    start: Annotated[
        str, typer.Option("--from", metavar="failure|start|NODE", help="From where; a node by id or name.")
    ] = "failure",
    version: Annotated[str | None, typer.Option("--version", help="On this version; else the one it ran.")] = None,
    input: Annotated[
        list[str] | None,
        typer.Option("--input", "-i", metavar="KEY=VALUE", help="Inputs of that node instead, one each."),
    ] = None,
    inputs: Annotated[
        str | None, typer.Option("--inputs", metavar="JSON|@FILE", help="The same as one JSON object.")
    ] = None,
    plan: Annotated[bool, typer.Option("--plan", help="Only say what would be reused and what would repeat.")] = False,
    watch: Annotated[bool, typer.Option("--watch/--no-watch", help="Follow the run until it ends.")] = True,
    as_json: AsJson = False,
) -> None:
    """Run an execution again. Finished results are reused. Exits with 1 where a run fails or is refused."""
    from triggerflow_local.commands import executions as commands

    commands.retry(execution, start, version, input or [], inputs, plan=plan, watch=watch, as_json=as_json)


@app.command()
def waits(
    status: Annotated[str, typer.Option("--status", help="open, answered, expired, cancelled or all.")] = "open",
    flow: Annotated[str | None, typer.Option("--flow", metavar="FLOW", help="Only of this flow; id or name.")] = None,
    execution: Annotated[str | None, typer.Option("--run", metavar="EXECUTION", help="Only of this run.")] = None,
    assignee: Annotated[str | None, typer.Option("--for", help="Those that name it, and those for anybody.")] = None,
    most: Annotated[int, typer.Option("--most", "-n", min=1, help="How many, the newest first.")] = 50,
    as_json: AsJson = False,
) -> None:
    """List what runs wait for: approvals, timers, events."""
    from triggerflow_local.commands import waits as commands

    commands.list_waits(status, flow, execution, assignee, most, as_json=as_json)


@app.command()
def resume(
    wait: Annotated[str, typer.Argument(metavar="WAIT", help="The id of a wait, as `tfcanvas waits` prints it.")],
    approve: Annotated[bool, typer.Option("--approve", help="Approve.")] = False,
    reject: Annotated[bool, typer.Option("--reject", help="Reject.")] = False,
    value: Annotated[
        str | None, typer.Option("--value", metavar="JSON|@FILE", help="The form's data, or the event's value.")
    ] = None,
) -> None:
    """Answer a wait, and let its run go on. Exits with 1 where another answer came first."""
    from triggerflow_local.commands import waits as commands

    commands.resume(wait, approve=approve, reject=reject, value=value)


@app.command()
def signal(
    name: Annotated[str, typer.Argument(metavar="NAME", help="What happened.")],
    key: Annotated[str, typer.Argument(metavar="KEY", help="Which of them.")],
    value: Annotated[str | None, typer.Option("--value", metavar="JSON|@FILE", help="What it carries.")] = None,
) -> None:
    """Tell every run that waits for this event that it happened."""
    from triggerflow_local.commands import waits as commands

    commands.signal(name, key, value)


@flow.command("list")
def flow_list(as_json: AsJson = False) -> None:
    """List flows, newest first."""
    from triggerflow_local.commands import flow as commands

    commands.list_flows(as_json=as_json)


@flow.command("show")
def flow_show(flow: Flow, as_json: AsJson = False) -> None:
    """Show a flow: its nodes, its edges, and what keeps it from being published."""
    from triggerflow_local.commands import flow as commands

    commands.show(flow, as_json=as_json)


@flow.command("export")
def flow_export(
    flow: Flow,
    to: Annotated[Path | None, typer.Option("--output", "-o", help="Write here instead of to stdout.")] = None,
) -> None:
    """Write a flow as JSON, to be imported again here or elsewhere."""
    from triggerflow_local.commands import flow as commands

    commands.export(flow, to)


@flow.command("import")
def flow_import(
    file: Annotated[str, typer.Argument(metavar="FILE", help="A file that export wrote; - for stdin.")],
    into: Annotated[
        str | None, typer.Option("--into", metavar="FLOW", help="Replace this flow instead of making one.")
    ] = None,
    name: Annotated[str | None, typer.Option("--name", help="Give it this name.")] = None,
) -> None:
    """Make a flow from a file, and print its id."""
    from triggerflow_local.commands import flow as commands

    commands.import_(file, into, name)


@flow.command("publish")
def flow_publish(
    flow: Flow,
    message: Annotated[str, typer.Option("--message", "-m", help="Why.")] = "",
) -> None:
    """Publish a flow's draft, and print the version."""
    from triggerflow_local.commands import flow as commands

    commands.publish(flow, message)


@flow.command("delete")
def flow_delete(
    flow: Flow,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
) -> None:
    """Delete a flow. Its runs stay readable."""
    from triggerflow_local.commands import flow as commands

    commands.delete(flow, yes=yes)


@flow.command("copy")
def flow_copy(
    source: Annotated[str, typer.Option("--from", metavar="local|mesh|URL", help="Where the flows are.")],
    target: Annotated[str, typer.Option("--to", metavar="local|mesh|URL", help="Where they are to be, too.")],
) -> None:
    """Copy all flows to another server: drafts and versions. Done again, it copies what is new."""
    from triggerflow_local.commands import copy as commands

    commands.copy(source, target)


@schedules.command("list")
def schedules_list(as_json: AsJson = False) -> None:
    """List schedules, and when each is due next."""
    from triggerflow_local.commands import schedules as commands

    commands.list_schedules(as_json=as_json)


@schedules.command("fires")
def schedules_fires(
    schedule: Schedule,
    status: Annotated[str, typer.Option("--status", help="upcoming, past or missed.")] = "upcoming",
    as_json: AsJson = False,
) -> None:
    """List due times of a schedule, and what became of them."""
    from triggerflow_local.commands import schedules as commands

    commands.fires(schedule, status, as_json=as_json)


_OneOrAll = Annotated[str | None, typer.Argument(metavar="[SCHEDULE]", help="Which; with --all none.")]


@schedules.command("pause")
def schedules_pause(
    schedule: _OneOrAll = None,
    every: Annotated[bool, typer.Option("--all", help="All schedules.")] = False,
) -> None:
    """Pause a schedule, or all: until resumed they have no due times."""
    _one_or_all(schedule, every, paused=True)


@schedules.command("resume")
def schedules_resume(
    schedule: _OneOrAll = None,
    every: Annotated[bool, typer.Option("--all", help="All schedules.")] = False,
) -> None:
    """Resume a schedule, or all, from now on."""
    _one_or_all(schedule, every, paused=False)


@schedules.command("run")
def schedules_run(schedule: Schedule) -> None:
    """Start a run of a schedule now, paused or not."""
    from triggerflow_local.commands import schedules as commands

    commands.run(schedule)


def _one_or_all(schedule: str | None, every: bool, *, paused: bool) -> None:
    from triggerflow_local.commands import schedules as commands

    if (schedule is None) == (not every):
        raise typer.BadParameter("Name a schedule, or say --all.")
    commands.pause(schedule, paused=paused)


@mesh.command("up")
def mesh_up(
    workers: Annotated[
        int | None, typer.Option("--workers", metavar="N", help="How many workers; TFCANVAS_WORKERS, else 2.")
    ] = None,
) -> None:
    """Start the mesh and keep it running, or print a fresh link to the one that runs. Ctrl-C stops it."""
    from triggerflow_local.mesh import up as up_

    if workers is not None:
        os.environ["TFCANVAS_WORKERS"] = str(workers)
    up_.run()


@mesh.command("status")
def mesh_status(as_json: AsJson = False) -> None:
    """Show the processes of the running mesh, and how much work waits."""
    from triggerflow_local.commands import mesh as commands

    commands.status(as_json=as_json)


@mesh.command("reset")
def mesh_reset(
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
) -> None:
    """Delete everything the mesh has kept: flows, runs, queues, logs. Refuses while it runs."""
    from triggerflow_local.commands import mesh as commands

    commands.reset(yes=yes)


@mesh.command("archive")
def mesh_archive(
    execution: Annotated[str, typer.Argument(metavar="EXECUTION", help="The id of a run that has ended.")],
    project: Annotated[str | None, typer.Option("--project", metavar="ID", help="Whose it is.")] = None,
) -> None:
    """Print an archived run as lines of JSON: its summary, then its events. From S3_URL, else the running mesh."""
    from triggerflow_local.commands.archive import archive

    archive(execution, project)

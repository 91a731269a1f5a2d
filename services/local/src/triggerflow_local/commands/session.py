"""Reach the running server, and end with one clear line where that fails."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NoReturn

import typer
from rich.console import Console
from triggerflow_chassis.settings import SettingsError

from triggerflow_local.api import Api, ApiError, NothingRuns
from triggerflow_local.home import Home
from triggerflow_local.settings import read_settings

# Where nobody looks at a terminal, a table is as wide as what is in it: ids are read by programs.
out = Console(highlight=False, soft_wrap=True, width=None if sys.stdout.isatty() else 400)


@contextmanager
def session() -> Iterator[Api]:
    """The server of $TFCANVAS_HOME, the mesh's where local mode does not run. What goes wrong ends the command."""
    try:
        yield Api.of(Home(read_settings().home))
    except (NothingRuns, ApiError) as error:
        fail(str(error))
    except SettingsError as error:
        fail("\n".join(error.problems))


def fail(line: str) -> NoReturn:
    """End the command with code 1, saying why."""
    typer.echo(f"tfcanvas: {line}", err=True)
    raise typer.Exit(1)


def link() -> None:
    """`tfcanvas link`."""
    with session() as api:
        typer.echo(api.link())

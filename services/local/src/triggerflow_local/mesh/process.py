"""Start and end processes by their ids."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from contextlib import suppress
from pathlib import Path
from typing import IO

import psutil

from triggerflow_local.mesh.component import Component

# What a server that is not ours may know of the environment.
_NEEDFUL = ("PATH", "HOME", "USER", "LANG", "LC_ALL", "TZ", "TMPDIR", "JAVA_HOME", "JAVA_TOOL_OPTIONS")
_LAUNCH = str(Path(__file__).with_name("launch.py"))


def start(component: Component, *, output: int | IO[bytes]) -> subprocess.Popen[bytes]:
    """Start a process that ends with us, even where we are killed. `prepare` must have run.

    From the main thread only: the system ties the process to the thread that started it.
    """
    if threading.current_thread() is not threading.main_thread():
        raise RuntimeError(f"{component.name} must be started by the main thread: it would end with this one")
    names = os.environ if component.ours else [name for name in _NEEDFUL if name in os.environ]
    return subprocess.Popen(
        launched(component.command, end_signal=component.orphan_signal, user=component.user),
        cwd=component.folder,
        env={**{name: os.environ[name] for name in names}, **component.environment},
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT,
        # Ctrl-C is for the supervisor, which stops the others in their order.
        start_new_session=True,
    )


def launched(command: tuple[str, ...], *, end_signal: int, user: str = "") -> list[str]:
    """A command that, run by this process, gets a signal when this process ends."""
    return [sys.executable, "-I", "-S", _LAUNCH, str(os.getpid()), str(int(end_signal)), user, *command]


def end(processes: list[psutil.Process], *, seconds: float = 5.0) -> None:
    """SIGKILL, and wait until they are gone. A process whose id was given to another one meanwhile is left alone."""
    for each in processes:
        with suppress(psutil.NoSuchProcess):
            each.kill()
    psutil.wait_procs(processes, timeout=seconds)

"""Start the processes of a mesh in the order of their needs, keep them all running, and stop them in reverse."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

from triggerflow_local.home import CannotStart
from triggerflow_local.mesh.component import NotReady
from triggerflow_local.mesh.components.ours import answers
from triggerflow_local.mesh.folder import MeshFolder, MeshNote, Standing
from triggerflow_local.mesh.keeper import Keeper
from triggerflow_local.mesh.logs import Console, LogFile
from triggerflow_local.mesh.plan import Plan

_STOP_SECONDS = 14.0
_READY_SECONDS = 60.0
_ACCESS_LOG_BYTES = 32 * 1024 * 1024
_ACCESS_LOG_SECONDS = 5.0


class Supervisor:
    """The processes of one mesh. Whatever `start` raises, `stop` must be called."""

    def __init__(self, plan: Plan, folder: MeshFolder, console: Console) -> None:
        self._plan = plan
        self._folder = folder
        self._console = console
        self._noted = False
        # Probes and preparations wait in threads; each process has one of them at a time.
        self._threads = ThreadPoolExecutor(2 * sum(map(len, plan.groups)), "mesh")
        self._groups = [
            [
                Keeper(
                    component,
                    log=LogFile(folder.logs / f"{component.name}.log"),
                    console=console,
                    threads=self._threads,
                    changed=self._tell,
                )
                for component in group
            ]
            for group in plan.groups
        ]

    async def start(self) -> None:
        """Return once runs can start, seen from outside. Raises CannotStart."""
        for group in self._groups:
            for keeper in group:
                keeper.component.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            starting = [asyncio.create_task(keeper.start()) for keeper in group]
            try:
                await asyncio.gather(*starting)
            finally:
                for each in starting:
                    each.cancel()
        await self._await_readiness()
        self._noted = True
        self._tell()

    async def stop(self) -> None:
        """Stop all, last started first; nothing is left running."""
        by = time.monotonic() + _STOP_SECONDS
        self._noted = False
        self._folder.remove_note()
        for group in self._stop_order():
            if group:
                self._console.say("mesh", f"stopping {', '.join(keeper.component.name for keeper in group)}")
                await asyncio.gather(*(keeper.stop(by=by) for keeper in group))
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def turn_access_log(self) -> None:
        """Keep Envoy's own log bounded, for as long as this runs."""
        path = self._folder.logs / "access.log"
        while True:
            await asyncio.sleep(_ACCESS_LOG_SECONDS)
            with suppress(FileNotFoundError, ProcessLookupError):
                if path.stat().st_size > _ACCESS_LOG_BYTES:
                    self._turn(path)

    def _turn(self, path: Path) -> None:
        path.replace(path.with_name(path.name + ".1"))
        for keeper in (each for group in self._groups for each in group):
            pid = keeper.standing().pid
            if keeper.component.name == "envoy" and pid is not None:
                # It opens its files again.
                os.kill(pid, signal.SIGUSR1)

    def _stop_order(self) -> list[list[Keeper]]:
        *others, front = self._groups
        # Workers first: to give back their runs they need everything else.
        workers = [keeper for keeper in front if keeper.component.name.startswith("worker-")]
        return [workers, [keeper for keeper in front if keeper not in workers], *reversed(others)]

    async def _await_readiness(self) -> None:
        deadline = time.monotonic() + _READY_SECONDS
        loop = asyncio.get_running_loop()
        while True:
            try:
                return await loop.run_in_executor(self._threads, answers, f"{self._plan.url}/readyz")
            except NotReady as error:
                if time.monotonic() > deadline:
                    raise CannotStart(
                        f"The mesh is up, but runs cannot start: {error}. See the logs in {self._folder.logs}"
                    ) from None
            await asyncio.sleep(0.1)

    def _tell(self) -> None:
        standings = {keeper.component.name: keeper.standing() for group in self._groups for keeper in group}
        try:
            self._folder.write_standings(standings)
            if self._noted:
                self._folder.write_note(self._note(standings))
        except OSError as error:
            # A full disk is no reason to leave a process alone.
            self._console.say("mesh", f"cannot write to {self._folder.path}: {error}", loud=True)

    def _note(self, standings: Mapping[str, Standing]) -> MeshNote:
        return MeshNote(
            pid=os.getpid(),
            url=self._plan.url,
            grpc=self._plan.grpc,
            processes={name: each.pid for name, each in standings.items() if each.pid is not None},
            addresses=self._plan.addresses,
        )

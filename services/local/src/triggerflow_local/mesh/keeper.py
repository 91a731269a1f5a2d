"""Keep one process running: start it, wait until it is ready, start it again when it ends, stop it at last."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import time
from collections.abc import Callable
from concurrent.futures import Executor
from contextlib import suppress

import psutil

from triggerflow_local.home import CannotStart
from triggerflow_local.mesh.backoff import Backoff
from triggerflow_local.mesh.component import Component, NotReady
from triggerflow_local.mesh.folder import Standing
from triggerflow_local.mesh.logs import Console, LogFile
from triggerflow_local.mesh.process import start

_PROBE_SECONDS = 0.1
_POLL_SECONDS = 0.05
# How often a process may end before it was ever ready.
_FIRST_TRIES = 2
_KILL_SECONDS = 1.0
_LONGEST_LINE = 65_536


class Keeper:
    """One process of the mesh, over all its starts. `changed` is called whenever its standing is another."""

    def __init__(
        self,
        component: Component,
        *,
        log: LogFile,
        console: Console,
        threads: Executor,
        changed: Callable[[], None],
    ) -> None:
        self.component = component
        self.ready = asyncio.Event()
        self._log = log
        self._console = console
        self._threads = threads
        self._changed = changed
        self._state = "waiting"
        self._process: subprocess.Popen[bytes] | None = None
        self._born: float | None = None
        self._restarts = 0
        self._why = "it was not started yet"
        self._stopping = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def standing(self) -> Standing:
        """How it is doing."""
        pid = None if self._process is None else self._process.pid
        return Standing(self._state, pid, self._born if pid is not None else None, self._restarts)

    async def start(self) -> None:
        """Start it, and return once it is ready. Raises CannotStart where it never gets there."""
        component, began = self.component, time.monotonic()
        self._task = asyncio.create_task(self._keep(), name=f"keep {component.name}")
        ready = asyncio.create_task(self.ready.wait())
        try:
            await asyncio.wait(
                [self._task, ready], timeout=component.start_seconds, return_when=asyncio.FIRST_COMPLETED
            )
            if self._task.done():
                self._task.result()
            elif not ready.done():
                raise CannotStart(
                    f"{component.name} is not ready after {component.start_seconds:.0f} s: {self._why}."
                    f" The end of {self._log.path}:\n{self._log.tail()}"
                )
            else:
                place = f", {component.place}" if component.place else ""
                self._say(f"ready in {time.monotonic() - began:.1f} s{place}")
        finally:
            ready.cancel()

    async def stop(self, *, by: float) -> None:
        """Stop it as it likes to be stopped, and by force where it takes longer than it may, or than `by`."""
        self._stopping.set()
        if self._task is None:
            return
        if self._process is not None:
            self._become("stopping")
            self._signal(signal.SIGCONT)
            self._signal(self.component.stop_signal)
            seconds = min(self.component.stop_seconds, max(by - time.monotonic(), 0.0))
            if not await self._done(seconds):
                # What it does where it is left alone is quick and still orderly.
                self._signal(self.component.orphan_signal)
                if not await self._done(_KILL_SECONDS):
                    self._signal(signal.SIGKILL)
        # A preparation cannot be broken off.
        await self._done(max(by - time.monotonic(), _KILL_SECONDS))

    async def _done(self, seconds: float) -> bool:
        assert self._task is not None
        done, _ = await asyncio.wait([self._task], timeout=seconds)
        return bool(done)

    async def _keep(self) -> None:
        backoff = Backoff()
        while not self._stopping.is_set():
            began = time.monotonic()
            try:
                await self._in_thread(self.component.prepare)
                if self._stopping.is_set():
                    break
                code = await self._run_once()
                ended = f"ended with code {code}" if code >= 0 else f"ended by {signal.Signals(-code).name}"
            except Exception as error:
                if not self.ready.is_set():
                    raise
                # Whatever it is, it may pass; and nobody else would start the process again.
                ended = f"cannot start: {error or type(error).__name__}"
            if self._stopping.is_set():
                break
            if not self.ready.is_set() and self._restarts + 1 >= _FIRST_TRIES:
                raise CannotStart(
                    f"{self.component.name} {ended} before it was ready. The end of {self._log.path}:\n"
                    f"{self._log.tail()}"
                )
            wait = backoff.after(time.monotonic() - began)
            self._become("waiting")
            self._say(f"{ended}; started again {f'in {wait:g} s' if wait else 'at once'}", loud=True)
            with suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), wait)
            self._restarts += 1
        self._become("stopped")

    async def _run_once(self) -> int:
        receiving, sending = os.pipe()
        try:
            process = self._process = start(self.component, output=sending)
        except BaseException:
            os.close(receiving)
            raise
        finally:
            os.close(sending)
        with suppress(psutil.Error):
            self._born = psutil.Process(process.pid).create_time()
        self._become("starting")
        beside = [
            asyncio.create_task(self._read(receiving), name=f"log {self.component.name}"),
            asyncio.create_task(self._probe(), name=f"probe {self.component.name}"),
        ]
        try:
            await _ended(process.pid)
            # Before its id is given up: until then its group is nobody else's.
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(process.pid, signal.SIGKILL)
        finally:
            code = process.wait()
            self._process = None
            beside[1].cancel()
            # What it said last; another may hold the other end for long.
            await asyncio.wait(beside, timeout=0.5)
            beside[0].cancel()
            await asyncio.wait(beside)
            await self._in_thread(self.component.clear)
        return code

    async def _probe(self) -> None:
        again, began = self.ready.is_set(), time.monotonic()
        while True:
            try:
                await self._in_thread(self.component.ready)
                break
            except NotReady as error:
                self._why = str(error)
            except Exception as error:
                # A defect of the probe; the process may be well, and is asked again.
                if self._why != (why := f"{type(error).__name__}: {error}"):
                    self._why = why
                    self._say(f"cannot be asked: {why}", loud=True)
            await asyncio.sleep(_PROBE_SECONDS)
        self.ready.set()
        self._become("ready")
        if again:
            self._say(f"is back after {time.monotonic() - began:.1f} s")

    async def _read(self, descriptor: int) -> None:
        reader = asyncio.StreamReader(limit=_LONGEST_LINE)
        loop = asyncio.get_running_loop()
        pipe = os.fdopen(descriptor, "rb", buffering=0)
        transport, _ = await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), pipe)
        rest = b""
        try:
            while piece := await reader.read(_LONGEST_LINE):
                *lines, rest = (rest + piece).split(b"\n")
                for line in lines:
                    self._take(line)
                if len(rest) > _LONGEST_LINE:
                    self._take(rest)
                    rest = b""
        finally:
            if rest:
                self._take(rest)
            transport.close()

    def _take(self, line: bytes) -> None:
        self._log.write(line)
        if self.component.chatter is None or not self.component.chatter.match(line):
            self._console.relay(self.component.name, line)

    def _signal(self, number: signal.Signals) -> None:
        # Not by Popen, which would reap it and so give its id up.
        if self._process is not None:
            with suppress(ProcessLookupError):
                os.kill(self._process.pid, number)

    def _become(self, state: str) -> None:
        self._state = state
        self._changed()

    def _say(self, line: str, *, loud: bool = False) -> None:
        self._console.say("mesh", f"{self.component.name} {line}", loud=loud)

    async def _in_thread(self, call: Callable[[], None]) -> None:
        await asyncio.get_running_loop().run_in_executor(self._threads, call)


async def _ended(pid: int) -> None:
    """Return when a child has ended, leaving it to be reaped."""
    try:
        descriptor = os.pidfd_open(pid)
    except (AttributeError, OSError):
        # Not Linux, or an old one.
        while not _has_ended(pid):  # noqa: ASYNC110
            await asyncio.sleep(_POLL_SECONDS)
        return
    loop, ended = asyncio.get_running_loop(), asyncio.Event()
    loop.add_reader(descriptor, ended.set)
    try:
        await ended.wait()
    finally:
        loop.remove_reader(descriptor)
        os.close(descriptor)


def _has_ended(pid: int) -> bool:
    return os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT | os.WNOHANG) is not None

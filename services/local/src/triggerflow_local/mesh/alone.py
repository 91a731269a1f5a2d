"""Run one server of the mesh by itself, as tests and tools do."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

from triggerflow_local.home import CannotStart
from triggerflow_local.mesh.component import Component, NotReady
from triggerflow_local.mesh.process import start

_POLL_SECONDS = 0.05


class Alone:
    """A server that this process started. Its port is the same after `kill` and `start`."""

    def __init__(self, component: Component) -> None:
        self.component = component
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Where it is reached."""
        return self.component.url

    @property
    def pid(self) -> int:
        """The id of its process."""
        assert self._process is not None, f"{self.component.name} was not started"
        return self._process.pid

    def start(self) -> None:
        """Start it and wait until it is ready. From the main thread. Raises CannotStart."""
        self.component.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        log = self.component.folder / "log"
        # In a thread, since a probe may run a loop of its own and the caller may be in one.
        with ThreadPoolExecutor(1, "probe") as threads:
            threads.submit(self.component.prepare).result()
            with log.open("ab") as output:
                self._process = start(self.component, output=output)
            deadline = time.monotonic() + self.component.start_seconds
            while True:
                try:
                    threads.submit(self.component.ready).result()
                    return
                except NotReady as error:
                    code = self._process.poll()
                    if code is None and time.monotonic() < deadline:
                        time.sleep(_POLL_SECONDS)
                        continue
                    self.kill()
                    why = f"is not ready: {error}" if code is None else f"ended with code {code}"
                    tail = log.read_bytes()[-2_000:].decode("utf-8", "replace")
                    raise CannotStart(f"{self.component.name} {why}. The end of {log}:\n{tail}") from None

    def signal(self, number: signal.Signals) -> None:
        """Send it a signal, SIGSTOP and SIGCONT for one."""
        os.kill(self.pid, number)

    def kill(self) -> None:
        """kill -9."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self.component.clear()

    def stop(self) -> int:
        """Stop it as it likes to be stopped; the exit code."""
        assert self._process is not None, f"{self.component.name} was not started"
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGCONT)
            self._process.send_signal(self.component.stop_signal)
        try:
            self._process.wait(self.component.stop_seconds)
        except subprocess.TimeoutExpired:
            self.kill()
        self.component.clear()
        return self._process.wait()


@contextmanager
def running(component: Component) -> Iterator[Alone]:
    """A server that is ready, stopped at the end: `with running(postgres.server(folder)) as server: server.url`."""
    alone = Alone(component)
    alone.start()
    try:
        yield alone
    finally:
        alone.stop()

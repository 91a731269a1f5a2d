"""A server of the mesh that a test may kill, pause and start again at the same address."""

from __future__ import annotations

import signal
from typing import Self

import psutil
from running_product import wait_for
from triggerflow_local.mesh.alone import Alone
from triggerflow_local.mesh.component import Component


class PausableServer:
    """One server alone."""

    def __init__(self, component: Component) -> None:
        self._server = Alone(component)

    def start(self) -> Self:
        """Returns once it answers."""
        self._server.start()
        return self

    def kill(self) -> None:
        """As `kill -9` does."""
        self._server.kill()

    def pause(self) -> None:
        """It takes connections and answers nothing."""
        self._server.signal(signal.SIGSTOP)
        wait_for(lambda: psutil.Process(self._server.pid).status() == psutil.STATUS_STOPPED, what="SIGSTOP")

    def go_on(self) -> None:
        """After `pause`."""
        self._server.signal(signal.SIGCONT)

    def stop(self) -> None:
        """End it, whatever state it is in."""
        self._server.kill()

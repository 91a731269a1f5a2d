"""A real Redis server, Valkey with AOF, that a test may kill, pause and start again at the same address."""

from __future__ import annotations

import signal
from pathlib import Path

import psutil
import redis
from running_product import wait_for
from triggerflow_local.mesh.alone import Alone
from triggerflow_local.mesh.components import valkey


class ValkeyServer:
    """The mesh's own, its data in `folder`."""

    def __init__(self, folder: Path) -> None:
        self._server = Alone(valkey.server(folder))

    @property
    def url(self) -> str:
        """What REDIS_URL is."""
        return self._server.url

    def start(self) -> ValkeyServer:
        """Returns once it answers."""
        self._server.start()
        return self

    def client(self) -> redis.Redis:
        """Somebody else at the same server."""
        return redis.Redis.from_url(self.url)

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

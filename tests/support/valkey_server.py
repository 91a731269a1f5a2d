"""A real Redis server, Valkey with AOF, that a test may kill, pause and start again at the same address."""

from __future__ import annotations

from pathlib import Path

import redis
from pausable_server import PausableServer
from triggerflow_local.mesh.components import valkey


class ValkeyServer(PausableServer):
    """The mesh's own, its data in `folder`."""

    def __init__(self, folder: Path) -> None:
        super().__init__(valkey.server(folder))

    @property
    def url(self) -> str:
        """What REDIS_URL is."""
        return self._server.url

    def client(self) -> redis.Redis:
        """Somebody else at the same server."""
        return redis.Redis.from_url(self.url)

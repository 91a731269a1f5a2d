"""A real S3 server, SeaweedFS, that a test may kill, pause and start again at the same address."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

from pausable_server import PausableServer
from triggerflow_local.mesh.components import seaweedfs


class S3Server(PausableServer):
    """The mesh's own, its data under `folder`."""

    def __init__(self, folder: Path) -> None:
        super().__init__(seaweedfs.server(folder))

    @property
    def host(self) -> str:
        """`host:port` of its S3 API."""
        return urlsplit(self._server.url).netloc.rpartition("@")[2]

    @property
    def secret(self) -> str:
        """What nobody may see."""
        found = urlsplit(self._server.url).password
        assert found
        return found

    def url(self, bucket: str = seaweedfs.BUCKET, secret: str = "") -> str:
        """What S3_URL is. A bucket is made by the first put into it."""
        parts = urlsplit(self._server.url)
        return f"http://{parts.username}:{secret or parts.password}@{self.host}/{bucket}"

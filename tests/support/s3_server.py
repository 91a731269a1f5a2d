"""A real S3 server, SeaweedFS, that a test may kill, pause and start again at the same address."""

from __future__ import annotations

import signal
from pathlib import Path
from urllib.parse import urlsplit

import psutil
from running_product import wait_for
from triggerflow_local.mesh.alone import Alone
from triggerflow_local.mesh.components import seaweedfs


class S3Server:
    """The mesh's own, its data under `folder`."""

    def __init__(self, folder: Path) -> None:
        self._server = Alone(seaweedfs.server(folder))

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

    def start(self) -> S3Server:
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

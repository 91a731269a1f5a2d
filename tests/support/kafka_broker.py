"""A real Apache Kafka that a test may kill, freeze, wipe and start again at the same address."""

from __future__ import annotations

import shutil
import signal
from pathlib import Path

import pytest
from triggerflow_local.home import CannotStart
from triggerflow_local.mesh.alone import Alone
from triggerflow_local.mesh.components import kafka


class Broker:
    """The mesh's own, its data in `folder`. Skips the test where there is no JDK."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        try:
            self._server = Alone(kafka.server(folder))
        except CannotStart as error:
            pytest.skip(str(error))

    @property
    def bootstrap(self) -> str:
        """What KAFKA_BOOTSTRAP is."""
        return self._server.url

    def start(self) -> None:
        """Start it, or again, and return once it answers."""
        self._server.start()

    def kill(self) -> None:
        """kill -9."""
        self._server.kill()

    def freeze(self) -> None:
        """SIGSTOP: its connections stay and nothing answers."""
        self._server.signal(signal.SIGSTOP)

    def thaw(self) -> None:
        self._server.signal(signal.SIGCONT)

    def stop(self) -> None:
        """However it is now, it is gone."""
        self._server.kill()

    def wipe(self) -> None:
        """Forget all records of a killed broker, as somebody does who clears its disk."""
        shutil.rmtree(self._folder / "data")

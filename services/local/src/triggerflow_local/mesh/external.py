"""Ask servers that are not the mesh's own whether they answer, before anything is started."""

from __future__ import annotations

import time
from collections.abc import Callable
from urllib.parse import urlsplit

from triggerflow_local.home import CannotStart
from triggerflow_local.mesh.component import NotReady
from triggerflow_local.mesh.components import kafka, postgres, seaweedfs, valkey
from triggerflow_local.mesh.settings import External

_SECONDS = 10.0


def check(external: External, *, seconds: float = _SECONDS) -> None:
    """Raises CannotStart, which names the setting of the first that does not answer within so long."""
    if external.database is not None:
        _await("DATABASE_URL", external.database.reveal(), postgres.probe, seconds)
    if external.redis is not None:
        _await("REDIS_URL", external.redis.reveal(), valkey.probe, seconds)
    if external.kafka is not None:
        _await("KAFKA_BOOTSTRAP", external.kafka, kafka.probe, seconds)
    if external.s3 is not None:
        _await("S3_URL", external.s3.reveal(), seaweedfs.probe, seconds)


def _await(setting: str, url: str, probe: Callable[[str], None], seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while True:
        try:
            return probe(url)
        except NotReady as error:
            if time.monotonic() > deadline:
                # Without user and password.
                place = url.rpartition("@")[2] if "://" in url else url
                place = urlsplit(f"//{place}").netloc
                raise CannotStart(
                    f"{setting}: {place} does not answer: {error}. Start it, or unset {setting} for one of the mesh's."
                ) from None
        time.sleep(0.2)

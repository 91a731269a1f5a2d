"""What the registry is told from outside. Read once; all problems are reported together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from triggerflow_chassis.grpc.peers import ADDRESSES, read_peers
from triggerflow_chassis.kafka.settings import KafkaSettings, read_kafka
from triggerflow_chassis.postgres.address import Postgres, read_postgres
from triggerflow_chassis.redis_address import read_redis
from triggerflow_chassis.settings import Reader, Secret

DEFAULT_HOME = Path("~/.local/share/triggerflow-canvas")
DEFAULT_BUSY_MS = 5_000
# The service's part of the one PostgreSQL database.
SCHEMA = "registry"


@dataclass(frozen=True, slots=True)
class RegistrySettings:
    """What `open_registry` needs."""

    # The SQLite file; its folder is made where it is missing.
    database: Path
    # How long to wait for another program's lock on it.
    busy_ms: int = DEFAULT_BUSY_MS
    # How long events are kept. None: for ever.
    keep_days: int | None = None
    # Where it is set, the mesh: flows are kept there and not in the file.
    postgres: Postgres | None = None
    # Where it is set, published versions are cached there: `redis://host:port/0`.
    redis: Secret | None = None
    # What cached versions are signed with, the same in every process of a deployment. None: only damage is noticed.
    cache_secret: Secret | None = None

    @property
    def place(self) -> str:
        """Where flows are kept, for people."""
        return str(self.database) if self.postgres is None else self.postgres.place


@dataclass(frozen=True, slots=True)
class ServerSettings:
    """What the registry needs as a process of its own."""

    registry: RegistrySettings
    # `host:port` of this machine or `unix:/path` to serve at.
    address: str
    # Where the orchestrator is reached: through the mesh where there is one.
    orchestrator: str
    # What callers must show. None lets everybody in.
    token: Secret | None
    log_level: str
    # Where flow events are published, in the mesh.
    kafka: KafkaSettings | None = None


def read_settings(environ: Mapping[str, str] | None = None) -> ServerSettings:
    """The settings of the environment. Raises SettingsError, which names each that cannot be used."""
    reader = Reader(environ, prefix="TFCANVAS_")
    home = reader.path("HOME", DEFAULT_HOME)
    settings = ServerSettings(
        registry=RegistrySettings(
            database=reader.path("REGISTRY_DATABASE", home / "registry.sqlite3"),
            busy_ms=reader.integer("REGISTRY_BUSY_MS", DEFAULT_BUSY_MS, least=0, most=60_000),
            keep_days=reader.keep_days(),
            postgres=read_postgres(reader, SCHEMA, "triggerflow-registry"),
            redis=read_redis(reader),
            cache_secret=reader.secret("TOKEN"),
        ),
        address=reader.listening("REGISTRY_ADDRESS", ADDRESSES["registry"]),
        orchestrator=read_peers(reader, "orchestrator")["orchestrator"],
        token=reader.secret("TOKEN"),
        log_level=reader.level(),
        kafka=read_kafka(reader),
    )
    reader.done()
    return settings

"""What an orchestrator needs to know before it starts. Frozen; read once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from triggerflow_adapter_sdk import AdapterSettings
from triggerflow_chassis import redis_address
from triggerflow_chassis.grpc.peers import ADDRESSES, read_peers
from triggerflow_chassis.kafka.settings import KafkaSettings, read_kafka
from triggerflow_chassis.postgres import address
from triggerflow_chassis.postgres.address import Postgres, read_postgres
from triggerflow_chassis.redis_address import read_redis
from triggerflow_chassis.settings import Reader, Secret

from triggerflow_orchestrator import bucket_place
from triggerflow_orchestrator.bucket_place import BucketPlace

DEFAULT_MAX_LIVE: Final = 256
DEFAULT_MAX_EVENTS: Final = 1_000_000
DEFAULT_MAX_CHILDREN: Final = 5_000
DEFAULT_LEASE_SECONDS: Final = 5
DEFAULT_ARCHIVE_AFTER_SECONDS: Final = 10
# A process of its own, where there is no bus between it and the registry.
_POLLING_SECONDS: Final = 0.5
SCHEMA: Final = "orchestrator"
"""The service's part of the one PostgreSQL database."""


@dataclass(frozen=True, slots=True)
class MeshSettings:
    """What orchestrator and workers share in the mesh."""

    postgres: Postgres
    """Where executions are kept."""
    redis: Secret
    """Where kicks go."""
    objects: BucketPlace | Path
    """Where large values are kept: a bucket, or a folder that all processes of one machine share."""
    lease_seconds: int = DEFAULT_LEASE_SECONDS
    """How long a worker that is not heard of keeps its runs."""
    archive_after_seconds: int = DEFAULT_ARCHIVE_AFTER_SECONDS
    """How long after its end a run is archived, where objects are in a bucket. Nothing is archived into a folder."""


def read_mesh(reader: Reader, application: str, folder: Path) -> MeshSettings | None:
    """DATABASE_URL, REDIS_URL, S3_URL and LEASE_SECONDS; None where the first is not set. Problems are the reader's."""
    postgres = read_postgres(reader, SCHEMA, application)
    if postgres is None:
        return None
    redis = read_redis(reader)
    if redis is None:
        if not reader.plain().text(redis_address.SETTING):
            reader.plain().problem(
                redis_address.SETTING,
                f"must be set where {address.SETTING} is, for workers are told of runs over it: {redis_address.FORM}",
            )
        return None
    return MeshSettings(
        postgres=postgres,
        redis=redis,
        objects=_read_bucket(reader) or folder,
        lease_seconds=reader.integer("LEASE_SECONDS", DEFAULT_LEASE_SECONDS, least=1, most=300),
        archive_after_seconds=reader.integer(
            "ARCHIVE_AFTER_SECONDS", DEFAULT_ARCHIVE_AFTER_SECONDS, least=0, most=86_400
        ),
    )


def _read_bucket(reader: Reader) -> BucketPlace | None:
    url = reader.plain().secret(bucket_place.SETTING)
    try:
        return BucketPlace.parse(url.reveal()) if url is not None else None
    except ValueError as error:
        reader.plain().problem(bucket_place.SETTING, str(error))
        return None


@dataclass(frozen=True, slots=True)
class OrchestratorSettings:
    """Where executions are kept, and how many run at once."""

    database: Path
    """The SQLite file; made where it is not there."""
    objects: Path
    """The folder of large values; made where it is not there."""
    max_live: int = DEFAULT_MAX_LIVE
    """Runs at once; others are queued."""
    max_events: int = DEFAULT_MAX_EVENTS
    """What one run may have; past it the run fails."""
    max_children: int = DEFAULT_MAX_CHILDREN
    """Of sub-flows, alive at once in one run; further items of for-eaches wait."""
    follow_seconds: float = 15.0
    """How often the registry's log is looked at, beside what the bus tells of it; local mode."""
    keep_days: int | None = None
    """How long an execution is kept after its end, with all that belongs to it. None: for ever."""
    fuses: bool = True
    """Whether a row of pure nodes is one commit; off only to compare."""
    mesh: MeshSettings | None = None
    """Where it is set, executions are kept in PostgreSQL and run by workers: database, objects and max_live are of no
    account."""

    @staticmethod
    def under(home: Path, keep_days: int | None = None) -> OrchestratorSettings:
        """Everything in one folder, as in local mode."""
        return OrchestratorSettings(home / "orchestrator.sqlite3", home / "objects", keep_days=keep_days)


@dataclass(frozen=True, slots=True)
class ServerSettings:
    """An orchestrator that is a process of its own."""

    orchestrator: OrchestratorSettings
    address: str
    """Where it listens: `host:port` of this machine or `unix:/path`."""
    registry: str
    """Where the registry is reached: through the mesh where there is one."""
    token: Secret | None
    """Asked of callers, and shown to the registry."""
    log_level: str
    adapters: AdapterSettings
    """What handlers may reach."""
    kafka: KafkaSettings | None = None
    """Where events go, in the mesh."""

    @staticmethod
    def read(environ: Mapping[str, str] | None = None) -> ServerSettings:
        """From `TFCANVAS_…`. Raises SettingsError with all that is wrong."""
        reader = Reader(environ, prefix="TFCANVAS_")
        home = reader.path("HOME", Path("~/.local/share/triggerflow-canvas"))
        places = OrchestratorSettings.under(home)
        settings = ServerSettings(
            orchestrator=OrchestratorSettings(
                database=reader.path("ORCHESTRATOR_DATABASE", places.database),
                objects=reader.path("ORCHESTRATOR_OBJECTS", places.objects),
                max_live=reader.integer("MAX_RUNS", DEFAULT_MAX_LIVE, least=1, most=100_000),
                max_events=read_max_events(reader),
                max_children=read_max_children(reader),
                follow_seconds=_POLLING_SECONDS,
                keep_days=reader.keep_days(),
                fuses=reader.switch("FUSION", True),
                mesh=read_mesh(reader, "triggerflow-orchestrator", places.objects),
            ),
            address=reader.listening("ORCHESTRATOR_ADDRESS", ADDRESSES["orchestrator"]),
            registry=read_peers(reader, "registry")["registry"],
            token=reader.secret("TOKEN"),
            log_level=reader.level(),
            adapters=read_adapters(reader),
            kafka=read_kafka(reader),
        )
        reader.done()
        return settings


def read_max_events(reader: Reader) -> int:
    """TFCANVAS_MAX_EVENTS."""
    return reader.integer("MAX_EVENTS", DEFAULT_MAX_EVENTS, least=100, most=100_000_000)


def read_max_children(reader: Reader) -> int:
    """TFCANVAS_MAX_CHILDREN."""
    return reader.integer("MAX_CHILDREN", DEFAULT_MAX_CHILDREN, least=1, most=1_000_000)


def read_adapters(reader: Reader) -> AdapterSettings:
    """What the handlers of this process may reach."""
    return AdapterSettings(
        python_modules=reader.names("PYTHON_MODULES"),
        env_allow=reader.names("ENV_ALLOW"),
        http_allow=reader.names("HTTP_ALLOW"),
    )

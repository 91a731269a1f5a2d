"""What the user decides about `make mesh`: its ports, its workers, and which servers are somebody else's."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from triggerflow_chassis.kafka.settings import read_kafka
from triggerflow_chassis.postgres.address import read_postgres
from triggerflow_chassis.redis_address import read_redis
from triggerflow_chassis.settings import Reader, Secret
from triggerflow_orchestrator.bucket_place import BucketPlace

from triggerflow_local.settings import DEFAULT_HOME, DEFAULT_PORT

DEFAULT_GRPC_PORT = 8485
DEFAULT_WORKERS = 2
_LOOPBACK = ("127.0.0.1", "localhost")


@dataclass(frozen=True, slots=True)
class External:
    """Servers that run already. None is one that the mesh starts itself."""

    database: Secret | None = None
    redis: Secret | None = None
    kafka: str | None = None
    s3: Secret | None = None


@dataclass(frozen=True, slots=True)
class MeshSettings:
    """Settings of `tfcanvas mesh up`."""

    home: Path
    # Envoy's two listeners; 0 takes a free port.
    port: int
    grpc_port: int
    workers: int
    external: External
    # Where it is set, it is left as it is: then services may call only what it names.
    http_allow: str | None
    log_level: str


def read_mesh_settings(environ: Mapping[str, str] | None = None) -> MeshSettings:
    """The settings of the environment. Raises SettingsError, which names each that cannot be used."""
    reader = Reader(environ, prefix="TFCANVAS_")
    bind = reader.text("BIND", _LOOPBACK[0])
    if bind not in _LOOPBACK:
        reader.problem(
            "BIND",
            f"must be 127.0.0.1 or unset, not {bind!r}: until sign-in exists, whoever reaches a listener of the mesh"
            " may do all that its owner may. Put an SSH tunnel or a proxy that signs people in before it",
        )
    database = read_postgres(reader, "orchestrator", "tfcanvas")
    kafka = read_kafka(reader)
    s3 = reader.plain().secret("S3_URL")
    if s3 is not None:
        try:
            BucketPlace.parse(s3.reveal())
        except ValueError as error:
            reader.plain().problem("S3_URL", str(error))
    settings = MeshSettings(
        home=reader.path("HOME", DEFAULT_HOME),
        port=reader.integer("PORT", DEFAULT_PORT, least=0, most=65_535),
        grpc_port=reader.integer("GRPC_PORT", DEFAULT_GRPC_PORT, least=0, most=65_535),
        workers=reader.integer("WORKERS", DEFAULT_WORKERS, least=1, most=64),
        external=External(
            database=None if database is None else database.url,
            redis=read_redis(reader),
            kafka=None if kafka is None else kafka.bootstrap,
            s3=s3,
        ),
        http_allow=reader.text("HTTP_ALLOW") if reader.is_set("HTTP_ALLOW") else None,
        log_level=reader.level(),
    )
    if settings.port and settings.port == settings.grpc_port:
        reader.problem("GRPC_PORT", f"must be another port than TFCANVAS_PORT, {settings.port}")
    reader.done()
    return settings

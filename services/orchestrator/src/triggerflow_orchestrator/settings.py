"""What an orchestrator needs to know before it starts. Frozen; read once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from triggerflow_adapter_sdk import AdapterSettings
from triggerflow_chassis.grpc.peers import ADDRESSES, read_peers
from triggerflow_chassis.postgres.address import Postgres, read_postgres
from triggerflow_chassis.settings import Reader, Secret

DEFAULT_MAX_LIVE: Final = 256
SCHEMA: Final = "orchestrator"
"""The service's part of the one PostgreSQL database."""


@dataclass(frozen=True, slots=True)
class OrchestratorSettings:
    """Where executions are kept, and how many run at once."""

    database: Path
    """The SQLite file; made where it is not there."""
    objects: Path
    """The folder of large values; made where it is not there."""
    max_live: int = DEFAULT_MAX_LIVE
    """Runs at once; others are queued."""
    keep_days: int | None = None
    """How long an execution is kept after its end, with all that belongs to it. None: for ever."""
    postgres: Postgres | None = None
    """Where it is set, the mesh: executions are kept there and not in the file."""

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
                keep_days=reader.keep_days(),
                postgres=read_postgres(reader, SCHEMA, "triggerflow-orchestrator"),
            ),
            address=reader.listening("ORCHESTRATOR_ADDRESS", ADDRESSES["orchestrator"]),
            registry=read_peers(reader, "registry")["registry"],
            token=reader.secret("TOKEN"),
            log_level=reader.level(),
            adapters=AdapterSettings(
                python_modules=reader.names("PYTHON_MODULES"),
                env_allow=reader.names("ENV_ALLOW"),
                http_allow=reader.names("HTTP_ALLOW"),
            ),
        )
        reader.done()
        return settings

"""What the registry is told from outside. Read once; all problems are reported together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from triggerflow_chassis.settings import Reader, Secret

DEFAULT_HOME = Path("~/.local/share/triggerflow-canvas")
DEFAULT_BUSY_MS = 5_000


@dataclass(frozen=True, slots=True)
class RegistrySettings:
    """What `open_registry` needs."""

    # The SQLite file; its folder is made where it is missing.
    database: Path
    # How long to wait for another program's lock on it.
    busy_ms: int = DEFAULT_BUSY_MS


@dataclass(frozen=True, slots=True)
class ServerSettings:
    """What the registry needs as a process of its own."""

    registry: RegistrySettings
    # `host:port` or `unix:/path` to serve at.
    address: str
    # The same of the orchestrator.
    orchestrator: str
    # What callers must show. None lets everybody in, so that only loopback may be served.
    token: Secret | None
    log_level: str


def read_settings(environ: Mapping[str, str] | None = None) -> ServerSettings:
    """The settings of the environment. Raises SettingsError, which names each that cannot be used."""
    reader = Reader(environ, prefix="TFCANVAS_")
    home = reader.path("HOME", DEFAULT_HOME)
    address = reader.text("REGISTRY_ADDRESS", "127.0.0.1:8491")
    token = reader.secret("TOKEN")
    if token is None and not _is_local(address):
        reader.problem("TOKEN", f"must be set to serve at {address}, which others can reach")
    level = reader.text("LOG_LEVEL", "info").lower()
    if level not in ("debug", "info", "warning", "error"):
        reader.problem("LOG_LEVEL", f"must be debug, info, warning or error, not {level!r}")
    settings = ServerSettings(
        registry=RegistrySettings(
            database=reader.path("REGISTRY_DATABASE", home / "registry.sqlite3"),
            busy_ms=reader.integer("REGISTRY_BUSY_MS", DEFAULT_BUSY_MS, least=0, most=60_000),
        ),
        address=address,
        orchestrator=reader.text("ORCHESTRATOR_ADDRESS", "127.0.0.1:8492"),
        token=token,
        log_level=level,
    )
    reader.done()
    return settings


def _is_local(address: str) -> bool:
    return address.startswith("unix:") or address.rpartition(":")[0] in ("127.0.0.1", "[::1]", "localhost")

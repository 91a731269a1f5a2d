"""What a worker needs to know before it starts. Frozen; read once."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from triggerflow_adapter_sdk import AdapterSettings
from triggerflow_chassis.grpc.peers import read_peers
from triggerflow_chassis.postgres import address
from triggerflow_chassis.settings import Reader, Secret, SettingsError

from triggerflow_orchestrator.settings import (
    DEFAULT_MAX_LIVE,
    MeshSettings,
    OrchestratorSettings,
    read_adapters,
    read_max_children,
    read_max_events,
    read_mesh,
)


@dataclass(frozen=True, slots=True)
class WorkerSettings:
    """A worker process."""

    name: str
    """For people: in logs and figures."""
    mesh: MeshSettings
    max_live: int
    """Runs at once; it takes no more."""
    max_events: int
    """What one run may have; past it the run fails."""
    max_children: int
    """Of sub-flows, alive at once in one run; further items of for-eaches wait."""
    registry: str
    """Where versions are asked for: through the mesh where there is one."""
    token: Secret | None
    """Shown to the registry."""
    log_level: str
    adapters: AdapterSettings
    """What handlers may reach."""
    fuses: bool = True
    """Whether a row of pure nodes is one commit; off only to compare."""

    @staticmethod
    def read(environ: Mapping[str, str] | None = None) -> WorkerSettings:
        """From `DATABASE_URL`, `REDIS_URL`, `S3_URL` and `TFCANVAS_…`. Raises SettingsError with all that is wrong."""
        reader = Reader(environ, prefix="TFCANVAS_")
        home = reader.path("HOME", Path("~/.local/share/triggerflow-canvas"))
        mesh = read_mesh(reader, "triggerflow-worker", OrchestratorSettings.under(home).objects)
        if not reader.plain().text(address.SETTING):
            reader.plain().problem(
                address.SETTING,
                f"must be set: workers exist in the mesh alone, and take runs from there: {address.FORM}",
            )
        max_live = reader.integer("MAX_RUNS", DEFAULT_MAX_LIVE, least=1, most=100_000)
        max_events, max_children = read_max_events(reader), read_max_children(reader)
        name = reader.text("WORKER_NAME", f"worker-{os.getpid()}")
        registry = read_peers(reader, "registry")["registry"]
        token, log_level, adapters = reader.secret("TOKEN"), reader.level(), read_adapters(reader)
        fuses = reader.switch("FUSION", True)
        reader.done()
        if mesh is None:
            raise SettingsError([f"{address.SETTING} cannot be used"])
        limits = max_live, max_events, max_children
        return WorkerSettings(name, mesh, *limits, registry, token, log_level, adapters, fuses)

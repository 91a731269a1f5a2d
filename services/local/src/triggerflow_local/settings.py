"""What the user decides, from TFCANVAS_…; the names and defaults are those of docs/contract.md, section 4."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from triggerflow_chassis.kafka.settings import KafkaSettings, read_kafka
from triggerflow_chassis.settings import Reader

DEFAULT_HOME = Path("~/.local/share/triggerflow-canvas")
DEFAULT_PORT = 8484
_LEVELS = ("debug", "info", "warning", "error")


@dataclass(frozen=True, slots=True)
class LocalSettings:
    """Settings of `tfcanvas up`; the other commands only use `home`."""

    home: Path
    # 0 takes a free one.
    port: int
    python_modules: tuple[str, ...]
    env_allow: tuple[str, ...]
    # None where it is unset: then the server's own address is let through, for the data of the examples.
    http_allow: tuple[str, ...] | None
    log_level: str
    # How long what ended is kept; None for ever.
    keep_days: int | None = None
    # Runs at once; others are queued.
    max_live: int = 256
    # What one run may have; past it the run fails.
    max_events: int = 1_000_000
    # Of sub-flows, alive at once in one run; further items of for-eaches wait.
    max_children: int = 5_000
    fuses: bool = True
    """Off makes each pure node a commit of its own, to compare."""
    # Where kafka:topic triggers read; None where it is unset.
    kafka: KafkaSettings | None = None


def read_settings(environ: Mapping[str, str] | None = None) -> LocalSettings:
    """The settings of the environment. Raises SettingsError, which names each that cannot be used."""
    reader = Reader(environ, prefix="TFCANVAS_")
    level = reader.text("LOG_LEVEL", "info").lower()
    if level not in _LEVELS:
        reader.problem("LOG_LEVEL", f"must be debug, info, warning or error, not {level!r}")
    settings = LocalSettings(
        home=reader.path("HOME", DEFAULT_HOME),
        port=reader.integer("PORT", DEFAULT_PORT, least=0, most=65_535),
        python_modules=reader.names("PYTHON_MODULES"),
        env_allow=reader.names("ENV_ALLOW"),
        http_allow=reader.names("HTTP_ALLOW") if reader.is_set("HTTP_ALLOW") else None,
        log_level=level,
        keep_days=reader.keep_days(),
        max_live=reader.integer("MAX_RUNS", 256, least=1, most=100_000),
        max_events=reader.integer("MAX_EVENTS", 1_000_000, least=100, most=100_000_000),
        max_children=reader.integer("MAX_CHILDREN", 5_000, least=1, most=1_000_000),
        fuses=reader.switch("FUSION", True),
        kafka=read_kafka(reader),
    )
    reader.done()
    return settings

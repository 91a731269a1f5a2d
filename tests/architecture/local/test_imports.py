"""Who loads what: a command that only talks HTTP loads no service, and the front loads no database."""

from __future__ import annotations

import subprocess
import sys

import pytest

HEAVY = ("triggerflow_registry", "triggerflow_orchestrator", "sqlalchemy", "alembic", "agently")


def _loaded(module: str) -> set[str]:
    code = f"import {module}, sys; print('\\n'.join(sorted({{name.partition('.')[0] for name in sys.modules}})))"
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    return set(answer.stdout.split())


@pytest.mark.parametrize("command", ["flow", "run", "tail", "session", "mesh"])
def test_commands_load_no_service(command: str) -> None:
    loaded = _loaded(f"triggerflow_local.commands.{command}")
    assert not loaded & {*HEAVY, "grpc", "uvicorn", "starlette", "triggerflow_bff", "triggerflow_stream"}


def test_the_front_loads_nothing_heavy() -> None:
    assert not _loaded("triggerflow_local.front") & set(HEAVY)


def test_the_services_leave_agently_to_be_loaded_later() -> None:
    assert "agently" not in _loaded("triggerflow_local.services")


def test_the_services_of_local_mode_load_no_library_of_the_mesh() -> None:
    mesh = {"asyncpg", "celery", "confluent_kafka", "fastavro", "obstore", "redis"}
    assert not _loaded("triggerflow_local.services") & mesh

"""What the registry is told by the environment, and what it makes of mistakes."""

from __future__ import annotations

from pathlib import Path

import pytest
from triggerflow_chassis.settings import SettingsError
from triggerflow_registry.settings import read_settings


def test_everything_has_a_default() -> None:
    settings = read_settings({"TFCANVAS_HOME": "/somewhere"})
    assert settings.registry.database == Path("/somewhere/registry.sqlite3")
    assert settings.address.startswith("127.0.0.1:")
    assert settings.token is None


def test_all_mistakes_are_told_together() -> None:
    environ = {
        "TFCANVAS_REGISTRY_ADDRESS": "0.0.0.0:1",
        "TFCANVAS_REGISTRY_BUSY_MS": "soon",
        "TFCANVAS_LOG_LEVEL": "loud",
    }
    with pytest.raises(SettingsError) as refused:
        read_settings(environ)
    named = [problem.split()[0] for problem in refused.value.problems]
    assert sorted(named) == ["TFCANVAS_LOG_LEVEL", "TFCANVAS_REGISTRY_ADDRESS", "TFCANVAS_REGISTRY_BUSY_MS"]


def test_a_token_is_not_shown() -> None:
    settings = read_settings({"TFCANVAS_TOKEN": "canary-2"})
    assert settings.token is not None
    assert settings.token.reveal() == "canary-2"
    assert "canary-2" not in repr(settings)


def test_a_database_url_is_kept_from_sight_and_a_wrong_one_is_a_problem_like_others() -> None:
    settings = read_settings({"DATABASE_URL": "postgresql://u:canary-3@host/db", "TFCANVAS_KEEP_DAYS": "30"})
    assert settings.registry.postgres is not None
    assert settings.registry.place == "host:5432/db"
    assert settings.registry.keep_days == 30
    assert "canary-3" not in repr(settings)
    with pytest.raises(SettingsError) as refused:
        read_settings({"DATABASE_URL": "sqlite:///x", "TFCANVAS_KEEP_DAYS": "0"})
    named = [problem.split()[0] for problem in refused.value.problems]
    assert sorted(named) == ["DATABASE_URL", "TFCANVAS_KEEP_DAYS"]

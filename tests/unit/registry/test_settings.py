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

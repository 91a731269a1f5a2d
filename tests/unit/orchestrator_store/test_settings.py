"""Settings are read once, with all that is wrong at once."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from triggerflow_chassis.settings import SettingsError
from triggerflow_orchestrator.settings import OrchestratorSettings, ServerSettings


def test_everything_lies_under_the_home_by_default() -> None:
    settings = ServerSettings.read({"TFCANVAS_HOME": "/data", "TFCANVAS_PYTHON_MODULES": "a, b.c"})
    assert replace(settings.orchestrator, follow_seconds=15.0) == OrchestratorSettings.under(Path("/data"))
    assert settings.orchestrator.database == Path("/data/orchestrator.sqlite3")
    assert settings.adapters.python_modules == ("a", "b.c")


def test_all_faults_are_told_at_once_and_no_secret_is_shown() -> None:
    with pytest.raises(SettingsError) as caught:
        ServerSettings.read({"TFCANVAS_MAX_RUNS": "0", "TFCANVAS_LOG_LEVEL": "loud"})
    assert len(caught.value.problems) == 2
    assert "hunter2" not in repr(ServerSettings.read({"TFCANVAS_TOKEN": "hunter2"}))

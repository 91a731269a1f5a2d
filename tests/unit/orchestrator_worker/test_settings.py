"""What a worker is told by its environment, and which setting a problem names."""

from __future__ import annotations

from pathlib import Path

import pytest
from triggerflow_chassis.settings import SettingsError
from triggerflow_orchestrator.bucket_place import BucketPlace
from triggerflow_orchestrator.settings import ServerSettings
from triggerflow_orchestrator.worker.settings import WorkerSettings

MESH = {
    "DATABASE_URL": "postgresql://canvas:secret@127.0.0.1:5432/canvas",
    "REDIS_URL": "redis://127.0.0.1:6379/0",
    "TFCANVAS_HOME": "/tmp/home-of-a-test",
}


def _problems(**environment: str) -> list[str]:
    with pytest.raises(SettingsError) as raised:
        WorkerSettings.read({**MESH, **environment})
    return list(raised.value.problems)


def test_a_worker_needs_database_and_redis_and_has_defaults_for_the_rest() -> None:
    settings = WorkerSettings.read(MESH)
    assert settings.mesh.lease_seconds == 5
    assert settings.max_live == 256
    assert settings.mesh.objects == Path("/tmp/home-of-a-test/objects")
    assert settings.name.startswith("worker-")


def test_everything_is_taken_from_its_setting() -> None:
    settings = WorkerSettings.read(
        {
            **MESH,
            "S3_URL": "http://key:secret@127.0.0.1:8333/values",
            "TFCANVAS_LEASE_SECONDS": "2",
            "TFCANVAS_MAX_RUNS": "7",
            "TFCANVAS_WORKER_NAME": "worker-3",
            "TFCANVAS_MESH_GRPC": "127.0.0.1:8485",
        }
    )
    assert isinstance(settings.mesh.objects, BucketPlace)
    assert (settings.mesh.lease_seconds, settings.max_live, settings.name) == (2, 7, "worker-3")
    assert settings.registry == "127.0.0.1:8485"


def test_a_worker_without_a_database_says_that_workers_exist_in_the_mesh_alone() -> None:
    (problem,) = _problems(DATABASE_URL="")
    assert problem.startswith("DATABASE_URL must be set: workers exist in the mesh alone")


def test_without_redis_both_processes_name_the_setting() -> None:
    (problem,) = _problems(REDIS_URL="")
    assert problem.startswith("REDIS_URL must be set where DATABASE_URL is")
    with pytest.raises(SettingsError) as raised:
        ServerSettings.read({**MESH, "REDIS_URL": ""})
    assert list(raised.value.problems) == [problem]


def test_all_problems_are_told_together_and_show_no_secret() -> None:
    problems = _problems(
        DATABASE_URL="postgresql://canvas:hidden@:x/",
        S3_URL="http://hidden@host/bucket",
        TFCANVAS_LEASE_SECONDS="0",
        TFCANVAS_MAX_RUNS="many",
    )
    assert {problem.split()[0] for problem in problems} >= {"DATABASE_URL", "TFCANVAS_MAX_RUNS"}
    assert "hidden" not in " ".join(problems)


def test_an_orchestrator_without_a_database_url_is_the_one_of_local_mode() -> None:
    assert ServerSettings.read({"TFCANVAS_HOME": "/tmp/home-of-a-test"}).orchestrator.mesh is None

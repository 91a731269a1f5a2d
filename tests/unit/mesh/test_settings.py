"""What the user decides about the mesh, and how a mistake is told."""

from __future__ import annotations

from pathlib import Path

import pytest
from triggerflow_chassis.settings import SettingsError
from triggerflow_local.mesh.settings import read_mesh_settings


def _problem(**environ: str) -> str:
    with pytest.raises(SettingsError) as caught:
        read_mesh_settings(environ)
    (problem,) = caught.value.problems
    return problem


def test_without_any_setting_everything_is_the_meshs_own(tmp_path: Path) -> None:
    settings = read_mesh_settings({"TFCANVAS_HOME": str(tmp_path)})
    assert (settings.port, settings.grpc_port, settings.workers, settings.home) == (8484, 8485, 2, tmp_path)
    outside = settings.external
    assert (outside.database, outside.redis, outside.kafka, outside.s3) == (None, None, None, None)


def test_servers_of_the_users_own_are_taken_as_they_are() -> None:
    outside = read_mesh_settings(
        {
            "DATABASE_URL": "postgresql://me:secret@db:5432/flows",
            "REDIS_URL": "redis://:secret@cache:6379/3",
            "KAFKA_BOOTSTRAP": "one:9092,two:9092",
            "S3_URL": "https://key:secret@objects:9000/bucket",
        }
    ).external
    assert outside.database is not None
    assert outside.database.reveal() == "postgresql://me:secret@db:5432/flows"
    assert outside.redis is not None
    assert outside.redis.reveal() == "redis://:secret@cache:6379/3"
    assert outside.kafka == "one:9092,two:9092"
    assert outside.s3 is not None
    assert outside.s3.reveal() == "https://key:secret@objects:9000/bucket"


@pytest.mark.parametrize("bind", ["0.0.0.0", "::", "192.0.2.7"])
def test_another_address_than_loopback_is_refused_with_the_reason(bind: str) -> None:
    problem = _problem(TFCANVAS_BIND=bind)
    assert problem.startswith("TFCANVAS_BIND must be 127.0.0.1")
    assert "until sign-in exists" in problem


@pytest.mark.parametrize("bind", ["127.0.0.1", "localhost", ""])
def test_loopback_may_be_named(bind: str) -> None:
    read_mesh_settings({"TFCANVAS_BIND": bind})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("TFCANVAS_WORKERS", "0"),
        ("TFCANVAS_WORKERS", "many"),
        ("TFCANVAS_PORT", "70000"),
        ("TFCANVAS_GRPC_PORT", "-1"),
        ("TFCANVAS_LOG_LEVEL", "loud"),
        ("DATABASE_URL", "mysql://somewhere/else"),
        ("REDIS_URL", "http://somewhere"),
        ("KAFKA_BOOTSTRAP", "somewhere"),
        ("S3_URL", "s3://bucket"),
    ],
)
def test_a_mistake_names_its_setting(name: str, value: str) -> None:
    assert _problem(**{name: value}).startswith(f"{name} ")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DATABASE_URL", "mysql://me:hunter2@somewhere/else"),
        ("REDIS_URL", "http://:hunter2@somewhere"),
        ("S3_URL", "s3://key:hunter2@somewhere/bucket"),
    ],
)
def test_no_mistake_shows_a_password(name: str, value: str) -> None:
    assert "hunter2" not in _problem(**{name: value})


def test_all_mistakes_are_told_together() -> None:
    with pytest.raises(SettingsError) as caught:
        read_mesh_settings({"TFCANVAS_BIND": "0.0.0.0", "TFCANVAS_WORKERS": "x", "S3_URL": "x"})
    assert len(caught.value.problems) == 3


def test_one_port_cannot_be_both_listeners() -> None:
    assert "another port than TFCANVAS_PORT" in _problem(TFCANVAS_PORT="9000", TFCANVAS_GRPC_PORT="9000")
    read_mesh_settings({"TFCANVAS_PORT": "0", "TFCANVAS_GRPC_PORT": "0"})

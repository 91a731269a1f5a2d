"""What the processes of ours are told."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from triggerflow_local.edge import EdgeSettings
from triggerflow_local.mesh.plan import environment_of_ours, plan
from triggerflow_local.mesh.settings import read_mesh_settings

EDGE = EdgeSettings("127.0.0.1:8484", "127.0.0.1:8485", 1, [], [], [], [])
ADDRESSES = {
    "database": "postgresql://u:p@127.0.0.1:1/d",
    "redis": "redis://127.0.0.1:2/0",
    "kafka": "127.0.0.1:3",
    "s3": "http://k:s@127.0.0.1:4/b",
}
OUTSIDE = {
    "DATABASE_URL": "postgresql://u:p@db:1/d",
    "REDIS_URL": "redis://cache:2/0",
    "KAFKA_BOOTSTRAP": "broker:3",
    "S3_URL": "http://k:s@objects:4/b",
}


def _told(**environ: str) -> dict[str, str]:
    return environment_of_ours(read_mesh_settings(environ), token="t", edge=EDGE, addresses=ADDRESSES)


def test_ours_are_told_where_everything_is() -> None:
    told = _told(TFCANVAS_HOME="/somewhere")
    assert told == {
        "TFCANVAS_HOME": "/somewhere",
        "TFCANVAS_TOKEN": "t",
        "TFCANVAS_MESH_GRPC": "127.0.0.1:8485",
        "TFCANVAS_EDGE": "http://127.0.0.1:8484",
        "TFCANVAS_LOG_LEVEL": "info",
        "TFCANVAS_HTTP_ALLOW": "127.0.0.1:8484,localhost:8484",
        "DATABASE_URL": ADDRESSES["database"],
        "REDIS_URL": ADDRESSES["redis"],
        "KAFKA_BOOTSTRAP": ADDRESSES["kafka"],
        "S3_URL": ADDRESSES["s3"],
    }


def test_what_the_user_lets_through_is_left_as_it_is_even_where_it_is_nothing() -> None:
    assert _told(TFCANVAS_HTTP_ALLOW="10.0.0.1:80")["TFCANVAS_HTTP_ALLOW"] == "10.0.0.1:80"
    assert _told(TFCANVAS_HTTP_ALLOW="")["TFCANVAS_HTTP_ALLOW"] == ""


def test_with_servers_of_the_users_own_none_of_them_is_started(tmp_path: Path) -> None:
    pytest.importorskip("envoy", reason="the servers are missing: run `make setup-servers`")
    made = plan(read_mesh_settings({"TFCANVAS_HOME": str(tmp_path), "TFCANVAS_WORKERS": "3", **OUTSIDE}), tmp_path, "t")
    assert [[component.name for component in group] for group in made.groups] == [
        ["envoy"],
        ["registry", "orchestrator", "stream-1", "stream-2"],
        ["bff", "worker-1", "worker-2", "worker-3"],
    ]
    assert {name: made.addresses[name] for name in ADDRESSES} == dict(zip(ADDRESSES, OUTSIDE.values(), strict=True))
    for component in made.groups[2]:
        assert component.environment["DATABASE_URL"] == OUTSIDE["DATABASE_URL"]


def test_every_listener_is_on_loopback_and_at_a_port_of_its_own(tmp_path: Path) -> None:
    pytest.importorskip("envoy", reason="the servers are missing: run `make setup-servers`")
    environ = {"TFCANVAS_PORT": "0", "TFCANVAS_GRPC_PORT": "0", **OUTSIDE}
    made = plan(read_mesh_settings(environ), tmp_path, "t")
    own = [made.url.removeprefix("http://"), made.grpc]
    own += [address for name, address in made.addresses.items() if name not in ADDRESSES]
    assert all(address.startswith("127.0.0.1:") for address in own)
    assert len(set(own)) == len(own) == 8


def test_the_secret_of_a_plan_is_only_in_the_environment_of_ours(tmp_path: Path) -> None:
    pytest.importorskip("envoy", reason="the servers are missing: run `make setup-servers`")
    made = plan(read_mesh_settings(OUTSIDE), tmp_path, "the-token")
    for component in (each for group in made.groups for each in group):
        # Everybody on the machine may read the arguments of a process.
        assert not [argument for argument in component.command if "the-token" in argument or ":p@" in argument]
        assert ("TFCANVAS_TOKEN" in component.environment) == component.ours
    assert "the-token" not in os.environ.values()

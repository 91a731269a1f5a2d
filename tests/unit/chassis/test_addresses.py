"""Every listener of the mesh is on this machine alone, and peers are reached at one address where there is one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest
from triggerflow_bff import process as bff
from triggerflow_chassis.grpc.peers import ADDRESSES, read_peers
from triggerflow_chassis.settings import Reader, SettingsError
from triggerflow_orchestrator.settings import ServerSettings
from triggerflow_registry.settings import read_settings as read_registry
from triggerflow_stream.settings import read_settings as read_stream

Read = Callable[[Mapping[str, str]], Any]
READ: dict[str, Read] = {
    "REGISTRY": read_registry,
    "ORCHESTRATOR": ServerSettings.read,
    "STREAM": read_stream,
    "BFF": bff.read_settings,
}


@pytest.mark.parametrize("name", READ)
@pytest.mark.parametrize("address", ["0.0.0.0:9", "10.0.0.1:9", "[::]:9", "example.com:9", ":9"])
def test_nobody_listens_where_others_could_reach_it_and_says_why(name: str, address: str) -> None:
    with pytest.raises(SettingsError) as refused:
        READ[name]({f"TFCANVAS_{name}_ADDRESS": address, "TFCANVAS_TOKEN": "t"})
    (problem,) = refused.value.problems
    assert problem.startswith(f"TFCANVAS_{name}_ADDRESS must be on 127.0.0.1")
    assert "until sign-in exists" in problem


@pytest.mark.parametrize("name", READ)
@pytest.mark.parametrize("address", ["127.0.0.1:", "127.0.0.1:0", "127.0.0.1:70000", "localhost:x"])
def test_a_port_that_is_none_is_told(name: str, address: str) -> None:
    with pytest.raises(SettingsError, match=f"TFCANVAS_{name}_ADDRESS must be host:port with a port from 1 to 65535"):
        READ[name]({f"TFCANVAS_{name}_ADDRESS": address, "TFCANVAS_TOKEN": "t"})


def test_in_the_mesh_every_peer_is_behind_its_one_address() -> None:
    alone = Reader({"TFCANVAS_STREAM_ADDRESS": "127.0.0.1:7"}, prefix="TFCANVAS_")
    assert read_peers(alone, "registry", "stream") == {"registry": ADDRESSES["registry"], "stream": "127.0.0.1:7"}
    mesh = Reader({"TFCANVAS_MESH_GRPC": "127.0.0.1:5", "TFCANVAS_STREAM_ADDRESS": "127.0.0.1:7"}, prefix="TFCANVAS_")
    assert set(read_peers(mesh, "registry", "stream").values()) == {"127.0.0.1:5"}


def test_the_bff_answers_to_the_edges_address_and_shows_that() -> None:
    environment = {
        "TFCANVAS_BFF_ADDRESS": "127.0.0.1:9490",
        "TFCANVAS_EDGE": "http://127.0.0.1:8484",
        "TFCANVAS_TOKEN": "t",
    }
    settings = bff.read_settings(environment)
    assert (settings.host, settings.port) == ("127.0.0.1", 9490)
    assert settings.bff.url == "http://127.0.0.1:8484"
    own = {f"{host}:{port}" for host in ("127.0.0.1", "localhost") for port in (8484, 9490)}
    assert settings.bff.hosts == own
    # Without an edge it is its own.
    assert bff.read_settings({**environment, "TFCANVAS_EDGE": ""}).bff.url == "http://127.0.0.1:9490"


@pytest.mark.parametrize("edge", ["https://127.0.0.1:1", "http://example.com", "http://127.0.0.1:x", "127.0.0.1:1"])
def test_an_edge_that_others_could_reach_is_refused(edge: str) -> None:
    with pytest.raises(SettingsError, match=r"TFCANVAS_EDGE must be http://127\.0\.0\.1:port"):
        bff.read_settings({"TFCANVAS_EDGE": edge, "TFCANVAS_TOKEN": "t"})


def test_the_bff_needs_the_token() -> None:
    with pytest.raises(SettingsError, match="TFCANVAS_TOKEN must be set"):
        bff.read_settings({})

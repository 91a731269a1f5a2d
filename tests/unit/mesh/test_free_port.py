"""Ports that nobody has, and that nobody is given meanwhile."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest
from triggerflow_local.mesh.free_port import free_port, is_free


def test_a_port_that_somebody_listens_at_is_not_free() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        assert not is_free(taken.getsockname()[1])


def test_a_free_port_can_be_listened_at() -> None:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", free_port()))


def test_a_free_port_is_none_that_the_system_gives_to_outgoing_connections() -> None:
    try:
        first, last = map(int, Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split())
    except OSError:
        pytest.skip("this system does not say which it gives out")
    assert not [port for port in (free_port() for _ in range(200)) if first <= port <= last]

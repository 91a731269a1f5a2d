"""Start-up, as docs/contract.md section 4 has it."""

from __future__ import annotations

import os
import re
import signal
import socket
import stat
from pathlib import Path
from typing import Any

import grpc
import httpx
import pytest
from running_product import wait_for
from triggerflow.registry.v1 import registry_service_pb2, registry_service_pb2_grpc

LINK = re.compile(r"http://127\.0\.0\.1:\d+/canvas/\?code=\S+")


def _mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_the_link_stands_alone_works_once_and_everything_private_is_private(up: Any) -> None:
    server = up()
    link = server.link()
    assert LINK.fullmatch(link)
    note = server.note()
    assert note["pid"] == server.process.pid
    assert link.startswith(note["url"] + "/canvas/")
    assert _mode(server.home / "run.json") == _mode(server.home / "token") == 0o600
    grpc_socket = Path(note["grpc"].removeprefix("unix:"))
    assert stat.S_ISSOCK(grpc_socket.stat().st_mode)
    assert _mode(grpc_socket.parent) == 0o700
    assert len(os.fsencode(grpc_socket)) <= 107

    first = httpx.get(link, trust_env=False)
    assert first.status_code in (200, 302, 303, 307)
    assert "HttpOnly" in first.headers["set-cookie"]
    assert httpx.get(link, trust_env=False).status_code == 410

    code, seconds = server.stop()
    assert (code, seconds < 5) == (0, True)
    assert not (server.home / "run.json").exists()
    assert not grpc_socket.parent.exists()
    assert (server.process.stdout or pytest.fail("no stdout")).read() == ""


def test_one_socket_serves_every_service_for_the_token_alone(up: Any) -> None:
    server = up()
    server.link()
    # The services are loading still: a call waits for them.
    with grpc.insecure_channel(server.note()["grpc"]) as channel:
        stub = registry_service_pb2_grpc.RegistryServiceStub(channel)
        request = registry_service_pb2.ListHandlersRequest()
        token = (server.home / "token").read_text().strip()
        answer = stub.ListHandlers(request, timeout=30, metadata=(("authorization", f"Bearer {token}"),))
        assert "core:map" in {handler.reference for handler in answer.handlers}
        with pytest.raises(grpc.RpcError) as refused:
            stub.ListHandlers(request, timeout=30)
        assert refused.value.code() is grpc.StatusCode.UNAUTHENTICATED


def test_what_is_asked_before_the_services_are_there_is_answered_and_not_refused(up: Any) -> None:
    server = up()
    server.link()
    with server.client() as client:
        assert client.get("/flows").json() == {"items": [], "nextPageToken": None}


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_stops_at_any_moment_with_code_0(up: Any, number: signal.Signals) -> None:
    loading = up()
    loading.link()
    code, seconds = loading.stop(number)
    assert (code, seconds < 5) == (0, True)
    running = up()
    running.link()
    running.ready()
    code, seconds = running.stop(number)
    assert (code, seconds < 5) == (0, True)


def test_a_second_start_prints_a_fresh_link_to_the_first_and_the_token_stays(up: Any, tfcanvas: Any) -> None:
    server = up()
    # Of two that start in the same moment either may win; once the first has opened the lock it is the first.
    wait_for((server.home / "lock").exists, what="the first start's lock")
    # The second one waits for the first to be up.
    second = tfcanvas("up")
    link = server.link()
    assert second.returncode == 0
    assert LINK.fullmatch(second.stdout.strip())
    assert second.stdout.strip() != link
    assert httpx.get(second.stdout.strip(), trust_env=False).status_code < 400
    token = (server.home / "token").read_text()
    server.stop()
    again = up()
    again.link()
    assert (server.home / "token").read_text() == token


def test_after_kill_9_it_starts_again_at_once(up: Any) -> None:
    killed = up()
    killed.link()
    killed.ready()
    with killed.client() as client:
        made = client.post("/flows", json={"name": "kept"}).json()
    left = Path(killed.note()["grpc"].removeprefix("unix:")).parent
    killed.process.kill()
    killed.process.wait()
    again = up()
    assert LINK.fullmatch(again.link())
    assert not left.exists()
    assert again.note()["pid"] == again.process.pid
    with again.client() as client:
        assert client.get(f"/flows/{made['id']}").json() == made


def test_a_taken_port_is_one_line_that_names_the_setting(tfcanvas: Any) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        refused = tfcanvas("up", port=port)
    assert refused.returncode == 1
    assert refused.stdout == ""
    (line,) = refused.stderr.splitlines()
    assert "TFCANVAS_PORT" in line
    assert str(port) in line


def test_a_folder_that_cannot_be_written_is_one_line_that_names_the_setting(tfcanvas: Any, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    refused = tfcanvas("up", home="file/home")
    assert refused.returncode == 1
    (line,) = refused.stderr.splitlines()
    assert "TFCANVAS_HOME" in line


def test_a_bad_setting_is_named_and_all_are_told_together(tfcanvas: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    refused = tfcanvas("up", port=70_000)
    assert refused.returncode == 1
    assert "TFCANVAS_PORT" in refused.stderr

"""A Go program made from proto/ alone creates a flow, runs it and follows it, while every stream replica is killed."""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from running_mesh import Mesh

NODES = 12
NODE_SECONDS = 0.5


def _build_module() -> ModuleType:
    spec = importlib.util.spec_from_file_location("go_client_build", Path(__file__).with_name("build.py"))
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def slow_server() -> Iterator[str]:
    """Answers after a while, so that the run lasts long enough to break something."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            time.sleep(NODE_SECONDS)
            body = b'{"ok": true}'
            self.send_response(200)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.mark.skipif(shutil.which("go") is None, reason="Go is not installed")
@pytest.mark.timeout(300)
def test_a_go_program_follows_its_run_across_a_kill_of_every_stream_replica(tmp_path: Path, slow_server: str) -> None:
    folder = tmp_path / "program"
    folder.mkdir()
    program = _build_module().build(folder)
    mesh = Mesh(tmp_path / "home", workers=1, environment={"TFCANVAS_HTTP_ALLOW": slow_server})
    mesh.start()
    try:
        client = subprocess.Popen(
            [
                str(program),
                *("-address", mesh.grpc),
                *("-nodes", str(NODES)),
                *("-url", f"http://{slow_server}/"),
            ],
            env={**os.environ, "TFCANVAS_TOKEN": mesh.token},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        try:
            said = []
            assert client.stdout is not None
            for line in client.stdout:
                said.append(json.loads(line))
                if said[-1]["step"] == "event" and said[-1]["sequence"] in (5, 12):
                    streams = [pid for name, pid in mesh.pids().items() if name.startswith("stream")]
                    assert len(streams) >= 2
                    for pid in streams:
                        os.kill(pid, signal.SIGKILL)
            assert client.wait(timeout=60) == 0, (said[-5:], client.stderr and client.stderr.read())
        finally:
            client.kill()
            client.wait()
    finally:
        mesh.stop()
    end = said[-1]
    assert end["step"] == "end"
    assert end["status"] == "EXECUTION_STATUS_SUCCEEDED"
    assert end["outputs"]["Result"]["status"] == 200
    # The program itself refuses a gap or a repeat; here: it saw the kills, and every event all the same.
    assert end["streams"] >= 2
    assert end["events"] == 2 + 2 * (NODES + 2)
    assert [step["sequence"] for step in said if step["step"] == "event"] == list(range(1, end["events"] + 1))

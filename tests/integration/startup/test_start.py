"""Starting, starting again, and not being able to start. CONTRACT section 4."""

from __future__ import annotations

import os
import re
import socket
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from drawing import Drawing
from problem_answer import refused
from running_product import Product, wait_for
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

ROOT = Path(__file__).resolve().parents[3]
LINK = re.compile(r"^http://127\.0\.0\.1:\d+/canvas/\?code=\S+$", re.MULTILINE)
Make = Callable[..., Product]


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def drawing(step: str = "hang", **more: Any) -> Drawing:
    drawn = Drawing(f"start {step}")
    drawn.trigger()
    drawn.node("action", "step", f"sample_handlers.{step}", **more)
    drawn.node("output", "result")
    drawn.wire("start", "step")
    drawn.wire("step", "result")
    return drawn


def begin(client: httpx.Client, drawn: Drawing, **more: Any) -> str:
    flow_id = client.post("/flows", json=drawn.body()).json()["id"]
    assert client.post(f"/flows/{flow_id}/versions").status_code == 201
    answer = client.post("/executions", json={"flowId": flow_id, "inputs": {}, **more})
    assert answer.status_code == 202, answer.text
    return str(answer.json()["id"])


@pytest.fixture
def handlers() -> dict[str, str]:
    return {"PYTHONPATH": str(ROOT / "tests" / "handlers"), "TFCANVAS_PYTHON_MODULES": "sample_handlers"}


def test_a_start_leaves_what_the_contract_says(make_product: Make) -> None:
    product = make_product().start()
    assert LINK.match(product.link)
    note = product.run_file()
    assert set(note) == {"pid", "url", "grpc"}
    assert note["pid"] == product.process.pid  # type: ignore[union-attr]
    assert product.link.startswith(note["url"].rstrip("/") + "/canvas/?code=")
    assert mode(product.home / "run.json") == 0o600 and mode(product.home / "token") == 0o600
    path = note["grpc"].removeprefix("unix:").removeprefix("//")
    path = "/" + path.lstrip("/")
    assert len(path.encode()) <= 107 and Path(path).is_socket()
    assert mode(Path(path).parent) == 0o700
    token = product.token
    assert product.stop() == 0
    assert not (product.home / "run.json").exists() and not Path(path).exists()
    assert product.start().token == token and mode(product.home / "token") == 0o600
    assert product.stop() == 0


def test_a_link_signs_in_once(make_product: Make, tfcanvas: Callable[..., Any]) -> None:
    product = make_product().start()
    with httpx.Client(base_url=product.url) as browser:
        entered = browser.get(product.link)
        assert entered.status_code in (200, 302, 303, 307)
        cookie = entered.headers["set-cookie"].lower()
        assert "httponly" in cookie and "samesite=strict" in cookie
        assert browser.get("/flows").status_code == 200
        made = browser.post("/flows", json={"name": "by cookie"}, headers={"Origin": product.url})
        assert made.status_code == 201
    with httpx.Client(base_url=product.url) as late:
        used = late.get(product.link)
        assert used.status_code == 410
        assert used.headers["content-type"].startswith("text/html") and "tfcanvas link" in used.text
        assert late.get("/flows").status_code == 401
        assert late.get("/canvas/?code=wrong").status_code == 410
    fresh = tfcanvas(product.home, "link")
    assert fresh.returncode == 0, fresh.stderr
    (link,) = LINK.findall(fresh.stdout)
    with httpx.Client(base_url=product.url, follow_redirects=True) as browser:
        assert browser.get(link).status_code == 200
        assert browser.get("/flows").status_code == 200
        cookies = {cookie.name: cookie.value for cookie in browser.cookies.jar}
    headers = {"Cookie": "; ".join(f"{name}={value}" for name, value in cookies.items())}
    run_id = "01890000-0000-7000-8000-000000000000"
    events = f"ws{product.url[4:]}/executions/{run_id}/events"
    with pytest.raises(ConnectionClosed, match="4404"), connect(events, additional_headers=headers) as by_cookie:
        by_cookie.recv(timeout=5)


def test_a_second_start_prints_a_fresh_link_and_ends(make_product: Make, tfcanvas: Callable[..., Any]) -> None:
    product = make_product().start()
    second = tfcanvas(product.home, "up")
    assert second.returncode == 0, second.stderr
    (link,) = LINK.findall(second.stdout)
    assert link != product.link and link.startswith(product.url)
    assert httpx.get(link).status_code in (200, 302, 303, 307)
    assert product.run_file()["pid"] == product.process.pid  # type: ignore[union-attr]
    assert httpx.get(product.link).status_code != 410, "the first link still works"


def test_two_starts_at_once_are_one_server(make_product: Make, tfcanvas: Callable[..., Any]) -> None:
    product = make_product()
    product.home.mkdir(parents=True)
    found: list[Any] = []
    second = threading.Thread(target=lambda: found.append(tfcanvas(product.home, "up")))
    first = threading.Thread(target=product.start)
    first.start()
    # The second comes as soon as the first has taken the folder, long before it is up.
    wait_for(lambda: {path.name for path in product.home.iterdir()} - {"stderr.log"})
    second.start()
    first.join(60)
    second.join(60)
    assert found[0].returncode == 0 and len(LINK.findall(found[0].stdout)) == 1, found[0].stderr


def test_a_port_that_is_taken_is_named(tmp_path: Path, tfcanvas: Callable[..., Any]) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        ended = tfcanvas(tmp_path / "home", "up", TFCANVAS_PORT=str(taken.getsockname()[1]))
        made = subprocess.run(
            ["make", "-s", "-o", "setup", "run"],
            cwd=ROOT,
            env={**os.environ, "TFCANVAS_HOME": str(tmp_path / "made"), "TFCANVAS_PORT": str(taken.getsockname()[1])},
            capture_output=True,
            text=True,
            timeout=100,
            check=False,
        )
    assert ended.returncode == 1 and ended.stdout == ""
    lines = ended.stderr.strip().splitlines()
    assert len(lines) == 1 and "TFCANVAS_PORT" in lines[0], ended.stderr
    assert made.returncode == 2 and "TFCANVAS_PORT" in made.stderr, made.stderr
    assert not (tmp_path / "home" / "run.json").exists()


@pytest.mark.parametrize("value", ["abc", "-1", "65536", "80.5"])
def test_a_port_that_is_none_is_named(tmp_path: Path, tfcanvas: Callable[..., Any], value: str) -> None:
    ended = tfcanvas(tmp_path / "home", "up", TFCANVAS_PORT=value)
    lines = ended.stderr.strip().splitlines()
    assert ended.returncode == 1 and len(lines) == 1 and "TFCANVAS_PORT" in lines[0], ended.stderr


def test_a_folder_that_cannot_be_used_is_named(tmp_path: Path, tfcanvas: Callable[..., Any]) -> None:
    file = tmp_path / "file"
    file.write_text("not a folder")
    homes = [file, file / "below", Path("/proc/nothing")]
    if os.geteuid() != 0:
        closed = tmp_path / "closed"
        closed.mkdir(mode=0o500)
        homes += [closed, closed / "below"]
    for home in homes:
        ended = tfcanvas(home, "up")
        lines = ended.stderr.strip().splitlines()
        assert ended.returncode == 1 and len(lines) == 1 and "TFCANVAS_HOME" in lines[0], (home, ended.stderr)
    assert file.read_text() == "not a folder"


def test_a_very_long_folder_is_no_trouble_for_sockets(make_product: Make) -> None:
    product = make_product("h" * 100 + "/" + "i" * 100).start()
    assert product.ready()
    assert product.stop() == 0


def test_it_is_not_ready_until_runs_can_start(make_product: Make, handlers: dict[str, str]) -> None:
    product = make_product("home", **handlers)
    seen: list[tuple[int, str]] = []

    def watch() -> None:
        wait_for((product.home / "run.json").exists, seconds=30)
        while not seen or seen[-1][0] != 200:
            answer = httpx.get(f"{product.url}/readyz", timeout=10)
            if not seen or seen[-1][0] != answer.status_code:
                if answer.status_code != 200:
                    refused(answer, 503, "UNAVAILABLE")
                    assert httpx.get(f"{product.url}/healthz").status_code == 200
                seen.append((answer.status_code, answer.text))

    watcher = threading.Thread(target=watch)
    watcher.start()
    product.start()
    watcher.join(30)
    assert [status for status, _ in seen] in ([503, 200], [200])
    with product.client() as client:
        run_id = begin(client, drawing("add_one_async"))
        wait_for(lambda: client.get(f"/executions/{run_id}").json()["endedAt"], seconds=5)


@pytest.mark.parametrize("signal_name", ["SIGTERM", "SIGINT"])
def test_a_stop_takes_less_than_5_seconds_and_what_runs_goes_on(
    make_product: Make, handlers: dict[str, str], signal_name: str
) -> None:
    import signal

    product = make_product("home", **handlers).start()
    with product.client() as client:
        hanging = begin(client, drawing("hang"))
        threaded = begin(client, drawing("hang_in_thread"))
        stubborn = begin(client, drawing("hang_and_ignore"))
        for run_id in (hanging, threaded, stubborn):
            wait_for(lambda run_id=run_id: client.get(f"/executions/{run_id}").json()["status"] == "running")
        key = {"Idempotency-Key": "kept over the restart"}
        made = client.post("/flows", json={"name": "once"}, headers=key).json()
    headers = {"Authorization": f"Bearer {product.token}"}
    url = product.url
    watcher = connect(f"ws{url[4:]}/executions/{hanging}/events", additional_headers=headers, legacy=True)
    first = watcher.recv(timeout=5)
    stream = httpx.Client(base_url=url, headers=headers, timeout=30)
    live = stream.send(stream.build_request("GET", "/events", headers={"Accept": "text/event-stream"}), stream=True)
    assert live.status_code == 200
    began = time.monotonic()
    product.process.send_signal(getattr(signal, signal_name))  # type: ignore[union-attr]
    code = product.process.wait(timeout=15)  # type: ignore[union-attr]
    assert (code, time.monotonic() - began < 5) == (0, True), (code, time.monotonic() - began)
    with pytest.raises(ConnectionClosed, match="1012"):
        while True:
            watcher.recv(timeout=5)
    live.close()
    assert not (product.home / "run.json").exists()
    product.start()
    with product.client() as client:
        for run_id in (hanging, threaded, stubborn):
            assert client.get(f"/executions/{run_id}").json()["status"] == "running"
            assert client.post(f"/executions/{run_id}/cancel").status_code == 202
            wait_for(
                lambda run_id=run_id: client.get(f"/executions/{run_id}").json()["status"] == "cancelled", seconds=5
            )
        page = client.get(f"/executions/{hanging}/events", headers={"Accept": "application/json"}).json()["items"]
        assert str(first).startswith("{") and page[0]["id"] in str(first)
        started = [each for each in page if each["type"] == "chunk.started"]
        assert len(started) == len({each["payload"]["nodeId"] for each in started})
        assert client.post("/flows", json={"name": "once"}, headers=key).json() == made
    assert product.stop() == 0


def test_a_stop_while_starting_ends_cleanly(make_product: Make) -> None:
    product = make_product()
    product.home.mkdir(parents=True)
    environment = {**os.environ, "TFCANVAS_HOME": str(product.home), "TFCANVAS_PORT": "0"}
    command = str(Path(sys.executable).parent / "tfcanvas")
    process = subprocess.Popen(
        [command, "up"], env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout is not None and "/canvas/?code=" in process.stdout.readline()
    process.terminate()
    began = time.monotonic()
    _, errors = process.communicate(timeout=15)
    assert process.returncode == 0, errors
    assert time.monotonic() - began < 5 and "Traceback" not in errors
    assert not (product.home / "run.json").exists()


def test_a_stale_note_of_a_killed_server_is_replaced(make_product: Make) -> None:
    product = make_product().start()
    old = product.run_file()
    with product.client() as client:
        flow = client.post("/flows", json={"name": "kept"}).json()
    product.kill()
    assert product.run_file() == old
    product.start()
    assert product.run_file()["pid"] != old["pid"]
    with product.client() as client:
        assert client.get(f"/flows/{flow['id']}").json() == flow


def test_a_session_and_its_cookie_survive_a_restart_on_the_same_port(make_product: Make) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    product = make_product("home", TFCANVAS_PORT=port).start()
    assert product.url == f"http://127.0.0.1:{port}"
    assert product.stop() == 0
    product.start()
    assert httpx.get(f"http://localhost:{port}/healthz").status_code == 200
    assert product.stop() == 0


def test_without_allowed_modules_no_path_is_served(make_product: Make) -> None:
    product = make_product(PYTHONPATH=str(ROOT / "tests" / "handlers")).start()
    with product.client() as client:
        flow = client.post("/flows", json=drawing("pass_on").body()).json()
        assert [each["reason"] for each in flow["problems"]] == ["UNKNOWN_HANDLER"]


def test_a_log_that_nobody_reads_stops_nothing(tmp_path: Path, handlers: dict[str, str]) -> None:
    """Whoever starts the product may leave its stderr unread, or gone; runs go on."""
    home = tmp_path / "home"
    command = str(Path(sys.executable).parent / "tfcanvas")
    environment = {**os.environ, **handlers, "TFCANVAS_HOME": str(home), "TFCANVAS_PORT": "0"}
    process = subprocess.Popen(
        [command, "up"], env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    product = Product(home, process=process)
    try:
        assert process.stdout is not None and process.stderr is not None and process.stdout.readline()
        wait_for(product.ready, seconds=60)
        with product.client() as client:
            for closed in (False, True):
                if closed:
                    process.stderr.close()
                for _ in range(3):
                    run_id = begin(client, drawing("print_a_megabyte"))
                    wait_for(lambda run_id=run_id: client.get(f"/executions/{run_id}").json()["endedAt"], seconds=10)
                    assert client.get(f"/executions/{run_id}").json()["status"] == "succeeded"
    finally:
        process.terminate()
        assert process.wait(timeout=15) == 0


def test_without_settings_it_lives_in_the_users_own_folder(tmp_path: Path) -> None:
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("TFCANVAS_", "XDG_"))}
    command = str(Path(sys.executable).parent / "tfcanvas")
    process = subprocess.Popen(
        [command, "up"],
        env={**kept, "HOME": str(tmp_path), "TFCANVAS_PORT": "0"},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        assert process.stdout is not None and LINK.match(process.stdout.readline())
        home = tmp_path / ".local" / "share" / "triggerflow-canvas"
        assert mode(home) == 0o700 and mode(home / "token") == 0o600
    finally:
        process.terminate()
        assert process.wait(timeout=15) == 0

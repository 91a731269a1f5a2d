"""A link that works once, a cookie that stays, and a token for programs."""

from __future__ import annotations

import stat
from pathlib import Path
from typing import Any

import httpx
from grpc_health.v1.health_pb2 import HealthCheckResponse
from triggerflow.orchestrator.v1.load_pb2 import Load, QueuedRuns, WorkerLoad
from triggerflow_bff.bootstrap import create_app
from triggerflow_bff.sessions.store import SECONDS
from triggerflow_chassis.errors import Unavailable

NOT_SERVING = HealthCheckResponse.NOT_SERVING


def browser(bff: Any, **cookies: str) -> httpx.AsyncClient:
    return httpx.AsyncClient(base_url=bff.url, cookies=cookies)


async def test_a_code_works_once_and_becomes_a_cookie(bff: Any) -> None:
    code = bff.app.state.sign_in.mint()
    async with browser(bff) as one:
        assert (await one.get("/flows")).status_code == 401
        answer = await one.get(f"/canvas/?code={code}")
        assert (answer.status_code, answer.headers["location"]) == (303, "/canvas/")
        cookie = answer.headers["set-cookie"]
        assert f"tfcanvas_{bff.port}=" in cookie
        assert {"HttpOnly", "SameSite=Strict", "Path=/", f"Max-Age={SECONDS}"} <= set(cookie.split("; "))
        assert code not in cookie
        assert (await one.get("/flows")).status_code == 200
        used = await one.get(f"/canvas/?code={code}")
        assert used.status_code == 410
        assert used.headers["content-type"].startswith("text/html")
        assert "tfcanvas link" in used.text


async def test_an_unknown_code_is_410_and_a_look_at_the_headers_uses_none_up(bff: Any) -> None:
    async with browser(bff) as one:
        assert (await one.get("/canvas/?code=nonsense")).status_code == 410
        link = bff.app.state.sign_in.link()
        assert link.startswith(f"http://127.0.0.1:{bff.port}/canvas/?code=")
        await one.head(link)
        assert (await one.get(link)).status_code == 303


async def test_a_made_up_cookie_opens_nothing(bff: Any) -> None:
    async with browser(bff, **{f"tfcanvas_{bff.port}": "x" * 43}) as one:
        assert (await one.get("/flows")).status_code == 401


async def test_the_cookie_of_another_port_opens_nothing(bff: Any) -> None:
    async with browser(bff) as one:
        await one.get(bff.app.state.sign_in.link())
        (name, value) = next(iter(one.cookies.items()))
    async with browser(bff, tfcanvas_1=value) as other:
        assert (await other.get("/flows")).status_code == 401
    async with browser(bff, **{"other": "a=b", name: value}) as same:
        assert (await same.get("/flows")).status_code == 200


async def test_a_restart_leaves_a_browser_signed_in_and_the_file_gives_no_session(bff: Any, tmp_path: Path) -> None:
    async with browser(bff) as one:
        await one.get(bff.app.state.sign_in.link())
        (name, value) = next(iter(one.cookies.items()))
    file = tmp_path / "sessions.json"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert value not in file.read_text()
    again = create_app(bff.settings, channel=bff.channel)
    transport = httpx.ASGITransport(app=again)
    async with httpx.AsyncClient(transport=transport, base_url=bff.url, cookies={name: value}) as one:
        assert (await one.get("/flows")).status_code == 200


async def test_a_program_gets_a_fresh_link_by_the_token(bff: Any) -> None:
    answer = await bff.client.post("/session/links")
    assert answer.status_code == 201
    async with browser(bff) as one:
        assert (await one.get(answer.json()["url"])).status_code == 303
    async with browser(bff) as stranger:
        assert (await stranger.post("/session/links")).status_code == 401
    keyed = [await bff.client.post("/session/links", headers={"Idempotency-Key": "k"}) for _ in range(2)]
    assert keyed[0].json() == keyed[1].json()


async def test_what_is_open_needs_no_session(bff: Any) -> None:
    async with browser(bff) as one:
        assert (await one.get("/healthz")).json() == {"status": "ok"}
        assert (await one.get("/readyz")).json() == {"status": "ready"}
        root = await one.get("/")
        assert (root.status_code, root.headers["location"]) == (307, "/canvas/")
        assert (await one.get("/canvas")).headers["location"] == "/canvas/"
        for method in ("GET", "POST", "PUT"):
            hook = await one.request(method, "/hooks/orders/new")
            assert (hook.status_code, hook.json()["reason"]) == (404, "NOT_FOUND")


async def test_ready_only_when_every_service_is(bff: Any) -> None:
    bff.health.statuses["triggerflow.orchestrator.v1.OrchestratorService"] = NOT_SERVING
    answer = await bff.client.get("/readyz")
    assert (answer.status_code, answer.json()["reason"]) == (503, "UNAVAILABLE")
    assert "orchestrator" in answer.json()["detail"]
    assert "worker" not in answer.json()["detail"]


async def test_what_keeps_runs_from_starting_is_said(bff: Any) -> None:
    bff.health.statuses["triggerflow.orchestrator.v1.OrchestratorService"] = NOT_SERVING
    bff.backend.load = Load(
        queued=[QueuedRuns(priority="normal")], workers=[WorkerLoad(id="w", name="dead", lease_seconds=-1)]
    )
    assert "No worker holds a lease" in (await bff.client.get("/readyz")).json()["detail"]
    bff.backend.failures["GetLoad"] = Unavailable("The database does not answer.")
    assert "The database does not answer." in (await bff.client.get("/readyz")).json()["detail"]

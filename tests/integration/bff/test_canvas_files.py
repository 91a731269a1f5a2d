"""The canvas as files: tagged, cached by their names, fenced by a policy, and nothing outside the folder."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

INLINE = "document.title='x'"


@pytest.fixture
async def site(tmp_path: Path, run_bff: Any) -> AsyncIterator[httpx.AsyncClient]:
    canvas = tmp_path / "dist"
    (canvas / "assets").mkdir(parents=True)
    (canvas / "data").mkdir()
    (canvas / "index.html").write_text(
        f'<!doctype html><script>{INLINE}</script><script src="/canvas/theme.js"></script><div id="root"></div>'
    )
    (canvas / "assets" / "index-BxYz12_4.js").write_text("export {}")
    (canvas / "data" / "cars.json").write_text("[1]")
    (canvas / "data" / "seattle-weather.csv").write_text("a,b\n1,2\n")
    (canvas / "theme.js").write_text("1")
    (tmp_path / "secret.txt").write_text("secret")
    (canvas / "link.txt").symlink_to(tmp_path / "secret.txt")
    async with run_bff(tmp_path, canvas=canvas) as bff, httpx.AsyncClient(base_url=bff.url) as client:
        yield client


async def test_the_page_is_served_with_a_policy_that_lets_only_its_own_scripts_run(site: httpx.AsyncClient) -> None:
    page = await site.get("/canvas/")
    assert page.status_code == 200
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert page.headers["cache-control"] == "no-cache"
    assert page.headers["x-content-type-options"] == "nosniff"
    policy = dict(each.partition(" ")[::2] for each in page.headers["content-security-policy"].split("; "))
    digest = base64.b64encode(hashlib.sha256(INLINE.encode()).digest()).decode()
    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == f"'self' 'sha256-{digest}'"
    assert policy["frame-ancestors"] == "'none'"
    assert "unsafe-eval" not in page.headers["content-security-policy"]


async def test_a_route_of_the_page_is_the_page_and_a_missing_file_is_404(site: httpx.AsyncClient) -> None:
    page = await site.get("/canvas/")
    assert (await site.get("/canvas/flows/abc/runs")).text == page.text
    for path in ("/canvas/missing.js", "/canvas/assets/missing", "/canvas/data/none"):
        answer = await site.get(path)
        assert (answer.status_code, answer.headers["content-type"]) == (404, "text/plain; charset=utf-8")


async def test_hashed_assets_stay_for_ever_and_others_are_asked_again(site: httpx.AsyncClient) -> None:
    asset = await site.get("/canvas/assets/index-BxYz12_4.js")
    assert asset.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert asset.headers["content-type"] == "text/javascript; charset=utf-8"
    theme = await site.get("/canvas/theme.js")
    assert theme.headers["cache-control"] == "no-cache"
    again = await site.get("/canvas/theme.js", headers={"If-None-Match": theme.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


async def test_sample_data_has_its_media_type(site: httpx.AsyncClient) -> None:
    assert (await site.get("/canvas/data/cars.json")).headers["content-type"] == "application/json"
    weather = await site.get("/canvas/data/seattle-weather.csv")
    assert (weather.headers["content-type"], weather.text) == ("text/csv; charset=utf-8", "a,b\n1,2\n")


@pytest.mark.parametrize(
    "path", ["/canvas/%2e%2e/secret.txt", "/canvas/..%2fsecret.txt", "/canvas/link.txt", "/canvas/%00.txt"]
)
async def test_nothing_outside_the_folder_is_served(site: httpx.AsyncClient, path: str) -> None:
    answer = await site.get(path)
    assert answer.status_code == 404
    assert "secret" not in answer.text


async def test_a_new_build_is_served_without_a_restart(site: httpx.AsyncClient, tmp_path: Path) -> None:
    before = await site.get("/canvas/theme.js")
    (tmp_path / "dist" / "theme.js").write_text("22")
    after = await site.get("/canvas/theme.js")
    assert after.text == "22"
    assert after.headers["etag"] != before.headers["etag"]


async def test_only_reading_is_allowed(site: httpx.AsyncClient) -> None:
    answer = await site.post("/canvas/")
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET, HEAD, OPTIONS")


async def test_without_a_build_a_page_says_how_to_make_one(bff: Any) -> None:
    async with httpx.AsyncClient(base_url=bff.url) as client:
        answer = await client.get("/canvas/")
    assert answer.status_code == 503
    assert answer.headers["content-type"].startswith("text/html")
    assert "make web" in answer.text

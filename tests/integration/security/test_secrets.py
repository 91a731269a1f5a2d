"""A secret reaches the server it is for, and nothing else. CONTRACT section 3, "Secrets"."""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from drawing import Drawing
from http_lab import HttpLab, Reply
from running_product import Product

CANARY, FORBIDDEN = "LAB_TOKEN", "LAB_FORBIDDEN"


def asking(url: Any, headers: dict[str, Any], **more: Any) -> Drawing:
    drawing = Drawing("secret")
    drawing.trigger()
    drawing.node("action", "ask", "http:request", config={"method": "GET", "url": url, "headers": headers}, **more)
    for port, name in (("out", "answer"), ("error", "error")):
        drawing.node("output", name)
        drawing.wire("ask", name, port)
    drawing.wire("start", "ask")
    return drawing


@pytest.fixture
def told(client: httpx.Client, product: Product) -> Callable[..., list[str]]:
    """Where a text can be found: files of the product's folder, and what it answers about a run."""

    def told(text: str, execution_id: str | None = None) -> list[str]:
        found = []
        forms = {text, base64.b64encode(text.encode()).decode()[:20]}
        for file in product.home.rglob("*"):
            if file.is_file() and any(form.encode() in file.read_bytes() for form in forms):
                found.append(str(file.relative_to(product.home)))
        if execution_id is not None:
            for path in ("", "/activations", "/events"):
                answer = client.get(f"/executions/{execution_id}{path}", headers={"Accept": "application/json"}).text
                found += [path] * (text in answer)
        return found

    return told


def test_a_secret_is_sent_and_told_nowhere(
    run: Callable[..., Any], lab: HttpLab, product: Product, told: Callable[..., list[str]], client: httpx.Client
) -> None:
    canary = product.environment[CANARY]
    headers = {"Authorization": {"$env": CANARY, "prefix": "Bearer "}, "X-Other": {"$env": CANARY}}
    ran = run(asking(lab.url("/echo-secret"), headers), trace=True)
    (asked,) = lab.hits("/echo-secret")
    assert (asked.headers["authorization"], asked.headers["x-other"]) == (f"Bearer {canary}", canary)
    echoed = ran.execution["outputs"]["answer"]["body"]["headers"]
    assert (echoed["authorization"], echoed["x-other"]) == (f"Bearer [secret {CANARY}]", f"[secret {CANARY}]")
    assert told(canary, ran.execution["id"]) == []
    flow = client.get(f"/flows/{ran.execution['flowId']}")
    assert canary not in flow.text and CANARY in flow.text


def test_a_secret_in_an_error_is_replaced(
    run: Callable[..., Any], lab: HttpLab, product: Product, told: Callable[..., list[str]]
) -> None:
    canary = product.environment[CANARY]
    url = lab.on("/refuses", lambda asked: Reply(401, body=f"wrong key {asked.headers['x-key']}".encode()))
    retries = {"maxAttempts": 2, "backoffSeconds": 0}
    ran = run(asking(url, {"X-Key": {"$env": CANARY}}, retries=retries))
    assert ran.execution["outputs"]["error"]["type"] == "HttpStatus"
    moved = lab.on("/moves", lambda asked: Reply(302, (("Location", f"http://10.0.0.1/?k={asked.headers['x-key']}"),)))
    refused = run(asking(moved, {"X-Key": {"$env": CANARY}})).execution
    assert refused["outputs"]["error"]["type"] == "AddressRefused"
    assert told(canary, ran.execution["id"]) == [] and told(canary, refused["id"]) == []


def test_a_secret_in_a_key_or_in_a_long_text_is_replaced_too(
    run: Callable[..., Any], lab: HttpLab, product: Product, told: Callable[..., list[str]]
) -> None:
    canary = product.environment[CANARY]
    body = lambda asked: Reply(  # noqa: E731
        headers=(("Content-Type", "application/json"), ("X-Echo", asked.headers["x-key"])),
        body=b'{"%s": ["%s%s"]}' % (canary.encode(), b"x" * 80_000, canary.encode()),
    )
    ran = run(asking(lab.on("/keys", body), {"X-Key": {"$env": CANARY}}))
    assert told(canary, ran.execution["id"]) == []


def test_a_redirect_to_another_origin_drops_it(
    run: Callable[..., Any], lab: HttpLab, other_lab: HttpLab, product: Product
) -> None:
    headers = {"Authorization": {"$env": CANARY}, "X-Key": {"$env": CANARY}, "X-Plain": "kept"}
    away = lab.on("/away", Reply(302, (("Location", other_lab.url("/arrived")),)))
    assert run(asking(away, headers)).execution["outputs"]["answer"]["status"] == 200
    (arrived,) = other_lab.hits("/arrived")
    assert not {"authorization", "x-key"} & set(arrived.headers)
    assert product.environment[CANARY] not in str(arrived.headers)
    stays = lab.on("/stays", Reply(302, (("Location", "/stayed"),)))
    run(asking(stays, headers))
    assert lab.hits("/stayed")[0].headers["x-key"] == product.environment[CANARY]
    back = other_lab.on("/back", Reply(302, (("Location", lab.url("/came-back")),)))
    run(asking(lab.on("/there", Reply(302, (("Location", back),))), headers))
    assert lab.hits("/came-back")


@pytest.mark.parametrize("name", [FORBIDDEN, "LAB_UNSET", "HOME", "PATH", "lab_token"])
def test_a_name_that_is_not_allowed_or_not_set_is_refused(
    run: Callable[..., Any], lab: HttpLab, product: Product, told: Callable[..., list[str]], name: str
) -> None:
    path = f"/refused-{name}"
    retries = {"maxAttempts": 3, "backoffSeconds": 0}
    ran = run(asking(lab.url(path), {"X-Key": {"$env": name}}, retries=retries))
    error = ran.execution["outputs"]["error"]
    assert (error["type"], error["attempt"]) == ("SecretRefused", 1)
    assert "TFCANVAS_ENV_ALLOW" in error["message"]
    assert lab.hits(path) == []
    assert told(product.environment[FORBIDDEN], ran.execution["id"]) == []


@pytest.mark.parametrize(
    "value",
    [
        {"$env": 1},
        {"$env": ""},
        {"$env": CANARY, "prefix": "Bearer \n"},
        {"$env": CANARY, "prefix": "é"},
        {"$env": CANARY, "prefix": 1},
        {"$env": CANARY, "more": "x"},
        {"prefix": "Bearer "},
    ],
)
def test_a_malformed_reference_never_sends_anything(client: httpx.Client, lab: HttpLab, value: Any) -> None:
    drawing = asking(lab.url("/malformed"), {"X-Key": value})
    made = client.post("/flows", json=drawing.body())
    if made.status_code == 201:
        assert client.post(f"/flows/{made.json()['id']}/versions").status_code == 422
        assert "CONFIG_INVALID" in {problem["reason"] for problem in made.json()["problems"]}
    else:
        assert made.status_code == 422


def test_the_token_of_the_product_is_told_nowhere(product: Product, told: Callable[..., list[str]]) -> None:
    assert told(product.token) == ["token"]


def test_a_reference_that_comes_as_data_is_not_one(
    client: httpx.Client, lab: HttpLab, product: Product, told: Callable[..., list[str]]
) -> None:
    """What an expression makes is never looked up, and never stands in for a secret."""
    canary = product.environment[CANARY]
    for headers, value in (
        ({"X-Key": {"$expr": "input"}}, {"$env": CANARY}),
        ({"$expr": "input"}, {"X-Key": {"$env": CANARY}}),
        ({"$expr": "input"}, {"Authorization": "Bearer literal"}),
    ):
        drawing = Drawing("injected")
        drawing.trigger(outputs=["v"])
        config = {"method": "GET", "url": lab.url("/injected"), "headers": headers}
        drawing.node("action", "ask", "http:request", config=config)
        drawing.node("output", "error")
        drawing.wire("start", "ask", "v")
        drawing.wire("ask", "error", "error")
        flow_id = client.post("/flows", json=drawing.body()).json()["id"]
        if client.post(f"/flows/{flow_id}/versions").status_code == 422:
            continue
        body = {"flowId": flow_id, "inputs": {"v": value}, "executionOptions": {"async": False}}
        ran = client.post("/executions", json=body).json()
        assert ran["outputs"]["error"]["type"] in ("ConfigInvalid", "SecretRefused"), ran
    assert lab.hits("/injected") == [] and told(canary) == []

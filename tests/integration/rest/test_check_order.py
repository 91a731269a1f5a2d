"""Which refusal comes first, and what a body may be at all. CONTRACT section 1, "Problem"."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
from problem_answer import refused

LIMIT = 8_388_608
NOBODY = "01890000-0000-7000-8000-000000000000"


def of_size(size: int, start: bytes = b'{"name": "large"') -> bytes:
    return start + b" " * (size - len(start) - 1) + b"}"


@pytest.fixture
def flow(client: httpx.Client) -> tuple[str, str]:
    """Path and etag."""
    made = client.post("/flows", json={"name": "ordered"})
    return f"/flows/{made.json()['id']}", made.headers["etag"]


def test_the_checks_of_a_write_come_in_order(client: httpx.Client, flow: tuple[str, str]) -> None:
    path, tag = flow
    large_text: dict[str, Any] = {"content": b"x" * (LIMIT + 1)}
    text = {"Content-Type": "text/plain"}
    evil, nobody = {"Origin": "http://evil.example"}, {"Authorization": "Bearer wrong"}
    refused(client.put(path, headers={**evil, **nobody}, **large_text), 403, "FORBIDDEN")
    refused(client.put("/nowhere", headers={**evil, **nobody}), 403, "FORBIDDEN")
    refused(client.put("/nowhere", headers=nobody), 401, "UNAUTHENTICATED")
    refused(client.put("/nowhere"), 404, "NOT_FOUND")
    refused(client.put(f"/flows/{NOBODY}", headers=text, **large_text), 404, "NOT_FOUND")
    refused(client.patch(path, headers=text, **large_text), 405, "METHOD_NOT_ALLOWED")
    refused(client.put(path, headers=text, **large_text), 428, "PRECONDITION_REQUIRED")
    refused(client.put(path, headers={**text, "If-Match": '"old"'}, **large_text), 412, "STALE_ETAG")
    refused(client.put(path, headers={**text, "If-Match": tag}, **large_text), 413, "TOO_LARGE")
    refused(client.put(path, headers={**text, "If-Match": tag}, content=b"{"), 415, "UNSUPPORTED_MEDIA_TYPE")
    json_type = {"Content-Type": "application/json", "If-Match": tag}
    refused(client.put(path, headers=json_type, content=b"{"), 400, "BAD_JSON")
    refused(client.put(path, headers=json_type, content=b"{}"), 422, "INVALID", "/name")
    assert client.get(path).headers["etag"] == tag


def test_a_path_that_names_nothing_comes_before_the_body(client: httpx.Client) -> None:
    for path in (f"/flows/{NOBODY}/versions", f"/executions/{NOBODY}/cancel"):
        refused(client.post(path, content=b"{", headers={"Content-Type": "text/plain"}), 404, "NOT_FOUND")
    refused(client.put(f"/flows/{NOBODY}/nodes/{NOBODY}", content=b"{"), 404, "NOT_FOUND")


def test_a_method_that_is_not_known_says_which_are(client: httpx.Client, flow: tuple[str, str]) -> None:
    for method, path, allowed in (
        ("DELETE", "/flows", {"GET", "POST"}),
        ("PUT", "/executions", {"GET", "POST"}),
        ("POST", flow[0], {"GET", "PUT", "DELETE"}),
        ("POST", "/handlers", {"GET"}),
        ("PATCH", flow[0], {"GET", "PUT", "DELETE"}),
    ):
        answer = client.request(method, path)
        refused(answer, 405, "METHOD_NOT_ALLOWED")
        assert allowed <= {each.strip() for each in answer.headers["allow"].split(",")}


@pytest.mark.parametrize("path", ["/", "/flow", "/flows/", "/Flows", "/flows//x", "/canvas", "/api/flows"])
def test_another_path_is_not_found(client: httpx.Client, path: str) -> None:
    answer = client.get(path)
    if answer.status_code < 400:
        assert path in ("/", "/canvas") and answer.status_code in (200, 302, 303, 307, 308)
    else:
        refused(answer, 404, "NOT_FOUND")


def test_a_body_has_at_most_8_mebibytes(client: httpx.Client, flow: tuple[str, str]) -> None:
    json_type = {"Content-Type": "application/json"}
    assert client.post("/flows", content=of_size(LIMIT), headers=json_type).status_code == 201
    refused(client.post("/flows", content=of_size(LIMIT + 1), headers=json_type), 413, "TOO_LARGE")
    refused(client.post("/executions", content=of_size(10_000_000), headers=json_type), 413, "TOO_LARGE")
    refused(client.post(f"{flow[0]}/versions", content=b" " * (LIMIT + 1), headers=json_type), 413, "TOO_LARGE")


def test_a_body_without_a_length_is_measured_too(client: httpx.Client) -> None:
    def pieces(count: int) -> Iterator[bytes]:
        yield b'{"name": "chunked"'
        for _ in range(count):
            yield b" " * 65_536
        yield b"}"

    json_type = {"Content-Type": "application/json"}
    assert client.post("/flows", content=pieces(2), headers=json_type).status_code == 201
    refused(client.post("/flows", content=pieces(129), headers=json_type), 413, "TOO_LARGE")


def test_a_large_flow_that_is_within_the_limit_is_saved(
    client: httpx.Client, a_node: Callable[..., Any], put: Callable[..., httpx.Response]
) -> None:
    nodes = [a_node(description="d" * 70_000) for _ in range(110)]
    made = client.post("/flows", json={"name": "7.7 MB", "nodes": nodes})
    assert made.status_code == 201, made.text[:300]
    read = client.get(f"/flows/{made.json()['id']}")
    assert len(read.json()["nodes"]) == 110
    assert put(made.json()["id"], {"name": "7.7 MB", "nodes": nodes[:100]}).status_code == 200


@pytest.mark.parametrize(
    "kind", ["application/json", "application/json; charset=utf-8", "Application/JSON;charset=UTF-8"]
)
def test_json_is_read_under_its_name(client: httpx.Client, kind: str) -> None:
    assert client.post("/flows", content=b'{"name": "n"}', headers={"Content-Type": kind}).status_code == 201


@pytest.mark.parametrize(
    "kind", ["text/plain", "application/x-www-form-urlencoded", "application/merge-patch+json", "text/json", "", "json"]
)
def test_any_other_content_type_is_refused(client: httpx.Client, kind: str) -> None:
    answer = client.post("/flows", content=b'{"name": "n"}', headers={"Content-Type": kind} if kind else {})
    refused(answer, 415, "UNSUPPORTED_MEDIA_TYPE")


@pytest.mark.parametrize(
    "value", ["", "Bearer", "Bearer wrong", "Basic dXNlcjpwYXNz", "bearer", "Bearer a b", "Bearer \xe9"]
)
def test_without_the_token_nothing_is_told(product: Any, value: str) -> None:
    headers = [(b"Authorization", value.encode("latin-1"))] if value else []
    with httpx.Client(base_url=product.url) as client:
        for method, path in (
            ("GET", "/flows"),
            ("POST", "/executions"),
            ("GET", "/nowhere"),
            ("DELETE", "/handlers"),
            ("GET", "/events"),
            ("GET", f"/executions/{NOBODY}/events"),
            ("GET", "/openapi.json"),
            ("GET", "/schemas/node-metadata"),
            ("GET", f"/values/{NOBODY}"),
        ):
            refused(client.request(method, path, headers=headers), 401, "UNAUTHENTICATED")


def test_the_scheme_is_read_in_either_case(product: Any) -> None:
    for scheme in ("Bearer", "bearer", "BEARER"):
        answer = httpx.get(f"{product.url}/flows", headers={"Authorization": f"{scheme} {product.token}"})
        assert answer.status_code == 200


def test_every_problem_has_a_trace_id_of_its_own(client: httpx.Client) -> None:
    ids = {refused(client.get(f"/flows/{uuid.uuid4()}"), 404, "NOT_FOUND")["traceId"] for _ in range(3)}
    assert len(ids) == 3

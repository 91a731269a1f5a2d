"""Own hosts and origins, on every path. CONTRACT section 4."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from problem_answer import refused
from running_product import Product

PATHS = [
    "/",
    "/flows",
    "/healthz",
    "/readyz",
    "/canvas/",
    "/canvas/x.js",
    "/hooks/x",
    "/nowhere",
    "/openapi.json",
    "/events",
]


@pytest.fixture
def port(product: Product) -> str:
    return product.url.rsplit(":", 1)[1]


@pytest.mark.parametrize("path", PATHS)
def test_another_host_is_refused(product: Product, port: str, path: str) -> None:
    hosts = [
        "evil.example",
        f"evil.example:{port}",
        "127.0.0.1",
        "127.0.0.1:1",
        f"127.0.0.2:{port}",
        f"[::1]:{port}",
        f"127.0.0.1.nip.io:{port}",
        f"localhost.evil.example:{port}",
        f"localhost:{port}.evil.example",
        "",
    ]
    with product.client() as client:
        for host in hosts:
            answer = client.get(path, headers={"Host": host})
            if path.startswith("/canvas/"):
                assert answer.status_code == 403, (host, answer.status_code)
            elif host or answer.status_code != 400:
                refused(answer, 403, "FORBIDDEN")


@pytest.mark.parametrize("path", PATHS)
def test_another_origin_is_refused(product: Product, port: str, path: str) -> None:
    origins = [
        "http://evil.example",
        f"http://evil.example:{port}",
        "null",
        "",
        f"https://127.0.0.1:{port}",
        "http://127.0.0.1",
        f"http://127.0.0.1:{port}.x",
        f"http://127.0.0.1:{port}/",
    ]
    with product.client() as client:
        for origin in origins:
            answer = client.get(path, headers={"Origin": origin})
            assert answer.status_code == 403, (origin, answer.status_code)
            if not path.startswith("/canvas/"):
                refused(answer, 403, "FORBIDDEN")


def test_our_own_hosts_and_origins_may(product: Product, port: str) -> None:
    with product.client() as client:
        for name in ("127.0.0.1", "localhost", "LOCALHOST"):
            answer = client.get("/flows", headers={"Host": f"{name}:{port}", "Origin": f"http://{name.lower()}:{port}"})
            assert answer.status_code == 200, answer.text
        assert "access-control-allow-origin" not in answer.headers


def test_a_preflight_of_another_origin_is_refused(product: Product) -> None:
    headers = {"Origin": "http://evil.example", "Access-Control-Request-Method": "PUT"}
    with product.client() as client:
        answer = client.options("/flows", headers=headers)
    assert answer.status_code == 403 and "access-control-allow-origin" not in answer.headers


def test_open_paths_need_no_session(product: Product) -> None:
    with httpx.Client(base_url=product.url) as client:
        assert client.get("/healthz").status_code == 200
        assert client.get("/readyz").status_code == 200
        assert client.get("/canvas/").status_code == 200
        assert client.get("/canvas").status_code in (200, 302, 303, 307, 308, 401)
        assert client.post("/hooks/nothing", json={}).status_code == 404


@pytest.mark.parametrize(
    "path",
    ["/canvas/../token", "/canvas/%2e%2e/token", "/canvas/..%2f..%2ftoken", "/canvas/%2e%2e%2f%2e%2e%2frun.json",
     "/canvas//etc/passwd", "/canvas/%00", "/canvas/..\\..\\token", "/canvas/assets/../../../../../../etc/passwd"],
)  # fmt: skip
def test_static_files_stay_in_their_folder(product: Product, path: str) -> None:
    import socket

    host, port = product.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=5) as connection:
        connection.sendall(f"GET {path} HTTP/1.1\r\nHost: {host}:{port}\r\nConnection: close\r\n\r\n".encode())
        answer = b""
        while piece := connection.recv(65536):
            answer += piece
    assert product.token.encode() not in answer and b"root:" not in answer


def test_errors_show_no_insides(client: Any) -> None:
    for answer in (
        client.get("/flows/nope"),
        client.post("/flows", content=b"{"),
        client.get("/values/..%2f..%2ftoken"),
    ):
        assert "Traceback" not in answer.text and "/home" not in answer.text and ".py" not in answer.text

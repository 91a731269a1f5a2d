"""Where http:request may not go. CONTRACT section 3 and DESIGN section 10."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from drawing import Drawing
from http_lab import HttpLab

REFUSED = [
    "http://127.0.0.1:{port}/",
    "http://localhost:{port}/",
    "http://LOCALHOST:{port}/",
    "http://127.0.0.53:{port}/",
    "http://0.0.0.0:{port}/",
    "http://[::1]:{port}/",
    "http://[::]:{port}/",
    "http://[::ffff:127.0.0.1]:{port}/",
    "http://[::ffff:7f00:1]:{port}/",
    "http://[0:0:0:0:0:ffff:127.0.0.1]:{port}/",
    "http://[::127.0.0.1]:{port}/",
    "http://[64:ff9b::127.0.0.1]:{port}/",
    "http://[2002:7f00:1::]:{port}/",
    "http://169.254.169.254/latest/meta-data/",
    "http://[::ffff:169.254.169.254]/",
    "http://[fd00:ec2::254]/",
    "http://[fe80::1]/",
    "http://[fc00::1]/",
    "http://10.0.0.1/",
    "http://172.16.0.1/",
    "http://172.31.255.255/",
    "http://192.168.0.1/",
    "http://100.64.0.1/",
    "http://0.1.2.3/",
    "http://224.0.0.1/",
    "http://255.255.255.255/",
    "http://[ff02::1]/",
    "http://198.18.0.1/",
    "http://192.0.0.1/",
]
# What a resolver makes of these is its own matter; none may reach the server.
NEVER_REACHED = [
    "http://user:pass@127.0.0.1:{port}/",
    "http://2130706433:{port}/",
    "http://0x7f000001:{port}/",
    "http://0x7f.1:{port}/",
    "http://017700000001:{port}/",
    "http://127.1:{port}/",
    "http://127.0.0.1.:{port}/",
    "http://localhost.:{port}/",
    "http://①②⑦.⓪.⓪.①:{port}/",
    "http://127。0。0。1:{port}/",
    "http://example.com@127.0.0.1:{port}/",
    "http://127.0.0.1:{port}\\@example.com/",
    "http://[::1%25lo]:{port}/",
    "//127.0.0.1:{port}/",
    "HTTP://127.0.0.1:{port}/",
]


@pytest.fixture(scope="module")
def came(product: Any, forbidden_lab: HttpLab) -> dict[str, Any]:
    """Every address asked in one run: the error of each, or its answer."""
    urls = [url.format(port=forbidden_lab.port) for url in REFUSED + NEVER_REACHED]
    drawing = Drawing("addresses")
    drawing.trigger(outputs=["urls"])
    for index, _ in enumerate(urls):
        config = {"method": "GET", "url": {"$expr": f"input[{index}]"}, "timeoutSeconds": 3}
        drawing.node("action", f"ask {index}", "http:request", config=config)
        drawing.wire("start", f"ask {index}", "urls")
        for port in ("out", "error"):
            drawing.node("output", f"{port} {index}")
            drawing.wire(f"ask {index}", f"{port} {index}", port)
    with product.client() as client:
        flow_id = client.post("/flows", json=drawing.body()).json()["id"]
        assert client.post(f"/flows/{flow_id}/versions").status_code == 201
        body = {"flowId": flow_id, "inputs": {"urls": urls}, "executionOptions": {"async": False}}
        ran = client.post("/executions", json=body).json()
    assert ran["status"] == "succeeded", ran
    return {
        text: ran["outputs"].get(f"error {index}", {"type": "reached"})
        for index, text in enumerate(REFUSED + NEVER_REACHED)
    }


@pytest.mark.parametrize("url", REFUSED)
def test_a_private_address_is_refused(came: dict[str, Any], url: str) -> None:
    assert came[url]["type"] == "AddressRefused", came[url]
    assert "TFCANVAS_HTTP_ALLOW" in came[url]["message"]


@pytest.mark.parametrize("url", NEVER_REACHED)
def test_no_spelling_reaches_it(came: dict[str, Any], forbidden_lab: HttpLab, url: str) -> None:
    assert came[url]["type"] in ("AddressRefused", "ConnectionFailed", "ConfigInvalid"), came[url]
    assert forbidden_lab.asked == []


def test_a_public_name_for_a_private_address_is_refused_once_resolved(
    run: Callable[..., Any], forbidden_lab: HttpLab
) -> None:
    """The name of this machine stands in its hosts file, and leads to an address of its own."""
    import socket

    name = socket.gethostname()
    drawing = Drawing("by name")
    drawing.trigger()
    config = {"method": "GET", "url": f"http://{name}:{forbidden_lab.port}/", "timeoutSeconds": 3}
    drawing.node("action", "ask", "http:request", config=config)
    drawing.node("output", "error")
    drawing.wire("start", "ask")
    drawing.wire("ask", "error", "error")
    ran = run(drawing)
    assert ran.execution["outputs"]["error"]["type"] in ("AddressRefused", "ConnectionFailed")
    assert forbidden_lab.asked == []

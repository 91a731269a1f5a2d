"""http:request against a real server. CONTRACT section 3."""

from __future__ import annotations

import gzip
import json
import socket
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any
from urllib.parse import parse_qs

import pytest
from http_lab import HttpLab, Reply, json_reply
from running_product import Product

MIB = 1024 * 1024
NO_WAIT = {"retries": {"maxAttempts": 3, "backoffSeconds": 0}}


def test_an_answer_is_status_headers_and_body(ask: Callable[..., Any], lab: HttpLab) -> None:
    headers = (("Content-Type", "application/json"), ("X-Mixed-Case", "Yes"), ("X-Twice", "a"), ("X-Twice", "b"))
    url = lab.on("/plain", Reply(201, headers, b'{"a": [1, 2.5]}'))
    came = ask(url).value
    assert set(came) == {"status", "headers", "body"}
    assert (came["status"], came["body"]) == (201, {"a": [1, 2.5]})
    assert (came["headers"]["x-mixed-case"], came["headers"]["x-twice"]) == ("Yes", "a, b")
    assert all(name == name.lower() for name in came["headers"])


@pytest.mark.parametrize(
    ("kind", "sent", "body"),
    [
        ("application/json", b'"text"', "text"),
        ("application/json; charset=utf-8", b"[1]", [1]),
        ("application/problem+json", b'{"a": 1}', {"a": 1}),
        ("application/json", b"9223372036854775807", 9223372036854775807),
        ("application/json", b"9223372036854775808", 9.223372036854775808e18),
        ("application/json", b"[-9223372036854775809, 1e30]", [-9.223372036854775808e18, 1e30]),
        ("text/plain", b'{"a": 1}', '{"a": 1}'),
        ("text/plain; charset=utf-8", "é😀".encode(), "é😀"),
        ("text/plain; charset=iso-8859-1", "é".encode("latin-1"), "é"),
        ("text/csv", b"a,b\r\n1,2\r\n", "a,b\r\n1,2\r\n"),
        ("text/plain", b"", ""),
    ],
)
def test_a_body_is_read_by_its_content_type(
    ask: Callable[..., Any], lab: HttpLab, kind: str, sent: bytes, body: Any
) -> None:
    came = ask(lab.on("/typed", Reply(200, (("Content-Type", kind),), sent))).value
    assert came["body"] == body and type(came["body"]) is type(body)


@pytest.mark.parametrize("sent", [b"{", b"", b"NaN", b'"\\ud800"', b"\xff\xfe", b'{"a": 1e999}'])
def test_json_that_is_not_fails_and_is_not_retried(ask: Callable[..., Any], lab: HttpLab, sent: bytes) -> None:
    url = lab.on("/broken", Reply(200, (("Content-Type", "application/json"),), sent))
    error = ask(url, handler=NO_WAIT).error
    assert (error["type"], error["attempt"]) == ("ParseFailed", 1)


def test_text_that_json_cannot_hold_does_not_break_the_run(ask: Callable[..., Any], lab: HttpLab) -> None:
    came = ask(lab.on("/binary", Reply(200, (("Content-Type", "application/octet-stream"),), b"\x00\xff\xfe\x00")))
    assert came.run["status"] == "succeeded"


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE"])
def test_what_is_sent_is_what_config_says(ask: Callable[..., Any], lab: HttpLab, method: str) -> None:
    config = {"headers": {"X-Mine": "yes"}, "query": {"a": "x y&z", "n": "1"}}
    if method != "GET":
        config["body"] = {"a": [1, "é"]}
    came = ask(lab.url("/echo?kept=1"), method=method, **config).value["body"]
    assert came["method"] == method
    assert parse_qs(came["query"]) == {"kept": ["1"], "a": ["x y&z"], "n": ["1"]}
    assert came["headers"]["x-mine"] == "yes"
    if method != "GET":
        assert json.loads(came["body"]) == {"a": [1, "é"]}
        assert came["headers"]["content-type"].startswith("application/json")


def test_a_query_is_encoded(ask: Callable[..., Any], lab: HttpLab) -> None:
    came = ask(lab.url("/echo"), query={"a": "x y&z=é", "n": "1"}).value["body"]
    assert parse_qs(came["query"]) == {"a": ["x y&z=é"], "n": ["1"]}


def test_a_list_goes_as_json_and_text_as_it_is(ask: Callable[..., Any], lab: HttpLab) -> None:
    came = ask(lab.url("/echo"), method="POST", body=[1, {"a": None}]).value["body"]
    assert json.loads(came["body"]) == [1, {"a": None}] and came["headers"]["content-type"] == "application/json"
    came = ask(lab.url("/echo"), method="POST", body="a=1&b", headers={"Content-Type": "text/x"}).value["body"]
    assert (came["body"], came["headers"]["content-type"]) == ("a=1&b", "text/x")


def test_config_is_evaluated_over_the_inputs(ask: Callable[..., Any], lab: HttpLab) -> None:
    came = ask(
        {"$expr": "input.base & '/echo'"},
        {"base": lab.url(""), "who": "me", "rows": [1, 2]},
        method="POST",
        body={"who": {"$expr": "input.who"}, "rows": {"$expr": "input.rows"}},
        headers={"X-Who": {"$expr": "input.who"}},
    ).value["body"]
    assert json.loads(came["body"]) == {"who": "me", "rows": [1, 2]}
    assert came["headers"]["x-who"] == "me"


@pytest.mark.parametrize("status", [400, 404, 410, 422])
def test_a_status_of_400_and_above_fails(ask: Callable[..., Any], lab: HttpLab, status: int) -> None:
    path = f"/status/{status}"
    error = ask(lab.on(path, Reply(status, body=b"nothing here")), handler=NO_WAIT).error
    assert error["type"] == "HttpStatus" and str(status) in error["message"]
    assert error["attempt"] == 1 and len(lab.hits(path)) == 1


@pytest.mark.parametrize("status", [408, 425, 429, 500, 502, 503, 504])
def test_some_are_retried(ask: Callable[..., Any], lab: HttpLab, status: int) -> None:
    path = f"/retried/{status}"
    url = lab.on(path, lambda asked: Reply(status if len(lab.hits(path)) < 3 else 200, body=b"at last"))
    assert ask(url, handler=NO_WAIT).value["body"] == "at last"
    assert len(lab.hits(path)) == 3


def test_retry_after_is_heeded(ask: Callable[..., Any], lab: HttpLab) -> None:
    def busy(asked: Any) -> Reply:
        return Reply(503, (("Retry-After", "2"),)) if len(lab.hits("/busy")) == 1 else Reply()

    assert ask(lab.on("/busy", busy), handler=NO_WAIT).value["status"] == 200
    first, second = lab.hits("/busy")
    assert 1.9 <= second.at - first.at < 4
    error = ask(lab.on("/closed", Reply(503, (("Retry-After", "301"),))), handler=NO_WAIT).error
    assert (error["type"], error["attempt"]) == ("HttpStatus", 1)


def test_no_connection_fails_and_is_retried(ask: Callable[..., Any], product: Product) -> None:
    error = ask(f"http://127.0.0.1:{product.environment['LAB_CLOSED_PORT']}/", handler=NO_WAIT).error
    assert (error["type"], error["attempt"]) == ("ConnectionFailed", 3)


def test_a_name_that_does_not_resolve_is_no_connection(ask: Callable[..., Any]) -> None:
    assert ask("http://nobody.invalid/").error["type"] == "ConnectionFailed"


@pytest.mark.parametrize("trickle", [False, True])
def test_a_slow_answer_times_out(ask: Callable[..., Any], lab: HttpLab, trickle: bool) -> None:
    reply = Reply(body=b"x", pieces=100, pause=0.1) if trickle else Reply(delay=5)
    began = time.monotonic()
    error = ask(lab.on(f"/slow/{trickle}", reply), timeoutSeconds=1).error
    assert (error["type"], error["attempt"]) == ("TimedOut", 1)
    assert 0.9 < time.monotonic() - began < 3


def test_a_time_out_is_retried(ask: Callable[..., Any], lab: HttpLab) -> None:
    url = lab.on("/slow-once", lambda asked: Reply(delay=3 if len(lab.hits("/slow-once")) == 1 else 0))
    assert ask(url, timeoutSeconds=1, handler=NO_WAIT).value["status"] == 200


def redirects(lab: HttpLab, count: int, status: int = 302) -> str:
    for n in range(count, 0, -1):
        target = "/echo" if n == 1 else f"/hop/{status}/{count}/{n - 1}"
        lab.on(f"/hop/{status}/{count}/{n}", Reply(status, (("Location", target),)))
    return lab.url(f"/hop/{status}/{count}/{count}")


def test_five_redirects_are_followed_and_six_are_not(ask: Callable[..., Any], lab: HttpLab) -> None:
    assert ask(redirects(lab, 5)).value["body"]["path"] == "/echo"
    error = ask(redirects(lab, 6), handler=NO_WAIT).error
    assert (error["type"], error["attempt"]) == ("TooManyRedirects", 1)
    assert ask(lab.on("/round", Reply(302, (("Location", "/round"),)))).error["type"] == "TooManyRedirects"


@pytest.mark.parametrize(
    ("status", "method", "then"),
    [(301, "GET", "GET"), (303, "POST", "GET"), (307, "POST", "POST"), (308, "PUT", "PUT"), (302, "POST", "GET")],
)
def test_a_redirect_keeps_or_drops_the_method_as_http_says(
    ask: Callable[..., Any], lab: HttpLab, status: int, method: str, then: str
) -> None:
    body = {"body": "kept"} if method != "GET" else {}
    came = ask(redirects(lab, 1, status), method=method, **body).value["body"]
    assert (came["method"], came["body"]) == (then, "kept" if then == method != "GET" else "")


def test_every_redirect_is_guarded(ask: Callable[..., Any], lab: HttpLab, forbidden_lab: HttpLab) -> None:
    for location in (forbidden_lab.url("/reached"), f"http://localhost:{lab.port}/reached", "http://169.254.169.254/"):
        error = ask(lab.on("/out", Reply(302, (("Location", location),))), handler=NO_WAIT).error
        assert (error["type"], error["attempt"]) == ("AddressRefused", 1)
        assert "TFCANVAS_HTTP_ALLOW" in error["message"]
    assert forbidden_lab.hits("/reached") == [] and lab.hits("/reached") == []
    for location in ("file:///etc/passwd", "ftp://127.0.0.1/", "javascript:1"):
        came = ask(lab.on("/scheme", Reply(302, (("Location", location),))))
        assert "error" in came.ports


def test_ten_mebibytes_are_read_and_more_are_not(ask: Callable[..., Any], lab: HttpLab) -> None:
    whole = ask(lab.on("/ten", Reply(body=b"x" * MIB, pieces=10)))
    assert whole.ports["out"]["bytes"] > 10 * MIB
    for length in (True, False):
        url = lab.on(f"/eleven/{length}", Reply(body=b"x" * MIB, pieces=11, length=length))
        error = ask(url, handler=NO_WAIT).error
        assert (error["type"], error["attempt"]) == ("ResponseTooLarge", 1)


def test_a_small_body_that_unpacks_to_a_large_one_is_refused(ask: Callable[..., Any], lab: HttpLab) -> None:
    headers = (("Content-Type", "text/plain"), ("Content-Encoding", "gzip"))
    assert ask(lab.on("/gzip", Reply(200, headers, gzip.compress(b"packed")))).value["body"] == "packed"
    bomb = Reply(200, headers, gzip.compress(b"\0" * 200 * MIB))
    assert ask(lab.on("/bomb", bomb)).error["type"] == "ResponseTooLarge"


def test_an_address_is_allowed_as_it_is_written(ask: Callable[..., Any], lab: HttpLab) -> None:
    before = len(lab.asked)
    error = ask(f"http://localhost:{lab.port}/echo").error
    assert error["type"] == "AddressRefused" and "TFCANVAS_HTTP_ALLOW" in error["message"]
    assert len(lab.asked) == before


@pytest.mark.parametrize(
    "url", ["file:///etc/passwd", "ftp://example.com/x", "example.com", "//example.com", "http://", ""]
)
def test_an_address_that_is_none_fails(ask: Callable[..., Any], url: str) -> None:
    came = ask({"$expr": "input"}, url)
    assert came.error["type"] in ("ConfigInvalid", "AddressRefused", "ConnectionFailed")


def test_headers_cannot_be_smuggled(ask: Callable[..., Any], lab: HttpLab) -> None:
    came = ask(lab.url("/smuggled"), "a\r\nX-Evil: 1", headers={"X-Mine": {"$expr": "input"}})
    assert "error" in came.ports
    assert all("x-evil" not in asked.headers for asked in lab.asked)


def test_a_sync_question_to_a_json_api(ask: Callable[..., Any], lab: HttpLab) -> None:
    url = lab.on("/v1/chat/completions", json_reply({"choices": [{"message": {"content": "42"}}]}))
    came = ask(url, "6 * 7", method="POST", body={"messages": [{"role": "user", "content": {"$expr": "input"}}]})
    assert came.value["body"]["choices"][0]["message"]["content"] == "42"
    assert json.loads(lab.hits("/v1/chat/completions")[0].body) == {"messages": [{"role": "user", "content": "6 * 7"}]}


@pytest.mark.parametrize(
    "said",
    [
        b"",
        b"not http at all\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nshort",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\nnope",
        b"HTTP/1.1 200 OK\r\nX-Large: " + b"a" * 2_000_000 + b"\r\n\r\n",
        b"HTTP/1.1 302 Found\r\nLocation: http://[bad\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 302 Found\r\nContent-Length: 0\r\n\r\n",
    ],
)
def test_a_server_that_speaks_nonsense_fails_the_node_alone(
    ask: Callable[..., Any], product: Product, said: bytes
) -> None:
    port = int(product.environment["LAB_CLOSED_PORT"])
    with socket.create_server(("127.0.0.1", port)) as server:

        def answer() -> None:
            caller, _ = server.accept()
            with caller:
                caller.recv(65_536)
                with suppress(OSError):
                    caller.sendall(said)

        talker = threading.Thread(target=answer)
        talker.start()
        came = ask(f"http://127.0.0.1:{port}/", timeoutSeconds=5)
        talker.join(5)
    assert came.run["status"] == "succeeded"
    assert set(came.ports) <= {"error", "out"}
    if "302" not in said.decode("latin-1"):
        assert came.error["type"] in ("ConnectionFailed", "ParseFailed", "ResponseTooLarge"), came.error

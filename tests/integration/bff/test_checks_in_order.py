"""What is checked first is told first."""

from __future__ import annotations

from typing import Any

import pytest
from triggerflow_chassis import ids
from triggerflow_chassis.errors import Deadline, TooMany, Unavailable

MISSING = "00000000-0000-7000-8000-00000000dead"
JSON = {"Content-Type": "application/json"}


def problem(answer: Any) -> dict[str, Any]:
    assert answer.headers["content-type"] == "application/problem+json"
    body: dict[str, Any] = answer.json()
    assert body["status"] == answer.status_code
    assert body["type"] == f"urn:triggerflow:problem:{body['reason']}"
    assert len(body["traceId"]) == 32
    assert {"title", "detail", "errors"} <= body.keys()
    return body


@pytest.mark.parametrize("path", ["/flows", "/canvas/", "/healthz", "/hooks/x", "/", "/nowhere"])
async def test_a_foreign_host_or_origin_is_403_on_every_path(bff: Any, path: str) -> None:
    for headers in ({"Host": "evil.example"}, {"Origin": "http://evil.example"}, {"Origin": "null"}):
        answer = await bff.client.get(path, headers=headers)
        assert answer.status_code == 403
        assert problem(answer)["reason"] == "FORBIDDEN"


async def test_own_hosts_and_own_origins_are_let_in(bff: Any) -> None:
    for host in (f"127.0.0.1:{bff.port}", f"localhost:{bff.port}", f"LOCALHOST:{bff.port}"):
        answer = await bff.client.get("/flows", headers={"Host": host, "Origin": f"http://{host.lower()}"})
        assert answer.status_code == 200


async def test_without_a_session_even_an_unknown_path_is_401(bff: Any) -> None:
    for path in ("/flows", "/nowhere", "/openapi.json", "/docs", "/session/links"):
        answer = await bff.client.get(path, headers={"Authorization": "Bearer wrong"})
        assert answer.status_code == 401
        assert problem(answer)["reason"] == "UNAUTHENTICATED"
        assert answer.headers["www-authenticate"] == "Bearer"


async def test_an_unknown_path_is_404_and_a_known_path_with_another_method_405(bff: Any) -> None:
    assert problem(await bff.client.get("/nowhere"))["reason"] == "NOT_FOUND"
    assert (await bff.client.get("/flows/")).status_code == 404
    answer = await bff.client.patch("/flows")
    assert problem(answer)["reason"] == "METHOD_NOT_ALLOWED"
    assert answer.headers["allow"] == "GET, POST, HEAD, OPTIONS"


async def test_a_missing_flow_is_told_before_an_unknown_method(bff: Any) -> None:
    flow_id, _ = await bff.flow()
    assert (await bff.client.patch(f"/flows/{flow_id}")).status_code == 405
    assert (await bff.client.patch(f"/flows/{MISSING}")).status_code == 404


async def test_options_and_head_say_what_get_would(bff: Any) -> None:
    answer = await bff.client.options("/flows")
    assert (answer.status_code, answer.headers["allow"]) == (204, "GET, POST, HEAD, OPTIONS")
    flow_id, etag = await bff.flow()
    head = await bff.client.head(f"/flows/{flow_id}")
    got = await bff.client.get(f"/flows/{flow_id}")
    assert (head.status_code, head.content, head.headers["etag"]) == (200, b"", etag)
    assert head.headers["content-length"] == got.headers["content-length"]


BAD_BODIES = {
    413: (b'{"name":"' + b"x" * 8_388_608 + b'"}', JSON, "TOO_LARGE"),
    415: (b"name=x", {"Content-Type": "text/plain"}, "UNSUPPORTED_MEDIA_TYPE"),
    400: (b'{"name":', JSON, "BAD_JSON"),
    422: (b'{"name":5}', JSON, "INVALID"),
}


@pytest.mark.parametrize("status", BAD_BODIES)
async def test_a_bad_body_is_told_last_of_a_put(bff: Any, status: int) -> None:
    body, headers, reason = BAD_BODIES[status]
    flow_id, etag = await bff.flow()

    async def put(path: str, **more: str) -> Any:
        return await bff.client.put(path, content=body, headers={**headers, **more})

    assert (await put(f"/flows/{MISSING}", **{"If-Match": etag})).status_code == 404
    assert (await put("/flows/not-an-id", **{"If-Match": etag})).status_code == 404
    assert (await put(f"/flows/{flow_id}")).status_code == 428
    stale = await put(f"/flows/{flow_id}", **{"If-Match": '"stale"'})
    assert (stale.status_code, stale.headers["etag"], stale.json()["currentEtag"]) == (412, etag, etag)
    answer = await put(f"/flows/{flow_id}", **{"If-Match": etag})
    assert answer.status_code == status
    assert problem(answer)["reason"] == reason
    assert bff.backend.count("UpdateFlow") == 0


@pytest.mark.parametrize("status", BAD_BODIES)
async def test_a_bad_body_is_told_last_of_a_node(bff: Any, node: Any, status: int) -> None:
    body, headers, _ = BAD_BODIES[status]
    there = node()
    flow_id, _ = await bff.flow(nodes=[there])

    async def put(path: str, **more: str) -> int:
        answer = await bff.client.put(path, content=body, headers={**headers, **more})
        return int(answer.status_code)

    path, create = f"/flows/{flow_id}/nodes/{there['id']}", {"If-None-Match": "*"}
    assert await put(f"/flows/{MISSING}/nodes/{there['id']}", **create) == 404
    assert await put(f"/flows/{flow_id}/nodes/{MISSING}") == 404
    assert await put(f"/flows/{flow_id}/nodes/{MISSING}", **create) == status
    assert await put(path) == 428
    assert await put(path, **create) == 412
    assert await put(path, **{"If-Match": '"stale"'}) == 412
    assert await put(path, **{"If-Match": "*"}) == status


@pytest.mark.parametrize("status", BAD_BODIES)
async def test_a_bad_body_is_told_after_a_missing_path_of_a_post(bff: Any, status: int) -> None:
    body, headers, _ = BAD_BODIES[status]
    flow_id, _ = await bff.flow()
    execution_id = bff.backend.run()
    for path, there in (("/flows/{}/versions", flow_id), ("/executions/{}/cancel", execution_id)):
        for id_, expected in ((MISSING, 404), (there, status)):
            answer = await bff.client.post(path.format(id_), content=body, headers=headers)
            assert answer.status_code == expected, path


async def test_a_good_write_takes_one_hop(bff: Any) -> None:
    flow_id, etag = await bff.flow()
    bff.backend.asked.clear()
    answer = await bff.client.put(f"/flows/{flow_id}", json={"name": "Renamed"}, headers={"If-Match": etag})
    assert answer.status_code == 200
    assert [name for name, _ in bff.backend.asked] == ["UpdateFlow"]


async def test_a_chunked_body_above_the_limit_is_413(bff: Any) -> None:
    async def pieces() -> Any:
        yield b'{"name":"'
        for _ in range(9):
            yield b"x" * 1_000_000

    answer = await bff.client.post("/flows", content=pieces(), headers=JSON)
    assert problem(answer)["reason"] == "TOO_LARGE"
    # Keep-alive goes on with the next request.
    assert (await bff.client.get("/flows")).status_code == 200


async def test_a_body_of_exactly_the_limit_passes(bff: Any) -> None:
    start, end = b'{"name":"a","description":"', b'"}'
    body = start + b"x" * (8_388_608 - len(start) - len(end)) + end
    answer = await bff.client.post("/flows", content=body, headers=JSON)
    assert answer.status_code == 201


async def test_a_body_without_its_media_type_is_415_and_none_at_all_400(bff: Any) -> None:
    assert (await bff.client.post("/flows", content=b'{"name":"a"}')).status_code == 415
    assert (await bff.client.post("/flows")).status_code == 400
    gzip = {**JSON, "Content-Encoding": "gzip"}
    assert (await bff.client.post("/flows", content=b'{"name":"a"}', headers=gzip)).status_code == 415
    charset = {"Content-Type": "Application/JSON; charset=utf-8"}
    assert (await bff.client.post("/flows", content=b'{"name":"a"}', headers=charset)).status_code == 201


async def test_every_violation_is_told_at_its_member(bff: Any, node: Any) -> None:
    bad = node(name="", type="robot", surplus=1)
    del bad["handlers"]
    answer = await bff.client.post("/flows", json={"nodes": [bad], "colour": "red"})
    body = problem(answer)
    assert answer.status_code == 422
    assert {error["pointer"] for error in body["errors"]} == {
        "/name",
        "/colour",
        "/nodes/0/name",
        "/nodes/0/type",
        "/nodes/0/surplus",
        "/nodes/0/handlers",
    }
    assert all(error["message"] for error in body["errors"])


async def test_no_more_than_a_hundred_violations_are_told(bff: Any) -> None:
    answer = await bff.client.post("/flows", json={"name": "a", "nodes": [{}] * 300})
    assert len(problem(answer)["errors"]) == 100


async def test_an_id_unlike_the_path_is_422_and_what_the_server_owns_is_ignored(bff: Any, node: Any) -> None:
    flow_id, _ = await bff.flow()
    read = (await bff.client.get(f"/flows/{flow_id}")).json()
    any_tag = {"If-Match": "*"}
    back = await bff.client.put(f"/flows/{flow_id}", json=read, headers=any_tag)
    assert back.status_code == 200
    upper = await bff.client.put(f"/flows/{flow_id.upper()}", json={**read, "id": flow_id.upper()}, headers=any_tag)
    assert upper.json()["id"] == flow_id
    odd = {**read, "id": MISSING, "problems": 5, "createdAt": "yesterday"}
    answer = await bff.client.put(f"/flows/{flow_id}", json=odd, headers=any_tag)
    assert [error["pointer"] for error in problem(answer)["errors"]] == ["/id"]
    created = await bff.client.post("/flows", json=odd)
    assert created.status_code == 201
    assert created.json()["id"] != MISSING
    one = node()
    path = f"/flows/{flow_id}/nodes/{MISSING}"
    answer = await bff.client.put(path, json=one, headers={"If-None-Match": "*"})
    assert [error["pointer"] for error in problem(answer)["errors"]] == ["/id"]


@pytest.mark.parametrize(
    ("failure", "status", "retry"),
    [(Unavailable(), 503, "1"), (Deadline(), 504, None), (TooMany(), 429, "1"), (RuntimeError("boom"), 500, None)],
)
async def test_a_service_that_fails_is_told_apart(bff: Any, failure: Any, status: int, retry: str | None) -> None:
    bff.backend.failures["ListFlows"] = failure
    answer = await bff.client.get("/flows", headers={"traceparent": f"00-{'ab' * 16}-{'cd' * 8}-01"})
    assert answer.status_code == status
    assert problem(answer)["traceId"] == "ab" * 16
    assert answer.headers.get("retry-after") == retry
    assert "boom" not in answer.text


async def test_a_service_that_is_gone_is_503(bff: Any) -> None:
    bff.backend.failures["GetFlow"] = Unavailable()
    answer = await bff.client.put(f"/flows/{ids.uuid7()}", content=b"[", headers=JSON)
    assert answer.status_code == 503

"""A program calls a webhook, and gets what the contract says."""

from __future__ import annotations

import json
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest
from drawing import Drawing
from problem_answer import refused
from running_product import wait_for
from signed_call import signature


def failing(drawing: Drawing) -> str:
    drawing.node("action", "fail", "sample_handlers.fail")
    drawing.wire("hook", "fail")
    return "fail"


def hanging(drawing: Drawing) -> str:
    drawing.node("action", "hang", "sample_handlers.hang")
    drawing.wire("hook", "hang")
    return "hang"


def ended(client: httpx.Client, execution_id: str) -> dict[str, Any]:
    return dict(wait_for(lambda: run if (run := client.get(f"/executions/{execution_id}").json())["endedAt"] else None))


def test_a_signed_call_starts_a_run_with_body_headers_query_and_method(hooked: Any, client: httpx.Client) -> None:
    hook = hooked()
    answer = hook.call(
        b'{"order": 7, "lines": [1, null]}',
        params=[("a", "1"), ("b", "x"), ("b", "y")],
        headers={"X-Kind": "new", "Cookie": "tfcanvas_1=stolen", "Authorization": "Bearer stolen"},
    )
    assert answer.status_code == 202, answer.text
    assert set(answer.json()) == {"executionId"}
    run = ended(client, answer.json()["executionId"])
    assert run["status"] == "succeeded"
    out = run["outputs"]["result"]
    assert out["body"] == {"order": 7, "lines": [1, None]}
    assert out["query"] == {"a": "1", "b": ["x", "y"]}
    assert out["method"] == "POST"
    assert out["headers"]["x-kind"] == "new"
    assert not {"cookie", "authorization", "x-triggerflow-signature", "host"} & set(out["headers"])
    assert "stolen" not in json.dumps(run)
    (activation,) = [
        each
        for each in client.get(f"/executions/{run['id']}/activations").json()["items"]
        if each["nodeId"] == hook.node_id
    ]
    assert activation["ports"] == {"out": out}


def test_a_sync_hook_answers_with_the_outputs(hooked: Any) -> None:
    answer = hooked(answer="sync").call(b'"hello"')
    assert answer.status_code == 200, answer.text
    assert answer.json()["result"]["body"] == "hello"
    assert answer.headers["cache-control"] == "no-store"


def test_a_sync_hook_answers_with_large_outputs_whole(hooked: Any) -> None:
    body = json.dumps("x" * 200_000).encode()
    assert hooked(answer="sync").call(body).json()["result"]["body"] == "x" * 200_000


def test_a_sync_hook_whose_run_fails_answers_500_and_names_the_run(hooked: Any) -> None:
    hook = hooked(failing, answer="sync")
    problem = refused(hook.call(), 500, "RUN_FAILED")
    assert problem["executionId"] == hook.runs()[0]["id"]
    assert "canary" not in problem["detail"]


@pytest.mark.parametrize(
    ("content_type", "body", "seen"),
    [
        ("application/json", b"null", None),
        ("application/vnd.github+json; charset=utf-8", b"[1]", [1]),
        ("application/x-www-form-urlencoded", b"a=1&b=x+y&b=%C3%A4", {"a": "1", "b": ["x y", "ä"]}),
        ("text/plain", "grüße".encode(), "grüße"),
        ("application/json", b"", None),
    ],
)
def test_bodies_are_read_by_their_content_type(hooked: Any, content_type: str, body: bytes, seen: Any) -> None:
    answer = hooked(answer="sync").call(body, headers={"Content-Type": content_type})
    assert answer.status_code == 200, answer.text
    assert answer.json()["result"]["body"] == seen


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE"])
def test_other_methods_are_told_to_the_flow(hooked: Any, method: str) -> None:
    assert hooked(answer="sync").call(method=method).json()["result"]["method"] == method


def test_a_webhook_has_no_page(hooked: Any) -> None:
    hook = hooked()
    refused(hook.outsider.get(f"/hooks/{hook.path}"), 405, "METHOD_NOT_ALLOWED")
    assert hook.outsider.options(f"/hooks/{hook.path}").status_code == 204


def wrong_signatures(secret: str) -> dict[str, str]:
    good = signature(secret, b"{}")
    time_part, _, hex_part = good.partition(",")
    return {
        "missing": "",
        "another body's": signature(secret, b"{} "),
        "another secret's": signature(secret + "x", b"{}"),
        "an empty secret's": signature("", b"{}"),
        "old": signature(secret, b"{}", time.time() - 301),
        "of the future": signature(secret, b"{}", time.time() + 330),
        "another time's": f"t={int(time.time()) - 1},{hex_part}",
        "without time": hex_part,
        "without signature": time_part,
        "two times": f"{time_part},{good}",
        "cut": good[:-1],
        "longer": good + "0",
        "empty": f"{time_part},v1=",
        "no hex": f"{time_part},v1={'g' * 64}",
        "not ASCII": f"{time_part},v1=\xb2{hex_part[4:]}",
        "a time that is no number": f"t=1e9,{hex_part}",
        "a negative time": f"t=-{time_part[2:]},{hex_part}",
        "a huge time": f"t={'9' * 400},{hex_part}",
        "many": ",".join([time_part, *([f"v1={'0' * 64}"] * 50)]),
        "another scheme": good.replace("v1=", "v0="),
        "long": good + "," + "x" * 5_000,
        "null": "null",
    }


@pytest.mark.parametrize("name", sorted(wrong_signatures("s")))
@pytest.mark.parametrize("answer", ["async", "sync"])
def test_a_wrong_signature_is_401_and_no_execution(hooked: Any, name: str, answer: str) -> None:
    hook = hooked(answer=answer)
    header = wrong_signatures(hook.hook["secret"])[name]
    refused(hook.call(sign=header.encode("latin-1") if header else ""), 401, "UNAUTHENTICATED")
    assert hook.runs() == []
    assert hook.call().status_code < 300, "the right one is let in"


def test_a_refusal_says_nothing_of_what_would_have_been_right(hooked: Any) -> None:
    hook = hooked()
    secret = hook.hook["secret"]
    answer = hook.call(sign=signature("guess", b"{}"))
    assert secret not in answer.text
    assert signature(secret, b"{}").partition("v1=")[2] not in answer.text


def test_the_same_signature_again_is_answered_as_the_first_time(hooked: Any) -> None:
    hook = hooked()
    body = b'{"n": 1}'
    header = signature(hook.hook["secret"], body)
    first = hook.call(body, sign=header)
    again = hook.call(body, sign=header, params={"n": "2"})
    assert (first.status_code, again.status_code) == (202, 202)
    assert first.json() == again.json()
    assert len(hook.runs()) == 1


def test_the_same_signature_many_times_at_once_starts_one_run(hooked: Any) -> None:
    hook = hooked(answer="sync")
    header = signature(hook.hook["secret"], b"[]")
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: hook.call(b"[]", sign=header), range(16)))
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.text for answer in answers}) == 1
    assert len(hook.runs()) == 1


def test_one_of_two_signatures_that_fits_is_enough(hooked: Any) -> None:
    hook = hooked()
    header = signature(hook.hook["secret"], b"{}") + f",v1={'0' * 64}"
    assert hook.call(sign=header).status_code == 202


def test_only_published_versions_answer(client: httpx.Client, outsider: httpx.Client, draw: Any) -> None:
    flow_id, _ = draw("core:webhook", {"path": "unpublished", "answer": "async"})
    (hook,) = client.get(f"/flows/{flow_id}/hooks").json()
    assert hook["active"] is False
    header = {"X-TriggerFlow-Signature": signature(hook["secret"], b"{}")}
    refused(outsider.post("/hooks/unpublished", content=b"{}", headers=header), 404, "NOT_FOUND")

    assert client.post(f"/flows/{flow_id}/versions").status_code == 201
    assert outsider.post("/hooks/unpublished", content=b"{}", headers=header).status_code == 202

    # A draft that moved on changes nothing of what is published.
    flow = client.get(f"/flows/{flow_id}").json()
    flow["nodes"][0]["handlers"]["main"]["config"]["path"] = "unpublished-2"
    assert client.put(f"/flows/{flow_id}", json=flow, headers={"If-Match": "*"}).status_code == 200
    assert outsider.post("/hooks/unpublished", content=b"{}", headers=header).status_code == 202
    refused(outsider.post("/hooks/unpublished-2", content=b"{}", headers=header), 404, "NOT_FOUND")
    (hook,) = client.get(f"/flows/{flow_id}/hooks").json()
    assert (hook["path"], hook["active"]) == ("unpublished-2", False)

    assert client.post(f"/flows/{flow_id}/versions").status_code == 201
    refused(outsider.post("/hooks/unpublished", content=b"{}", headers=header), 404, "NOT_FOUND")
    assert outsider.post("/hooks/unpublished-2", content=b"{}", headers=header).status_code == 202

    wait_for(
        lambda: all(run["endedAt"] for run in client.get("/executions", params={"flowId": flow_id}).json()["items"])
    )
    assert client.delete(f"/flows/{flow_id}", headers={"If-Match": "*"}).status_code == 204
    refused(outsider.post("/hooks/unpublished-2", content=b"{}", headers=header), 404, "NOT_FOUND")


def test_the_secret_may_come_from_the_environment(hooked: Any) -> None:
    hook = hooked(secret={"$env": "LAB_HOOK_SECRET"})
    assert hook.hook["secret"] is None
    refused(hook.call(sign=signature("", b"{}")), 401, "UNAUTHENTICATED")
    assert hook.call(sign=signature("the hook's own secret", b"{}")).status_code == 202
    refused(hook.client.post(f"/flows/{hook.flow_id}/hooks/{hook.node_id}/rotate"), 422, "INVALID")


@pytest.mark.parametrize("name", ["LAB_UNSET", "LAB_EMPTY", "LAB_FORBIDDEN", "HOME"])
def test_a_secret_that_cannot_be_read_lets_nobody_in(hooked: Any, name: str) -> None:
    hook = hooked(secret={"$env": name})
    for guess in ("", "None", "canary-forbidden-52b6e94a"):
        refused(hook.call(sign=signature(guess, b"{}")), 401, "UNAUTHENTICATED")
    assert hook.runs() == []


def test_a_literal_secret_is_not_saved(client: httpx.Client, draw: Any) -> None:
    drawing = Drawing("literal")
    drawing.node("trigger", "hook", "core:webhook", config={"path": "literal", "answer": "async", "secret": "open"})
    refused(client.post("/flows", json=drawing.body()), 422, "INVALID", "/nodes/0/handlers/main/config/secret")


def test_a_secret_made_anew_refuses_the_old_one_at_once(hooked: Any) -> None:
    hook = hooked()
    old = hook.hook["secret"]
    rotate = f"/flows/{hook.flow_id}/hooks/{hook.node_id}/rotate"
    key = {"Idempotency-Key": "rotate once"}
    answer = hook.client.post(rotate, headers=key)
    assert answer.status_code == 200, answer.text
    new = answer.json()["secret"]
    assert new != old and len(new) >= 32
    assert hook.client.post(rotate, headers=key).json()["secret"] == new
    refused(hook.call(sign=signature(old, b"{}")), 401, "UNAUTHENTICATED")
    assert hook.call(sign=signature(new, b"{}")).status_code == 202
    assert hook.client.post(rotate).json()["secret"] not in (old, new)


def test_each_hook_has_a_secret_of_its_own_that_only_a_session_shows(hooked: Any) -> None:
    one, other = hooked(), hooked()
    assert one.hook["secret"] != other.hook["secret"]
    assert one.hook["secret"] == one.hook["secret"]
    refused(other.call(sign=signature(one.hook["secret"], b"{}")), 401, "UNAUTHENTICATED")
    refused(one.outsider.get(f"/flows/{one.flow_id}/hooks"), 401, "UNAUTHENTICATED")
    refused(one.outsider.post(f"/flows/{one.flow_id}/hooks/{one.node_id}/rotate"), 401, "UNAUTHENTICATED")
    refused(one.outsider.post(f"/flows/{one.flow_id}/hooks/{one.node_id}/listen"), 401, "UNAUTHENTICATED")


@pytest.mark.parametrize(
    "path",
    ["nothing", "a/b", "%2e%2e/flows", "..%2fflows", "-/hooks.css%00", "x" * 300, "%00", "%C3%A4", "test", "test/",
     "test/nothing", "a//b", "p%20q", "-", "-/..%2f..%2ftoken", "-/%2e%2e/%2e%2e/token"],
)  # fmt: skip
def test_a_path_that_nobody_has_is_404_whatever_comes_with_it(outsider: httpx.Client, path: str) -> None:
    header = {"X-TriggerFlow-Signature": signature("guess", b"{}")}
    url = httpx.URL(str(outsider.base_url)).copy_with(raw_path=b"/hooks/" + path.encode())
    for content in (b"{}", b"not json", b"x" * 9_000_000):
        answer = outsider.send(outsider.build_request("POST", url, content=content, headers=header))
        heard = 413 if path.startswith("test/") and len(content) > 8_388_608 else 404
        assert answer.status_code in (400, heard), (answer.status_code, answer.text[:200])
        assert answer.headers["content-type"].startswith("application/problem+json")


def test_a_body_that_is_too_large_is_413_and_no_execution(hooked: Any) -> None:
    hook = hooked()
    refused(hook.call(b" " * 8_388_609), 413, "TOO_LARGE")
    assert hook.runs() == []


@pytest.mark.parametrize(
    ("headers", "body", "status", "reason"),
    [
        ({}, b"{", 400, "BAD_JSON"),
        ({}, b'{"a":1,"a":2}', 400, "BAD_JSON"),
        ({}, b'"\\u0000"', 422, "INVALID"),
        ({}, b"[" * 200 + b"]" * 200, 400, "BAD_JSON"),
        ({"Content-Type": "image/png"}, b"x", 415, "UNSUPPORTED_MEDIA_TYPE"),
        ({"Content-Type": "text/plain"}, b"\xff", 415, "UNSUPPORTED_MEDIA_TYPE"),
        ({"Content-Encoding": "gzip"}, b"{}", 415, "UNSUPPORTED_MEDIA_TYPE"),
        ({"Content-Type": "application/x-www-form-urlencoded"}, b"a=%00", 400, "BAD_PARAMETER"),
    ],
)
def test_what_is_signed_but_broken_starts_nothing(
    hooked: Any, headers: dict[str, str], body: bytes, status: int, reason: str
) -> None:
    hook = hooked()
    refused(hook.call(body, headers=headers), status, reason)
    assert hook.runs() == []
    refused(hook.call(body, headers=headers, sign=signature("guess", body)), 401, "UNAUTHENTICATED")


def test_a_foreign_page_may_not_call(hooked: Any) -> None:
    hook = hooked()
    refused(hook.call(headers={"Origin": "http://evil.example"}), 403, "FORBIDDEN")
    assert hook.runs() == []


@pytest.mark.parametrize(
    "path", ["", "/a", "a/", "a//b", "../a", "a.b", "a b", "ä", "test/a", "test", "-/x", "a" * 201]
)
def test_a_path_that_cannot_be_one_is_a_problem(client: httpx.Client, draw: Any, path: str) -> None:
    flow_id, _ = draw("core:webhook", {"path": path, "answer": "async"})
    refused(client.post(f"/flows/{flow_id}/versions"), 422, "HAS_PROBLEMS", "/nodes/0/handlers/main/config/path")


def test_a_run_that_was_cancelled_answers_500(hooked: Any, client: httpx.Client) -> None:
    hook = hooked(hanging, answer="sync")
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(hook.call)
        (run,) = wait_for(hook.runs)
        assert client.post(f"/executions/{run['id']}/cancel").status_code == 202
        problem = refused(waiting.result(30), 500, "RUN_FAILED")
    assert problem["executionId"] == run["id"]


def publish(client: httpx.Client, flow_id: str) -> httpx.Response:
    return client.post(f"/flows/{flow_id}/versions")


def test_a_path_that_another_flow_has_refuses_publishing_until_it_is_free(client: httpx.Client, draw: Any) -> None:
    at = "/nodes/0/handlers/main/config/path"
    first, _ = draw("core:webhook", {"path": "taken", "answer": "async"})
    second, _ = draw("core:chat", {"path": "taken"})
    assert publish(client, first).status_code == 201
    assert publish(client, first).status_code == 200
    problem = refused(publish(client, second), 422, "HAS_PROBLEMS", at)
    assert client.get(f"/flows/{first}").json()["name"] in problem["errors"][0]["message"]

    flow = client.get(f"/flows/{first}").json()
    flow["nodes"][0]["handlers"]["main"]["config"]["path"] = "moved"
    client.put(f"/flows/{first}", json=flow, headers={"If-Match": "*"})
    refused(publish(client, second), 422, "HAS_PROBLEMS", at)
    assert publish(client, first).status_code == 201
    assert publish(client, second).status_code == 201

    assert client.delete(f"/flows/{second}", headers={"If-Match": "*"}).status_code == 204
    third, _ = draw("core:webhook", {"path": "taken", "answer": "async"})
    assert publish(client, third).status_code == 201


def test_two_hooks_of_one_flow_need_two_paths(client: httpx.Client) -> None:
    drawing = Drawing("two hooks")
    drawing.node("trigger", "one", "core:webhook", config={"path": "same", "answer": "async"})
    drawing.node("trigger", "two", "core:chat", config={"path": "same"})
    flow = client.post("/flows", json=drawing.body()).json()
    errors = [problem for problem in flow["problems"] if problem["severity"] == "error"]
    assert [problem["pointer"] for problem in errors] == ["/nodes/1/handlers/main/config/path"]


def test_of_many_that_publish_one_path_at_once_one_gets_it(client: httpx.Client, draw: Any) -> None:
    flows = [draw("core:webhook", {"path": "contested", "answer": "async"})[0] for _ in range(6)]
    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(lambda flow_id: publish(client, flow_id).status_code, flows))
    assert sorted(answers) == [201, *([422] * 5)]


def test_a_signed_call_replayed_under_other_keys_and_queries_is_one_run(hooked: Any) -> None:
    hook = hooked()
    sign = signature(hook.hook["secret"], b"{}")
    answers = [
        hook.call(sign=sign, headers={"Idempotency-Key": f"key {number}"}, params={"n": str(number)}, method=method)
        for number, method in enumerate(("POST", "POST", "PUT", "DELETE"))
    ]
    assert len({answer.text for answer in answers}) == 1
    assert len(hook.runs()) == 1

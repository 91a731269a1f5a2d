"""Somebody opens the page of a form, fills it in, and sees what became of it. Without scripts, as a browser does it."""

from __future__ import annotations

import base64
import re
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from html import unescape
from typing import Any

import httpx
import pytest
from problem_answer import refused
from running_product import wait_for

EVIL = "<script>alert('x')</script>"
FIELDS = {
    "type": "object",
    "required": ["name", "age"],
    "properties": {
        "name": {"type": "string", "title": f"Name {EVIL}", "minLength": 2, "maxLength": 40},
        "age": {"type": "integer", "title": "Age", "minimum": 18},
        "kind": {"enum": ["new", "old"], "title": "Kind"},
        "day": {"type": "string", "format": "date", "title": "Day"},
        "yes": {"type": "boolean", "title": "Yes"},
        "file": {"type": "object", "format": "file", "title": "File"},
    },
}


class Page:
    """The published form, as a browser without scripts sees it."""

    def __init__(self, client: httpx.Client, outsider: httpx.Client, flow_id: str, path: str) -> None:
        self.client, self.outsider, self.flow_id = client, outsider, flow_id
        self.url = f"/hooks/{path}"

    def open(self) -> str:
        answer = self.outsider.get(self.url)
        assert answer.status_code == 200, answer.text
        return answer.text

    def submission(self) -> str:
        (found,) = re.findall(r'name="submission" value="([^"]+)"', self.open())
        return str(found)

    def send(self, submission: str | None = None, files: Any = None, **fields: str) -> httpx.Response:
        data = {f"f.{name}": text for name, text in fields.items()}
        data["submission"] = self.submission() if submission is None else submission
        empty = {"f.file": ("", b"", "application/octet-stream")}
        return self.outsider.post(self.url, data=data, files=files or empty, follow_redirects=False)

    def runs(self) -> list[dict[str, Any]]:
        return list(self.client.get("/executions", params={"flowId": self.flow_id}).json()["items"])

    def follow(self, answer: httpx.Response) -> str:
        assert answer.status_code == 303, answer.text
        return wait_for(lambda: text if "Working on it" not in (text := self._shown(answer)) else None, seconds=30)

    def _shown(self, answer: httpx.Response) -> str:
        shown = self.outsider.get(answer.headers["location"])
        assert shown.status_code == 200, shown.text
        return shown.text


@pytest.fixture
def form(client: httpx.Client, outsider: httpx.Client, draw: Any) -> Callable[..., Page]:
    def form(through: Any = None, **config: Any) -> Page:
        path = f"form-{uuid.uuid4()}"
        flow_id, _ = draw("core:form", {"path": path, "schema": FIELDS, "answer": "sync", **config}, through)
        answer = client.post(f"/flows/{flow_id}/versions")
        assert answer.status_code == 201, answer.text
        return Page(client, outsider, flow_id, path)

    return form


def failing(drawing: Any) -> str:
    drawing.node("action", "fail", "sample_handlers.fail")
    drawing.wire("hook", "fail")
    return "fail"


def test_the_page_is_a_page_that_runs_nothing(form: Any) -> None:
    page = form(title=f"Title {EVIL}")
    answer = page.outsider.get(page.url)
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy and "unsafe" not in policy and "frame-ancestors 'none'" in policy
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["cache-control"] == "no-store"
    assert "set-cookie" not in answer.headers
    assert EVIL not in answer.text
    assert f"Title {EVIL}" in unescape(answer.text)
    assert 'name="viewport"' in answer.text
    (css,) = re.findall(r'href="(/hooks/-/[^"]+\.css)"', answer.text)
    style = page.outsider.get(css)
    assert (style.status_code, style.headers["content-type"]) == (200, "text/css; charset=utf-8")
    assert "prefers-color-scheme: dark" in style.text


def test_without_a_title_it_has_the_flows_name(form: Any) -> None:
    page = form()
    name = page.client.get(f"/flows/{page.flow_id}").json()["name"]
    assert f"<h1>{name}</h1>" in page.open()


def test_what_is_sent_starts_a_run_and_its_answer_is_shown(form: Any) -> None:
    page = form()
    files = {"f.file": ("bild.png", b"\x89PNG", "image/png")}
    shown = page.follow(page.send(name="Ann & Bo", age="33", kind="old", day="2026-01-31", yes="on", files=files))
    (run,) = page.runs()
    content = base64.b64encode(b"\x89PNG").decode()
    expected = {
        "name": "Ann & Bo",
        "age": 33,
        "kind": "old",
        "day": "2026-01-31",
        "yes": True,
        "file": {"name": "bild.png", "type": "image/png", "bytes": 4, "content": content},
    }
    assert run["inputs"] == expected
    assert run["outputs"]["result"] == expected
    assert "Here is the answer." in shown
    assert "Ann &amp; Bo" in shown


def test_an_async_form_says_thank_you(form: Any) -> None:
    page = form(answer="async")
    assert "Thank you." in page.follow(page.send(name="Ann", age="33"))
    assert len(page.runs()) == 1


def test_errors_stand_at_their_fields_and_start_nothing(form: Any) -> None:
    page = form()
    answer = page.send(name="A", age="17", day="31.1.2026", kind="neither")
    assert answer.status_code == 422
    text = unescape(answer.text)
    assert 'role="alert"' in text
    assert text.count('class="error"') == 4
    assert "Choose one of the list." in text
    assert 'value="A"' in text and 'value="17"' in text

    answer = page.send(name="A", age="17", day="31.1.2026", kind="new")
    assert answer.status_code == 422
    assert answer.text.count('class="error"') == 3
    assert page.runs() == []
    assert "Here is the answer." in page.follow(page.send(name="Ann", age="18", day="", kind=""))


def test_what_was_typed_is_shown_again_as_text(form: Any) -> None:
    page = form()
    answer = page.send(name=f'"><{EVIL}', age="x")
    assert answer.status_code == 422
    assert EVIL not in answer.text
    assert f'"><{EVIL}' in unescape(answer.text)


def test_an_answer_is_shown_as_text(form: Any) -> None:
    page = form()
    shown = page.follow(page.send(name=EVIL, age="33"))
    assert EVIL not in shown
    assert "alert" in shown


def test_sent_twice_it_is_one_run(form: Any) -> None:
    page = form()
    submission = page.submission()
    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(lambda _: page.send(submission, name="Ann", age="33"), range(6)))
    assert {answer.headers["location"] for answer in answers} == {f"{page.url}?sent={submission}"}
    page.follow(answers[0])
    assert len(page.runs()) == 1
    assert page.submission() != submission


@pytest.mark.parametrize("submission", ["", "short", "../../x", "a" * 101, "a" * 30 + "\0", "ä" * 30])
def test_a_submission_id_that_is_none_is_replaced(form: Any, submission: str) -> None:
    page = form()
    answer = page.send(submission, name="Ann", age="33")
    assert re.fullmatch(re.escape(page.url) + r"\?sent=[A-Za-z0-9_-]{22,}", answer.headers["location"])
    assert len(page.runs()) == 1


@pytest.mark.parametrize("sent", ["", "nothing", "A" * 32, "key-" + "a" * 64, "%00", "../x", "signature:x"])
def test_nothing_is_shown_of_what_was_never_sent(form: Any, sent: str) -> None:
    page = form()
    answer = page.outsider.get(f"{page.url}?sent={sent}")
    assert answer.status_code in (400, 404)
    assert "result" not in answer.text


def test_a_failed_run_says_so_and_not_why(form: Any) -> None:
    page = form(failing)
    shown = page.follow(page.send(name="Ann", age="33"))
    (run,) = page.runs()
    assert "That did not work." in shown
    assert run["error"]["message"] not in shown
    assert run["id"] in shown


def test_a_file_that_is_too_large_is_told_at_its_field(form: Any) -> None:
    page = form()
    answer = page.send(name="Ann", age="33", files={"f.file": ("a", b"x" * (5 * 1024 * 1024 + 1), "text/plain")})
    assert answer.status_code == 422
    assert "5 MiB" in answer.text
    refused(page.send(name="Ann", age="33", files={"f.file": ("a", b"x" * 9_000_000, "text/plain")}), 413, "TOO_LARGE")
    assert page.runs() == []


def test_what_no_browser_sends_is_refused(form: Any) -> None:
    page = form()
    for body, kind, status in (
        (b"x", "multipart/form-data; boundary=B", 400),
        (b"--B--", "multipart/form-data", 400),
        (b"x", "text/plain", 415),
        (b"", "", 415),
        (b"{", "application/json", 400),
    ):
        headers = {"Content-Type": kind} if kind else {}
        answer = page.outsider.post(page.url, content=body, headers=headers)
        assert answer.status_code == status, (kind, answer.text)
    refused(page.outsider.post(page.url, data={"f.name": "Ann"}, headers={"Origin": "http://evil.example"}), 403, None)
    assert page.outsider.put(page.url, content=b"{}").status_code in (404, 405)
    assert page.runs() == []


def test_a_program_may_send_json(form: Any) -> None:
    page = form()
    answer = page.outsider.post(page.url, json={"name": "Ann", "age": 33}, headers={"Idempotency-Key": "once"})
    assert (answer.status_code, answer.json()) == (200, {"result": {"name": "Ann", "age": 33}})
    again = page.outsider.post(page.url, json={"name": "Ann", "age": 33}, headers={"Idempotency-Key": "once"})
    assert again.json() == answer.json()
    other = page.outsider.post(page.url, json={"name": "Bob", "age": 33}, headers={"Idempotency-Key": "once"})
    refused(other, 422, "IDEMPOTENCY_KEY_REUSED")
    assert len(page.runs()) == 1
    refused(page.outsider.post(page.url, json={"name": "A"}), 422, "INVALID", "/name", "/age")
    refused(page.outsider.post(page.url, json=[]), 422, "INVALID", "")


def test_a_program_is_not_told_why_a_run_failed(form: Any) -> None:
    page = form(failing)
    problem = refused(page.outsider.post(page.url, json={"name": "Ann", "age": 33}), 500, "RUN_FAILED")
    (run,) = page.runs()
    assert problem["executionId"] == run["id"]
    assert run["error"]["message"] not in str(problem)


def test_starting_the_form_by_hand_is_checked_like_the_page(form: Any) -> None:
    page = form()
    trigger = page.client.get(f"/flows/{page.flow_id}/hooks").json()[0]
    assert (trigger["secret"], trigger["testUrl"], trigger["active"]) == (None, None, True)
    body = {"flowId": page.flow_id, "inputs": {"name": "A", "age": 33}}
    refused(page.client.post(f"/executions?trigger={trigger['nodeId']}", json=body), 422, "INVALID", "/inputs/name")


@pytest.mark.parametrize(
    "schema",
    [
        {},
        {"type": "object"},
        {"type": "object", "properties": {}},
        {"type": "array"},
        {"type": "object", "properties": {"a": {"type": "array"}}},
        {"type": "object", "properties": {"a": {"type": "object"}}},
        {"type": "object", "properties": {"a": True}},
        {"type": "object", "properties": {"a": {"enum": [{}]}}},
        {"type": "nonsense"},
    ],
)
def test_a_schema_that_makes_no_form_is_a_problem(client: httpx.Client, draw: Any, schema: Any) -> None:
    flow_id, _ = draw("core:form", {"path": "bad-form", "schema": schema, "answer": "async"})
    refused(client.post(f"/flows/{flow_id}/versions"), 422, "HAS_PROBLEMS")


def hanging(drawing: Any) -> str:
    drawing.node("action", "hang", "sample_handlers.hang")
    drawing.wire("hook", "hang")
    return "hang"


def test_what_waits_for_its_turn_is_worked_on_in_its_turn(form: Any, client: httpx.Client) -> None:
    page = form(hanging, limits={"singleton": "queue"})
    page.send(name="First", age="33")
    (first,) = wait_for(page.runs)
    second = page.send(name="Second", age="33")
    assert "Working on it" in page.outsider.get(second.headers["location"]).text
    assert [run["id"] for run in page.runs()] == [first["id"]]
    client.post(f"/executions/{first['id']}/cancel")
    newest = wait_for(lambda: found if (found := page.runs()[0])["id"] != first["id"] else None)
    assert newest["inputs"]["name"] == "Second"
    client.post(f"/executions/{newest['id']}/cancel")
    assert "That did not work." in page.follow(second)


def test_what_limits_drop_is_told_and_may_be_sent_again(form: Any) -> None:
    page = form(limits={"rateLimit": {"count": 1, "seconds": 3600}})
    page.follow(page.send(name="Ann", age="33"))
    answer = page.send(name="Bob", age="33")
    assert answer.status_code == 422
    assert "Try again in a moment." in answer.text and 'value="Bob"' in answer.text
    assert len(page.runs()) == 1

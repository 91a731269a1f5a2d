"""While a draft listens, one signed call of its test address is heard; nothing else is, and nothing runs."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest
from problem_answer import refused
from signed_call import signature


class Draft:
    def __init__(self, client: httpx.Client, outsider: httpx.Client, flow_id: str, node_id: str, path: str) -> None:
        self.client, self.outsider = client, outsider
        self.listen_path = f"/flows/{flow_id}/hooks/{node_id}/listen"
        self.flow_id, self.path = flow_id, path
        (hook,) = client.get(f"/flows/{flow_id}/hooks").json()
        self.secret, self.test_url = hook["secret"], hook["testUrl"]

    def call(self, body: bytes = b"{}", sign: str | None = None) -> httpx.Response:
        headers = {"X-TriggerFlow-Signature": signature(self.secret, body) if sign is None else sign}
        return self.outsider.post(f"/hooks/test/{self.path}", content=body, headers=headers)


@pytest.fixture
def draft(client: httpx.Client, outsider: httpx.Client, draw: Any, request: pytest.FixtureRequest) -> Draft:
    path = f"draft-{abs(hash(request.node.name))}"
    flow_id, drawing = draw("core:webhook", {"path": path, "answer": "sync"})
    return Draft(client, outsider, flow_id, drawing.ids["hook"], path)


def test_nobody_is_heard_before_somebody_listens(draft: Draft) -> None:
    refused(draft.call(), 404, "NOT_FOUND")
    refused(draft.client.get(draft.listen_path), 404, "NOT_FOUND")


def test_one_call_is_heard_and_shown_as_the_trigger_would_get_it(draft: Draft) -> None:
    listening = draft.client.post(draft.listen_path)
    assert listening.status_code == 200
    assert listening.json()["call"] is None
    assert listening.json()["testUrl"] == draft.test_url

    answer = draft.call(b'{"n": 1}')
    assert (answer.status_code, answer.json()) == (202, {"received": True})
    heard = draft.client.get(draft.listen_path).json()
    assert heard["call"]["body"] == {"n": 1}
    assert heard["call"]["method"] == "POST"
    assert heard["calledAt"] <= heard["until"]

    refused(draft.call(b'{"n": 2}'), 404, "NOT_FOUND")
    assert draft.client.get(draft.listen_path).json() == heard
    assert draft.client.get("/executions", params={"flowId": draft.flow_id}).json()["items"] == []


def test_a_wrong_call_is_refused_and_it_listens_on(draft: Draft) -> None:
    draft.client.post(draft.listen_path)
    refused(draft.call(sign=signature("guess", b"{}")), 401, "UNAUTHENTICATED")
    refused(draft.call(b"{"), 400, "BAD_JSON")
    assert draft.client.get(draft.listen_path).json()["call"] is None
    assert draft.call().status_code == 202


def test_of_many_calls_at_once_one_is_heard(draft: Draft) -> None:
    draft.client.post(draft.listen_path)
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda n: draft.call(b"%d" % n).status_code, range(16)))
    assert sorted(answers) == [202, *([404] * 15)]


def test_listening_again_forgets_what_was_heard(draft: Draft) -> None:
    draft.client.post(draft.listen_path)
    assert draft.call().status_code == 202
    assert draft.client.post(draft.listen_path).json()["call"] is None
    assert draft.call(b"[]").status_code == 202


def test_asked_again_with_its_key_it_forgets_nothing(draft: Draft) -> None:
    key = {"Idempotency-Key": "listen once"}
    draft.client.post(draft.listen_path, headers=key)
    assert draft.call(b"[]").status_code == 202
    assert draft.client.post(draft.listen_path, headers=key).json()["call"]["body"] == []


def test_only_webhooks_of_the_draft_listen(client: httpx.Client, draw: Any) -> None:
    flow_id, drawing = draw("core:manual", {})
    refused(client.post(f"/flows/{flow_id}/hooks/{drawing.ids['hook']}/listen"), 404, "NOT_FOUND")
    refused(client.post(f"/flows/{flow_id}/hooks/{drawing.ids['result']}/rotate"), 404, "NOT_FOUND")
    flow_id, drawing = draw("core:webhook", {"path": "not a path", "answer": "async"})
    refused(client.post(f"/flows/{flow_id}/hooks/{drawing.ids['hook']}/listen"), 422, "INVALID")

"""Limits as callers of a running product meet them: what starts, waits, is dropped, or ends for another."""

from __future__ import annotations

import uuid
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest
from drawing import Drawing
from problem_answer import refused
from running_product import wait_for
from signed_call import signature


class Limited:
    """A webhook with limits whose runs hang until they are cancelled, or end at once."""

    def __init__(self, client: httpx.Client, *, hangs: bool = True, settings: Any = None, **limits: Any) -> None:
        self.client = client
        path = f"limits-{uuid.uuid4()}"
        drawing = Drawing("Limited", **(settings or {}))
        config = {"path": path, "answer": "async", **({"limits": limits} if limits else {})}
        drawing.node("trigger", "hook", "core:webhook", config=config)
        drawing.trigger("by hand")
        drawing.node("action", "work", "sample_handlers.hang" if hangs else "sample_handlers.pass_on")
        drawing.wire("hook", "work")
        drawing.wire("by hand", "work")
        flow = client.post("/flows", json=drawing.body()).raise_for_status().json()
        assert not [each for each in flow["problems"] if each["severity"] == "error"], flow["problems"]
        self.flow = flow["id"]
        client.post(f"/flows/{self.flow}/versions").raise_for_status()
        self.url = f"/hooks/{path}"
        self.node = f"/flows/{self.flow}/nodes/{drawing.ids['hook']}"
        hooks = client.get(f"/flows/{self.flow}/hooks").json()
        self.secret = (hooks["items"] if isinstance(hooks, dict) else hooks)[0]["secret"]

    def call(self, body: bytes = b"{}") -> httpx.Response:
        headers = {"X-TriggerFlow-Signature": signature(self.secret, body), "Content-Type": "application/json"}
        return self.client.post(self.url, content=body, headers=headers)

    def run_by_hand(self, **headers: str) -> httpx.Response:
        return self.client.post("/executions", json={"flowId": self.flow, "inputs": {}}, headers=headers)

    def runs(self, *statuses: str) -> list[dict[str, Any]]:
        asked = {"flowId": self.flow, "pageSize": 250, **({"status": list(statuses)} if statuses else {})}
        items: list[dict[str, Any]] = self.client.get("/executions", params=asked).json()["items"]
        return items

    def running(self) -> list[dict[str, Any]]:
        return self.runs("queued", "running")

    def cancel_all(self) -> None:
        for run in self.running():
            self.client.post(f"/executions/{run['id']}/cancel")


@pytest.fixture
def limited(client: httpx.Client) -> Any:
    made: list[Limited] = []

    def make(**options: Any) -> Limited:
        made.append(Limited(client, **options))
        return made[-1]

    yield make
    for each in made:
        # What waits would start when another ends: the flow goes first.
        wait_for(lambda each=each: each.cancel_all() or not each.running(), what="the end of all runs")


def body(n: int, **more: Any) -> bytes:
    return httpx.Request("POST", "http://x", json={"n": n, **more}).content


def test_over_the_rate_a_call_is_refused_with_the_reason(limited: Any) -> None:
    hook = limited(hangs=False, rateLimit={"count": 2, "seconds": 3600})
    assert [hook.call(body(n)).status_code for n in range(2)] == [202, 202]
    problem = refused(hook.call(body(2)), 429, "TOO_MANY")
    assert "rate limit: 2 starts within 3600 s" in problem["detail"]
    assert len(hook.runs()) == 2
    came = hook.client.get(f"{hook.node}/fires", params={"status": "missed"}).json()["items"]
    assert [(each["status"], each["reason"]) for each in came] == [("dropped", "rate limit: 2 starts within 3600 s")]
    past = hook.client.get(f"{hook.node}/fires").json()["items"]
    assert {each["executionId"] for each in past} == {run["id"] for run in hook.runs()}


def test_one_at_a_time_the_next_waits_and_starts_when_the_first_ends(limited: Any) -> None:
    hook = limited(singleton="queue")
    first = hook.call(body(1)).json()["executionId"]
    waits = hook.call(body(2))
    assert waits.status_code == 202 and waits.json() == {"received": True}
    assert [run["id"] for run in hook.runs()] == [first]
    hook.client.post(f"/executions/{first}/cancel").raise_for_status()
    second = wait_for(lambda: hook.running() and hook.running()[0]["id"] != first and hook.running(), what="the next")
    assert second[0]["inputs"]["body"] == {"n": 2}


def test_the_oldest_run_ends_for_the_newest_call(limited: Any) -> None:
    hook = limited(concurrency={"count": 1, "surplus": "cancelOldest"})
    first = hook.call(body(1)).json()["executionId"]
    second = hook.call(body(2)).json()["executionId"]
    ended = wait_for(lambda: hook.runs("cancelled"), what="the end of the first")
    assert [run["id"] for run in ended] == [first]
    assert [run["id"] for run in hook.running()] == [second]


def test_each_key_has_its_own_place(limited: Any) -> None:
    hook = limited(singleton="drop", key="inputs.body.customer")
    assert hook.call(body(1, customer="a")).status_code == 202
    assert hook.call(body(2, customer="b")).status_code == 202
    refused(hook.call(body(3, customer="a")), 429, "TOO_MANY")
    assert len(hook.running()) == 2


def test_debounced_the_last_of_a_burst_starts_one_run(limited: Any) -> None:
    hook = limited(hangs=False, debounceSeconds=1)
    for n in range(4):
        assert hook.call(body(n)).json() == {"received": True}
    run = wait_for(hook.runs, what="the run of the last")[0]
    assert run["inputs"]["body"] == {"n": 3}
    assert len(hook.runs()) == 1


def test_of_many_calls_at_once_no_more_than_the_limit_start(limited: Any) -> None:
    hook = limited(concurrency={"count": 2, "surplus": "queue"})
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda n: hook.call(body(n)), range(8)))
    assert {answer.status_code for answer in answers} == {202}
    started = wait_for(lambda: len(hook.running()) == 2 and hook.running(), what="two runs")
    assert len(started) == 2 and len(hook.runs()) == 2


def test_a_flow_with_as_many_runs_as_it_may_refuses_another_and_lets_triggers_wait(limited: Any) -> None:
    hook = limited(settings={"concurrency": 1})
    first = hook.run_by_hand().json()["id"]
    key = {"Idempotency-Key": str(uuid.uuid4())}
    problem = refused(hook.run_by_hand(**key), 429, "TOO_MANY")
    assert "A run of this flow goes on" in problem["detail"]
    assert hook.call(body(1)).json() == {"received": True}
    hook.client.post(f"/executions/{first}/cancel").raise_for_status()
    waited = wait_for(lambda: hook.running() and hook.running()[0]["id"] != first and hook.running(), what="the next")
    hook.client.post(f"/executions/{waited[0]['id']}/cancel").raise_for_status()
    wait_for(lambda: not hook.running(), what="its end")
    assert hook.run_by_hand(**key).status_code == 202


def test_of_many_runs_asked_for_at_once_one_starts(limited: Any) -> None:
    hook = limited(settings={"concurrency": 1})
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: hook.run_by_hand(), range(8)))
    assert sorted(answer.status_code for answer in answers) == [202] + [429] * 7

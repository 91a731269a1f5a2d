"""`settings.onFailure`: whom a failed run is told to. docs/contract.md section 1, "Flow"."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from drawing import Drawing
from http_lab import Asked, HttpLab, Reply
from running_product import wait_for


def failing(on_failure: dict[str, Any], entrypoint: str = "sample_handlers.fail") -> Drawing:
    drawing = Drawing("fails", onFailure=on_failure)
    drawing.trigger()
    drawing.node("action", "node", entrypoint)
    drawing.wire("start", "node")
    return drawing


@pytest.fixture
def error_flow(client: httpx.Client) -> str:
    """A published flow that gives back what it is told."""
    drawing = Drawing("told of failures")
    drawing.trigger()
    drawing.node("output", "told")
    drawing.wire("start", "told")
    flow_id = client.post("/flows", json=drawing.body()).json()["id"]
    assert client.post(f"/flows/{flow_id}/versions", json={}).status_code == 201
    return str(flow_id)


def runs_of(client: httpx.Client, flow_id: str) -> list[dict[str, Any]]:
    items = client.get(f"/executions?flowId={flow_id}").json()["items"]
    return [item for item in items if item["endedAt"] is not None]


def test_a_failed_run_starts_a_flow_once(run: Callable[..., Any], client: httpx.Client, error_flow: str) -> None:
    ran = run(failing({"flowId": error_flow}), {"a": 1})
    (told,) = wait_for(lambda: runs_of(client, error_flow), what="the error flow's run")
    failed = told["outputs"]["told"]["execution"]
    assert failed == {**ran.execution, "inputs": {"a": 1}}
    assert (failed["id"], failed["status"], failed["error"]["type"]) == (ran.execution["id"], "failed", "ValueError")


def test_a_failed_run_calls_a_url_with_its_id_as_the_key(run: Callable[..., Any], lab: HttpLab) -> None:
    def busy_once(_: Asked) -> Reply:
        return Reply(503, (("Retry-After", "1"),)) if len(lab.hits("/failed")) == 1 else Reply()

    ran = run(failing({"url": lab.on("/failed", busy_once)}))
    first, second = wait_for(lambda: (hits := lab.hits("/failed"))[1:] and hits, what="the second call")
    assert second.at - first.at >= 0.9
    for asked in (first, second):
        assert asked.method == "POST"
        headers = {name.lower(): value for name, value in asked.headers.items()}
        assert (headers["idempotency-key"], headers["content-type"]) == (ran.execution["id"], "application/json")
        assert json.loads(asked.body) == {"execution": ran.execution}


def test_who_succeeds_or_is_cancelled_or_is_refused_for_good_is_not_told_of_again(
    start: Callable[..., str],
    finish: Callable[..., Any],
    run: Callable[..., Any],
    client: httpx.Client,
    lab: HttpLab,
    error_flow: str,
) -> None:
    lab.on("/never", Reply())
    well = failing({"url": lab.url("/never")}, "sample_handlers.pass_on")
    assert run(well).execution["status"] == "succeeded"
    hanging = failing({"url": lab.url("/never")}, "sample_handlers.hang")
    execution_id = start(hanging)
    assert client.post(f"/executions/{execution_id}/cancel").status_code == 202
    assert finish(hanging, execution_id).execution["status"] == "cancelled"
    # A later failure is told of, and nothing of what was before it.
    run(failing({"url": lab.on("/refuses", Reply(400)), "flowId": error_flow}))
    wait_for(lambda: runs_of(client, error_flow), what="the error flow's run")
    wait_for(lambda: lab.hits("/refuses"), what="the refused call")
    run(failing({"url": lab.on("/later", Reply())}))
    wait_for(lambda: lab.hits("/later"), what="the later call")
    assert (len(lab.hits("/refuses")), lab.hits("/never")) == (1, [])


def test_a_flow_that_is_told_of_failures_and_fails_is_not_told_of_itself(
    client: httpx.Client, start: Callable[..., str], finish: Callable[..., Any], lab: HttpLab, run: Callable[..., Any]
) -> None:
    drawing = failing({"url": lab.on("/itself", Reply())})
    flow_id = client.post("/flows", json=drawing.body()).json()["id"]
    etag = client.get(f"/flows/{flow_id}").headers["etag"]
    body = {**drawing.body(), "settings": {"onFailure": {"flowId": flow_id, "url": lab.url("/itself")}}}
    assert client.put(f"/flows/{flow_id}", json=body, headers={"If-Match": etag}).status_code == 200
    assert client.post(f"/flows/{flow_id}/versions", json={}).status_code == 201
    client.post("/executions", json={"flowId": flow_id, "inputs": {}, "executionOptions": {"async": False}})
    wait_for(lambda: len(runs_of(client, flow_id)) == 2 and lab.hits("/itself"), what="the run that is told")
    # What came after it is told of, so it was looked at and left out.
    run(failing({"url": lab.on("/after", Reply())}))
    wait_for(lambda: lab.hits("/after"), what="the later call")
    assert (len(runs_of(client, flow_id)), len(lab.hits("/itself"))) == (2, 1)


@pytest.mark.parametrize(
    "asked", [{}, {"url": "ftp://a/b"}, {"url": "http://user@a/b"}, {"flowId": "x"}, {"mail": "a@b"}, {"url": 5}, "x"]
)
def test_what_names_nobody_is_refused(client: httpx.Client, asked: Any) -> None:
    answer = client.post("/flows", json={"name": "n", "settings": {"onFailure": asked}})
    assert answer.status_code == 422
    assert all(error["pointer"].startswith("/settings/onFailure") for error in answer.json()["errors"])


@pytest.mark.parametrize("url", ["http://[", "http://a:99999", "https://?a", "http:///path", "http://xn--ä.example"])
def test_a_url_that_is_none_is_a_problem_at_its_field(client: httpx.Client, url: str) -> None:
    made = client.post("/flows", json=failing({"url": url}).body()).raise_for_status().json()
    (problem,) = [each for each in made["problems"] if each["severity"] == "error"]
    assert (problem["reason"], problem["pointer"]) == ("CONFIG_INVALID", "/settings/onFailure/url")
    refused = client.post(f"/flows/{made['id']}/versions", json={})
    assert (refused.status_code, refused.json()["reason"]) == (422, "HAS_PROBLEMS")
    assert "/settings/onFailure/url" in {error["pointer"] for error in refused.json()["errors"]}


def test_an_address_that_nodes_may_not_call_is_not_called_for_a_failure_either(
    run: Callable[..., Any], lab: HttpLab
) -> None:
    inside = HttpLab()
    try:
        inside.on("/inside", Reply())
        moved = Reply(302, (("Location", inside.url("/inside")),))
        named = inside.url("/inside").replace("127.0.0.1", "localhost")
        for url in (inside.url("/inside"), named, "http://169.254.169.254/latest", lab.on("/moves", moved)):
            run(failing({"url": url}))
        wait_for(lambda: lab.hits("/moves"), what="the call that is sent elsewhere")
        # What comes later is told of, so what came before was looked at.
        run(failing({"url": lab.on("/last", Reply())}))
        wait_for(lambda: lab.hits("/last"), what="the later call")
        assert inside.hits("/inside") == [] and len(lab.hits("/moves")) == 1
    finally:
        inside.close()


def test_it_is_part_of_what_a_flow_means(client: httpx.Client) -> None:
    drawing = failing({"url": "https://example.com/a"})
    made = client.post("/flows", json=drawing.body())
    assert made.json()["settings"] == {"onFailure": {"url": "https://example.com/a"}}
    path = f"/flows/{made.json()['id']}"
    assert client.post(f"{path}/versions", json={}).status_code == 201
    body = {**drawing.body(), "settings": {"onFailure": {"url": "https://example.com/b"}}}
    assert client.put(path, json=body, headers={"If-Match": made.headers["etag"]}).status_code == 200
    assert client.post(f"{path}/versions", json={}).json()["version"] == "2"

"""Idempotency-Key: the first answer again, whatever has changed since. CONTRACT section 1."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest
from problem_answer import refused

SYNC = {"async": False}


@pytest.fixture
def key() -> dict[str, str]:
    return {"Idempotency-Key": str(uuid.uuid4())}


def same(one: httpx.Response, two: httpx.Response) -> None:
    assert (one.status_code, one.json()) == (two.status_code, two.json())
    for header in ("location", "etag", "content-type"):
        assert one.headers.get(header) == two.headers.get(header)


def test_a_flow_is_made_once(client: httpx.Client, key: dict[str, str]) -> None:
    body = {"name": "once", "description": "é"}
    first = client.post("/flows", json=body, headers=key)
    assert first.status_code == 201
    client.put(f"/flows/{first.json()['id']}", json={"name": "changed since"}, headers={"If-Match": "*"})
    same(first, client.post("/flows", json=body, headers=key))
    spaced = b'{ "description" : "\\u00e9",\n "name":"once" }'
    same(first, client.post("/flows", content=spaced, headers={**key, "Content-Type": "application/json"}))
    refused(client.post("/flows", json={"name": "other"}, headers=key), 422, "IDEMPOTENCY_KEY_REUSED")
    client.delete(f"/flows/{first.json()['id']}", headers={"If-Match": "*"})
    same(first, client.post("/flows", json=body, headers=key))


def test_a_run_is_started_once(client: httpx.Client, runnable: Callable[..., str], key: dict[str, str]) -> None:
    flow_id = runnable()
    body = {"flowId": flow_id, "inputs": {"n": 1}}
    first = client.post("/executions", json=body, headers=key)
    again = client.post("/executions", json=body, headers=key)
    same(first, again)
    assert first.status_code == 202
    assert len(client.get(f"/executions?flowId={flow_id}").json()["items"]) == 1
    other = {**body, "inputs": {"n": 2}}
    refused(client.post("/executions", json=other, headers=key), 422, "IDEMPOTENCY_KEY_REUSED")
    assert len(client.get(f"/executions?flowId={flow_id}").json()["items"]) == 1


def test_a_sync_run_is_answered_again(client: httpx.Client, runnable: Callable[..., str], key: dict[str, str]) -> None:
    body = {"flowId": runnable(), "inputs": {"n": 1}, "executionOptions": SYNC}
    first = client.post("/executions", json=body, headers=key)
    assert (first.status_code, first.json()["status"]) == (200, "succeeded")
    same(first, client.post("/executions", json=body, headers=key))


@pytest.mark.parametrize("options", [{}, SYNC])
def test_concurrent_calls_with_one_key_are_one(
    client: httpx.Client, runnable: Callable[..., str], key: dict[str, str], options: dict[str, Any]
) -> None:
    flow_id = runnable("sleep_tenth")
    body = {"flowId": flow_id, "inputs": {}, "executionOptions": options}
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: client.post("/executions", json=body, headers=key), range(8)))
    for answer in answers:
        assert answer.status_code == (200 if options else 202), answer.text
        same(answers[0], answer)
    assert len(client.get(f"/executions?flowId={flow_id}").json()["items"]) == 1
    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda _: client.post("/flows", json={"name": "one"}, headers=key), range(8)))
    assert len({answer.json()["id"] for answer in made}) == 1


def test_a_refusal_is_answered_again(client: httpx.Client, key: dict[str, str]) -> None:
    flow_id = client.post("/flows", json={"name": "bare"}).json()["id"]
    body = {"flowId": flow_id, "inputs": {}}
    first = client.post("/executions", json=body, headers=key)
    refused(first, 409, "NO_VERSION")
    client.post(f"/flows/{flow_id}/versions")
    again = client.post("/executions", json=body, headers=key)
    refused(again, 409, "NO_VERSION")
    refused(client.post("/executions", json=body), 409, "NO_MANUAL_TRIGGER")


def test_publishing_and_cancelling_are_answered_again(
    client: httpx.Client, runnable: Callable[..., str], key: dict[str, str]
) -> None:
    flow_id = client.post("/flows", json={"name": "published once"}).json()["id"]
    first = client.post(f"/flows/{flow_id}/versions", json={"message": "m"}, headers=key)
    assert first.status_code == 201
    same(first, client.post(f"/flows/{flow_id}/versions", json={"message": "m"}, headers=key))
    refused(client.post(f"/flows/{flow_id}/versions", headers=key), 422, "IDEMPOTENCY_KEY_REUSED")
    run_id = client.post("/executions", json={"flowId": runnable("hang"), "inputs": {}}).json()["id"]
    cancel = {"Idempotency-Key": str(uuid.uuid4())}
    accepted = client.post(f"/executions/{run_id}/cancel", headers=cancel)
    assert accepted.status_code == 202
    while client.post(f"/executions/{run_id}/cancel").status_code == 202:
        pass
    same(accepted, client.post(f"/executions/{run_id}/cancel", headers=cancel))
    # An empty body is {}.
    same(accepted, client.post(f"/executions/{run_id}/cancel", json={}, headers=cancel))


def test_a_key_belongs_to_its_path_and_query(
    client: httpx.Client, runnable: Callable[..., str], key: dict[str, str]
) -> None:
    one, two = (client.post("/flows", json={"name": "f"}).json()["id"] for _ in range(2))
    assert client.post(f"/flows/{one}/versions", headers=key).status_code == 201
    assert client.post(f"/flows/{two}/versions", headers=key).status_code in (201, 422)
    body = {"flowId": runnable(), "inputs": {}}
    first = client.post("/executions", json=body, headers=key)
    other = client.post(f"/executions?trigger={uuid.uuid4()}", json=body, headers=key)
    assert other.status_code in (404, 422) and other.text != first.text


def test_without_a_key_every_call_counts(client: httpx.Client) -> None:
    ids = {client.post("/flows", json={"name": "n"}).json()["id"] for _ in range(3)}
    assert len(ids) == 3

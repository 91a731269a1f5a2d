"""Runs over REST: started once a key, waited for where asked, found by filter."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
import pytest
from triggerflow_bff.settings import Limits
from triggerflow_chassis import ids
from triggerflow_chassis.clock import parse_rfc3339


async def published(bff: Any) -> str:
    flow_id, _ = await bff.flow()
    assert (await bff.client.post(f"/flows/{flow_id}/versions")).status_code == 201
    return str(flow_id)


async def test_a_run_is_accepted_with_its_address(bff: Any) -> None:
    flow_id = await published(bff)
    body = {
        "flowId": flow_id.upper(),
        "inputs": {"n": 2**63 - 1, "x": 1.5},
        "context": {"userId": "u", "labels": ["a", "b"], "priority": "high"},
        "executionOptions": {"timeoutSeconds": 60, "trace": True},
    }
    answer = await bff.client.post("/executions", json=body)
    assert answer.status_code == 202
    execution = answer.json()
    assert answer.headers["location"] == f"/executions/{execution['id']}"
    assert execution["flowId"] == flow_id
    assert execution["inputs"] == body["inputs"]
    assert execution["context"] == body["context"]
    assert execution["executionOptions"] == {"async": True, "timeoutSeconds": 60, "trace": True}
    assert (await bff.client.get(answer.headers["location"])).json() == execution


async def test_a_synchronous_run_is_answered_when_it_ended_and_with_202_when_that_takes_too_long(
    tmp_path: Any, run_bff: Any
) -> None:
    async with run_bff(tmp_path, limits=Limits(wait_seconds=1)) as bff:
        body = {"flowId": await published(bff), "inputs": {}, "executionOptions": {"async": False}}
        slow = await bff.client.post("/executions", json=body)
        assert (slow.status_code, slow.json()["status"]) == (202, "running")
        bff.backend.end_of_runs.set()
        quick = await bff.client.post("/executions", json=body)
        assert (quick.status_code, quick.json()["status"]) == (200, "succeeded")


async def test_a_caller_that_hangs_up_cancels_nothing(bff: Any) -> None:
    body = {"flowId": await published(bff), "inputs": {}, "executionOptions": {"async": False}}
    with pytest.raises(httpx.ReadTimeout):
        await bff.client.post("/executions", json=body, timeout=0.2)
    (execution,) = bff.backend.executions.values()
    bff.backend.end_of_runs.set()
    async with asyncio.timeout(5):
        while (await bff.client.get(f"/executions/{execution.id}")).json()["status"] != "succeeded":
            await asyncio.sleep(0.005)
    assert bff.backend.count("CancelExecution") == 0


async def test_a_trigger_is_named_by_its_node(bff: Any) -> None:
    body = {"flowId": await published(bff), "inputs": {}}
    trigger = ids.uuid7()
    assert (await bff.client.post("/executions", params={"trigger": trigger.upper()}, json=body)).status_code == 202
    assert bff.backend.asked[-1][1].trigger_node_id == trigger
    answer = await bff.client.post("/executions", params={"trigger": "x"}, json=body)
    assert (answer.status_code, answer.json()["reason"]) == (400, "BAD_PARAMETER")


async def test_what_the_orchestrator_refuses_keeps_its_pointer_and_reason(bff: Any) -> None:
    answer = await bff.client.post("/executions", json={"flowId": ids.uuid7(), "inputs": {}})
    assert answer.status_code == 422
    assert [error["pointer"] for error in answer.json()["errors"]] == ["/flowId"]
    flow_id, _ = await bff.flow()
    answer = await bff.client.post("/executions", json={"flowId": flow_id, "inputs": {}})
    assert (answer.status_code, answer.json()["reason"]) == (409, "NO_VERSION")


@pytest.mark.parametrize(
    ("body", "pointers"),
    [
        ({}, {"/flowId", "/inputs"}),
        ({"flowId": "x", "inputs": {}}, {"/flowId"}),
        ({"flowId": ids.uuid7(), "inputs": []}, {"/inputs"}),
        ({"flowId": ids.uuid7(), "inputs": {}, "context": {"priority": "urgent"}}, {"/context/priority"}),
        (
            {"flowId": ids.uuid7(), "inputs": {}, "executionOptions": {"timeoutSeconds": 0, "retry": 1}},
            {"/executionOptions/timeoutSeconds", "/executionOptions/retry"},
        ),
        ([], {""}),
    ],
)
async def test_a_request_outside_the_schema_reaches_no_service(bff: Any, body: Any, pointers: set[str]) -> None:
    answer = await bff.client.post("/executions", json=body)
    assert answer.status_code == 422
    assert {error["pointer"] for error in answer.json()["errors"]} == pointers
    assert bff.backend.asked == []


async def test_integers_beyond_64_bits_and_nul_are_422_at_their_member(bff: Any) -> None:
    body = b'{"flowId":"%b","inputs":{"a":9223372036854775808,"b":"\\u0000"}}' % ids.uuid7().encode()
    answer = await bff.client.post("/executions", content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == 422
    assert {error["pointer"] for error in answer.json()["errors"]} == {"/inputs/a", "/inputs/b"}


@pytest.mark.parametrize("body", [b'{"a":1,"a":2}', b"NaN", b'{"a":1e999}', b'"\\ud800"', b"[" * 101 + b"]" * 101])
async def test_what_is_no_json_is_400(bff: Any, body: bytes) -> None:
    answer = await bff.client.post("/executions", content=body, headers={"Content-Type": "application/json"})
    assert (answer.status_code, answer.json()["reason"]) == (400, "BAD_JSON")


async def test_the_same_key_and_body_replays_and_another_body_is_422(bff: Any) -> None:
    body = {"flowId": await published(bff), "inputs": {"a": 1}}
    key = {"Idempotency-Key": "one key"}
    first, second = await asyncio.gather(*(bff.client.post("/executions", json=body, headers=key) for _ in range(2)))
    assert first.status_code == second.status_code == 202
    assert first.json() == second.json()
    assert len(bff.backend.executions) == 1
    other = await bff.client.post("/executions", json={**body, "inputs": {}}, headers=key)
    assert (other.status_code, other.json()["reason"]) == (422, "IDEMPOTENCY_KEY_REUSED")
    elsewhere = await bff.client.post("/executions?trace=1", json={**body, "inputs": {}}, headers=key)
    assert elsewhere.status_code == 202


async def test_a_key_used_with_a_body_that_the_bff_refuses_is_still_used(bff: Any) -> None:
    good = {"flowId": await published(bff), "inputs": {}}
    key = {"Idempotency-Key": "k"}
    for _ in range(2):
        refused = await bff.client.post("/executions", json={"inputs": {}}, headers=key)
        assert (refused.status_code, refused.json()["reason"]) == (422, "INVALID")
    answer = await bff.client.post("/executions", json=good, headers=key)
    assert (answer.status_code, answer.json()["reason"]) == (422, "IDEMPOTENCY_KEY_REUSED")
    fresh = {"Idempotency-Key": "fresh"}
    assert (await bff.client.post("/executions", json=good, headers=fresh)).status_code == 202
    late = await bff.client.post("/executions", json={"inputs": {}}, headers=fresh)
    assert late.json()["reason"] == "IDEMPOTENCY_KEY_REUSED"


async def test_a_key_of_a_call_that_failed_on_our_side_is_not_used_up(bff: Any) -> None:
    flow_id = await published(bff)
    key = {"Idempotency-Key": "k"}
    bff.backend.failures["StartExecution"] = RuntimeError("defect")
    assert (
        await bff.client.post("/executions", json={"flowId": flow_id, "inputs": {}}, headers=key)
    ).status_code == 500
    del bff.backend.failures["StartExecution"]
    other = {"flowId": flow_id, "inputs": {"a": 1}}
    assert (await bff.client.post("/executions", json=other, headers=key)).status_code == 202


@pytest.mark.parametrize("key", ["", "x" * 256, "a\tb", "caf\u00e9"])
async def test_a_key_that_is_none_is_400(bff: Any, key: str) -> None:
    headers = {"Idempotency-Key": key.encode("latin-1")}
    answer = await bff.client.post("/flows", json={"name": "a"}, headers=headers)
    assert (answer.status_code, answer.json()["reason"]) == (400, "BAD_PARAMETER")
    missing = await bff.client.post(f"/flows/{ids.uuid7()}/versions", headers=headers)
    assert missing.status_code == 404


async def test_publishing_twice_is_201_then_200_and_needs_no_body(bff: Any) -> None:
    flow_id, _ = await bff.flow()
    path = f"/flows/{flow_id}/versions"
    first = await bff.client.post(path, json={"message": "why"})
    assert (first.status_code, first.headers["location"]) == (201, f"{path}/1")
    assert first.json()["message"] == "why"
    assert (await bff.client.post(path)).status_code == 200
    assert (await bff.client.post(path, headers={"Content-Type": "application/json"})).status_code == 200
    assert (await bff.client.post(path, json={"note": 1})).json()["errors"][0]["pointer"] == "/note"
    assert (await bff.client.get(f"{path}/1")).json()["flow"]["name"] == "A flow"
    for unknown in ("2", "0", "01", "latest", "9" * 30):
        assert (await bff.client.get(f"{path}/{unknown}")).status_code == 404


async def test_cancel_is_202_until_the_end_and_then_409(bff: Any) -> None:
    run = bff.backend.run()
    for _ in range(2):
        answer = await bff.client.post(f"/executions/{run}/cancel")
        assert (answer.status_code, answer.json()["id"]) == (202, run)
    bff.backend.emit(run, last=True)
    answer = await bff.client.post(f"/executions/{run}/cancel", json={})
    assert (answer.status_code, answer.json()["reason"]) == (409, "ALREADY_ENDED")
    assert (await bff.client.post(f"/executions/{run}/cancel", json={"force": True})).status_code == 422


async def test_filters_reach_the_orchestrator_as_they_were_meant(bff: Any) -> None:
    flow = ids.uuid7()
    query = (
        f"flowId={flow.upper()}&status=failed&status=cancelled&label=a%20b&label=c&q=Boom"
        "&from=2026-01-31T12:00:00%2B02:00&to=2026-02-01T00:00:00+01:00&pageSize=7&pageToken=t&unknown=1&unknown=2"
    )
    assert (await bff.client.get(f"/executions?{query}")).status_code == 200
    asked = bff.backend.asked[-1][1]
    assert (asked.flow_id, list(asked.labels), asked.query) == (flow, ["a b", "c"], "Boom")
    assert list(asked.statuses) == [5, 6]
    assert (asked.page_size, asked.page_token) == (7, "t")
    assert getattr(asked, "from").seconds * 1_000_000 == parse_rfc3339("2026-01-31T10:00:00Z")
    assert asked.to.seconds * 1_000_000 == parse_rfc3339("2026-01-31T23:00:00Z")


@pytest.mark.parametrize(
    "query",
    [
        "pageSize=0",
        "pageSize=251",
        "pageSize=1.5",
        "pageSize=",
        "pageSize=%EF%BC%91",
        "pageSize=1&pageSize=1",
        "pageToken=a&pageToken=b",
        "status=done",
        "flowId=x",
        "from=yesterday",
        "from=2026-01-31",
        "from=2026-01-31T12:00:00",
        "to=2026-13-31T12:00:00Z",
        "q=%00",
    ],
)
async def test_a_bad_or_repeated_parameter_is_400_and_says_which(bff: Any, query: str) -> None:
    answer = await bff.client.get(f"/executions?{query}")
    assert (answer.status_code, answer.json()["reason"]) == (400, "BAD_PARAMETER")
    assert query.partition("=")[0] in answer.json()["detail"]


async def test_a_missing_execution_is_told_before_a_bad_parameter(bff: Any) -> None:
    for path in ("activations?pageSize=0", "events?limit=0"):
        assert (await bff.client.get(f"/executions/{ids.uuid7()}/{path}")).status_code == 404
        assert (await bff.client.get(f"/executions/{bff.backend.run()}/{path}")).status_code == 400


async def test_a_large_value_is_put_together_from_its_pieces(bff: Any) -> None:
    value = b'"' + b"x" * 350_000 + b'"'
    bff.backend.values["ref-1"] = value
    answer = await bff.client.get("/values/ref-1")
    assert (answer.content, answer.headers["content-length"]) == (value, str(len(value)))
    assert answer.headers["content-type"] == "application/json"
    assert bff.backend.count("GetValue") == 4
    assert (await bff.client.get("/values/none")).status_code == 404


async def test_a_page_too_large_for_one_message_comes_in_smaller_ones(bff: Any) -> None:
    run = bff.backend.run()
    for _ in range(40):
        bff.backend.emit(run, size=1_000_000)
    path, after = f"/executions/{run}/events", ""
    found: list[str] = []
    while len(found) < 40:
        page = (await bff.client.get(path, params={"after": after} if after else {})).json()
        assert page["items"]
        found += [event["id"] for event in page["items"]]
        after = page["next"]
    assert found == [event.id for event in bff.backend.events[run]]


async def test_reading_again_what_did_not_change_is_304(bff: Any, node: Any) -> None:
    one = node()
    flow_id, etag = await bff.flow(nodes=[one])
    path = f"/flows/{flow_id}"
    assert (await bff.client.get(path, headers={"If-None-Match": etag})).status_code == 304
    assert (await bff.client.get(path, headers={"If-None-Match": f'"x", W/{etag}'})).status_code == 304
    assert (await bff.client.get(path, headers={"If-None-Match": '"x"'})).status_code == 200
    tag = (await bff.client.get(f"{path}/nodes/{one['id']}")).headers["etag"]
    assert (await bff.client.get(f"{path}/nodes/{one['id']}", headers={"If-None-Match": tag})).status_code == 304


async def test_of_several_tags_in_if_match_one_has_to_hold(bff: Any) -> None:
    flow_id, etag = await bff.flow()
    put = {"json": {"name": "b"}}
    stale = await bff.client.put(f"/flows/{flow_id}", **put, headers={"If-Match": '"x", "y"'})
    assert (stale.status_code, stale.headers["etag"]) == (412, etag)
    weak = await bff.client.put(f"/flows/{flow_id}", **put, headers={"If-Match": f"W/{etag}"})
    assert weak.status_code == 412
    held = await bff.client.put(f"/flows/{flow_id}", **put, headers={"If-Match": f'"x", {etag}'})
    assert held.status_code == 200
    gone = await bff.client.delete(f"/flows/{flow_id}", headers={"If-Match": held.headers["etag"]})
    assert (gone.status_code, gone.content) == (204, b"")

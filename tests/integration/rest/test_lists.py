"""Pages, their tokens and filters. CONTRACT section 1, "Lists"."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from problem_answer import refused
from running_product import wait_for

LISTS = ["/flows", "/executions", "/handlers"]


@pytest.fixture(scope="module")
def many(product: Any) -> list[str]:
    """Ids of seven flows, oldest first."""
    with product.client() as client:
        return [client.post("/flows", json={"name": f"page {i}", "description": "d"}).json()["id"] for i in range(7)]


def pages(client: httpx.Client, path: str, size: int = 2) -> list[dict[str, Any]]:
    items, token = [], None
    while True:
        more: dict[str, str] = {} if token is None else {"pageToken": token}
        answer = client.get(path, params={"pageSize": size, **more})
        assert answer.status_code == 200, answer.text
        page = answer.json()
        assert set(page) == {"items", "nextPageToken"} and len(page["items"]) <= size
        items += page["items"]
        token = page["nextPageToken"]
        if token is None:
            return items


@pytest.mark.parametrize("path", LISTS)
@pytest.mark.parametrize("size", ["0", "251", "-1", "abc", "1.5", "", "1e1", " 5", "+5", "99999999999999999999"])
def test_a_bad_page_size_is_refused(client: httpx.Client, path: str, size: str) -> None:
    refused(client.get(path, params={"pageSize": size}), 400, "BAD_PARAMETER")


@pytest.mark.parametrize("path", LISTS)
def test_a_parameter_given_twice_is_refused_and_an_unknown_one_ignored(client: httpx.Client, path: str) -> None:
    refused(client.get(f"{path}?pageSize=5&pageSize=5"), 400, "BAD_PARAMETER")
    refused(client.get(f"{path}?pageToken=a&pageToken=a"), 400, "BAD_PARAMETER")
    assert client.get(f"{path}?unknown=1&unknown=2&page_size=x").status_code == 200
    assert client.get(f"{path}?pageSize=1").status_code == 200
    assert client.get(f"{path}?pageSize=250").status_code == 200


@pytest.mark.parametrize("path", LISTS)
@pytest.mark.parametrize("token", ["x", "é", "AAAA", "e30=", "e30", str(uuid.uuid4()), "a" * 500])
def test_a_token_that_nobody_made_is_refused(client: httpx.Client, path: str, token: str) -> None:
    refused(client.get(path, params={"pageToken": token}), 400, "BAD_CURSOR")


def test_flows_come_newest_first_without_their_drawing(client: httpx.Client, many: list[str]) -> None:
    listed = pages(client, "/flows")
    ids = [flow["id"] for flow in listed]
    assert len(ids) == len(set(ids))
    assert [each for each in ids if each in many] == many[::-1]
    times = [flow["createdAt"] for flow in listed]
    assert times == sorted(times, reverse=True)
    one = next(flow for flow in listed if flow["id"] == many[0])
    whole = client.get(f"/flows/{many[0]}").json()
    assert one == {key: whole[key] for key in whole if key not in ("nodes", "edges", "channels")}


def test_what_is_there_throughout_appears_once(client: httpx.Client) -> None:
    there = [client.post("/flows", json={"name": "stays"}).json()["id"] for _ in range(6)]
    doomed = client.post("/flows", json={"name": "goes"}).json()["id"]
    page = client.get("/flows?pageSize=3").json()
    seen = [flow["id"] for flow in page["items"]]
    client.delete(f"/flows/{doomed}", headers={"If-Match": "*"})
    while page["nextPageToken"] is not None and len(seen) < 30:
        client.post("/flows", json={"name": "comes"})
        page = client.get("/flows", params={"pageSize": 3, "pageToken": page["nextPageToken"]}).json()
        seen += [flow["id"] for flow in page["items"]]
    assert [each for each in seen if each in there] == there[::-1]


@pytest.fixture
def ran(client: httpx.Client, runnable: Callable[..., str]) -> dict[str, Any]:
    """Three ended runs of one flow with labels, oldest first."""
    mark = uuid.uuid4().hex
    flow_id = runnable(name=f"Named ÄB {mark}")
    failing = runnable("fail", name=f"Failing {mark}", config={"message": f"Broken PIPE {mark}"})
    runs = []
    for flow, labels in ((flow_id, ["x", mark]), (failing, ["y", mark]), (flow_id, ["x", "y", mark, "Quoted 50%_"])):
        body = {"flowId": flow, "inputs": {}, "context": {"labels": labels}, "executionOptions": {"async": False}}
        runs.append(client.post("/executions", json=body).json())
    return {"mark": mark, "flow": flow_id, "failing": failing, "runs": runs}


def test_executions_are_filtered(client: httpx.Client, ran: dict[str, Any]) -> None:
    mark, (first, second, third) = ran["mark"], [run["id"] for run in ran["runs"]]
    created = [run["createdAt"] for run in ran["runs"]]

    def found(**params: Any) -> list[str]:
        answer = client.get("/executions", params={"label": mark, **params})
        assert answer.status_code == 200, answer.text
        return [run["id"] for run in answer.json()["items"]]

    assert found() == [third, second, first]
    assert found(flowId=ran["flow"]) == found(flowId=ran["flow"].upper()) == [third, first]
    assert found(status="failed") == [second]
    assert found(status=["failed", "succeeded"]) == [third, second, first]
    assert found(status="running") == []
    assert found(label=[mark, "x"]) == [third, first]
    assert found(label=[mark, "x", "y"]) == [third]
    assert found(label=[mark, "X"]) == []
    assert found(**{"from": created[1]}) == [third, second]
    assert found(to=created[1]) == [first]
    assert found(**{"from": created[0], "to": created[2]}) == [second, first]
    assert found(q="broken pipe") == [second]
    assert found(q=f"named äb {mark}".upper()) == [third, first]
    assert found(q="QUOTED 50%_") == found(q="50%") == [third]
    assert found(q="%") == found(q="50%_") == [third]
    assert found(q=second.upper()) == found(q=second[:30]) == [second]
    assert found(q="nobody has this") == []
    assert found(flowId=str(uuid.uuid4())) == []
    item = client.get("/executions", params={"label": mark}).json()["items"][0]
    assert item == ran["runs"][2]


def test_filters_hold_over_pages(client: httpx.Client, ran: dict[str, Any]) -> None:
    path = f"/executions?label={ran['mark']}"
    one = client.get(f"{path}&pageSize=1").json()
    two = client.get(f"{path}&pageSize=2", params={"label": ran["mark"], "pageToken": one["nextPageToken"]}).json()
    ids = [run["id"] for run in [*one["items"], *two["items"]]]
    assert ids == [run["id"] for run in reversed(ran["runs"])] and two["nextPageToken"] is None


@pytest.mark.parametrize(
    "query",
    [
        "flowId=nope",
        f"flowId={uuid.uuid4()}&flowId={uuid.uuid4()}",
        "status=ended",
        "status=",
        "status=SUCCEEDED",
        "status=failed&status=nope",
        "from=yesterday",
        "from=2026-01-01",
        "to=1700000000",
        "from=2026-01-01T00:00:00",
        "from=2026-01-01T00:00:00Z&from=2026-01-01T00:00:00Z",
        "q=a&q=b",
    ],
)
def test_a_bad_filter_is_refused(client: httpx.Client, query: str) -> None:
    refused(client.get(f"/executions?{query}"), 400, "BAD_PARAMETER")


def test_times_may_have_any_zone(client: httpx.Client, ran: dict[str, Any]) -> None:
    for text in ("2020-01-01T00:00:00+02:00", "2020-01-01T00:00:00.123456789Z", "2020-01-01t00:00:00z"):
        answer = client.get("/executions", params={"label": ran["mark"], "from": text})
        assert (answer.status_code, len(answer.json()["items"])) == (200, 3), answer.text


def test_activations_are_paged(client: httpx.Client, ran: dict[str, Any]) -> None:
    run_id = ran["runs"][0]["id"]
    whole = client.get(f"/executions/{run_id}/activations").json()
    assert len(whole["items"]) == 3 and whole["nextPageToken"] is None
    assert pages(client, f"/executions/{run_id}/activations", 1) == whole["items"]
    refused(client.get(f"/executions/{run_id}/activations?pageSize=0"), 400, "BAD_PARAMETER")
    refused(client.get(f"/executions/{run_id}/activations?pageToken=x"), 400, "BAD_CURSOR")


def test_the_runs_that_are_running_are_found(client: httpx.Client, runnable: Callable[..., str]) -> None:
    flow_id = runnable("hang")
    run_id = client.post("/executions", json={"flowId": flow_id, "inputs": {}}).json()["id"]
    path = f"/executions?flowId={flow_id}&status=running"
    wait_for(lambda: client.get(path).json()["items"], what="the running run")
    client.post(f"/executions/{run_id}/cancel")
    wait_for(lambda: not client.get(path).json()["items"], seconds=5, what="the end")
    assert client.get(f"/executions?flowId={flow_id}&status=cancelled").json()["items"][0]["id"] == run_id

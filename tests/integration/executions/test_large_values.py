"""Values above 64 KiB, and objects that look like a reference. CONTRACT section 1, "Large values"."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx
from drawing import Drawing

H = "sample_handlers."


def test_a_large_result_is_a_reference_everywhere_and_whole_for_the_next_node(
    run: Callable[..., Any], client: httpx.Client
) -> None:
    drawing = Drawing("large")
    drawing.trigger()
    drawing.node("action", "big", f"{H}large")
    drawing.node("action", "length", f"{H}length")
    drawing.node("output", "rows")
    drawing.node("output", "whole")
    drawing.wire("start", "big")
    drawing.wire("big", "length")
    drawing.wire("big", "whole")
    drawing.wire("length", "rows")
    ran = run(drawing)
    assert ran.execution["outputs"]["rows"] == 20_000
    for shown in (
        ran.activation("big")["ports"]["out"],
        ran.ends("big")[0]["result"],
        ran.execution["outputs"]["whole"],
    ):
        assert set(shown) == {"$value", "bytes", "preview"}
        answer = client.get(f"/values/{shown['$value']}")
        assert answer.headers["content-type"].startswith("application/json")
        assert len(answer.json()["rows"]) == 20_000
        assert len(answer.content) == shown["bytes"]


def test_large_members_of_inputs_are_references_one_by_one(run: Callable[..., Any], client: httpx.Client) -> None:
    drawing = Drawing("large input")
    drawing.trigger(outputs=["big", "small"])
    drawing.node("output", "small")
    drawing.wire("start", "small", "small")
    ran = run(drawing, {"big": "x" * 100_000, "small": 1})
    assert ran.execution["inputs"]["small"] == 1
    assert client.get(f"/values/{ran.execution['inputs']['big']['$value']}").json() == "x" * 100_000


def test_an_object_with_the_key_of_references_is_always_one_in_its_place(
    run: Callable[..., Any], client: httpx.Client
) -> None:
    drawing = Drawing("looks like one")
    drawing.trigger(outputs=["it"])
    drawing.node("action", "same", f"{H}pass_on")
    drawing.node("output", "result")
    drawing.wire("start", "same", "it")
    drawing.wire("same", "result")
    mine = {"deep": [{"$value": "mine", "more": {"$value": 1}}, 2]}
    ran = run(drawing, {"it": mine})
    for shown in (ran.execution["inputs"]["it"], ran.execution["outputs"]["result"]):
        assert shown["deep"][1] == 2
        ref = shown["deep"][0]
        assert set(ref) == {"$value", "bytes", "preview"}
        assert client.get(f"/values/{ref['$value']}").json() == mine["deep"][0]


def test_a_member_of_inputs_may_not_have_the_name_of_references(client: httpx.Client) -> None:
    drawing = Drawing("refused")
    drawing.trigger()
    flow_id = client.post("/flows", json=drawing.body()).json()["id"]
    client.post(f"/flows/{flow_id}/versions", json={})
    answer = client.post("/executions", json={"flowId": flow_id, "inputs": {"$value": 1}})
    assert answer.status_code == 422
    assert [error["pointer"] for error in answer.json()["errors"]] == ["/inputs/$value"]

"""The handler for errors of a node: docs/contract.md section 3, "Handlers" and "Attempts"."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx
import pytest
from drawing import Drawing

S = "stream_handlers."
MAP = {
    "entrypoint": "core:map",
    "config": {"expression": '{"type": error.type, "attempt": error.attempt, "saw": inputs}'},
}


def guarded(entrypoint: str, on_error: dict[str, Any], *, wired: bool = True, **handler: Any) -> Drawing:
    """A trigger, a node with a handler for errors, and an output at each of its ports."""
    drawing = Drawing("guarded")
    drawing.trigger()
    outputs = handler.pop("outputs", None)
    drawing.node("action", "node", entrypoint, outputs=outputs, **handler)
    drawing.nodes[-1]["handlers"]["onError"] = on_error
    drawing.wire("start", "node")
    for port in [*(outputs or ["out"]), *(["error"] if wired else [])]:
        drawing.node("output", port)
        drawing.wire("node", port, port)
    return drawing


def test_its_result_goes_to_the_ports_of_the_node(run: Callable[..., Any]) -> None:
    retries = {"maxAttempts": 2, "backoffSeconds": 0}
    ran = run(guarded("sample_handlers.fail", MAP, retries=retries), {"a": 1})
    saw = {"type": "ValueError", "attempt": 2, "saw": {"input": {"a": 1}}}
    assert ran.execution["outputs"] == {"out": saw}
    assert ran.ends("node") == [{"nodeId": ran.drawing.ids["node"], "status": "succeeded", "result": saw}]
    assert [line for line in ran.lines() if line.startswith("log")] == [
        "log warning attempt 1 failed: ValueError",
        "log warning attempt 2 failed: ValueError; onError runs",
    ]
    assert ran.activation("node")["status"] == "succeeded"


def test_it_may_name_ports_and_has_a_key_of_its_own(run: Callable[..., Any]) -> None:
    ran = run(guarded("sample_handlers.fail", {"entrypoint": f"{S}sorts_errors"}, outputs=["out", "broken"]))
    node = ran.activation("node")
    assert ran.execution["outputs"] == {"broken": {"type": "ValueError", "key": f"{node['id']}:onError"}}


def test_where_all_goes_well_it_does_not_run(run: Callable[..., Any]) -> None:
    ran = run(guarded("sample_handlers.pass_on", {"entrypoint": "sample_handlers.fail"}), {"a": 1})
    assert ran.execution["outputs"] == {"out": {"a": 1}}


@pytest.mark.parametrize("wired", [True, False])
def test_where_it_raises_its_own_error_counts(run: Callable[..., Any], wired: bool) -> None:
    ran = run(guarded("sample_handlers.fail", {"entrypoint": f"{S}raises_again"}, wired=wired))
    if wired:
        error = ran.execution["outputs"]["error"]
    else:
        error = ran.execution["error"]
        assert (ran.execution["status"], error["nodeId"]) == ("failed", ran.drawing.ids["node"])
    assert (error["type"], error["message"]) == ("Hopeless", "no good: ValueError")
    (end,) = ran.ends("node")
    assert end["error"]["type"] == "Hopeless"


def test_it_handles_time_outs_and_is_bounded_by_the_same_limit(run: Callable[..., Any]) -> None:
    ran = run(guarded("sample_handlers.hang", MAP, timeoutSeconds=1))
    assert ran.execution["outputs"]["out"]["type"] == "TimedOut"
    ran = run(guarded("sample_handlers.fail", {"entrypoint": "sample_handlers.hang"}, timeoutSeconds=1))
    assert ran.execution["outputs"]["error"]["type"] == "TimedOut"


def test_what_cannot_handle_an_error_is_a_problem(client: httpx.Client) -> None:
    wrong = {
        "core:condition": "CONFIG_INVALID",
        "core:manual": "CONFIG_INVALID",
        "core:timer": "CONFIG_INVALID",
        "core:nothing": "UNKNOWN_HANDLER",
    }
    for entrypoint, reason in wrong.items():
        body = guarded("sample_handlers.fail", {"entrypoint": entrypoint}).body()
        problems = client.post("/flows", json=body).json()["problems"]
        assert [(p["reason"], p["pointer"]) for p in problems] == [(reason, "/nodes/1/handlers/onError/entrypoint")]
    bad_config = {"entrypoint": "core:map", "config": {"expression": "("}}
    problems = client.post("/flows", json=guarded("sample_handlers.fail", bad_config).body()).json()["problems"]
    assert [p["pointer"] for p in problems] == ["/nodes/1/handlers/onError/config/expression"]
    drawing = Drawing("condition")
    drawing.trigger()
    drawing.node("condition", "node", "core:condition", config={"expression": "true"})
    drawing.nodes[-1]["handlers"]["onError"] = MAP
    drawing.wire("start", "node")
    problems = client.post("/flows", json=drawing.body()).json()["problems"]
    assert ("CONFIG_INVALID", "/nodes/1/handlers/onError") in [(p["reason"], p["pointer"]) for p in problems]

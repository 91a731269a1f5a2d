"""How activations and runs end: results, failures, retries, time limits. CONTRACT sections 2 and 3."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from drawing import Drawing

H = "sample_handlers."


def line(name: str, *steps: tuple[str, str], **settings: Any) -> Drawing:
    """start → each (node, entrypoint) → result."""
    drawing = Drawing(name, **settings)
    drawing.trigger(outputs=["n"])
    last, port = "start", "n"
    for step, entrypoint in steps:
        drawing.node("action", step, entrypoint)
        drawing.wire(last, step, port)
        last, port = step, "out"
    drawing.node("output", "result")
    drawing.wire(last, "result", port)
    return drawing


def test_a_chain_tells_each_start_and_end_once_and_in_order(run: Callable[..., Any]) -> None:
    ran = run(line("chain", ("one", f"{H}add_one"), ("two", f"{H}add_one_async")), {"n": 40})
    assert ran.lines() == [
        "execution.started",
        "chunk.started start",
        "chunk.completed start",
        "chunk.started one",
        "chunk.completed one",
        "chunk.started two",
        "chunk.completed two",
        "chunk.started result",
        "chunk.completed result",
        "execution.completed",
    ]
    assert ran.execution["outputs"] == {"result": 42}
    assert ran.execution["status"] == "succeeded"
    assert ran.ends("one") == [{"nodeId": ran.drawing.ids["one"], "status": "succeeded", "result": 41}]
    assert ran.ends("start")[0]["result"] == {"n": 40}
    assert ran.activation("two")["ports"] == {"out": 42}
    assert "inputs" not in ran.activation("two") or ran.activation("two")["inputs"] is None


def test_an_unhandled_failure_names_the_node_and_cancels_what_runs_beside_it(run: Callable[..., Any]) -> None:
    drawing = Drawing("fails")
    drawing.trigger()
    drawing.node("action", "slow", f"{H}hang")
    drawing.node("action", "bad", f"{H}fail", config={"message": "broken pipe"})
    drawing.node("action", "after", f"{H}pass_on")
    drawing.wire("start", "slow")
    drawing.wire("start", "bad")
    drawing.wire("slow", "after")
    ran = run(drawing)
    assert ran.execution["status"] == "failed"
    error = ran.execution["error"]
    assert (error["type"], error["message"], error["nodeId"]) == ("ValueError", "broken pipe", drawing.ids["bad"])
    assert "sample_handlers.py" in error["stack"]
    assert ran.ends("slow")[0]["error"]["type"] == "Cancelled"
    assert ran.activation("slow")["status"] == "cancelled"
    assert [each["nodeId"] for each in ran.activations if each["nodeId"] == drawing.ids["after"]] == []
    assert ran.events[-1]["payload"] == {"status": "failed", "message": "ValueError: broken pipe"}
    assert [event["type"] for event in ran.events[-3:]] == ["chunk.failed", "chunk.failed", "execution.failed"]
    assert ran.events[-3]["payload"]["nodeId"] == drawing.ids["bad"]


def test_with_the_error_port_wired_a_failure_is_data(run: Callable[..., Any]) -> None:
    drawing = Drawing("handled")
    drawing.trigger()
    drawing.node("action", "bad", f"{H}fail")
    drawing.node("action", "good", f"{H}pass_on")
    drawing.node("output", "failure")
    drawing.wire("start", "bad")
    drawing.wire("bad", "good")
    drawing.wire("bad", "failure", "error")
    ran = run(drawing)
    assert ran.execution["status"] == "succeeded"
    failure = ran.execution["outputs"]["failure"]
    assert set(failure) == {"type", "message", "stack", "attempt"}
    assert (failure["type"], failure["message"], failure["attempt"]) == ("ValueError", "no good", 1)
    assert ran.ends("bad")[0]["status"] == "failed"
    assert ran.activation("bad")["status"] == "failed"
    assert ran.activation("good")["status"] == "skipped"
    skips = [text for text in ran.lines() if text.startswith("skip")]
    assert skips == ["skip good 1"]
    skipped = ran.activation("good")
    assert skipped["startedAt"] == skipped["endedAt"]


def test_attempts_are_told_and_share_one_key(run: Callable[..., Any]) -> None:
    drawing = Drawing("retries")
    drawing.trigger()
    drawing.node("action", "flaky", f"{H}fail_twice", retries={"maxAttempts": 3, "backoffSeconds": 0})
    drawing.wire("start", "flaky")
    ran = run(drawing)
    assert ran.lines()[3:] == [
        "chunk.started flaky",
        "log warning attempt 1 failed: TooEarly",
        "retry flaky 2",
        "log warning attempt 2 failed: TooEarly",
        "retry flaky 3",
        "chunk.completed flaky",
        "detail flaky 3",
        "execution.completed",
    ]
    end = ran.events[-3]
    detail = ran.events[-2]["payload"]
    assert detail["data"]["eventId"] == end["id"]
    assert detail["sequence"] == 2
    assert end["payload"]["result"] == {"attempt": 3, "key": ran.activation("flaky")["id"]}
    assert ran.activation("flaky")["attempt"] == 3


def test_without_retries_one_attempt_is_made(run: Callable[..., Any]) -> None:
    ran = run(line("once", ("flaky", f"{H}fail_twice")), {"n": 1})
    assert ran.execution["error"]["type"] == "TooEarly"
    assert ran.activation("flaky")["attempt"] == 1


@pytest.mark.parametrize("handler", ["hang", "hang_and_ignore", "hang_in_thread"])
def test_a_node_past_its_time_fails_whatever_its_handler_does(run: Callable[..., Any], handler: str) -> None:
    drawing = Drawing(f"late {handler}")
    drawing.trigger()
    drawing.node("action", "late", f"{H}{handler}", timeoutSeconds=1)
    drawing.node("output", "failure")
    drawing.wire("start", "late")
    drawing.wire("late", "failure", "error")
    ran = run(drawing, seconds=5)
    assert ran.execution["status"] == "succeeded"
    assert ran.execution["outputs"]["failure"]["type"] == "TimedOut"


def test_a_run_past_its_time_is_failed_as_timed_out(run: Callable[..., Any]) -> None:
    drawing = line("slow", ("late", f"{H}hang"), timeoutSeconds=60)
    ran = run(drawing, {"n": 1}, timeoutSeconds=1)
    assert ran.execution["status"] == "failed"
    assert ran.execution["error"]["type"] == "TimedOut"
    assert ran.events[-1]["payload"]["message"].startswith("timed_out: ")
    assert ran.ends("late")[0]["error"]["type"] == "Cancelled"


def test_a_cancelled_run_ends_at_once_and_only_once(
    start: Callable[..., Any], finish: Callable[..., Any], client: Any
) -> None:
    for handler in ("hang", "hang_and_ignore", "hang_in_thread"):
        drawing = line(f"cancelled {handler}", ("late", f"{H}{handler}"))
        execution_id = start(drawing, {"n": 1})
        answer = client.post(f"/executions/{execution_id}/cancel")
        assert answer.status_code == 202, answer.text
        ran = finish(drawing, execution_id, seconds=5)
        assert ran.execution["status"] == "cancelled"
        assert ran.execution["error"]["type"] == "Cancelled"
        assert ran.events[-1]["type"] == "execution.failed"
        assert ran.events[-1]["payload"]["message"].startswith("cancelled: ")
        again = client.post(f"/executions/{execution_id}/cancel")
        assert (again.status_code, again.json()["reason"]) == (409, "ALREADY_ENDED")


@pytest.mark.parametrize(
    ("handler", "kind"),
    [
        ("not_json", "NotJson"),
        ("not_a_number", "NotJson"),
        ("too_large_an_integer", "NotJson"),
        ("undeclared_port", "NoSuchPort"),
    ],
)
def test_what_json_cannot_hold_and_ports_that_are_not_there_fail_without_retry(
    run: Callable[..., Any], handler: str, kind: str
) -> None:
    drawing = Drawing(handler)
    drawing.trigger()
    drawing.node("action", "bad", f"{H}{handler}", retries={"maxAttempts": 5, "backoffSeconds": 0})
    drawing.wire("start", "bad")
    ran = run(drawing)
    assert ran.execution["error"]["type"] == kind
    assert ran.activation("bad")["attempt"] == 1


def test_ports_that_are_not_named_are_dead(run: Callable[..., Any]) -> None:
    drawing = Drawing("two ports")
    drawing.trigger()
    drawing.node("action", "fork", f"{H}two_ports", outputs=["left", "right"])
    drawing.node("output", "left")
    drawing.node("output", "right")
    drawing.wire("start", "fork")
    drawing.wire("fork", "left", "left")
    drawing.wire("fork", "right", "right")
    ran = run(drawing)
    assert ran.execution["outputs"] == {"left": 1}
    assert ran.ends("fork")[0]["result"] == {"left": 1}
    assert ran.activation("right")["status"] == "skipped"
    assert ran.ends("right") == []


def test_log_lines_come_before_the_end_of_the_node_that_wrote_them(run: Callable[..., Any]) -> None:
    ran = run(line("speaks", ("speaker", f"{H}speak")), {"n": 1})
    begun = ran.lines().index("chunk.started speaker")
    assert ran.lines()[begun + 1 : begun + 6] == [
        "log debug quiet",
        "log info said",
        "log warning warned",
        "log error cried",
        "chunk.completed speaker",
    ]
    assert ran.execution["outputs"] == {"result": None}


def test_a_handler_that_prints_a_megabyte_harms_nobody(run: Callable[..., Any]) -> None:
    ran = run(line("prints", ("printer", f"{H}print_a_megabyte")), {"n": 1})
    assert ran.execution["outputs"] == {"result": "printed"}


def test_what_one_handler_changes_in_its_input_no_other_sees(run: Callable[..., Any]) -> None:
    drawing = Drawing("mutation")
    drawing.trigger()
    for name in ("first", "second"):
        drawing.node("action", name, f"{H}mutate")
        drawing.node("output", f"{name} length")
        drawing.wire("start", name)
        drawing.wire(name, f"{name} length")
    ran = run(drawing, {"list": ["theirs"]})
    assert ran.execution["outputs"] == {"first length": 2, "second length": 2}
    assert ran.execution["inputs"] == {"list": ["theirs"]}


def test_a_trace_keeps_the_inputs_of_every_node(run: Callable[..., Any]) -> None:
    ran = run(line("traced", ("one", f"{H}add_one")), {"n": 1}, trace=True)
    assert ran.activation("one")["inputs"] == {"input": 1}
    assert ran.activation("result")["inputs"] == {"input": 2}

"""The commands, over HTTP to a real server."""

from __future__ import annotations

import json
import uuid
from typing import Any

import pytest
from drawing import Drawing
from running_product import wait_for


def _flow(name: str, expression: str) -> str:
    start, work, result = (str(uuid.uuid4()) for _ in range(3))
    handler = {"entrypoint": "core:map", "config": {"expression": expression}}

    def node(id: str, type: str, label: str, handlers: dict[str, Any]) -> dict[str, Any]:
        return {"id": id, "type": type, "name": label, "handlers": handlers, "position": {"x": 0, "y": 0}}

    def edge(source: str, target: str) -> dict[str, Any]:
        return {
            "id": str(uuid.uuid4()),
            "source": {"nodeId": source, "port": "out"},
            "target": {"nodeId": target, "port": "input"},
        }

    return json.dumps(
        {
            "name": name,
            "nodes": [
                node(start, "trigger", "Start", {"main": {"entrypoint": "core:manual"}}),
                node(work, "action", "Work", {"main": handler}),
                node(result, "output", "Result", {}),
            ],
            "edges": [edge(start, work), edge(work, result)],
        }
    )


def test_without_a_server_every_command_says_how_to_start_one(tfcanvas: Any) -> None:
    for command in (["flow", "list"], ["link"], ["run", "x"], ["tail", "x"]):
        answer = tfcanvas(*command)
        assert answer.returncode == 1
        (line,) = answer.stderr.splitlines()
        assert "tfcanvas up" in line


def test_a_flow_is_imported_run_followed_exported_and_deleted(up: Any, tfcanvas: Any) -> None:
    server = up()
    server.link()
    made = tfcanvas("flow", "import", "-", stdin=_flow("Add [one]", "input.n + 1"))
    assert made.returncode == 0, made.stderr
    flow_id = made.stdout.strip()
    assert flow_id in tfcanvas("flow", "list").stdout
    assert "Add [one]" in tfcanvas("flow", "show", flow_id).stdout

    ran = tfcanvas("run", "Add [one]", "--input", "n=41")
    assert ran.returncode == 0, ran.stderr
    assert json.loads(ran.stdout[ran.stdout.index("{\n") :]) == {"Result": 42}
    execution = ran.stdout.split()[1]

    tailed = tfcanvas("tail", execution, "--json")
    assert tailed.returncode == 0
    events = [json.loads(line) for line in tailed.stdout.splitlines()]
    assert (events[0]["type"], events[-1]["type"]) == ("execution.started", "execution.completed")
    rest = tfcanvas("tail", execution, "--json", "--after", events[2]["id"])
    assert [json.loads(line) for line in rest.stdout.splitlines()] == events[3:]

    failed = tfcanvas("run", flow_id, "--inputs", '{"n": "text"}')
    assert failed.returncode == 1
    assert "ExpressionFailed" in failed.stdout
    assert tfcanvas("tail", failed.stdout.split()[1]).returncode == 1

    exported = tfcanvas("flow", "export", flow_id).stdout
    copied = tfcanvas("flow", "import", "-", "--name", "Copy", stdin=exported)
    assert copied.returncode == 0, copied.stderr
    assert json.loads(tfcanvas("flow", "export", "Copy").stdout) == {**json.loads(exported), "name": "Copy"}

    assert tfcanvas("flow", "delete", "Copy", "--yes").returncode == 0
    assert tfcanvas("flow", "show", "Copy").returncode == 1
    assert tfcanvas("flow", "publish", flow_id).stdout.strip() == "1"


@pytest.mark.parametrize("flag", ["--no-watch", "--watch"])
def test_run_publishes_what_is_drawn_now(up: Any, tfcanvas: Any, flag: str) -> None:
    server = up()
    server.link()
    flow_id = tfcanvas("flow", "import", "-", stdin=_flow("Flow", "1")).stdout.strip()
    first = tfcanvas("run", flow_id, flag)
    assert (first.returncode, "of version 1" in first.stdout) == (0, True)
    changed = tfcanvas("flow", "import", "-", "--into", flow_id, stdin=_flow("Flow", "2"))
    assert (changed.returncode, changed.stdout.strip()) == (0, flow_id)
    second = tfcanvas("run", flow_id, flag)
    assert (second.returncode, "of version 2" in second.stdout) == (0, True)


def test_what_the_server_refuses_is_told_with_its_pointers(up: Any, tfcanvas: Any) -> None:
    server = up()
    server.link()
    refused = tfcanvas("flow", "import", "-", stdin='{"name": "", "nodes": [{}]}')
    assert refused.returncode == 1
    assert "/name" in refused.stderr
    assert "/nodes/0/id" in refused.stderr


def test_failed_runs_are_listed_planned_and_run_again(up: Any, tfcanvas: Any) -> None:
    up().link()
    flow_id = tfcanvas("flow", "import", "-", stdin=_flow("Needs a number", "$number(input.n)")).stdout.strip()
    for _ in range(2):
        assert tfcanvas("run", flow_id, "--input", "n=no").returncode == 1
    tfcanvas("run", flow_id, "--input", "n=1")
    failed = tfcanvas("executions", "--failed", "--flow", "Needs a number", "--ids").stdout.split()
    assert len(failed) == 2
    listed = tfcanvas("executions", "--failed").stdout
    assert failed[0] in listed
    assert "failed" in listed

    planned = tfcanvas("retry", failed[0], "--plan")
    assert planned.returncode == 0, planned.stderr
    assert "reused: 1 results" in planned.stdout
    assert "Work" in planned.stdout
    assert json.loads(tfcanvas("retry", failed[0], "--plan", "--json").stdout)["from"] == "failure"

    again = tfcanvas("retry", failed[0], "--from", "Work", "--inputs", '{"input": {"n": "42"}}')
    assert again.returncode == 0, again.stderr
    assert json.loads(again.stdout[again.stdout.index("{\n") :]) == {"Result": 42}
    assert tfcanvas("retry", failed[0]).returncode == 1  # it fails again

    both = tfcanvas("retry", *failed)
    assert both.returncode == 0, both.stderr
    assert [line.split()[0] for line in both.stdout.splitlines()] == failed
    nobody = tfcanvas("retry", failed[0], str(uuid.uuid4()), "--from", "start")
    assert nobody.returncode == 1
    assert "refused" in nobody.stdout
    assert "flow list" not in tfcanvas("retry", str(uuid.uuid4())).stdout


def test_what_waits_is_listed_answered_once_and_signalled(up: Any, tfcanvas: Any) -> None:
    up().link()
    drawing = Drawing("Ask first")
    drawing.trigger()
    drawing.node("action", "Ask", "core:approval", outputs=["approved", "rejected"], config={"assignees": ["anna"]})
    drawing.node("action", "Paid", "core:event", config={"name": "paid", "key": 17})
    drawing.node("output", "Result")
    drawing.wire("start", "Ask")
    drawing.wire("Ask", "Paid", "approved")
    drawing.wire("Paid", "Result")
    flow_id = tfcanvas("flow", "import", "-", stdin=json.dumps(drawing.body())).stdout.strip()
    assert tfcanvas("run", flow_id, "--no-watch").returncode == 0

    def only(*more: str) -> dict[str, Any]:
        found = wait_for(lambda: json.loads(tfcanvas("waits", "--json", *more).stdout), what="the wait")
        assert len(found) == 1
        return dict(found[0])

    wait = only("--for", "anna")
    listed = tfcanvas("waits", "--flow", "Ask first").stdout
    assert wait["id"] in listed
    assert "anna" in listed
    assert tfcanvas("waits", "--for", "bo").stdout == "Nothing waits.\n"
    undecided = tfcanvas("resume", wait["id"])
    assert (undecided.returncode, "--approve or --reject" in undecided.stderr) == (1, True)
    approved = tfcanvas("resume", wait["id"], "--approve", "--value", '{"n": 1}')
    assert (approved.returncode, "approved by" in approved.stdout) == (0, True), approved.stderr
    late = tfcanvas("resume", wait["id"], "--reject")
    assert (late.returncode, "answered before: approved by" in late.stderr) == (1, True), late.stderr

    assert only()["key"] == "17"
    assert "0 runs" in tfcanvas("signal", "paid", "18").stdout
    assert "1 run goes on" in tfcanvas("signal", "paid", "17", "--value", '{"cents": 5}').stdout
    wait_for(lambda: "succeeded" in tfcanvas("executions", "--flow", flow_id).stdout, what="the end")

"""Cases that are run again, as the README describes them; and every case of channels, loops and sub-flows run again
from each of its nodes: it ends as it did."""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from golden_runs import _readable, lines, node_id, published
from golden_writing import written
from rerun_lab import Ended, Lab, open_lab
from triggerflow_orchestrator.app.units import Kind

HERE = Path(__file__).parent
RERUNS = sorted((HERE / "reruns").glob("*.json"))
WRITE = os.environ.get("GOLDEN_WRITE") == "1"
# Of a race another one is first, where that one's result is there already.
CASES = sorted(
    path
    for path in HERE.glob("*/*.json")
    if path.parent.name in ("channels", "loops", "subflows") and not json.loads(path.read_text()).get("race")
)


@pytest.mark.parametrize("path", CASES, ids=lambda path: f"{path.parent.name}/{path.stem}")
async def test_a_case_ends_as_it_did_from_wherever_it_runs_again(path: Path) -> None:
    case: Mapping[str, Any] = json.loads(path.read_text())
    async with open_lab(case, "golden_handlers") as lab:
        ran = await lab.run(case.get("inputs", {}))
        places = ran.places("succeeded", "failed", "cancelled")
        # Of a flow that runs itself: those of its own, not of what runs inside it.
        own = {node_id(name) for name, said in case["flow"]["nodes"].items() if said.get("type") == "subflow"}
        inside = lambda scope: own & {segment.rpartition(":")[0] for segment in scope.split("/")}  # noqa: E731
        starts = [
            "start",
            *sorted(
                {node_id(name) for name in case["flow"]["nodes"]}
                & {node for scope, node in places if not inside(scope)}
            ),
        ]
        if ran.record.status == "failed":
            starts.append("failure")
        for start in starts:
            plan = await lab.plan(ran, start)
            again = await lab.again(ran, start)
            assert (again.record.status, again.outputs) == (ran.record.status, ran.outputs), start
            assert _words(again) == _words(ran), start
            # What the plan says is reused is reused, and nothing else.
            reused = again.reused()
            assert reused == {(one.place.scope, one.place.node_id) for one in plan.reused}, start
            ended = {(row.scope, row.node_id) for row in again.journal}
            assert len(ended) == len(again.journal), "an activation ended twice"
            if start not in ("start", "failure"):
                assert not {place for place in places if place[1] == start} <= reused, "the node was to run"


@pytest.mark.parametrize("path", RERUNS, ids=lambda path: path.stem)
async def test_a_rerun_is_as_its_case_says(path: Path) -> None:
    case: Mapping[str, Any] = json.loads(path.read_text())
    async with open_lab(case, "golden_handlers") as lab:
        ran = await lab.run(case.get("inputs", {}))
        version = _publish(lab, case)
        asked = case["again"]
        start = asked["from"] if asked["from"] in ("start", "failure") else node_id(asked["from"])
        plan = await lab.plan(ran, start, version)
        again = await lab.again(ran, start, asked.get("inputs"), version)
        found = {
            "first": _ended(case, lab, ran),
            "plan": {
                "reused": _in_order(case, [_at(lab, one.place.scope, one.place.node_id) for one in plan.reused]),
                "repeats": [repeat.name for repeat in plan.repeats],
                "changed": [lab.names.get(node, node) for node in plan.changed],
            },
            "events": _in_order(case, lines(list(again.events), lab.names)),
            **_ended(case, lab, again),
        }
    if WRITE:
        path.write_text(written({**case, "result": found}) + "\n")
    else:
        assert found == case["result"]


def _in_order(case: Mapping[str, Any], said: list[str]) -> list[str]:
    return sorted(said) if case.get("parallel") else said


def _publish(lab: Lab, case: Mapping[str, Any]) -> str | None:
    then = case.get("then", {})
    for name, drawn in then.get("flows", {}).items():
        lab.versions.publish(name, drawn)
    return lab.versions.publish("main", then["flow"]) if "flow" in then else None


def _at(lab: Lab, scope: str, node: str) -> str:
    segments = [segment.rpartition(":") for segment in scope.split("/") if segment]
    around = "/".join(f"{lab.names[header]}:{number}" for header, _, number in segments)
    return f"{lab.names[node]} in {around}" if around else lab.names[node]


def _ended(case: Mapping[str, Any], lab: Lab, ran: Ended) -> dict[str, Any]:
    error = ran.record.error
    told = None if error is None else {"type": error.type, "message": error.message, "nodeId": error.node_id}
    told_channels = [row for row in lab.journal.of(Kind.CHANNEL_VALUE) if row[4] == ran.record.id]
    return {
        **published(case, told_channels, lab.names),
        "status": ran.record.status,
        "outputs": _readable(ran.outputs, lab.names),
        "error": _readable(told, lab.names),
    }


def _words(ran: Ended) -> Any:
    error = ran.record.error
    return None if error is None else (error.type, error.message, error.node_id)

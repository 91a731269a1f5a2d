"""Every case in the folders beside this file, run again from each of its nodes: it ends as it did."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from golden_runs import node_id
from rerun_lab import Ended, open_lab

HERE = Path(__file__).parent
CASES = sorted(path for path in HERE.glob("*/*.json") if path.parent.name in ("loops", "subflows"))


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


def _words(ran: Ended) -> Any:
    error = ran.record.error
    return None if error is None else (error.type, error.message, error.node_id)

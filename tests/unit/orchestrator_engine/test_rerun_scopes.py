"""Run again what failed in a loop or a sub-flow: what ended there is not done again, and its order is kept."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from golden_runs import node_id
from rerun_handlers import BROKEN, CALLS
from rerun_lab import open_lab
from triggerflow_chassis.errors import Invalid


@pytest.fixture(autouse=True)
def clean() -> Iterator[None]:
    CALLS.clear()
    BROKEN.clear()
    yield
    BROKEN.clear()


def work(name: str, **more: Any) -> dict[str, Any]:
    return {"entrypoint": "rerun_handlers.work", "config": {"name": name}, **more}


def loop(most: int = 10) -> dict[str, Any]:
    """start → add → work → (again while n < 4) → last → result."""
    return {
        "nodes": {
            "start": {"type": "trigger"},
            "add": {"map": '{"n": input.n + 1}'},
            "work": work("work"),
            "last": work("last"),
            "result": {"type": "output"},
        },
        "edges": [
            "start.out -> add.input",
            "add.out -> work.input",
            "work.out -> last.input",
            {"edge": "work.out -> add.input", "loop": {"maxIterations": most, "while": "input.n < 4"}},
            "last.out -> result.input",
        ],
    }


def each(**config: Any) -> dict[str, Any]:
    """start → a child for each item → last → result; in the child first → second → result."""
    return {
        "flow": {
            "nodes": {
                "start": {"type": "trigger", "outputs": ["items"]},
                "each": {
                    "type": "subflow",
                    "flow": "child",
                    "inputs": ["items"],
                    "config": {"mode": "forEach", "concurrency": 2, "onItemError": "stop", **config},
                },
                "last": work("last"),
                "result": {"type": "output"},
            },
            "edges": ["start.items -> each.items", "each.out -> last.input", "last.out -> result.input"],
        },
        "flows": {
            "child": {
                "nodes": {
                    "begin": {"type": "trigger"},
                    "first": work("first"),
                    "second": work("second"),
                    "done": {"type": "output"},
                },
                "edges": ["begin.out -> first.input", "first.out -> second.input", "second.out -> done.input"],
            }
        },
        "inputs": {"items": [0, 1, 2, 3, 4, 5]},
    }


async def test_from_failure_a_loop_goes_on_in_the_iteration_that_failed() -> None:
    async with open_lab({"flow": loop()}, "rerun_handlers") as lab:
        BROKEN.add(("work", "{'n': 3}"))
        ran = await lab.run({"n": 0})
        assert ran.record.status == "failed"
        BROKEN.clear()
        CALLS.clear()
        plan = await lab.plan(ran, "failure")
        again = await lab.again(ran, "failure")
        assert again.outputs == {"result": {"n": 4}}
        assert CALLS == [("work", "{'n': 3}"), ("work", "{'n': 4}"), ("last", "{'n': 4}")]
        assert (f"{node_id('add')}:2", node_id("add")) in again.reused()
        assert {repeat.name for repeat in plan.repeats} == {"add", "work", "last"}


async def test_from_a_node_of_a_loop_means_the_iteration_that_failed_with_its_edited_inputs() -> None:
    async with open_lab({"flow": loop()}, "rerun_handlers") as lab:
        BROKEN.add(("work", "{'n': 3}"))
        ran = await lab.run({"n": 0})
        CALLS.clear()
        again = await lab.again(ran, node_id("add"), {"input": {"n": 9}})
        assert CALLS == [("work", "{'n': 10}"), ("last", "{'n': 10}")]
        assert again.outputs == {"result": {"n": 10}}


async def test_from_a_node_of_a_loop_that_ended_runs_the_loop_from_its_start() -> None:
    async with open_lab({"flow": loop()}, "rerun_handlers") as lab:
        ran = await lab.run({"n": 2})
        before, CALLS[:] = list(CALLS), []
        plan = await lab.plan(ran, node_id("work"))
        assert [one.place.node_id for one in plan.reused] == [node_id("start")]
        again = await lab.again(ran, node_id("work"))
        assert (again.outputs, CALLS) == (ran.outputs, before)
        CALLS.clear()
        # Behind the loop, the loop is reused whole.
        await lab.again(ran, node_id("last"))
        assert CALLS == [("last", "{'n': 4}")]


async def test_a_loop_that_ran_too_often_goes_on_on_a_version_that_lets_it() -> None:
    async with open_lab({"flow": loop(most=2)}, "rerun_handlers") as lab:
        ran = await lab.run({"n": 0})
        assert ran.record.error is not None
        assert ran.record.error.type == "MaxIterations"
        CALLS.clear()
        again = await lab.again(ran, "failure")
        assert again.record.error is not None
        assert again.record.error.type == "MaxIterations"
        assert CALLS == [("work", "{'n': 2}")], "what led to the failure is made again"
        version = lab.versions.publish("main", loop(most=9))
        CALLS.clear()
        again = await lab.again(ran, "failure", version=version)
        assert again.outputs == {"result": {"n": 4}}
        assert [call for call in CALLS if call == ("work", "{'n': 1}")] == []


async def test_from_failure_a_for_each_goes_on_with_the_items_it_has_not_done() -> None:
    case = each()
    async with open_lab(case, "rerun_handlers") as lab:
        BROKEN.add(("second", 3))
        ran = await lab.run(case["inputs"])
        assert ran.record.status == "failed"
        done = [item for name, item in CALLS if name == "second" and item != 3]
        BROKEN.clear()
        CALLS.clear()
        plan = await lab.plan(ran, "failure")
        again = await lab.again(ran, "failure")
        assert again.outputs == {"result": [{"done": {"item": item}} for item in case["inputs"]["items"]]}
        finished = {row.scope for row in ran.journal if row.status == "succeeded" and row.node_id == node_id("second")}
        assert finished, "some items were done"
        assert {scope for scope, node in again.reused() if node == node_id("second")} == finished
        assert ("second", 3) in CALLS
        assert not [call for call in CALLS if call[0] == "second" and _scope(call[1]) in finished]
        assert len(done) >= len(finished)
        assert [repeat.name for repeat in plan.repeats] == ["each", "last"]


def _scope(item: int) -> str:
    return f"{node_id('each')}:{item}"


async def test_a_for_each_that_ended_is_reused_whole_with_the_items_that_failed() -> None:
    case = each(onItemError="continue")
    case["flow"]["nodes"]["each"]["outputs"] = ["out", "errors"]
    async with open_lab(case, "rerun_handlers") as lab:
        BROKEN.update({("first", 1), ("last", None)})
        ran = await lab.run(case["inputs"])
        assert ran.record.error is not None
        assert ran.record.error.node_id == node_id("last")
        BROKEN.clear()
        CALLS.clear()
        again = await lab.again(ran, "failure")
        assert [name for name, _ in CALLS] == ["last"]
        assert again.outputs["result"][1] is None
        assert again.reused() == {("", node_id("start")), ("", node_id("each"))}
        CALLS.clear()
        # Named itself, it runs again whole.
        again = await lab.again(ran, node_id("each"))
        assert again.outputs["result"][1] == {"done": {"item": 1}}
        assert len(CALLS) == 13


async def test_one_at_a_time_an_item_that_failed_and_was_passed_over_stays_failed() -> None:
    case = each(onItemError="continue", concurrency=1)
    async with open_lab(case, "rerun_handlers") as lab:
        BROKEN.update({("first", 1), ("second", 3)})
        ran = await lab.run(case["inputs"])
        assert ran.record.status == "succeeded"
        BROKEN.clear()
        CALLS.clear()
        # On a version where the sub-flow changed, it is not reused whole, but what ended in its children is.
        changed: dict[str, Any] = {**case["flow"], "nodes": {**case["flow"]["nodes"]}}
        changed["nodes"]["each"] = _with_config(changed["nodes"]["each"], concurrency=3)
        again = await lab.again(ran, node_id("last"), version=lab.versions.publish("main", changed))
        assert [name for name, _ in CALLS] == ["last"]
        assert again.outputs == ran.outputs
        assert again.outputs["result"][1] is None


def _with_config(node: Mapping[str, Any], **config: Any) -> dict[str, Any]:
    return {**node, "config": {**node["config"], **config}}


async def test_edited_items_run_only_what_they_change() -> None:
    case = each()
    async with open_lab(case, "rerun_handlers") as lab:
        BROKEN.add(("last", None))
        ran = await lab.run(case["inputs"])
        BROKEN.clear()
        CALLS.clear()
        again = await lab.again(ran, node_id("each"), {"items": [7]})
        assert again.outputs == {"result": [{"done": {"item": 7}}]}
        assert CALLS[:2] == [("first", 7), ("second", 7)]


async def test_a_node_of_a_sub_flow_is_no_node_of_the_version() -> None:
    case = each()
    async with open_lab(case, "rerun_handlers") as lab:
        ran = await lab.run(case["inputs"])
        with pytest.raises(Invalid) as refused:
            await lab.plan(ran, node_id("first"))
        assert [violation.pointer for violation in refused.value.violations] == ["/from"]

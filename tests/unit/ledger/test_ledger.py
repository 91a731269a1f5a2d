"""What the random flows do not reach: misuse, long and wide flows, and journals of another plan."""

import time
from typing import Any

import pytest
from triggerflow_orchestrator.domain.compile_plan import compile_plan
from triggerflow_orchestrator.domain.ledger import (
    DONE,
    READY,
    SKIPPED,
    WAITING,
    Dropped,
    Entry,
    Ledger,
    LedgerMisused,
    Ready,
    replay,
)

from .flows import blueprint, edge, node

LONG = 10_000


def two_in_a_row() -> Ledger:
    """t → a → b."""
    nodes = [node("t", "trigger"), node("a"), node("b")]
    return Ledger(compile_plan(blueprint(nodes, [edge("t.out", "a.input"), edge("a.out", "b.input")])))


def chain(length: int) -> dict[str, Any]:
    nodes = [node("t", "trigger"), *(node(f"n{i}") for i in range(length))]
    edges = [edge("t.out", "n0.input"), *(edge(f"n{i}.out", f"n{i + 1}.input") for i in range(length - 1))]
    return blueprint(nodes, edges)


def test_a_node_waits_gets_ready_and_is_done() -> None:
    ledger = two_in_a_row()
    seen = [(ledger.state(1), ledger.pending)]
    ledger.start({0: {"out": 1}})
    seen.append((ledger.state(1), ledger.pending))
    ledger.complete(1, {})
    seen.append((ledger.state(1), ledger.pending))
    assert seen == [(WAITING, 3), (READY, 2), (DONE, 0)]
    assert ledger.state(2) == SKIPPED
    assert ledger.settled


def test_what_did_not_happen_is_refused_and_changes_nothing() -> None:
    ledger = two_in_a_row()
    with pytest.raises(LedgerMisused, match="not running"):
        ledger.complete(1, {"out": 1})
    with pytest.raises(LedgerMisused, match="no trigger"):
        ledger.start({0: {}, 1: {}})
    with pytest.raises(LedgerMisused, match="not all of these ports"):
        ledger.start({0: {"nowhere": 1}})
    assert not ledger.started
    ledger.start({0: {"out": 1}})
    with pytest.raises(LedgerMisused, match="twice"):
        ledger.start({0: {"out": 1}})
    with pytest.raises(LedgerMisused, match="not all of these ports"):
        ledger.complete(1, {"out": 1, "nowhere": 2})
    with pytest.raises(LedgerMisused, match="not running"):
        ledger.complete(2, {})
    assert ledger.complete(1, {"out": 2}).ready == [Ready(2, {"input": 2})]
    with pytest.raises(LedgerMisused, match="not running"):
        ledger.complete(1, {"out": 2})
    ledger.complete(2, {})
    assert ledger.settled


def test_values_are_passed_on_as_they_are() -> None:
    class Opaque:
        def __eq__(self, other: object) -> bool:
            raise AssertionError("the ledger looked into a value")

        def __bool__(self) -> bool:
            raise AssertionError("the ledger looked into a value")

        __hash__ = None  # type: ignore[assignment]

    value = Opaque()
    assert two_in_a_row().start({0: {"out": value}}).ready[0].inputs["input"] is value


def test_a_value_goes_with_its_inputs_and_the_ledger_keeps_none() -> None:
    ledger = two_in_a_row()
    ledger.start({0: {"out": "value"}})
    assert "value" not in ledger._values


def test_ready_inputs_are_the_callers_own() -> None:
    nodes = [node("t", "trigger"), node("a"), node("b")]
    plan = compile_plan(blueprint(nodes, [edge("t.out", "a.input"), edge("t.out", "b.input")]))
    ready = Ledger(plan).start({0: {"out": 1}}).ready
    ready[0].inputs["input"] = 2
    assert ready[1].inputs == {"input": 1}


def test_a_skip_spreads_through_ten_thousand_nodes_in_a_row() -> None:
    plan = compile_plan(chain(LONG))
    ledger = Ledger(plan)
    assert ledger.start({0: {}}).skipped == list(range(1, LONG + 1))
    assert ledger.settled


def test_ten_thousand_nodes_run_in_a_row() -> None:
    plan = compile_plan(chain(LONG))
    ledger = Ledger(plan)
    ready = ledger.start({0: {"out": 0}}).ready
    for running in ready:  # grows while it is read
        ready += ledger.complete(running.node, {"out": running.inputs["input"] + 1}).ready
    assert ledger.settled
    assert ready[-1].inputs == {"input": LONG - 1}


def test_thousands_of_edges_into_one_port_are_not_slower_each() -> None:
    def seconds_for(width: int) -> float:
        nodes = [node("t", "trigger"), *(node(f"a{i}") for i in range(width)), node("merge")]
        edges = [edge("t.out", f"a{i}.input") for i in range(width)]
        edges += [edge(f"a{i}.out", "merge.input") for i in range(width)]
        ledger = Ledger(compile_plan(blueprint(nodes, edges)))
        started = time.process_time()
        ledger.start({0: {"out": 1}})
        for arm in range(1, width):
            assert ledger.complete(arm, {}).ready == []
        assert ledger.complete(width, {"out": 1}).ready == [Ready(width + 1, {"input": 1})]
        return time.process_time() - started

    seconds_for(100)  # warm
    # Linear would be 16 times; quadratic 256.
    assert min(seconds_for(8_000) for _ in range(3)) < 80 * max(min(seconds_for(500) for _ in range(3)), 1e-4)


def test_a_lost_token_names_its_edge() -> None:
    nodes = [node("t", "trigger", ports={"outputs": [{"key": "a", "label": ""}, {"key": "b", "label": ""}]}), node("n")]
    plan = compile_plan(blueprint(nodes, [edge("t.b", "n.input"), edge("t.a", "n.input")]))
    assert Ledger(plan).start({0: {"a": 1, "b": 2}}).dropped == [Dropped(1, "input", 1)]


def test_a_journal_that_skips_what_the_plan_runs_is_refused() -> None:
    plan = two_in_a_row().plan
    journal = [Entry(0, "succeeded", {"out": 1}), Entry(1, "skipped", {})]
    with pytest.raises(LedgerMisused, match="skipped"):
        replay(plan, journal)


def test_a_journal_in_which_a_node_ends_before_it_could_start_is_refused() -> None:
    plan = two_in_a_row().plan
    with pytest.raises(LedgerMisused, match="not running"):
        replay(plan, [Entry(0, "succeeded", {"out": 1}), Entry(2, "succeeded", {"out": 1})])


def test_an_empty_journal_is_a_run_that_has_not_started() -> None:
    again = replay(two_in_a_row().plan, [])
    assert (again.ledger.started, again.frontier, again.skipped) == (False, [], [])


def test_a_journal_of_skips_alone_is_a_run_that_fired_nothing() -> None:
    again = replay(two_in_a_row().plan, [Entry(0, "skipped", {})])
    assert again.skipped == [0, 1, 2]
    assert again.ledger.settled

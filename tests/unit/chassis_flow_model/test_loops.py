"""Which nodes a loop has, and which graphs have no sound loops."""

from __future__ import annotations

from typing import Any

import pytest
from triggerflow_chassis.loops import Loop, find_loops

BOUND = {"maxIterations": 3}


def edges(*drawn: str) -> list[dict[str, Any]]:
    """Edges written `a>b`, back edges `b<<a` from a to b."""
    found = []
    for one in drawn:
        back = "<<" in one
        target, source = one.split("<<") if back else reversed(one.split(">"))
        edge: dict[str, Any] = {"source": {"nodeId": source}, "target": {"nodeId": target}}
        found.append(edge | ({"loop": BOUND} if back else {}))
    return found


def test_a_graph_without_back_edges_has_no_loops() -> None:
    assert find_loops(edges("a>b", "b>c")) == ((), ())


def test_the_body_is_what_lies_between_header_and_back_edge() -> None:
    found = find_loops(edges("t>a", "a>b", "b>c", "a<<c", "b>out", "a>side", "side>out"))
    assert found == ((Loop("a", frozenset("abc"), (3,)),), ())


def test_a_node_may_loop_to_itself() -> None:
    assert find_loops(edges("t>a", "a<<a", "a>out")).loops == (Loop("a", frozenset("a"), (1,)),)


def test_all_back_edges_to_one_header_make_one_loop() -> None:
    found = find_loops(edges("t>a", "a>b", "a>c", "a<<b", "a<<c"))
    assert found == ((Loop("a", frozenset("abc"), (3, 4)),), ())


def test_inner_loops_come_after_the_loops_around_them() -> None:
    found = find_loops(edges("t>a", "a>b", "b>c", "b<<c", "c>d", "a<<d", "d>out"))
    assert [(loop.header, set(loop.body)) for loop in found.loops] == [("a", set("abcd")), ("b", set("bc"))]
    assert found.problems == ()


def test_an_inner_loop_whose_back_edge_is_its_only_way_on_is_part_of_the_outer_one() -> None:
    found = find_loops(edges("t>a", "a>b", "b>c", "b<<c", "a<<b"))
    assert [(loop.header, set(loop.body)) for loop in found.loops] == [("a", set("abc")), ("b", set("bc"))]


@pytest.mark.parametrize(
    ("drawn", "at"),
    [
        (["t>a", "a>b", "a<<b", "t>b"], 3),
        (["t>a", "a>b", "b>c", "a<<c", "t>c"], 4),
        (["a>b", "b<<a"], 1),
        (["t>a", "t>b", "b<<a"], 2),
    ],
)
def test_what_is_no_sound_loop_is_told_at_its_edge(drawn: list[str], at: int) -> None:
    assert [problem.edge for problem in find_loops(edges(*drawn)).problems] == [at]


def test_back_edges_that_cross_make_loops_inside_each_other() -> None:
    found = find_loops(edges("t>a", "a>b", "b>c", "c>d", "a<<c", "b<<d"))
    assert [(loop.header, set(loop.body)) for loop in found.loops] == [("a", set("abcd")), ("b", set("bcd"))]
    assert found.problems == ()


def test_messages_call_nodes_by_their_names() -> None:
    found = find_loops(edges("t>a", "a>b", "a<<b", "t>b"), {"a": "Ask", "b": "Judge"})
    assert found.problems[0].message.startswith("The loop at 'Ask' has two entries: this edge enters it at 'Judge'.")


@pytest.mark.parametrize(
    ("loop", "pointer"),
    [
        ({}, "/loop/maxIterations"),
        ({"maxIterations": 0}, "/loop/maxIterations"),
        ({"maxIterations": "3"}, "/loop/maxIterations"),
        ({"maxIterations": 1_000_001}, "/loop/maxIterations"),
        ({"maxIterations": 3, "while": " "}, "/loop/while"),
        ({"maxIterations": 3, "times": 2}, "/loop/times"),
    ],
)
def test_a_loop_says_its_bound_and_nothing_else_but_while(loop: dict[str, Any], pointer: str) -> None:
    drawn = edges("t>a", "a<<a")
    drawn[1]["loop"] = loop
    assert [problem.pointer for problem in find_loops(drawn).problems] == [pointer]


def test_a_whole_number_may_be_written_with_a_point() -> None:
    drawn = edges("t>a", "a<<a")
    drawn[1]["loop"] = {"maxIterations": 3.0}
    assert find_loops(drawn).problems == ()

"""Print what the ledger costs a node, in µs of one thread: a chain of 10, a fan-out to 100 and its join, a diamond.

Run: .venv/bin/python bench/ledger.py [seconds a figure]
A run is a new Ledger, its start, and every completion; compiling the plan is once a version and printed apart.
"""

import itertools
import statistics
import sys
import time
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from triggerflow_orchestrator.domain.compile_plan import compile_plan
from triggerflow_orchestrator.domain.ledger import Ledger
from triggerflow_orchestrator.domain.plan import Plan

ROUNDS = 9


def node(name: str, kind: str = "action", inputs: list[str] | None = None) -> dict[str, Any]:
    listed = {} if inputs is None else {"ports": {"inputs": [{"key": k, "label": k, "type": "any"} for k in inputs]}}
    handlers = {} if kind == "output" else {"main": {"entrypoint": "core:manual" if kind == "trigger" else "m.f"}}
    return {"id": name, "type": kind, "name": name, "handlers": handlers, "position": {"x": 0, "y": 0}, **listed}


def edge(source: str, target: str, port: str = "input", out: str = "out") -> dict[str, Any]:
    ends = {"source": {"nodeId": source, "port": out}, "target": {"nodeId": target, "port": port}}
    return {"id": f"{source}.{out}-{target}.{port}", **ends}


def blueprint(nodes: list[dict[str, Any]], edges: list[dict[str, Any]]) -> dict[str, Any]:
    return {"name": "bench", "description": "", "nodes": nodes, "edges": edges, "channels": [], "settings": {}}


def chain(length: int) -> dict[str, Any]:
    names = ["t", *(f"n{i}" for i in range(length - 2)), "o"]
    kinds = ["trigger", *(["action"] * (length - 2)), "output"]
    return blueprint(
        [node(name, kind) for name, kind in zip(names, kinds, strict=True)],
        [edge(a, b) for a, b in itertools.pairwise(names)],
    )


def fan(width: int) -> dict[str, Any]:
    arms = [f"a{i}" for i in range(width)]
    return blueprint(
        [node("t", "trigger"), node("one"), *map(node, arms), node("join", inputs=arms), node("o", "output")],
        [edge("t", "one"), *(edge("one", a) for a in arms), *(edge(a, "join", a) for a in arms), edge("join", "o")],
    )


def diamond() -> dict[str, Any]:
    """A condition whose untaken arm a join waits for: half of it runs, half is skipped."""
    return blueprint(
        [node("t", "trigger"), node("if", "condition"), node("yes"), node("no"), node("join", inputs=["yes", "no"])],
        [
            edge("t", "if"),
            edge("if", "yes", out="true"),
            edge("if", "no", out="false"),
            edge("yes", "join", "yes"),
            edge("no", "join", "no"),
        ],
    )


def run(plan: Plan, lit: list[Mapping[str, Any]]) -> None:
    ledger = Ledger(plan)
    ready = ledger.start({plan.triggers[0]: lit[plan.triggers[0]]}).ready
    for running in ready:  # grows while it is read
        ready += ledger.complete(running.node, lit[running.node]).ready
    if not ledger.settled:
        raise AssertionError("the bench's own flow did not end")


def microseconds(work: Callable[[], object], seconds: float) -> float:
    """The median over rounds of what one call takes."""
    figures = []
    for _ in range(ROUNDS):
        calls, started = 0, time.perf_counter()
        while (elapsed := time.perf_counter() - started) < seconds / ROUNDS:
            work()
            calls += 1
        figures.append(elapsed / calls * 1e6)
    return statistics.median(figures)


def main() -> None:
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 1.0
    print(f"{'flow':<14}{'nodes':>7}{'µs a run':>11}{'µs a node':>11}{'µs to compile':>15}")
    flows = {"chain of 10": chain(10), "fan-out 100": fan(100), "dead arm, join": diamond()}
    for name, flow in flows.items():
        plan = compile_plan(flow)
        lit: list[Mapping[str, Any]] = [
            {"true": 1} if one.type == "condition" else {} if one.type == "output" else {"out": 1} for one in plan.nodes
        ]
        a_run = microseconds(partial(run, plan, lit), seconds)
        compiling = microseconds(partial(compile_plan, flow), seconds / 3)
        count = len(plan.nodes)
        print(f"{name:<14}{count:>7}{a_run:>11.2f}{a_run / count:>11.2f}{compiling:>15.0f}")


if __name__ == "__main__":
    main()

"""Every case in this folder, as its README describes them, on the plan and the ledger."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from triggerflow_orchestrator.domain.compile_plan import compile_plan
from triggerflow_orchestrator.domain.ledger import Entry, Ledger, Step, replay
from triggerflow_orchestrator.domain.plan import Plan

CASES = sorted(Path(__file__).parent.glob("*.json"))


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_the_ledger_answers_as_the_case_says(path: Path) -> None:
    case = json.loads(path.read_text())
    plan = compile_plan(blueprint(case))
    ledger = Ledger(plan)
    journal: list[Entry] = []
    for said in case["steps"]:
        if "start" in said:
            fired = {plan.index[name]: lit for name, lit in said["start"].items()}
            step = ledger.start(fired)
            journal += [Entry(node, "succeeded", lit) for node, lit in fired.items()]
        else:
            node = plan.index[said["complete"]]
            step = ledger.complete(node, said["lit"])
            journal.append(Entry(node, "succeeded", said["lit"]))
        expected = {key: said.get(key, nothing) for key, nothing in NOTHING.items()}
        # As text, so that the order of nodes and of inputs counts too.
        assert json.dumps(answer(plan, step)) == json.dumps(expected)
    assert ledger.settled is case.get("settled", True)
    assert [plan.nodes[node].id for node in plan.unwired] == case.get("unwired", [])
    assert replay(plan, journal).ledger.pending == ledger.pending


NOTHING: Mapping[str, Any] = {"ready": {}, "skipped": [], "dropped": []}


def answer(plan: Plan, step: Step) -> dict[str, Any]:
    return {
        "ready": {plan.nodes[ready.node].id: ready.inputs for ready in step.ready},
        "skipped": [plan.nodes[node].id for node in step.skipped],
        "dropped": [plan.edges[lost.edge].id for lost in step.dropped],
    }


def blueprint(case: Mapping[str, Any]) -> dict[str, Any]:
    nodes = [node(name, said) for name, said in case["nodes"].items()]
    edges = [edge(said) for said in case["edges"]]
    return {"name": "case", "description": "", "nodes": nodes, "edges": edges, "channels": [], "settings": {}}


def node(name: str, said: Mapping[str, Any]) -> dict[str, Any]:
    kind = said.get("type", "action")
    config = {"cases": [{"port": port, "when": "true"} for port in said["cases"]]} if "cases" in said else {}
    entrypoints = {"trigger": "core:manual", "action": "module.function", "condition": "core:condition"}
    handlers = {} if kind == "output" else {"main": {"entrypoint": entrypoints[kind], "config": config}}
    ports = {side: [port(one) for one in said[side]] for side in ("inputs", "outputs") if side in said}
    annotations = {"join": said["join"]} if "join" in said else {}
    position = {"x": 0, "y": 0}
    members = {"position": position, "handlers": handlers, "ports": ports, "annotations": annotations}
    return {"id": name, "type": kind, "name": name, **members}


def port(said: str | Mapping[str, Any]) -> dict[str, Any]:
    members = {"key": said} if isinstance(said, str) else said
    return {"label": "", "type": "any", **members}


def edge(said: str) -> dict[str, Any]:
    source, target = (end.split(".") for end in said.split(" -> "))
    ends = {"source": {"nodeId": source[0], "port": source[1]}, "target": {"nodeId": target[0], "port": target[1]}}
    return {"id": said, **ends}

"""Random flows that wait, at the root, in loops and in for-eaches: answered in any order, and taken up from the journal
after each answer, they end as the same flow does whose waits are plain maps."""

from __future__ import annotations

import copy
import json
import os
import random
from typing import Any

import pytest
from golden_runs import play
from golden_waits import AT

GRAPHS = int(os.environ.get("WAIT_GRAPHS", "120"))
SEED = int(os.environ.get("WAIT_SEED", "20261126"))
SAID = json.dumps({"data": 7, "by": "anna", "at": AT})[1:-1]


def waits(rng: random.Random) -> tuple[dict[str, Any], str, dict[str, Any]]:
    """A node that waits, the port it goes on by, and the map that gives the same at once."""
    kind = rng.choice(("timer", "event", "approval"))
    if kind == "timer":
        return {"entrypoint": "core:timer", "config": {"seconds": 3600}}, "out", {"map": "input"}
    if kind == "event":
        return {"entrypoint": "core:event", "config": {"name": "e", "key": "k"}}, "out", {"map": "7"}
    plain = {"map": f'{{"input": input, {SAID}}}', "outputs": ["approved"]}
    return {"entrypoint": "core:approval"}, "approved", plain


def graph(rng: random.Random) -> tuple[dict[str, Any], dict[str, Any]]:
    """A case, and the same without waits."""
    nodes: dict[str, Any] = {"start": {"type": "trigger"}}
    plain: dict[str, Any] = {}
    edges: list[Any] = []
    ends = [("start", "out")]

    def put(name: str, node: dict[str, Any], port: str, instead: dict[str, Any] | None = None) -> None:
        nodes[name] = node
        if instead is not None:
            plain[name] = instead
        ends.append((name, port))

    for number in range(rng.randint(2, 6)):
        name, (source, port) = f"n{number}", rng.choice(ends)
        shape = rng.random()
        if shape < 0.45:
            node, out, instead = waits(rng)
            put(name, node, out, instead)
            edges.append(f"{source}.{port} -> {name}.input")
        elif shape < 0.6:
            other, other_port = rng.choice(ends)
            put(name, {"map": '{"a": a, "b": b}', "inputs": ["a", "b"]}, "out")
            edges += [f"{source}.{port} -> {name}.a", f"{other}.{other_port} -> {name}.b"]
        elif shape < 0.75:
            put(name, {"map": '{"was": input}'}, "out")
            edges.append(f"{source}.{port} -> {name}.input")
        elif shape < 0.9:
            turns = rng.randint(1, 3)
            node, out, instead = waits(rng)
            head, wait, done = f"{name}h", f"{name}w", f"{name}d"
            nodes[head] = {"map": '{"n": ($exists(input.n) ? input.n : 0) + 1}'}
            nodes[wait], plain[wait] = node, instead
            nodes[f"{name}k"] = {"map": "n", "inputs": ["n", "seen"]}
            nodes[done] = {"type": "condition", "when": f"input.n >= {turns}"}
            edges += [
                f"{source}.{port} -> {head}.input",
                f"{head}.out -> {wait}.input",
                f"{head}.out -> {name}k.n",
                f"{wait}.{out} -> {name}k.seen",
                f"{name}k.out -> {done}.input",
                {"edge": f"{done}.false -> {head}.input", "loop": {"maxIterations": 5}},
            ]
            ends.append((done, "true"))
        else:
            nodes[f"{name}l"] = {"map": f"[1..{rng.randint(1, 3)}]"}
            nodes[name] = {"type": "subflow", "flow": "child", "config": {"mode": "forEach", "concurrency": 2}}
            edges += [f"{source}.{port} -> {name}l.input", f"{name}l.out -> {name}.items"]
            ends.append((name, "out"))
    for number, (source, port) in enumerate(ends[1:]):
        nodes[f"out{number}"] = {"type": "output"}
        edges.append(f"{source}.{port} -> out{number}.input")
    node, out, instead = waits(rng)
    child = {
        "nodes": {"begin": {"type": "trigger"}, "asks": node, "answer": {"type": "output"}},
        "edges": ["begin.out -> asks.input", f"asks.{out} -> answer.input"],
    }
    case = {
        "flow": {"nodes": nodes, "edges": edges},
        "flows": {"child": child},
        "inputs": {"seed": 1},
        "parallel": True,
    }
    twin = copy.deepcopy(case)
    twin["flow"]["nodes"] |= plain  # type: ignore[index]
    twin["flows"]["child"]["nodes"]["asks"] = instead  # type: ignore[index]
    return case, twin


@pytest.mark.parametrize("number", range(GRAPHS))
async def test_a_flow_that_waits_ends_as_one_that_does_not(number: int) -> None:
    rng = random.Random(f"{SEED} {number}")
    case, twin = graph(rng)
    said = await play({**case, "answers": rng.choice})
    plain = await play(twin)
    assert (said["status"], said["error"]) == (plain["status"], plain["error"]), (SEED, number)
    assert said["outputs"] == plain["outputs"], (SEED, number)
    told = [line for line in said["events"] if not line.startswith("wait ")]
    assert told == plain["events"], (SEED, number)

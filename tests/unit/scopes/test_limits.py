"""A for-each whose result is more than a port may carry fails as a node whose handler gave too much."""

from __future__ import annotations

from typing import Any

import pytest
from golden_runs import play
from triggerflow_orchestrator.domain import value


async def test_a_list_of_results_beyond_what_a_port_carries_fails_the_node(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(value, "MOST_BYTES", 100)
    child: dict[str, Any] = {
        "nodes": {"in": {"type": "trigger"}, "double": {"map": "input.item * 2"}, "doubled": {"type": "output"}},
        "edges": ["in.out -> double.input", "double.out -> doubled.input"],
    }
    config = {"mode": "forEach"}
    flow = {
        "nodes": {
            "start": {"type": "trigger", "outputs": ["items"]},
            "each": {"type": "subflow", "flow": "child", "inputs": ["items"], "config": config},
            "result": {"type": "output"},
        },
        "edges": ["start.items -> each.items", "each.out -> result.input"],
    }
    few = await play({"flow": flow, "flows": {"child": child}, "inputs": {"items": [1, 2, 3]}, "parallel": True})
    assert few["status"] == "succeeded"
    many = await play({"flow": flow, "flows": {"child": child}, "inputs": {"items": list(range(20))}, "parallel": True})
    assert many["error"]["type"] == "ValueTooLarge"
    assert many["error"]["message"].startswith("port out: ")
    assert many["error"]["nodeId"] == "each"

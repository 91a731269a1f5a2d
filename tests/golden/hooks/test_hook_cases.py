"""Each file is a rule: a call of a webhook, and what comes of it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from triggerflow_chassis.errors import ServiceError
from triggerflow_orchestrator.domain import hook_signature
from triggerflow_orchestrator.domain.hook_call import HookCall, inputs_of

CASES = sorted(Path(__file__).parent.glob("*.json"))


def outcome(case: dict[str, Any]) -> dict[str, Any]:
    headers = [(name.lower(), value) for name, value in case["headers"]]
    call = HookCall(case.get("method", "POST"), case.get("query", ""), headers, case["body"].encode())
    try:
        hook_signature.verified(call.header(hook_signature.HEADER), call.body, case["secret"], case["now"])
        return {"out": inputs_of(call)}
    except ServiceError as refused:
        return {"refused": refused.reason}


@pytest.mark.parametrize("path", CASES, ids=[path.stem for path in CASES])
def test_a_call_gives_what_the_case_says(path: Path) -> None:
    case = json.loads(path.read_text())
    assert case["rule"]
    assert outcome(case) == case["result"]

"""Each file is a rule: when a schedule falls due, or what becomes of the due times that nobody came by for."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import takewhile
from pathlib import Path
from typing import Any

import pytest
from triggerflow_adapter_sdk.cron import Cron, CronRefused, cron
from triggerflow_orchestrator.domain.schedule import Fire, Missed, decide, fired_inputs

CASES = sorted(Path(__file__).parent.glob("*.json"))
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def outcome(case: dict[str, Any]) -> dict[str, Any]:
    schedule = cron(case["cron"], case["timeZone"])
    if "missed" not in case:
        due = takewhile(lambda at: at <= _us(case["to"]), schedule.after(_us(case["from"]) - 1))
        return {"due": [_local(schedule, at) for at in due]}
    decision = decide(schedule, case["missed"], _us(case["nextAt"]), _us(case["now"]))
    assert decision.next_at is not None
    return {
        "fired": _shortened([_fired(schedule, fire) for fire in decision.fires]),
        "missed": _shortened([_missed(schedule, one) for one in decision.missed]),
        "nextAt": _local(schedule, decision.next_at),
    }


def _fired(schedule: Cron, fire: Fire) -> str:
    inputs = fired_inputs(schedule, fire)
    more = f", stands for {inputs['standsFor']} more" if inputs["standsFor"] else ""
    return f"{inputs['localTime']} {inputs['reason']}{more}"


def _missed(schedule: Cron, one: Missed) -> str:
    return _local(schedule, one.due_at) + (f" and all since {_local(schedule, one.since)}" if one.since else "")


def _shortened(lines: Sequence[str]) -> list[str]:
    """Of many lines the first two and the last, and how many are between."""
    return list(lines) if len(lines) <= 5 else [*lines[:2], f"({len(lines) - 3} between)", lines[-1]]


def _us(text: str) -> int:
    return (datetime.fromisoformat(text) - EPOCH) // timedelta(microseconds=1)


def _local(schedule: Cron, at: int) -> str:
    return str(fired_inputs(schedule, Fire(at, "due"))["localTime"])


@pytest.mark.parametrize("path", CASES, ids=[path.stem for path in CASES])
def test_a_schedule_is_due_as_the_case_says(path: Path, request: pytest.FixtureRequest) -> None:
    case = json.loads(path.read_text())
    if "wrong" in case:
        request.applymarker(pytest.mark.xfail(reason=case["wrong"], strict=True, raises=CronRefused))
    assert case["rule"]
    assert outcome(case) == case["result"]

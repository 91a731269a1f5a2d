"""Each file is a rule: what comes to a trigger with limits, and what starts, waits or is dropped, when and why.

The rules are those of `domain/admission.py`; what the store does around them is played here: who waits, whose run goes
on, and that of a debounced key one is dropped that another follows before it was quiet.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from triggerflow_adapter_sdk.expressions import cel_key
from triggerflow_orchestrator.domain.admission import Going, Held, Limits, decide, limits_of

CASES = sorted(Path(__file__).parent.glob("*.json"))
SECOND_US = 1_000_000
PLAYED_US = 120 * SECOND_US


class Trigger:
    """A trigger over two minutes; `lines` is what happens there."""

    def __init__(self, limits: Limits, comes: list[Mapping[str, Any]], lasts: int | None) -> None:
        self.lines: list[str] = []
        self._limits = limits
        self._comes = comes
        self._lasts = lasts
        self._keys: dict[str, str] = {}
        self._held: list[Held] = []
        self._reasons: dict[str, str] = {}
        self._live: list[str] = []
        self._starts: list[tuple[int, str]] = []
        self._ends: dict[str, int] = {}

    async def play(self) -> None:
        looks = {one["at"] * SECOND_US for one in self._comes}
        while looks and (now := min(looks)) <= PLAYED_US:
            looks.discard(now)
            self._end(now)
            for one in self._comes:
                if one["at"] * SECOND_US == now:
                    await self._come(one, now)
            looks |= self._decide(now)

    def _say(self, now: int, line: str) -> None:
        self.lines.append(f"{now / SECOND_US:g} s: {line}")

    def _end(self, now: int) -> None:
        for name in [each for each in self._live if self._ends.get(each) == now]:
            self._live.remove(name)
            self._say(now, f"{name} ends")

    async def _come(self, one: Mapping[str, Any], now: int) -> None:
        name, by = one["name"], self._limits.key
        self._keys[name] = "" if by is None else await cel_key(by, one.get("inputs", {}))
        lasts = one.get("lasts", self._lasts)
        if lasts is not None:
            # From its start, which is not known yet.
            self._ends[name] = -lasts * SECOND_US
        if self._limits.debounce_seconds is not None:
            since = now - self._limits.debounce_seconds * SECOND_US
            for older in [each for each in self._held if each.key == self._keys[name] and each.created_at > since]:
                self._held.remove(older)
                self._say(now, f"{older.id} is dropped, {name} came after it")
        self._held.append(Held(name, self._keys[name], now))

    def _decide(self, now: int) -> set[int]:
        """One look at all that waits. The moments to look again."""
        going = Going(of_flow=len(self._live))
        for name in self._live:
            going.live.setdefault(self._keys[name], []).append(name)
        for at, key in self._starts:
            if at > now - self._limits.window_us:
                going.starts.setdefault(key, []).append(at)
        again: set[int] = set()
        for verdict in decide(self._limits, self._held, going, now):
            if verdict.status == "held":
                again.add(verdict.look_at)
                if self._reasons.get(verdict.id) != verdict.reason:
                    self._say(now, f"{verdict.id} waits, {verdict.reason}")
                self._reasons[verdict.id] = str(verdict.reason)
                continue
            self._held = [each for each in self._held if each.id != verdict.id]
            if verdict.status == "dropped":
                self._say(now, f"{verdict.id} is dropped, {verdict.reason}")
                continue
            for name in verdict.cancels:
                self._live.remove(name)
                self._say(now, f"{name} is cancelled for {verdict.id}")
            again |= self._start(verdict.id, now)
        return again

    def _start(self, name: str, now: int) -> set[int]:
        self._say(now, f"{name} starts")
        self._live.append(name)
        self._starts.append((now, self._keys[name]))
        if name not in self._ends:
            return set()
        self._ends[name] = now - self._ends[name]
        return {self._ends[name]}


@pytest.mark.parametrize("path", CASES, ids=[path.stem for path in CASES])
async def test_limits_let_through_what_the_case_says(path: Path) -> None:
    case = json.loads(path.read_text())
    assert case["rule"]
    trigger = Trigger(limits_of(case, case.get("ofFlow")), case["comes"], case.get("lasts"))
    await trigger.play()
    assert trigger.lines == case["result"]

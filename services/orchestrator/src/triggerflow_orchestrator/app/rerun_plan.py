"""What running an execution again would do, before it does: reused, repeated, changed, and what it cost last time."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from triggerflow_orchestrator.domain.execution import JournalRow
from triggerflow_orchestrator.domain.plan import Plan
from triggerflow_orchestrator.domain.rerun import Decision, Outcome


@dataclass(frozen=True, slots=True)
class Cost:
    """Of one node or of several. None: nothing is known. Seconds are summed over activations, attempts included."""

    seconds: float | None = None
    tokens: float | None = None
    cost: float | None = None

    def __add__(self, other: Cost) -> Cost:
        return Cost(_sum(self.seconds, other.seconds), _sum(self.tokens, other.tokens), _sum(self.cost, other.cost))


@dataclass(frozen=True, slots=True)
class Repeat:
    """A node that runs, or may run. Its cost is None throughout where it did not run then."""

    node_id: str
    name: str
    effect: bool
    """Whether running it changes something outside, as far as the catalogue says."""
    last: Cost


@dataclass(frozen=True, slots=True)
class RerunPlan:
    """The answer to `?plan=true`."""

    execution_id: str
    start: str
    version: str
    reused: tuple[Outcome, ...]
    repeats: tuple[Repeat, ...]
    changed: tuple[str, ...]
    warnings: tuple[str, ...]
    estimate: Cost
    """The sum of what is known."""


def describe(
    plan: Plan, decision: Decision, rows: Iterable[JournalRow], pure: Collection[str]
) -> tuple[tuple[Repeat, ...], Cost]:
    """The nodes that run again, and what they cost last time in all. `pure` has the entrypoints without effect."""
    spent: dict[str, Cost] = {}
    for row in rows:
        if row.status != "skipped":
            took = Cost(seconds=(row.ended_at - row.started_at) / 1_000_000)
            spent[row.node_id] = spent.get(row.node_id, Cost()) + took
    repeats = []
    for index in decision.repeats:
        node = plan.nodes[index]
        repeats.append(Repeat(node.id, node.name, node.entrypoint not in pure, spent.get(node.id, Cost())))
    return tuple(repeats), sum((repeat.last for repeat in repeats), Cost())


def _sum(one: float | None, other: float | None) -> float | None:
    if one is None or other is None:
        return other if one is None else one
    return one + other

"""What running an execution again would do, before it does: reused, repeated, changed, and what it cost last time."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from triggerflow_orchestrator.domain.execution import JournalRow, MetricTotal
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
    decision: Decision,
    rows: Iterable[JournalRow],
    metrics: Mapping[str, Sequence[MetricTotal]],
    pure: Collection[str],
) -> tuple[tuple[Repeat, ...], Cost]:
    """The nodes that run again, and what that cost last time in all. `metrics` are those of the old run by activation,
    `pure` has the entrypoints without effect.

    Of a node in a loop, what was reused is left out; of a sub-flow of which a part is reused, so is that part.
    """
    reused = {outcome.activation_id for outcome in decision.reused}
    repeated = [row for row in rows if row.status != "skipped" and row.activation_id not in reused]
    own: dict[str, Cost] = {}
    for row in repeated:
        own[row.node_id] = own.get(row.node_id, Cost()) + _of(row, metrics)
    inside = {outcome.place.scope for outcome in decision.reused}
    repeats = []
    for node in decision.repeats:
        last = own.get(node.id, Cost())
        if node.subflow is not None:
            children = sum((_of(row, metrics) for row in repeated if _is_in(row.scope, node.id)), Cost())
            # Its own time is that of its children; what they told stands at them.
            whole = not any(_is_in(scope, node.id) for scope in inside)
            last = replace(children, seconds=last.seconds if whole else children.seconds)
        repeats.append(Repeat(node.id, node.name, node.entrypoint not in pure, last))
    return tuple(repeats), sum((repeat.last for repeat in repeats), Cost())


def _of(row: JournalRow, metrics: Mapping[str, Sequence[MetricTotal]]) -> Cost:
    told = {metric.name: metric.total for metric in metrics.get(row.activation_id, ())}
    return Cost((row.ended_at - row.started_at) / 1_000_000, told.get("tokens"), told.get("cost"))


def _is_in(scope: str, node_id: str) -> bool:
    return any(segment.rpartition(":")[0] == node_id for segment in scope.split("/"))


def _sum(one: float | None, other: float | None) -> float | None:
    if one is None or other is None:
        return other if one is None else one
    return one + other

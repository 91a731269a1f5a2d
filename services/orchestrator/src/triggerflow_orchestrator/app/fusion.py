"""Perform a run of pure nodes in one go: one operator, one unit, the events each node has alone. No I/O, no waiting.

A pure activation that can tell its result at once is performed; then those that its end made ready, first come first
served, as long as they are such too. All are in one `Transition`, so they finish together, and after a crash they run
together again, which is harmless. What is not pure, needs to wait, fails, or has a large result is left as it began:
`Transition.ready` names it, and it is performed alone. docs/adr/0013-fusion-of-pure-nodes.md
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from typing import Final

from triggerflow_chassis.clock import now_us

from triggerflow_orchestrator.app.activation import Activation, Transition
from triggerflow_orchestrator.app.attempt import encoded, plain_inputs
from triggerflow_orchestrator.app.compiled import CompiledFlow
from triggerflow_orchestrator.app.run import Run
from triggerflow_orchestrator.app.units import Kind
from triggerflow_orchestrator.domain.value import INLINE_BYTES, Value

MOST_NODES: Final = 256
MOST_US: Final = 5_000
"""The loop belongs to other runs too, and who watches this one sees it go on."""
MOST_BYTES: Final = 512 * 1024
"""Of results; each is written to the journal and to its event."""


def perform_pure(compiled: CompiledFlow, run: Run, first: Activation, most_events: int) -> Transition | None:
    """Perform `first` and what follows from it. None, and nothing happened, where `first` has to be performed alone.
    Past `most_events` a run fails, so it does not go on here."""
    lit = _result(compiled, first)
    if lit is None:
        return None
    now = began = now_us()
    move = run.succeed(first, now, lit)
    waiting = deque(move.ready)
    alone: list[Activation] = []
    size, count, whole = _size(lit), 1, set[str]()
    while waiting and count < MOST_NODES and size < MOST_BYTES and 0 <= now - began < MOST_US:
        if run.event_count > most_events:
            break
        activation = waiting.popleft()
        if activation.over:
            continue
        lit = _result(compiled, activation)
        if lit is None:
            alone.append(activation)
            continue
        looked_at = len(move.ready)
        now = now_us()
        run.go_on(move, activation, now, lit)
        whole.add(activation.id)
        waiting.extend(move.ready[looked_at:])
        size, count = size + _size(lit), count + 1
    move.ready = [activation for activation in (*alone, *waiting) if not activation.over]
    if whole and not run.trace:
        # Whoever asks of an activation that ended finds all but its inputs in its outcome.
        move.unit.rows = [row for row in move.unit.rows if row[0] is not Kind.START or row[1][0] not in whole]
    return move


def _result(compiled: CompiledFlow, activation: Activation) -> Mapping[str, Value] | None:
    """The lit ports, where they are to be had now and small."""
    bound = compiled.pure(activation.node)
    if bound is None or activation.handling is not None:
        return None
    told = bound.at_once(plain_inputs(activation.inputs))
    if told is None:
        return None
    try:
        lit = encoded(told)
    except Exception:  # no JSON, or too large: a failure, which is told where it is performed alone
        return None
    return lit if all(len(value.text) <= INLINE_BYTES for value in lit.values()) else None


def _size(lit: Mapping[str, Value]) -> int:
    return sum(len(value.text) for value in lit.values())

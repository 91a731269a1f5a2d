"""Perform pure nodes in the step that made them ready, so that a row of them is one commit: DESIGN section 6, "Fusion".

Only where the answer is there at once, without waiting: nothing else of the run happens in between, so its events have
the order they would have had. Until the commit nothing of them is known outside, and a crash before it makes all of
them run again, which changes nothing outside: they are pure. Whatever is not plain (no answer at once, a failure, a
result too large to commit at once) goes the ordinary way instead.
"""

from __future__ import annotations

import time
from typing import Final

from triggerflow_orchestrator.app.attempt import encoded, plain_inputs
from triggerflow_orchestrator.app.compiled import CompiledFlow
from triggerflow_orchestrator.app.run import Run, Transition
from triggerflow_orchestrator.domain.plan import PlanNode
from triggerflow_orchestrator.domain.value import INLINE_BYTES, Value

# What one commit takes at most: past either, others of the process, and whoever looks at this run, would wait.
MOST_NODES: Final = 64
MOST_SECONDS: Final = 0.01


def fuse(run: Run, compiled: CompiledFlow, move: Transition, now: int, *, large: bool) -> None:
    """Perform what `move` made ready, and what that makes ready, within `move`. `large`: whether results of any size
    may be committed at once."""
    if not move.ready or move.ended:
        return
    until = time.monotonic() + MOST_SECONDS
    performed = 0
    for activation in move.ready:  # grows while it is read
        if performed == MOST_NODES or move.ended or time.monotonic() > until:
            break
        if activation.over or not _may(activation.node):
            continue
        lit = _lit(compiled, activation.node, activation.inputs)
        if lit is None or (not large and any(len(value.text) > INLINE_BYTES for value in lit.values())):
            continue
        run.go_on(move, activation, now, lit)
        performed += 1
    if performed:
        move.ready = [activation for activation in move.ready if not activation.over]


def _may(node: PlanNode) -> bool:
    return node.subflow is None and node.entrypoint is not None


def _lit(compiled: CompiledFlow, node: PlanNode, inputs: object) -> dict[str, Value] | None:
    try:
        found = compiled.bound(node).at_once(plain_inputs(inputs))
        return None if found is None else encoded(found)
    except Exception:  # no JSON, too large, or what binding raises: the ordinary way tells it as the node's failure
        return None

"""Put a node's large results into the object store before the run takes them.

So a store that is away holds up the node that needs it and nothing else: its run says why in its events, its other
branches go on, and it can be cancelled. Whoever takes the run over begins the node again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import structlog
from triggerflow_chassis.ids import uuid7

from triggerflow_orchestrator.app.patient_put import PatientPut
from triggerflow_orchestrator.domain.value import INLINE_BYTES, Value
from triggerflow_orchestrator.ports import Objects

log = structlog.get_logger(__name__)

WAITS = "the result of this node is large, and the object store does not take it now: waiting"


class ResultsFirst:
    """`engine_ports.Keep` for an object store behind a network."""

    def __init__(self, objects: Objects) -> None:
        self._put = PatientPut(objects)

    async def __call__(
        self, execution_id: str, lit: Mapping[str, Value], tell: Callable[[str, str], None]
    ) -> Mapping[int, str]:
        values = {uuid7(): value.text for value in lit.values() if len(value.text) > INLINE_BYTES}
        if not values:
            return {}
        try:
            waited = await self._put.all(execution_id, [*values.items()], waits=lambda: tell("warning", WAITS))
        except Exception:
            # The node did its work: a defect here is no failure of its own. The journal tries again, and tells.
            log.exception("large_result_not_kept", execution_id=execution_id)
            return {}
        if waited:
            tell("info", f"the object store took the result after {waited:.0f} s")
        return {id(text): ref for ref, text in values.items()}

"""Context that somebody added to a run, for its handlers to see. Pure; no I/O."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import orjson
from triggerflow_chassis.clock import rfc3339

MOST_BYTES: Final = 64 * 1024
MOST_OF_A_RUN: Final = 250
_PREVIEW_CHARACTERS: Final = 200


@dataclass(frozen=True, slots=True)
class Intervention:
    """One value that was added."""

    id: str
    """A UUIDv7: they are seen in its order."""
    execution_id: str
    value_json: str
    """Compact JSON, at most 64 KiB."""
    by: str
    at: int

    def for_handlers(self) -> dict[str, Any]:
        """An item of `ctx.interventions`; a copy of the handler's own."""
        return {"id": self.id, "value": orjson.loads(self.value_json), "by": self.by, "at": rfc3339(self.at)}

    def line(self) -> str:
        """What the run's log says of it."""
        text = self.value_json
        shown = text if len(text) <= _PREVIEW_CHARACTERS else f"{text[:_PREVIEW_CHARACTERS]}…"
        return f"context added by {self.by}: {shown}"

"""What the topics carry: their names, keys and schemas, for who writes, reads or describes them. Loads no client."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import resources
from typing import Any, Final

import orjson

EXECUTION_EVENTS_TOPIC: Final = "triggerflow.execution-events.v1"
FLOW_EVENTS_TOPIC: Final = "triggerflow.flow-events.v1"
PROJECT_EVENTS_TOPIC: Final = "triggerflow.project-events.v1"


@dataclass(frozen=True, slots=True)
class Topic:
    """One topic: every record of it is of one schema, in Avro single-object encoding, its key a UUID as text."""

    name: str
    key: str
    """The field that is the key."""
    schema: str
    """The file in `schemas/`, without its ending."""

    def avro(self) -> dict[str, Any]:
        """Its Avro schema."""
        found: dict[str, Any] = orjson.loads(schema_text(self.schema))
        return found


TOPICS: Final = (
    Topic(EXECUTION_EVENTS_TOPIC, "executionId", "execution-event"),
    Topic(FLOW_EVENTS_TOPIC, "flowId", "flow-event"),
    Topic(PROJECT_EVENTS_TOPIC, "projectId", "project-event"),
)


def schema_text(name: str) -> str:
    """The text of a schema of this package, as it is registered."""
    return resources.files(__package__).joinpath("schemas", f"{name}.avsc").read_text(encoding="utf-8")

"""Name what is unfinished or odd in a draft that was saved all the same. Values only; no I/O."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from triggerflow_registry.domain.flow import NodeId


class Severity(StrEnum):
    """An error refuses publishing; a warning refuses nothing."""

    ERROR = "error"
    WARNING = "warning"


class Reason(StrEnum):
    """Why, in the words of docs/contract.md section 1."""

    UNKNOWN_HANDLER = "UNKNOWN_HANDLER"
    CONFIG_INVALID = "CONFIG_INVALID"
    CYCLE = "CYCLE"
    DUPLICATE_OUTPUT = "DUPLICATE_OUTPUT"
    UNKNOWN_JOIN = "UNKNOWN_JOIN"
    UNKNOWN_PORT = "UNKNOWN_PORT"
    NOT_YET = "NOT_YET"
    UNREACHABLE = "UNREACHABLE"
    NO_TRIGGER = "NO_TRIGGER"
    NO_OUTPUT = "NO_OUTPUT"
    TYPE_MISMATCH = "TYPE_MISMATCH"


WARNINGS = frozenset({Reason.UNREACHABLE, Reason.NO_TRIGGER, Reason.NO_OUTPUT, Reason.TYPE_MISMATCH})


@dataclass(frozen=True, slots=True)
class Problem:
    """One problem, at its JSON pointer in the flow. `node_id` is None where it belongs to the flow or an edge."""

    reason: Reason
    pointer: str
    message: str
    node_id: NodeId | None = None

    @property
    def severity(self) -> Severity:
        return Severity.WARNING if self.reason in WARNINGS else Severity.ERROR

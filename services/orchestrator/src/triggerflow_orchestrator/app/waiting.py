"""Say what an activation waits for, and what it gives once that has come. No I/O.

Rules: CONTRACT section 3, "Waits", and ADR 12.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

import orjson
from triggerflow_adapter_sdk.errors import ConfigInvalid
from triggerflow_chassis.clock import parse_rfc3339, rfc3339
from triggerflow_chassis.schemas import compile_schema

from triggerflow_orchestrator.app.units import Kind
from triggerflow_orchestrator.domain.execution import Failure
from triggerflow_orchestrator.domain.plan import PlanNode
from triggerflow_orchestrator.domain.time_limit import limit_at
from triggerflow_orchestrator.domain.value import Value, encode, unfit
from triggerflow_orchestrator.domain.wait import DECISIONS, KINDS, TIMEOUT_PORT, Settled, WaitKind, WaitTerms

_SECOND: Final = 1_000_000


def kind_of(node: PlanNode) -> WaitKind | None:
    """What kind of wait the node is; None where a handler performs it."""
    return KINDS.get(node.entrypoint) if node.entrypoint is not None else None


def terms_of(node: PlanNode, config: Mapping[str, Any], now: int) -> WaitTerms:
    """What it waits for, of a config that fits its schema. Raises ConfigInvalid.

    The node's own `timeoutSeconds` bounds the wait as it bounds any attempt: the activation fails then.
    """
    kind = KINDS[node.entrypoint or ""]
    due_at: int | None = None
    schema = None
    if kind == "approval":
        schema = config.get("schema")
        if schema is not None:
            _compiles(schema)
        if "expiresSeconds" in config:
            due_at = now + round(config["expiresSeconds"] * _SECOND)
    elif kind == "timer":
        due_at = now + round(config["seconds"] * _SECOND) if "seconds" in config else _time(config["until"])
    limit = limit_at(now, node.timeout_seconds)
    fails = limit is not None and (due_at is None or limit < due_at)
    return WaitTerms(
        kind=kind,
        due_at=limit if fails else due_at,
        fails=fails,
        schema=schema,
        assignees=tuple(dict.fromkeys(config.get("assignees") or ())) if kind == "approval" else (),
        name=config["name"] if kind == "event" else None,
        key=str(config["key"]) if kind == "event" else None,
    )


def outcome_of(node: PlanNode, inputs: Mapping[str, Any], settled: Settled) -> dict[str, Value] | Failure:
    """The ports that the answer lights, or how the activation fails."""
    kind = KINDS[node.entrypoint or ""]
    if settled.status == "expired" and settled.fails:
        return Failure("TimedOut", f"nothing came within {node.timeout_seconds} s")
    if kind == "timer":
        lit = {"out": encode(_passed_on(node, inputs))}
    elif kind == "event":
        lit = {"out": settled.data}
    else:
        decision = settled.decision if settled.decision in DECISIONS else TIMEOUT_PORT
        passed = _passed_on(node, inputs)
        carried = {"input": passed, "data": settled.data.plain, "by": settled.by, "at": settled.at}
        lit = {decision or TIMEOUT_PORT: encode(carried)}
    for port, value in lit.items():
        if (refused := unfit(port, value)) is not None:
            return Failure(*refused)
    return {port: value for port, value in lit.items() if port in node.declared_outputs}


def cancelled_row(wait_id: str, now: int) -> tuple[Kind, tuple[Any, ...]]:
    """The run ends, or goes on without it: nobody need answer any more. One that was answered keeps its answer."""
    answer = orjson.dumps({"decision": "cancelled", "by": "run", "at": rfc3339(now)}).decode()
    return (Kind.WAIT_OVER, (answer, now, wait_id))


def input_of(node: PlanNode, inputs: Mapping[str, Any]) -> Value:
    """What whoever answers is shown."""
    return encode(_passed_on(node, inputs))


def _passed_on(node: PlanNode, inputs: Mapping[str, Any]) -> Any:
    plain = {port: value.plain if isinstance(value, Value) else value for port, value in inputs.items()}
    return plain.get(node.inputs[0].key) if node.passes_single_input else plain


def _compiles(schema: Any) -> None:
    try:
        compile_schema(schema)
    except ValueError as error:
        raise ConfigInvalid(f"config/schema: This is no JSON Schema 2020-12: {error}") from error


def _time(text: str) -> int:
    try:
        if datetime.fromisoformat(text).tzinfo is None:
            raise ValueError("it has no time zone")
        return parse_rfc3339(text)
    except (ValueError, OverflowError) as error:
        raise ConfigInvalid(f"config/until: This is no time such as 2027-01-31T12:00:00Z: {error}") from error

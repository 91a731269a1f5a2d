"""Answer waits: one that is named, or every event of a name and key. The database decides which answer is the first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, Protocol

import orjson
from triggerflow_chassis.clock import now_us, rfc3339
from triggerflow_chassis.errors import AlreadyAnswered, Invalid, NotFound, Violation
from triggerflow_chassis.ids import uuid7
from triggerflow_chassis.schemas import compile_schema, violations_of

from triggerflow_orchestrator.app.commands import RequestKey
from triggerflow_orchestrator.app.read_executions import known_id
from triggerflow_orchestrator.domain.value import INLINE_BYTES, NULL, Value, encode, references, restored, shown
from triggerflow_orchestrator.domain.wait import DECISIONS, Settled, WaitRecord
from triggerflow_orchestrator.ports import (
    LargeValueRow,
    Objects,
    Reads,
    RecoverySources,
    RequestRow,
    WaitAnswer,
    Waits,
)

_MOST_TEXT: Final = 1_000


class Told(Protocol):
    """Sees to it that answers are taken up."""

    def __call__(self, owners: Sequence[str | None]) -> None:
        """Waits were settled, whose runs these workers have (None: nobody, or this process). Never blocks."""


@dataclass(frozen=True, slots=True)
class Matched:
    """How many waits an event answered."""

    count: int


async def settled_of(wait: WaitRecord, sources: RecoverySources) -> Settled:
    """How a wait ended, large values whole. Raises Unavailable where one cannot be read."""
    answer: dict[str, Any] = orjson.loads(wait.answer_json or "{}")
    data = NULL
    if "data" in answer:
        shape = answer["data"]
        refs = references(shape)
        found = await sources.values(refs) if refs else {}
        data = encode(restored(shape, found.__getitem__))
    return Settled(
        wait_id=wait.id,
        status=wait.status,
        fails=wait.fails,
        decision=answer.get("decision"),
        data=data,
        by=answer.get("by", ""),
        at=answer.get("at", ""),
    )


class AnswerWait:
    """Answers the wait that is named."""

    def __init__(self, waits: Waits, reads: Reads, objects: Objects, told: Told) -> None:
        self._waits = waits
        self._reads = reads
        self._objects = objects
        self._told = told

    async def __call__(
        self,
        project_id: str,
        execution_id: str,
        wait_id: str,
        value: Any,
        principal: str,
        request: RequestKey | None,
    ) -> WaitRecord:
        """The wait, answered. Raises NotFound; Invalid where the value breaks the form; AlreadyAnswered, which names
        the wait; RequestTaken, Unavailable."""
        execution_id = known_id("execution", execution_id)
        if await self._reads.execution(project_id, execution_id) is None:
            raise NotFound("execution", execution_id)
        wait = await self._waits.one(project_id, known_id("wait", wait_id))
        if wait is None or wait.execution_id != execution_id:
            raise NotFound("wait", wait_id)
        decision, data = _read(wait, value)
        if wait.status != "open":
            raise already_answered(wait)
        now = now_us()
        values: list[LargeValueRow] = []
        text = await _kept(data, self._objects, values)
        answer = _answer(decision, text, principal, now)
        row = None
        if request is not None:
            after = _answered(wait, answer)
            row = _row(request, request.render(after), now)
        decided = await self._waits.answer(wait.id, answer, values, row)
        if not decided.won:
            raise already_answered(decided.wait)
        self._told([decided.owner])
        return decided.wait


class SignalEvent:
    """Answers every open event of a name and key."""

    def __init__(self, waits: Waits, told: Told) -> None:
        self._waits = waits
        self._told = told

    async def __call__(
        self,
        project_id: str,
        name: str,
        key: str,
        value: Any,
        principal: str,
        request: RequestKey | None,
    ) -> Matched:
        """How many it answered. Raises Invalid, RequestTaken, Unavailable."""
        text = orjson.dumps(value)
        found = [
            Violation(f"/{member}", f"Must be text of 1 to {_MOST_TEXT} characters.")
            for member, text in (("name", name), ("key", key))
            if not 1 <= len(text) <= _MOST_TEXT
        ]
        if len(text) > INLINE_BYTES:
            # Not by reference: it goes to any number of runs, and each would need a value of its own.
            found.append(Violation("/value", f"Must be at most {INLINE_BYTES:,} bytes of JSON. Send where it is."))
        elif references(value):
            found.append(Violation("/value", "A member $value is kept for references. Choose another name."))
        if found:
            raise Invalid(found)
        now = now_us()
        row = None
        if request is not None:
            row = RequestRow(
                request.project_id, request.request_id, request.method, request.fingerprint, b"", None, now
            )
        answer = _answer(None, text, principal, now)
        if request is not None:
            render = request.render
            answer = replace(answer, render=lambda count: render(Matched(count)))
        fired = await self._waits.signal(project_id, name, key, answer, row)
        if fired:
            self._told([each.owner for each in fired])
        return Matched(len(fired))


def already_answered(wait: WaitRecord) -> AlreadyAnswered:
    """Its metadata names the wait, whose answer is the winner's."""
    words = {
        "expired": "Its time had passed before.",
        "cancelled": "The run had ended before, or gone on without it.",
    }
    return AlreadyAnswered(words.get(wait.status), metadata={"waitId": wait.id})


def _read(wait: WaitRecord, value: Any) -> tuple[str | None, Value]:
    """The decision and the data. Raises Invalid, each pointer under /value."""
    if wait.kind != "approval":
        return None, encode(value)
    if not isinstance(value, dict):
        raise Invalid([Violation("/value", 'Must be an object: {"decision": "approved", "data": …}.')])
    found = [
        Violation(f"/value/{member}", "This member is not known here. Remove it.")
        for member in value
        if member not in ("decision", "data")
    ]
    decision = value.get("decision")
    if decision not in DECISIONS:
        found.append(Violation("/value/decision", f"Must be one of {', '.join(DECISIONS)}."))
    data = value.get("data")
    if decision == "approved" and wait.schema_json is not None:
        schema = orjson.loads(wait.schema_json)
        # Who says nothing gave no data, which the form may take as an empty one.
        given = {} if data is None and isinstance(schema, dict) and schema.get("type") == "object" else data
        found.extend(violations_of(compile_schema(schema), given, "/value/data"))
        data = given
    if found:
        raise Invalid(found)
    return decision, encode(data)


async def _kept(data: Value, objects: Objects, values: list[LargeValueRow]) -> bytes:
    texts: list[tuple[str, bytes]] = []

    def spill(text: bytes) -> str:
        texts.append((uuid7(), text))
        return texts[-1][0]

    shape = shown(data, spill)
    for ref, text in texts:
        # Before the row that names it: a value without a row is litter, a row without a value a loss.
        values.append(LargeValueRow(ref, len(text), await objects.put(ref, text)))
    return shape


def _row(request: RequestKey, response: bytes, now: int) -> RequestRow:
    whose = (request.project_id, request.request_id, request.method, request.fingerprint)
    return RequestRow(*whose, response, None, now)


def _answer(decision: str | None, data: bytes, principal: str, now: int) -> WaitAnswer:
    members: dict[str, Any] = {} if decision is None else {"decision": decision}
    members |= {"data": orjson.Fragment(data), "by": principal, "at": rfc3339(now)}
    return WaitAnswer(orjson.dumps(members).decode(), now)


def _answered(wait: WaitRecord, answer: WaitAnswer) -> WaitRecord:
    return replace(wait, status="answered", answer_json=answer.json, settled_at=answer.at_us)

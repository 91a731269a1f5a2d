"""What must hold of every run, said of its rows and events alone: whatever the order, however often its process died.

The grammar of events is CONTRACT section 2; it is written here in another way than the engine writes events.
"""

from __future__ import annotations

from collections import Counter
from itertools import pairwise
from typing import Any

import orjson
from triggerflow_orchestrator.domain.execution import JournalRow
from triggerflow_orchestrator.domain.plan import PlanNode
from triggerflow_orchestrator.domain.wait import WaitRecord

from .store import Store
from .world import Place, World, told

ENDS = {"chunk.completed": ("succeeded",), "chunk.failed": ("failed", "cancelled")}


def essence(store: Store) -> dict[str, Any]:
    """How a run ended, without clocks, ids and orders."""
    record = store.record
    assert record is not None
    error = record.error
    return {
        "status": record.status,
        "outputs": told(orjson.loads(record.outputs_json)),
        "error": error and (error.type, error.message, error.node_id),
        "outcomes": {(row.scope, row.node_id): _outcome(row) for row in store.journal},
        "waits": {(wait.scope, wait.node_id): _answer(wait) for wait in store.waits.values()},
        "published": Counter((row[2], row[5], _text(told(orjson.loads(row[3])))) for row in store.published),
    }


def differences(one: dict[str, Any], other: dict[str, Any]) -> str:
    """Where two essences differ, to read."""
    lines = []
    for key, was in one.items():
        now = other[key]
        if isinstance(was, dict) and isinstance(now, dict):
            for place in sorted({*was, *now}, key=str):
                if was.get(place) != now.get(place):
                    lines.append(f"{key} {place}: {was.get(place)} became {now.get(place)}")
        elif was != now:
            lines.append(f"{key}: {was} became {now}")
    return "; ".join(lines[:4])


def _text(value: Any) -> bytes:
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)


def _outcome(row: JournalRow) -> tuple[Any, ...]:
    error = row.error and (row.error.type, row.error.message)
    return (row.status, row.attempt, told(orjson.loads(row.ports_json)), error)


def _answer(wait: WaitRecord) -> tuple[Any, ...]:
    return (wait.kind, wait.status, told(orjson.loads(wait.answer_json or "{}")), told(orjson.loads(wait.input_json)))


def lawful(world: World, store: Store) -> None:
    """Raises AssertionError where a run that ended breaks a law."""
    record = store.record
    assert record is not None and record.ended_at is not None
    if record.error is not None:
        assert record.error.type not in ("Internal", "NotRecovered"), record.error
    _of_the_journal(store)
    _Reader(world, store).read()
    _of_waits(world, store)
    _of_channels(world, store)
    _of_limits(world, store)
    if record.status == "succeeded":
        _everything_settled(world, store)


def _of_the_journal(store: Store) -> None:
    rows = store.journal
    assert [row.seq for row in rows] == list(range(1, len(rows) + 1)), "the journal has a gap"
    for what, found in (
        ("activation", Counter(row.activation_id for row in rows)),
        ("place", Counter((row.scope, row.node_id) for row in rows)),
    ):
        twice = [key for key, count in found.items() if count > 1]
        assert not twice, f"two outcomes of one {what}: {twice}"
    assert list(store.starts) == sorted(store.starts), "ids of activations do not rise in the order they began"
    left = store.starts.keys() - store.ended
    assert not left, f"{[store.starts[each] for each in left]} began and never ended"
    assert not any('"late"' in row.ports_json for row in rows), "a result or an answer that came too late was taken"


class _Reader:
    """Reads events one by one, as whoever watches does."""

    def __init__(self, world: World, store: Store) -> None:
        self._world = world
        self._store = store
        self._events = [orjson.loads(event.body) for event in store.events]
        self._rows = {(row.scope, row.node_id): row for row in store.journal}
        self._open: dict[Place, int] = {}
        """What runs, and its attempt."""
        self._over: set[Place] = set()
        self._ids: dict[Place, str] = {}
        self._custom: Counter[str] = Counter()
        self._waits: set[str] = set()
        self._outputs: dict[str, Any] = {}
        self._scopes: set[str] = {""}

    def read(self) -> None:
        ids = [event.id for event in self._store.events]
        numbers = [event.sequence for event in self._store.events]
        assert numbers == list(range(1, len(numbers) + 1)), "the sequence of events has a gap"
        assert all(one < other for one, other in pairwise(ids)), "ids of events do not rise"
        kinds = [event["type"] for event in self._events]
        assert kinds[0] == "execution.started" and kinds.count("execution.started") == 1, kinds[:3]
        ends = [kind for kind in kinds if kind in ("execution.completed", "execution.failed")]
        record = self._store.record
        assert record is not None
        expected = "execution.completed" if record.status == "succeeded" else "execution.failed"
        assert ends == [expected] == kinds[-1:], f"the run is {record.status}, its events end with {kinds[-2:]}"
        for place, event in enumerate(self._events):
            following = self._events[place + 1] if place + 1 < len(self._events) else None
            if event["type"].startswith("chunk."):
                self._chunk(event, following)
            elif event["type"] == "runtime.output":
                self._output(event, self._events[place - 1])
        assert not self._open, f"{list(self._open)} started and has no end"
        assert self._over == self._rows.keys(), f"the journal and the events differ: {self._over ^ self._rows.keys()}"
        assert self._waits == self._store.waits.keys(), "a wait was not told of"
        assert told(orjson.loads(record.outputs_json)) == self._outputs, "outputs are not what output nodes were told"

    def _chunk(self, event: dict[str, Any], following: dict[str, Any] | None) -> None:
        payload = event["payload"]
        detail = following["payload"].get("data", {}) if following is not None else {}
        if detail.get("kind") != "detail" or detail["eventId"] != event["id"]:
            detail = {"scope": "", "attempt": 1, "activationId": None}
        place = (detail["scope"], payload["nodeId"])
        if detail["activationId"] is not None:
            assert detail["nodeId"] == payload["nodeId"] and (place[0] or detail["attempt"] > 1), detail
        if event["type"] == "chunk.started":
            self._begins(place)
            self._open[place] = 1
            return
        assert place in self._open, f"{place} ended and had not started, or its detail is missing"
        row = self._rows[place]
        assert row.status in ENDS[event["type"]], f"{place} is {row.status}, told as {event['type']}"
        attempt = self._open.pop(place)
        assert row.attempt == attempt == detail["attempt"], f"{place} ended in attempt {row.attempt}, was in {attempt}"
        cancelled = payload.get("error", {}).get("type") == "Cancelled"
        assert cancelled == (row.status == "cancelled"), place
        self._over.add(place)
        node = self._world.nodes[place[1]]
        if node.type == "subflow" and row.status != "cancelled":  # where a run ends, it ends as it began
            self._nothing_below(f"{place[0]}/{node.id}:" if place[0] else f"{node.id}:", place)
        ports = orjson.loads(row.ports_json)
        if node.type == "output":
            if not place[0]:
                self._outputs[node.name] = told(payload["result"])
        elif event["type"] == "chunk.completed":
            shown = ports.get("out") if node.declared_outputs == ("out",) else ports or None
            assert payload.get("result") == shown, f"the result of {place} is told otherwise than it is"

    def _begins(self, place: Place) -> None:
        scope, node_id = place
        assert place not in self._open, f"{place} started twice"
        assert place not in self._over, f"{place} started, and had ended or been skipped"
        if scope in self._scopes:
            return
        around, _, last = scope.rpartition("/")
        header, _, number = last.rpartition(":")
        # What is around it goes on.
        if around and around not in self._scopes:
            self._begins((around, ""))
        node = self._around(around, header)
        if node.loop is None:
            assert (around, header) in self._open, f"{node_id} starts in {scope}, and {header} does not run"
            assert node.subflow is not None
            below = f"{around}/{header}:" if around else f"{header}:"
            children = {one.removeprefix(below).partition("/")[0] for one, _ in self._open if one.startswith(below)}
            most = node.subflow.concurrency if node.subflow.mode == "forEach" else 1
            assert len(children - {number}) < most, f"more than {most} children of {header} in {around!r} run"
        elif number != "0":
            before = f"{scope.rpartition(':')[0]}:{int(number) - 1}"
            self._nothing_below(before, place)
        self._scopes.add(scope)

    def _around(self, scope: str, node_id: str) -> PlanNode:
        """The loop or sub-flow whose scopes those below `scope` of this name are; a header may be a sub-flow itself."""
        plan = self._world.compiled.plan
        for segment in scope.split("/") if scope else ():
            node = plan.nodes[plan.index[segment.rpartition(":")[0]]]
            inside = node.loop.body if node.loop is not None else node.subflow and node.subflow.plan
            assert inside, f"there is no scope {scope}"
            plan = inside
        return plan.nodes[plan.index[node_id]]

    def _nothing_below(self, prefix: str, place: Place) -> None:
        left = [one for one in self._open if one[0].startswith(prefix)]
        inside = [one for one in left if prefix.endswith(":") or one[0] == prefix or one[0][len(prefix)] == "/"]
        assert not inside, f"at {place} these still run: {inside}"

    def _output(self, event: dict[str, Any], before: dict[str, Any]) -> None:
        data = event["payload"]["data"]
        place = (data["scope"], data["nodeId"])
        known = self._ids.setdefault(place, data["activationId"])
        assert known == data["activationId"], f"{place} has two activations"
        assert event["payload"]["sequence"] == self._custom[known], (
            f"custom outputs of {place} are not numbered through"
        )
        self._custom[known] += 1
        kind = data["kind"]
        if kind == "skip":
            self._begins(place)
            assert self._rows[place].status == "skipped", place
            self._over.add(place)
            return
        if kind == "detail":
            assert data["eventId"] == before["id"], f"a detail of {place} does not follow what it explains"
            return
        assert place in self._open, f"{kind} of {place}, which does not run"
        if kind == "wait":
            assert data["waitId"] == known and known not in self._waits, f"{place} waits twice"
            assert self._store.waits[known].kind == data["waitKind"]
            self._waits.add(known)
        elif kind == "retry" and not data.get("recovered"):
            assert before["type"] == "log" and data["eventId"] == before["id"], before
            self._open[place] += 1
        if kind == "retry":
            assert data["attempt"] == self._open[place], f"attempts of {place} are not numbered through"


def _of_limits(world: World, store: Store) -> None:
    """What succeeded did so within its time, downtime included."""
    record = store.record
    assert record is not None and record.ended_at is not None
    if record.status == "succeeded" and record.deadline_at is not None:
        assert record.ended_at <= record.deadline_at, "the run succeeded past its time"
    for row in store.journal:
        node = world.nodes[row.node_id]
        if node.subflow is not None and node.timeout_seconds is not None and row.status == "succeeded":
            late = row.ended_at - row.started_at - node.timeout_seconds * 1_000_000
            assert late <= 0, f"the sub-flow {node.id} in {row.scope!r} succeeded {late} us past its time"


def _of_waits(world: World, store: Store) -> None:
    rows = {row.activation_id: row for row in store.journal}
    for wait in store.waits.values():
        where = f"the wait of {wait.node_id} in {wait.scope!r}"
        assert wait.id in store.applied, f"{where} is {wait.status}, and was never taken up"
        assert wait.status != "open" and wait.answer_json is not None, f"{where} is open"
        row, node = rows[wait.id], world.nodes[wait.node_id]
        if wait.status == "cancelled" or row.status == "cancelled":
            assert row.status == "cancelled", f"{where} was cancelled, and its node {row.status}"
            continue
        if wait.status == "expired" and wait.fails:
            assert node.handles_errors or (row.status == "failed" and row.error and row.error.type == "TimedOut"), where
            continue
        answer, given = orjson.loads(wait.answer_json), orjson.loads(wait.input_json)
        expected: dict[str, Any]
        if wait.kind == "timer":
            expected = {"out": given}
        elif wait.kind == "event":
            expected = {"out": answer["data"]}
        else:
            carried = {"input": given, "data": answer.get("data"), "by": answer["by"], "at": answer["at"]}
            expected = {answer.get("decision", "timeout"): carried}
        assert row.status == "succeeded" and orjson.loads(row.ports_json) == expected, f"{where} lost its answer"


def _of_channels(world: World, store: Store) -> None:
    """Each value that an outcome gave to a channel of the project was published, once."""
    expected: Counter[tuple[Any, ...]] = Counter()
    for row in store.journal:
        ports = orjson.loads(row.ports_json)
        for port, channel in world.nodes[row.node_id].published:
            if port in ports:
                expected[channel, row.node_id, orjson.dumps(ports[port])] += 1
    given = Counter((row[2], row[5], orjson.dumps(orjson.loads(row[3]))) for row in store.published)
    assert given == expected, f"published {given - expected} too often, {expected - given} too seldom"


def _everything_settled(world: World, store: Store) -> None:
    known = {(row.scope, row.node_id) for row in store.journal}
    nodes = {row.node_id for row in store.journal}
    for node in world.compiled.plan.nodes:
        assert ("", node.id) in known or (node.loop is not None and node.id in nodes), f"{node.id} never settled"

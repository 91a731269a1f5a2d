"""The RPCs that read, over rows inserted by SQL."""

from __future__ import annotations

import json
from typing import Any

import pytest
from google.protobuf.timestamp_pb2 import Timestamp
from triggerflow.orchestrator.v1 import activation_pb2, execution_pb2
from triggerflow.orchestrator.v1 import orchestrator_service_pb2 as pb
from triggerflow_chassis.identity import LOCAL
from triggerflow_chassis.ids import uuid7
from triggerflow_chassis.wire.event import event_to_json
from triggerflow_chassis.wire.execution import activation_to_json, execution_to_json
from triggerflow_orchestrator.store import tables
from triggerflow_orchestrator.store.objects import FileObjects

OTHER_PROJECT = "00000000-0000-7000-8000-000000000002"


def _id(number: int) -> str:
    return f"01900000-0000-7000-8000-{number:012x}"


def _event(served: Any, execution_id: str, sequence: int, type: str, payload: dict[str, Any]) -> dict[str, Any]:
    body = {
        "id": _id(0xE000 + sequence),
        "executionId": execution_id,
        "type": type,
        "timestamp": f"2026-01-01T00:00:0{sequence}.000001Z",
        "payload": payload,
    }
    served.insert(tables.events, execution_id=execution_id, id=body["id"], sequence=sequence, body=body)
    return body


async def test_an_execution_is_answered_whole(served: Any) -> None:
    served.insert_execution(
        _id(1),
        flow_id=_id(2),
        status="failed",
        error={"type": "ValueError", "message": "no", "nodeId": _id(3), "stack": "s"},
        context={"userId": "ada", "labels": [], "priority": "high"},
        options={"async": False, "timeoutSeconds": 9, "trace": True},
        rerun_of=_id(4),
    )
    answer = await served.stub.GetExecution(pb.GetExecutionRequest(execution_id=_id(1).upper()))
    assert execution_to_json(answer.execution) == {
        "id": _id(1),
        "projectId": LOCAL.project_id,
        "flowId": _id(2),
        "blueprintVersion": "1",
        "contentHash": "hash",
        "status": "failed",
        "inputs": {"a": 1},
        "outputs": {"report": "ok"},
        "error": {"type": "ValueError", "message": "no", "nodeId": _id(3), "stack": "s"},
        "context": {"userId": "ada", "labels": [], "priority": "high"},
        "executionOptions": {"async": False, "timeoutSeconds": 9, "trace": True},
        "rerunOf": _id(4),
        "createdAt": "2023-11-14T22:13:20.000001Z",
        "startedAt": "2023-11-14T22:13:20.000002Z",
        "endedAt": "2023-11-14T22:13:20.000003Z",
    }
    assert (answer.execution.principal, answer.execution.flow_name) == ("local", "Weather")


@pytest.mark.parametrize("execution_id", [_id(9), "nonsense", "", "' OR 1=1"])
async def test_what_is_not_there_is_not_found(served: Any, execution_id: str) -> None:
    stub = served.stub
    for call in (
        stub.GetExecution(pb.GetExecutionRequest(execution_id=execution_id)),
        stub.ListActivations(pb.ListActivationsRequest(execution_id=execution_id)),
        stub.ListEvents(pb.ListEventsRequest(execution_id=execution_id)),
        stub.CancelExecution(pb.CancelExecutionRequest(execution_id=execution_id)),
        stub.GetValue(pb.GetValueRequest(ref=execution_id)),
    ):
        assert (await served.refused(call)).reason == "NOT_FOUND"


async def test_what_belongs_to_another_project_is_not_found_and_the_project_cannot_be_named(served: Any) -> None:
    served.insert_execution(_id(1), project_id=OTHER_PROJECT)
    served.insert(tables.objects, ref=_id(5), execution_id=_id(1), bytes=1, key=_id(5))
    stub = served.stub
    assert (await served.refused(stub.GetExecution(pb.GetExecutionRequest(execution_id=_id(1))))).reason == "NOT_FOUND"
    assert (await served.refused(stub.GetValue(pb.GetValueRequest(ref=_id(5))))).reason == "NOT_FOUND"
    named = pb.GetExecutionRequest(execution_id=_id(1), project_id=OTHER_PROJECT)
    assert (await served.refused(stub.GetExecution(named))).reason == "FORBIDDEN"
    mine = pb.ListExecutionsRequest(project_id=LOCAL.project_id.upper())
    assert len((await stub.ListExecutions(mine)).executions) == 0


async def test_pages_of_executions_lead_through_all_of_them_newest_first(served: Any) -> None:
    for number in range(1, 6):
        served.insert_execution(_id(number), created_at=1_000 + number)
    seen, token = [], ""
    while True:
        answer = await served.stub.ListExecutions(pb.ListExecutionsRequest(page_size=2, page_token=token))
        seen.append([execution.id for execution in answer.executions])
        token = answer.next_page_token
        if not token:
            break
    assert seen == [[_id(5), _id(4)], [_id(3), _id(2)], [_id(1)]]


async def test_executions_are_filtered_by_everything_at_once(served: Any) -> None:
    wanted = {"flow_id": _id(50), "status": "failed", "created_at": 5_000_000}
    served.insert_execution(_id(1), **wanted, error={"type": "X", "message": "Connection LOST"})
    served.insert_execution(_id(2), **wanted, error={"type": "X", "message": "other"})
    served.insert_execution(_id(3), **{**wanted, "created_at": 6_000_000}, error={"type": "X", "message": "lost"})
    for number in (1, 2, 3):
        served.insert(tables.execution_labels, execution_id=_id(number), label="nightly")
    since: dict[str, Any] = {"from": Timestamp(seconds=5)}  # a word of Python, hence not an argument
    request = pb.ListExecutionsRequest(
        flow_id=_id(50).upper(),
        statuses=[execution_pb2.EXECUTION_STATUS_FAILED, execution_pb2.EXECUTION_STATUS_QUEUED],
        labels=["nightly"],
        to=Timestamp(seconds=6),
        query="connection lost",
        **since,
    )
    answer = await served.stub.ListExecutions(request)
    assert [execution.id for execution in answer.executions] == [_id(1)]


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"page_size": -1}, "BAD_PARAMETER"),
        ({"page_size": 251}, "BAD_PARAMETER"),
        ({"page_token": "abc"}, "BAD_CURSOR"),
        ({"flow_id": "abc"}, "BAD_PARAMETER"),
        ({"statuses": [0]}, "BAD_PARAMETER"),
        ({"statuses": [77]}, "BAD_PARAMETER"),
        ({"labels": [str(n) for n in range(101)]}, "BAD_PARAMETER"),
    ],
)
async def test_bad_questions_are_refused_with_a_reason(served: Any, changes: dict[str, Any], reason: str) -> None:
    error = await served.refused(served.stub.ListExecutions(pb.ListExecutionsRequest(**changes)))
    assert error.reason == reason
    assert reason != "BAD_PARAMETER" or error.metadata["parameter"] == next(iter(changes))


async def test_times_no_database_can_hold_find_what_they_should(served: Any) -> None:
    served.insert_execution(_id(1))
    since: dict[str, Any] = {"from": Timestamp(seconds=-(2**62))}
    always = pb.ListExecutionsRequest(to=Timestamp(seconds=2**62), **since)
    assert len((await served.stub.ListExecutions(always)).executions) == 1


async def test_a_page_too_large_for_a_message_is_cut_and_goes_on(served: Any) -> None:
    for number in range(1, 6):
        served.insert_execution(_id(number), created_at=number, inputs={"text": "x" * 4_000_000})
    first = await served.stub.ListExecutions(pb.ListExecutionsRequest())
    assert [execution.id for execution in first.executions] == [_id(5), _id(4)]
    second = await served.stub.ListExecutions(pb.ListExecutionsRequest(page_token=first.next_page_token))
    assert [execution.id for execution in second.executions] == [_id(3), _id(2)]


async def test_activations_are_merged_and_paged(served: Any) -> None:
    run = served.insert_execution(_id(1), status="running", ended_at=None)
    served.insert(
        tables.activation_starts,
        activation_id=_id(10), execution_id=run, node_id=_id(20), scope="", started_at=100, inputs={"input": 1},
    )  # fmt: skip
    served.insert(
        tables.activation_attempts,
        activation_id=_id(10), attempt=2, execution_id=run, failed_type="TimedOut", due_at=300,
    )  # fmt: skip
    served.insert(
        tables.journal,
        execution_id=run, seq=1, epoch=1, activation_id=_id(11), node_id=_id(21), scope="", attempt=1,
        status="skipped", ports={}, started_at=50, ended_at=50,
    )  # fmt: skip
    first = await served.stub.ListActivations(pb.ListActivationsRequest(execution_id=run, page_size=1))
    assert activation_to_json(first.activations[0]) == {
        "id": _id(11),
        "nodeId": _id(21),
        "scope": "",
        "attempt": 1,
        "status": "skipped",
        "ports": {},
        "error": None,
        "startedAt": "1970-01-01T00:00:00.000050Z",
        "endedAt": "1970-01-01T00:00:00.000050Z",
    }
    rest = await served.stub.ListActivations(
        pb.ListActivationsRequest(execution_id=run, page_size=1, page_token=first.next_page_token)
    )
    (running,) = rest.activations
    assert (running.id, running.attempt, running.status) == (_id(10), 2, activation_pb2.ACTIVATION_STATUS_RUNNING)
    assert (running.inputs_json, running.HasField("ended_at"), rest.next_page_token) == ('{"input": 1}', False, "")


async def test_the_token_of_one_list_is_no_token_of_another(served: Any) -> None:
    for number in (1, 2):
        run = served.insert_execution(_id(number))
        for other in (1, 2):
            served.insert(
                tables.activation_starts,
                activation_id=uuid7(), execution_id=run, node_id=_id(20), scope="", started_at=other,
            )  # fmt: skip
    first = await served.stub.ListActivations(pb.ListActivationsRequest(execution_id=_id(1), page_size=1))
    of_another = pb.ListActivationsRequest(execution_id=_id(2), page_token=first.next_page_token)
    assert (await served.refused(served.stub.ListActivations(of_another))).reason == "BAD_CURSOR"
    executions = pb.ListExecutionsRequest(page_token=first.next_page_token)
    assert (await served.refused(served.stub.ListExecutions(executions))).reason == "BAD_CURSOR"


async def test_events_are_told_as_they_were_stored_and_say_when_it_ended(served: Any) -> None:
    run = served.insert_execution(_id(1))
    bodies = [
        _event(served, run, 1, "execution.started", {"status": "running"}),
        _event(served, run, 2, "chunk.completed", {"nodeId": _id(3), "status": "succeeded", "result": {"n": [1, 2.5]}}),
        _event(served, run, 3, "execution.completed", {"status": "succeeded"}),
    ]
    whole = await served.stub.ListEvents(pb.ListEventsRequest(execution_id=run))
    assert [event_to_json(event) for event in whole.events] == bodies
    assert [event.sequence for event in whole.events] == [1, 2, 3]
    assert (whole.next, whole.ended, whole.complete) == (bodies[2]["id"], True, True)

    part = await served.stub.ListEvents(pb.ListEventsRequest(execution_id=run, limit=2))
    assert (len(part.events), part.next, part.ended, part.complete) == (2, bodies[1]["id"], False, False)
    done = await served.stub.ListEvents(pb.ListEventsRequest(execution_id=run, after=whole.next))
    assert (len(done.events), done.next, done.ended) == (0, whole.next, True)


async def test_events_before_the_cursor_that_are_gone_expire_it(served: Any) -> None:
    run = served.insert_execution(_id(1))
    _event(served, run, 3, "log", {"level": "info", "message": "kept"})
    request = pb.ListEventsRequest(execution_id=run, after=_id(0xE001))
    assert (await served.refused(served.stub.ListEvents(request))).reason == "CURSOR_EXPIRED"
    assert len((await served.stub.ListEvents(pb.ListEventsRequest(execution_id=run))).events) == 1


async def test_bad_cursors_and_limits_of_events_are_refused(served: Any) -> None:
    run = served.insert_execution(_id(1))
    faults: list[tuple[dict[str, Any], str]] = [
        ({"after": "x"}, "BAD_CURSOR"),
        ({"limit": -1}, "BAD_PARAMETER"),
        ({"limit": 5_001}, "BAD_PARAMETER"),
    ]
    for changes, reason in faults:
        request = pb.ListEventsRequest(execution_id=run, **changes)
        assert (await served.refused(served.stub.ListEvents(request))).reason == reason


async def test_notices_come_after_their_cursor(served: Any) -> None:
    for number, type in ((1, "execution.started"), (2, "execution.failed"), (3, "flow.updated")):
        served.insert(
            tables.notices,
            id=_id(number), project_id=LOCAL.project_id, type=type, timestamp=number, flow_id=_id(8),
            execution_id=_id(9) if number < 3 else "",
        )  # fmt: skip
    answer = await served.stub.ListExecutionNotices(pb.ListExecutionNoticesRequest(after=_id(1)))
    (notice,) = answer.notices
    assert (notice.id, notice.project_id, notice.flow_id, notice.execution_id) == (
        _id(2),
        LOCAL.project_id,
        _id(8),
        _id(9),
    )
    assert notice.timestamp.nanos == 2_000
    told = await served.stub.ListProjectNotices(pb.ListProjectNoticesRequest(after=_id(1)))
    assert [(notice.id, notice.HasField("execution_id")) for notice in told.notices] == [
        (_id(2), True),
        (_id(3), False),
    ]
    assert told.next == _id(3)
    newest = await served.stub.ListProjectNotices(pb.ListProjectNoticesRequest(newest=True))
    assert (list(newest.notices), newest.next) == ([], _id(3))
    bad = pb.ListExecutionNoticesRequest(after="x")
    assert (await served.refused(served.stub.ListExecutionNotices(bad))).reason == "BAD_CURSOR"


async def test_a_large_value_comes_in_pieces(served: Any) -> None:
    run = served.insert_execution(_id(1))
    text = json.dumps("é" * 6_000_000, ensure_ascii=False).encode()
    key = FileObjects(served.settings.objects).put_now(_id(5), text)
    served.insert(tables.objects, ref=_id(5), execution_id=run, bytes=len(text), key=key)
    found = b""
    while True:
        answer = await served.stub.GetValue(pb.GetValueRequest(ref=_id(5).upper(), offset=len(found)))
        assert answer.total_bytes == len(text)
        assert len(answer.json) <= 8 * 1024 * 1024
        if not answer.json:
            break
        found += answer.json
    assert found == text
    before = pb.GetValueRequest(ref=_id(5), offset=-1)
    assert (await served.refused(served.stub.GetValue(before))).reason == "BAD_PARAMETER"

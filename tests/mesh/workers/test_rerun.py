"""Runs that take over results of others, in the mesh: accepted by one process, begun and gone on with by others."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

from drawing import Drawing
from visited_server import VisitedServer
from worker_mesh import WorkerMesh


def needy(key: Path) -> Drawing:
    """start → large → a → needs the key → b → result, the visits outside counted."""
    drawing = Drawing("needy")
    drawing.trigger()
    drawing.node("action", "large", "sample_handlers.large")
    drawing.node("action", "needy", "sample_handlers.need_file", config={"file": str(key)})
    for name in ("a", "b"):
        drawing.node("action", name, "sample_handlers.visit", config={"name": name})
    drawing.node("output", "result")
    drawing.node("output", "rows")
    for source, target in (("start", "large"), ("large", "a"), ("a", "needy"), ("needy", "b"), ("b", "result")):
        drawing.wire(source, target)
    drawing.wire("large", "rows")
    return drawing


def reused(mesh: WorkerMesh, execution_id: str) -> Counter[str]:
    """How often each node's events say that its result is another run's."""
    datas = [event["payload"].get("data") or {} for event in mesh.events(execution_id)]
    return Counter(data["nodeId"] for data in datas if data.get("reused"))


def failed(mesh: WorkerMesh, drawing: Drawing) -> dict[str, Any]:
    ended = mesh.await_end(mesh.begin(mesh.publish(drawing.body()))["id"])
    assert ended["error"]["nodeId"] == drawing.ids["needy"]
    return ended


def test_accepted_while_nobody_can_run_it_and_begun_after_a_crash_of_who_accepted_it(
    mesh: WorkerMesh, visited: VisitedServer, tmp_path: Path
) -> None:
    drawing = needy(tmp_path / "key")
    old = failed(mesh, drawing)
    (tmp_path / "key").touch()
    mesh.only_workers()
    again = mesh.retry(old["id"], "failure", request_id="once")
    assert (again["status"], again["startedAt"], again["rerunOf"]) == ("queued", None, old["id"])
    mesh.orchestrator.kill()
    mesh.mend()
    assert mesh.retry(old["id"], "failure", request_id="once")["id"] == again["id"]
    assert mesh.events(again["id"]) == []
    mesh.only_workers("w1")
    ended = mesh.await_end(again["id"])
    assert ended["status"] == "succeeded"
    assert ended["outputs"]["rows"]["$value"] != old["outputs"]["rows"]["$value"]
    assert [visit.name for visit in visited.of(old["id"])] == ["a"]
    assert [visit.name for visit in visited.of(again["id"])] == ["b"]
    names = ("start", "large", "a", "rows")
    assert reused(mesh, again["id"]) == {drawing.ids[name]: 2 for name in names}


def test_a_worker_killed_in_a_rerun_loses_neither_what_was_taken_over_nor_edited_inputs(
    mesh: WorkerMesh, visited: VisitedServer, tmp_path: Path
) -> None:
    drawing = needy(tmp_path / "key")
    (tmp_path / "key").touch()
    old = mesh.await_end(mesh.begin(mesh.publish(drawing.body()))["id"])
    assert old["status"] == "succeeded"
    visited.hold("b")
    again = mesh.retry(old["id"], drawing.ids["needy"], {"input": "edited"})
    visited.await_visit(again["id"], "b")
    mesh.owner().kill()
    visited.await_visit(again["id"], "b", count=2)
    visited.release("b")
    assert mesh.await_end(again["id"])["status"] == "succeeded"
    assert Counter(visit.name for visit in visited.of(again["id"])) == {"b": 2}
    results = {
        event["payload"]["nodeId"]: event["payload"].get("result")
        for event in mesh.events(again["id"])
        if event["type"] == "chunk.completed"
    }
    assert results[drawing.ids["needy"]] == "edited"

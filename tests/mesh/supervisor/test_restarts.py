"""Whatever dies is started again, at the same address, and nothing of it is left."""

from __future__ import annotations

import signal

import psutil
import pytest
from drawing import Drawing
from running_mesh import Mesh
from running_product import wait_for

PROCESSES = (
    *("postgres", "valkey", "kafka", "seaweedfs", "envoy"),
    *("registry", "orchestrator", "stream-1", "stream-2", "bff", "worker-1", "worker-2"),
)
pytestmark = pytest.mark.timeout(300)


def _listening(pid: int) -> set[int]:
    found = psutil.Process(pid).net_connections(kind="tcp")
    return {each.laddr.port for each in found if each.status == psutil.CONN_LISTEN}


def _family(pid: int) -> list[psutil.Process]:
    process = psutil.Process(pid)
    return [process, *process.children(recursive=True)]


def _alive(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


@pytest.mark.parametrize("name", PROCESSES)
def test_a_process_that_is_killed_is_back_at_its_address_and_leaves_no_orphan(mesh: Mesh, name: str) -> None:
    ports, family, addresses = _listening(mesh.pids()[name]), _family(mesh.pids()[name]), mesh.addresses
    killed = mesh.kill(name)
    back = mesh.wait_back(name, killed)
    assert mesh.run_file()["processes"][name] == back
    # Some open more of their own choice; what they are reached at is the same.
    assert ports & _listening(back) == ports or name == "seaweedfs"
    assert mesh.addresses == addresses
    wait_for(lambda: not [each for each in family if _alive(each)], what=f"the end of all of the former {name}")


def test_a_process_that_ends_by_itself_is_back(mesh: Mesh) -> None:
    ended = mesh.signal("stream-1", signal.SIGTERM)
    mesh.wait_back("stream-1", ended)


def test_a_run_succeeds_after_every_process_was_killed_once(mesh: Mesh) -> None:
    for name in PROCESSES:
        mesh.wait_back(name, mesh.kill(name))
    wait_for(lambda: _answers(mesh), seconds=60, what="/readyz")
    drawing = Drawing("After all")
    drawing.trigger()
    drawing.node("output", "end")
    drawing.wire("start", "end")
    with mesh.client() as client:
        flow = wait_for(lambda: _made(client.post("/flows", json=drawing.body())), what="a flow")
        version = wait_for(lambda: _made(client.post(f"/flows/{flow['id']}/versions", json={})), what="a version")
        body = {"flowId": flow["id"], "blueprintVersion": version["version"], "inputs": {"a": 1}}
        execution = wait_for(lambda: _made(client.post("/executions", json=body)), what="a run")
        ended = wait_for(
            lambda: _ended(client.get(f"/executions/{execution['id']}").json()), seconds=60, what="the end of the run"
        )
    assert (ended["status"], ended["outputs"]) == ("succeeded", {"end": {"a": 1}})


def _answers(mesh: Mesh) -> bool:
    with mesh.client() as client:
        return client.get("/readyz").status_code == 200


def _made(answer: object) -> object:
    return answer.json() if answer.status_code in (201, 202) else None  # type: ignore[attr-defined]


def _ended(execution: dict[str, object]) -> object:
    return execution if execution.get("endedAt") else None

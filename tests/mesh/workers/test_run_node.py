"""One node of a draft, in the mesh: a worker runs it, since workers have the adapters."""

from __future__ import annotations

import json
from typing import Any

import grpc
import pytest
from drawing import Drawing
from triggerflow.orchestrator.v1 import lone_node_pb2 as pb
from worker_mesh import TOKEN, WorkerMesh


def alone(mesh: WorkerMesh, drawing: Drawing, node: str, **inputs: Any) -> Any:
    flow_id = mesh.publish(drawing.body())[0]
    request = pb.RunNodeRequest(flow_id=flow_id, node_id=drawing.ids[node], inputs_json=json.dumps(inputs))
    return mesh.runs.RunNode(request, timeout=70, metadata=(("authorization", f"Bearer {TOKEN}"),))


def drawn() -> Drawing:
    drawing = Drawing("one node")
    drawing.trigger()
    drawing.node("action", "speak", "sample_handlers.speak")
    drawing.node("action", "add", "sample_handlers.add_one")
    drawing.node("action", "fail", "sample_handlers.fail")
    for name in ("speak", "add", "fail"):
        drawing.wire("start", name)
    return drawing


def test_a_worker_runs_it_and_its_answer_comes_back(mesh: WorkerMesh) -> None:
    assert json.loads(alone(mesh, drawn(), "add", input=41).ports_json) == {"out": 42}
    said = alone(mesh, drawn(), "speak")
    assert [line.message for line in said.logs] == ["quiet", "said", "warned", "cried"]
    failed = alone(mesh, drawn(), "fail")
    assert (failed.error.type, failed.error.message) == ("ValueError", "no good")


def test_without_a_worker_or_redis_it_says_so(mesh: WorkerMesh) -> None:
    mesh.only_workers()
    with pytest.raises(grpc.RpcError) as refused:
        alone(mesh, drawn(), "add", input=1)
    assert refused.value.code() is grpc.StatusCode.UNAVAILABLE
    assert "No worker took the node" in (refused.value.details() or "")
    assert mesh.redis_client().llen("triggerflow.node-runs") == 0
    mesh.redis.kill()
    with pytest.raises(grpc.RpcError) as refused:
        alone(mesh, drawn(), "add", input=1)
    assert refused.value.code() is grpc.StatusCode.UNAVAILABLE


def test_it_works_again_once_redis_is_back(mesh: WorkerMesh) -> None:
    mesh.redis.kill()
    mesh.redis.start()
    assert json.loads(alone(mesh, drawn(), "add", input=1).ports_json) == {"out": 2}

"""A flow that fans out inside itself takes its turns like any other: who else runs something is not kept waiting."""

from __future__ import annotations

from collections.abc import Callable

from drawing import Drawing
from running_product import Product, wait_for

DEEP, WIDE = 9, 3


def test_others_run_while_a_flow_fans_out_inside_itself(make_product: Callable[..., Product]) -> None:
    product = make_product(TFCANVAS_MAX_CHILDREN="200").start()
    with product.client() as client:
        small = Drawing("small")
        small.trigger()
        small.node("action", "node", "core:map", config={"expression": "input"})
        small.node("output", "result")
        small.wire("start", "node")
        small.wire("node", "result")
        created = client.post("/flows", json={"name": "tree", "nodes": [], "edges": []}).raise_for_status()
        tree = Drawing("tree")
        tree.trigger()
        items = ", ".join(['{"deep": input.deep - 1}'] * WIDE)
        tree.node("action", "items", "core:map", config={"expression": f"input.deep > 0 ? [{items}] : []"})
        config = {"flowId": created.json()["id"], "mode": "forEach", "concurrency": 1000}
        tree.node("subflow", "each", "core:subflow", inputs=["items"], config=config)
        tree.node("output", "result")
        tree.wire("start", "items")
        tree.wire("items", "each", into="items")
        tree.wire("each", "result")
        headers = {"If-Match": created.headers["ETag"]}
        client.put(f"/flows/{created.json()['id']}", json=tree.body(), headers=headers).raise_for_status()
        ids = [created.json()["id"], client.post("/flows", json=small.body()).raise_for_status().json()["id"]]
        for flow_id in ids:
            published = client.post(f"/flows/{flow_id}/versions", json={})
            assert published.status_code == 201, published.text

        def start(flow_id: str, inputs: object, *, waits: bool) -> dict[str, object]:
            body = {"flowId": flow_id, "inputs": inputs, "executionOptions": {"async": not waits}}
            found: dict[str, object] = client.post("/executions", json=body, timeout=60).raise_for_status().json()
            return found

        def ended() -> dict[str, object] | None:
            execution: dict[str, object] = client.get(f"/executions/{big['id']}", timeout=60).raise_for_status().json()
            return execution if execution["endedAt"] is not None else None

        big = start(ids[0], {"deep": DEEP}, waits=False)
        beside = 0
        while ended() is None and beside < 5:
            assert start(ids[1], {"n": 1}, waits=True)["status"] == "succeeded"
            beside += ended() is None
        assert beside
        execution = wait_for(ended, seconds=240, what="the end of the fan-out")
        assert execution["status"] == "succeeded", execution["error"]

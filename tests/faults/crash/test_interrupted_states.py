"""kill -9 while a run waits for its next attempt, holds large values, or is past its time. What goes on, and how."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from drawing import Drawing
from running_product import Product, wait_for

HANDLERS = str(Path(__file__).resolve().parents[2] / "handlers")


def started(make_product: Callable[..., Product]) -> Product:
    return make_product(PYTHONPATH=HANDLERS, TFCANVAS_PYTHON_MODULES="sample_handlers").start()


def begin(product: Product, drawing: Drawing, inputs: dict[str, Any] | None = None, **options: Any) -> str:
    with product.client() as client:
        flow_id = client.post("/flows", json=drawing.body()).raise_for_status().json()["id"]
        client.post(f"/flows/{flow_id}/versions", json={}).raise_for_status()
        body = {"flowId": flow_id, "inputs": inputs or {}, "executionOptions": options}
        return str(client.post("/executions", json=body).raise_for_status().json()["id"])


def events(product: Product, execution_id: str) -> list[dict[str, Any]]:
    with product.client() as client:
        headers = {"Accept": "application/json"}
        found: list[dict[str, Any]] = client.get(
            f"/executions/{execution_id}/events?limit=5000", headers=headers
        ).json()["items"]
        return found


def end_of(product: Product, execution_id: str) -> dict[str, Any]:
    def ended() -> Any:
        with product.client() as client:
            execution = client.get(f"/executions/{execution_id}").json()
        return execution if execution["endedAt"] is not None else None

    execution: dict[str, Any] = wait_for(ended, what="the end of the run")
    return execution


def test_a_back_off_goes_on_after_a_crash_with_the_same_attempt_and_key(make_product: Callable[..., Product]) -> None:
    product = started(make_product)
    drawing = Drawing("back-off")
    drawing.trigger()
    drawing.node("action", "flaky", "sample_handlers.fail_first", retries={"maxAttempts": 2, "backoffSeconds": 10})
    drawing.node("output", "result")
    drawing.wire("start", "flaky")
    drawing.wire("flaky", "result")
    execution_id = begin(product, drawing)
    wait_for(
        lambda: any(event["type"] == "log" for event in events(product, execution_id)), what="the failed first attempt"
    )
    product.kill()
    product.start()
    execution = end_of(product, execution_id)
    assert execution["status"] == "succeeded"
    assert execution["outputs"]["result"]["attempt"] == 2
    told = events(product, execution_id)
    customs = [event["payload"] for event in told if event["type"] == "runtime.output"]
    # It did not run when the process died, so nothing ran again.
    assert [(c["data"]["kind"], c["data"]["attempt"], c["data"].get("recovered")) for c in customs] == [
        ("retry", 2, None),
        ("detail", 2, None),
    ]
    assert [c["sequence"] for c in customs] == [0, 1]
    with product.client() as client:
        page = client.get(f"/executions/{execution_id}/activations").json()["items"]
    flaky = next(each for each in page if each["nodeId"] == drawing.ids["flaky"])
    assert flaky["attempt"] == 2
    assert flaky["id"] == execution["outputs"]["result"]["key"]


def test_large_values_and_half_done_joins_survive(make_product: Callable[..., Product], tmp_path: Path) -> None:
    product = started(make_product)
    gate = tmp_path / "gate"
    drawing = Drawing("large and half joined")
    drawing.trigger(outputs=["n", "waits"])
    drawing.node("action", "big", "sample_handlers.large")
    drawing.node("action", "slow", "sample_handlers.wait_for_file", config={"file": str(gate)})
    drawing.node("action", "both", "sample_handlers.pass_on", inputs=["big", "slow", ("extra", {"given": True})])
    drawing.node("output", "result")
    drawing.wire("start", "big", "n")
    drawing.wire("start", "slow", "waits")
    drawing.wire("big", "both", into="big")
    drawing.wire("slow", "both", into="slow")
    drawing.wire("both", "result")
    execution_id = begin(product, drawing, {"n": 1, "waits": {"$value": "mine"} | {"other": [1]}}, trace=True)
    wait_for(
        lambda: any(
            event["type"] == "chunk.completed" and event["payload"]["nodeId"] == drawing.ids["big"]
            for event in events(product, execution_id)
        ),
        what="the large result",
    )
    product.kill()
    gate.touch()
    product.start()
    execution = end_of(product, execution_id)
    assert execution["status"] == "succeeded", execution["error"]
    with product.client() as client:
        result = client.get(f"/values/{execution['outputs']['result']['$value']}").json()
    assert len(result["big"]["rows"]) == 20_000
    assert result["slow"] == {"$value": "mine", "other": [1]}
    assert result["extra"] == {"given": True}
    recovered = [
        event["payload"]["data"]["nodeId"]
        for event in events(product, execution_id)
        if event["type"] == "runtime.output" and event["payload"]["data"].get("recovered")
    ]
    assert recovered == [drawing.ids["slow"]]


def test_a_run_whose_time_passed_while_nobody_ran_it_is_timed_out(
    make_product: Callable[..., Product], tmp_path: Path
) -> None:
    product = started(make_product)
    drawing = Drawing("time passes")
    drawing.trigger()
    drawing.node("action", "late", "sample_handlers.hang")
    drawing.wire("start", "late")
    execution_id = begin(product, drawing, timeoutSeconds=1)
    product.kill()
    product.start()
    execution = end_of(product, execution_id)
    assert (execution["status"], execution["error"]["type"]) == ("failed", "TimedOut")
    told = events(product, execution_id)
    assert told[-1]["payload"]["message"].startswith("timed_out: ")
    assert told[-2]["payload"]["error"]["type"] == "Cancelled"


def test_a_clean_stop_leaves_runs_to_the_next_start(make_product: Callable[..., Product], tmp_path: Path) -> None:
    product = started(make_product)
    gate = tmp_path / "gate"
    drawing = Drawing("stopped")
    drawing.trigger()
    drawing.node("action", "slow", "sample_handlers.wait_for_file", config={"file": str(gate)})
    drawing.node("output", "result")
    drawing.wire("start", "slow")
    drawing.wire("slow", "result")
    execution_id = begin(product, drawing, {"n": 1})
    assert product.stop() == 0
    assert not (product.home / "run.json").exists()
    gate.touch()
    product.start()
    assert end_of(product, execution_id)["outputs"] == {"result": {"n": 1}}

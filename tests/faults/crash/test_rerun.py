"""kill -9 right after a rerun was accepted: it is there, it goes on, and what it took over never runs again."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from drawing import Drawing
from running_product import Product, wait_for
from triggerflow_orchestrator.settings import DEFAULT_MAX_LIVE

HANDLERS = str(Path(__file__).resolve().parents[2] / "handlers")


class Home:
    """A product, and what the nodes of its flows need and leave."""

    def __init__(self, product: Product, folder: Path) -> None:
        self.product = product
        self.visits, self.key, self.gate = folder / "visits", folder / "key", folder / "gate"

    def post(self, path: str, body: Any, **more: Any) -> Any:
        with self.product.client() as client:
            return client.post(path, json=body, **more).raise_for_status().json()

    def begin(self, drawing: Drawing, inputs: dict[str, Any]) -> str:
        flow_id = self.post("/flows", drawing.body())["id"]
        self.post(f"/flows/{flow_id}/versions", {})
        return str(self.post("/executions", {"flowId": flow_id, "inputs": inputs})["id"])

    def end_of(self, execution_id: str) -> dict[str, Any]:
        def ended() -> Any:
            with self.product.client() as client:
                execution = client.get(f"/executions/{execution_id}").json()
            return execution if execution["endedAt"] is not None else None

        execution: dict[str, Any] = wait_for(ended, what="the end of the run")
        return execution

    def flow_of(self, execution_id: str) -> str:
        with self.product.client() as client:
            return str(client.get(f"/executions/{execution_id}").json()["flowId"])

    def hanging(self) -> Drawing:
        """start → waits for the gate."""
        drawing = Drawing("takes a place")
        drawing.trigger()
        drawing.node("action", "gated", "sample_handlers.hang_until_file", config={"file": str(self.gate)})
        drawing.wire("start", "gated")
        return drawing

    def drawing(self) -> Drawing:
        """start → large, noted → needs the key → waits for the gate, noted → result."""
        drawing = Drawing("to be repeated")
        drawing.trigger(outputs=["n"])
        drawing.node("action", "large", "sample_handlers.large")
        drawing.node(
            "action", "first", "sample_handlers.note_visit", config={"file": str(self.visits), "name": "first"}
        )
        drawing.node("action", "needy", "sample_handlers.need_file", config={"file": str(self.key)})
        drawing.node("action", "gated", "sample_handlers.wait_for_file", config={"file": str(self.gate)})
        drawing.node("action", "last", "sample_handlers.note_visit", config={"file": str(self.visits), "name": "last"})
        drawing.node("output", "result")
        drawing.wire("start", "large", "n")
        for source, target in (("large", "first"), ("first", "needy"), ("needy", "gated"), ("gated", "last")):
            drawing.wire(source, target)
        drawing.wire("last", "result")
        return drawing


@pytest.fixture
def home(make_product: Callable[..., Product], tmp_path: Path) -> Home:
    product = make_product(PYTHONPATH=HANDLERS, TFCANVAS_PYTHON_MODULES="sample_handlers")
    return Home(product.start(), tmp_path)


def test_a_rerun_that_has_begun_goes_on_with_what_it_took_over(home: Home) -> None:
    drawing = home.drawing()
    failed = home.end_of(home.begin(drawing, {"n": 1}))
    assert failed["error"]["nodeId"] == drawing.ids["needy"]
    home.key.touch()
    headers = {"Idempotency-Key": "once"}
    again = home.post(f"/executions/{failed['id']}/retry", {"from": "failure"}, headers=headers)
    home.product.kill()
    home.product.start()
    # Whoever did not hear the answer asks again, and starts no second one.
    assert home.post(f"/executions/{failed['id']}/retry", {"from": "failure"}, headers=headers)["id"] == again["id"]
    home.gate.touch()
    ended = home.end_of(again["id"])
    assert (ended["status"], ended["rerunOf"]) == ("succeeded", failed["id"])
    assert home.visits.read_text().split() == ["first", "last"]
    with home.product.client() as client:
        whole = client.get(f"/values/{ended['outputs']['result']['$value']}").json()
    assert len(whole["rows"]) == 20_000


def test_a_rerun_that_was_queued_begins_after_the_crash_with_what_it_takes_over_and_edited_inputs(home: Home) -> None:
    drawing = home.drawing()
    home.key.touch()
    home.gate.touch()
    done = home.end_of(home.begin(drawing, {"n": 1}))
    assert done["status"] == "succeeded"
    home.gate.unlink()
    before = [home.begin(home.hanging(), {})]
    flow = {"flowId": home.flow_of(before[0]), "inputs": {}}
    before += [home.post("/executions", flow)["id"] for _ in range(DEFAULT_MAX_LIVE - 1)]
    body = {"from": drawing.ids["gated"], "inputs": {"input": {"edited": "x" * 100_000}}}
    again = home.post(f"/executions/{done['id']}/retry", body)
    assert again["status"] == "queued"
    with home.product.client() as client:
        assert client.get(f"/executions/{again['id']}/activations").json()["items"] == []
    home.product.kill()
    home.product.start()
    home.gate.touch()
    assert home.end_of(before[-1])["status"] == "succeeded"
    ended = home.end_of(again["id"])
    assert ended["status"] == "succeeded"
    assert home.visits.read_text().split() == ["first", "last", "last"]
    with home.product.client() as client:
        assert client.get(f"/values/{ended['outputs']['result']['$value']}").json() == {"edited": "x" * 100_000}


def test_edited_inputs_outlive_a_crash_of_the_node_that_has_them(home: Home) -> None:
    drawing = home.drawing()
    home.key.touch()
    home.gate.touch()
    done = home.end_of(home.begin(drawing, {"n": 1}))
    home.gate.unlink()
    again = home.post(f"/executions/{done['id']}/retry", {"from": drawing.ids["gated"], "inputs": {"input": "edited"}})

    def running() -> Any:
        with home.product.client() as client:
            page = client.get(f"/executions/{again['id']}/activations").json()["items"]
        return any(one["nodeId"] == drawing.ids["gated"] and one["status"] == "running" for one in page)

    wait_for(running, what="the node that has the edited inputs")
    home.product.kill()
    home.product.start()
    home.gate.touch()
    assert home.end_of(again["id"])["outputs"] == {"result": "edited"}

"""The examples that the canvas ships, run on the real product with the data it serves."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from chosen_product import chosen_product
from running_product import Product

FLOWS = Path(__file__).resolve().parents[3] / "canvas-web" / "src" / "features" / "examples" / "flows"
WRITTEN_ORIGIN = "http://127.0.0.1:8484/"


@pytest.fixture(scope="module")
def product(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    """A product with the settings `make run` has: it may call its own address, for the examples' data."""
    one = chosen_product(tmp_path_factory.mktemp("examples") / "home")
    one.start()
    yield one
    assert one.stop() == 0


def run(product: Product, name: str, inputs: dict[str, Any], **more: Any) -> dict[str, Any]:
    """Create the example as the gallery does, publish it, and wait for its end."""
    document = (FLOWS / f"{name}.json").read_text().replace(WRITTEN_ORIGIN, f"{product.url}/")
    with product.client() as client:
        made = client.post("/flows", json=json.loads(document)).raise_for_status().json()
        assert [problem for problem in made["problems"] if problem["severity"] == "error"] == []
        client.post(f"/flows/{made['id']}/versions", json={}).raise_for_status()
        body = {"flowId": made["id"], "inputs": inputs, "executionOptions": {"async": False, **more}}
        answer = client.post("/executions", json=body)
        assert answer.status_code == 200, answer.text
        execution: dict[str, Any] = answer.json()
        return execution


@pytest.mark.parametrize("year", [2012, 2013, 2014, 2015])
def test_the_weather_of_each_year_is_reported(product: Product, year: int) -> None:
    execution = run(product, "seattle-weather", {"year": year})
    assert execution["status"] == "succeeded", execution["error"]
    report = json.dumps(execution["outputs"]["report"])
    assert str(year) in report
    assert "rain" in report


def test_of_two_calls_one_fails_and_takes_its_error_port(product: Product) -> None:
    execution = run(product, "two-calls", {})
    assert execution["status"] == "succeeded", execution["error"]
    assert execution["outputs"]["answer"] is not None
    with product.client() as client:
        page = client.get(f"/executions/{execution['id']}/activations").json()["items"]
    failed = [each for each in page if each["status"] == "failed"]
    assert [each["error"]["type"] for each in failed] == ["HttpStatus"]
    assert set(failed[0]["ports"]) == {"error"}


def test_an_order_is_priced_in_one_answer(product: Product) -> None:
    items = [{"name": "Lamp", "price": 79.5, "quantity": 2}, {"name": "Bulb", "price": 4.5}]
    execution = run(product, "price-an-order", {"country": "DE", "items": items})
    assert execution["status"] == "succeeded", execution["error"]
    assert execution["outputs"]["quote"]


def test_an_order_without_items_is_refused_at_the_field(product: Product) -> None:
    document = json.loads((FLOWS / "price-an-order.json").read_text())
    with product.client() as client:
        made = client.post("/flows", json=document).raise_for_status().json()
        client.post(f"/flows/{made['id']}/versions", json={}).raise_for_status()
        refused = client.post("/executions", json={"flowId": made["id"], "inputs": {"items": [{"price": -1}]}})
    assert refused.status_code == 422
    assert {error["pointer"] for error in refused.json()["errors"]} == {
        "/inputs/items/0/name",
        "/inputs/items/0/price",
    }


@pytest.mark.parametrize("origin", ["USA", "Europe", "Japan"])
def test_cars_are_ranked_by_origin(product: Product, origin: str) -> None:
    execution = run(product, "cars-by-origin", {"origin": origin})
    assert execution["status"] == "succeeded", execution["error"]
    assert origin in json.dumps(execution["outputs"]["result"])


class ModelServer:
    """Answers as an OpenAI-compatible endpoint does; keeps what it was asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, dict[str, Any]]] = []
        asked = self.asked

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                asked.append((self.headers.get("Authorization", ""), body))
                right = self.path == "/v1/chat/completions" and self.headers.get("Authorization") == "Bearer sk-local"
                message = {"role": "assistant", "content": f"You asked: {body['messages'][-1]['content']}"}
                choices = [{"index": 0, "message": message, "finish_reason": "stop"}]
                usage = {"prompt_tokens": 9, "completion_tokens": 5, "total_tokens": 14}
                answer = {"id": "chatcmpl-1", "object": "chat.completion", "model": body["model"]}
                error = {"error": {"message": "Incorrect API key", "type": "invalid_request_error"}}
                text = json.dumps({**answer, "choices": choices, "usage": usage} if right else error).encode()
                self.send_response(200 if right else 401)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)

            def log_message(self, *args: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


@pytest.fixture
def model() -> Iterator[ModelServer]:
    server = ModelServer()
    yield server
    server.close()


@pytest.mark.parametrize(("key", "answered"), [("sk-local", True), ("sk-wrong", False)])
def test_a_model_is_asked_with_the_key_of_the_environment(
    make_product: Callable[..., Product], model: ModelServer, key: str, answered: bool
) -> None:
    product = make_product(
        OPENAI_API_KEY=key, TFCANVAS_ENV_ALLOW="OPENAI_API_KEY", TFCANVAS_HTTP_ALLOW=model.address
    ).start()
    inputs = {"question": "Why is the sky blue?", "baseUrl": f"http://{model.address}/v1", "model": "tiny"}
    execution = run(product, "ask-a-model", inputs, trace=True)
    assert execution["status"] == "succeeded", execution["error"]
    assert model.asked[0][0] == f"Bearer {key}"
    assert model.asked[0][1]["model"] == "tiny"
    answer = json.dumps(execution["outputs"]["answer"])
    assert ("You asked: Why is the sky blue?" in answer) is answered
    product.stop()
    for path in product.home.rglob("*"):
        if path.is_file():
            assert key.encode() not in path.read_bytes(), f"the key stands in {path.name}"

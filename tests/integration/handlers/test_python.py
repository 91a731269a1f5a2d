"""Dotted paths: what a handler is given, may return, and may do to the process. CONTRACT section 3."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from drawing import Drawing
from running_product import Product

L = "lab_handlers."


def test_a_handler_is_given_its_inputs_and_context(try_node: Callable[..., Any]) -> None:
    config = {"a": {"$expr": "input.n + 1"}, "b": ["text", {"$expr": "$string(input.n)"}], "c": {"$expr": "x", "d": 1}}
    came = try_node(f"{L}context", {"n": 1}, config=config)
    given = came.value
    assert given["inputs"] == {"input": {"n": 1}}
    assert given["config"] == {"a": 2, "b": ["text", "1"], "c": {"$expr": "x", "d": 1}}
    assert given["execution_id"] == came.run["id"]
    assert uuid.UUID(given["activation_id"]) and uuid.UUID(given["node_id"])
    assert (given["attempt"], given["cancelled"]) == (1, False)
    assert isinstance(given["idempotency_key"], str) and given["idempotency_key"]


def test_without_config_there_is_an_empty_one(try_node: Callable[..., Any]) -> None:
    assert try_node(f"{L}context", 1).value["config"] == {}


def test_an_expression_without_a_result_is_null(try_node: Callable[..., Any]) -> None:
    assert try_node(f"{L}context", 1, config={"a": {"$expr": "nobody"}}).value["config"] == {"a": None}


def test_an_expression_in_config_that_fails_fails_the_node(try_node: Callable[..., Any]) -> None:
    assert try_node(f"{L}context", 1, config={"a": {"$expr": "1 + 'a'"}}).error["type"] == "ExpressionFailed"


def test_results_are_json(try_node: Callable[..., Any]) -> None:
    assert try_node(f"{L}results").value == {
        "list": [1, 2.5, True, None, "é"],
        "tuple": [1, [2, []]],
        "ends": [2**63 - 1, -(2**63)],
        "nested": {"": {"a b": []}},
    }


@pytest.mark.parametrize("handler", ["misbehave", "misbehave_async"])
@pytest.mark.parametrize(
    "what",
    ["cyclic", "bytes", "int keys", "infinity", "null character", "null in key", "lone surrogate", "surrogate key",
     "2**63", "-2**63-1", "complex", "generator", "object", "function", "set", "none key"],
)  # fmt: skip
def test_what_is_not_json_fails(try_node: Callable[..., Any], handler: str, what: str) -> None:
    assert try_node(f"{L}{handler}", config={"what": what}).error["type"] == "NotJson"


@pytest.mark.parametrize("handler", ["misbehave", "misbehave_async"])
@pytest.mark.parametrize(
    "what",
    ["SystemExit", "KeyboardInterrupt", "GeneratorExit", "CancelledError", "StopIteration", "RecursionError",
     "Unprintable", "Inner", "large", "surrogate", "deep"],
)  # fmt: skip
def test_whatever_a_handler_raises_fails_its_node_alone(
    try_node: Callable[..., Any], client: httpx.Client, handler: str, what: str
) -> None:
    came = try_node(f"{L}{handler}", config={"what": what})
    assert came.run["status"] == "succeeded"
    shown = came.ports["error"]
    error = client.get(f"/values/{shown['$value']}").json() if "$value" in shown else shown
    assert set(error) == {"type", "message", "stack", "attempt"}
    if what not in ("deep", "StopIteration"):
        assert error["type"] == {"large": "ValueError", "surrogate": "ValueError"}.get(what, what)
    if what == "Inner":
        assert error["message"] == "nested"
    assert client.get("/readyz").status_code == 200


def test_a_plain_result_goes_where_it_can(try_node: Callable[..., Any]) -> None:
    assert try_node(f"{L}plain", declared=["only"]).ports == {"only": "plain"}
    assert try_node(f"{L}plain", declared=["other", "out"]).ports == {"out": "plain"}
    assert try_node(f"{L}plain", declared=["a", "b"]).error["type"] == "NoSuchPort"
    nowhere = try_node(f"{L}plain", declared=[], ports=["error"])
    assert (nowhere.run["status"], nowhere.ports) == ("succeeded", {})


@pytest.mark.parametrize(
    ("declared", "lit", "ports"),
    [
        (["a", "b"], {"a": 1, "b": None}, {"a": 1, "b": None}),
        (["a", "b"], {"b": 2}, {"b": 2}),
        (["a", "b"], {}, {}),
        (None, {"out": 3}, {"out": 3}),
        (None, {}, {}),
    ],
)
def test_outputs_names_ports(try_node: Callable[..., Any], declared: Any, lit: Any, ports: Any) -> None:
    came = try_node(f"{L}outputs", declared=declared, config={"lit": lit})
    assert (came.run["status"], came.ports) == ("succeeded", ports)


@pytest.mark.parametrize("lit", [{"nowhere": 1}, {"error": 1}, {"a": 1, "nowhere": 2}])
def test_a_port_that_is_not_declared_fails(try_node: Callable[..., Any], lit: Any) -> None:
    retries = {"maxAttempts": 3, "backoffSeconds": 0}
    error = try_node(f"{L}outputs", declared=["a"], config={"lit": lit}, retries=retries).error
    assert (error["type"], error["attempt"]) == ("NoSuchPort", 1)


def test_a_lit_node_without_ports_has_no_result(run: Callable[..., Any]) -> None:
    drawing = Drawing("nothing lit")
    drawing.trigger()
    drawing.node("action", "none", f"{L}outputs", config={"lit": {}})
    drawing.node("output", "never")
    drawing.wire("start", "none")
    drawing.wire("none", "never")
    ran = run(drawing)
    assert ran.ends("none") == [{"nodeId": drawing.ids["none"], "status": "succeeded"}]
    assert ran.activation("never")["status"] == "skipped"
    assert ran.execution["outputs"] == {}


def test_a_module_inside_an_allowed_one_is_served(try_node: Callable[..., Any]) -> None:
    assert try_node("lab_package.inner.hello").value == "hello"


@pytest.mark.parametrize(
    "path",
    [
        "lab_handlers.os.getcwd",
        "lab_handlers.time.sleep",
        "lab_handlers.sys.exit",
        "lab_handlers.nobody",
        "lab_handlers.constant",
        "lab_broken.handler",
        "lab_package.nobody.handler",
        "lab_handlers.__class__",
        "lab_handlers.asyncio.run",
    ],
)
def test_a_path_to_anything_but_a_function_of_the_module_never_runs(client: httpx.Client, path: str) -> None:
    drawing = Drawing(path)
    drawing.trigger()
    drawing.node("action", "node", path)
    drawing.node("output", "error")
    drawing.wire("start", "node")
    drawing.wire("node", "error", "error")
    flow = client.post("/flows", json=drawing.body()).json()
    if client.post(f"/flows/{flow['id']}/versions").status_code == 422:
        assert [problem["reason"] for problem in flow["problems"]] == ["UNKNOWN_HANDLER"]
        return
    body = {"flowId": flow["id"], "inputs": {}, "executionOptions": {"async": False}}
    ran = client.post("/executions", json=body).json()
    assert ran["outputs"]["error"]["type"], ran


def test_stdout_goes_to_the_process_log_and_is_cut(run: Callable[..., Any], product: Product) -> None:
    drawing = Drawing("prints")
    drawing.trigger()
    drawing.node("action", "printer", "sample_handlers.print_a_megabyte")
    drawing.wire("start", "printer")
    before = (product.home / "stderr.log").stat().st_size
    run(drawing)
    with (product.home / "stderr.log").open("rb") as log:
        log.seek(before)
        printed = log.read()
    assert 32_768 < printed.count(b"x") < 100_000
    assert b"cut" in printed.lower()

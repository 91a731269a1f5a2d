"""How a bound handler is called: ports, threads, output, cancellation, secrets, and modules of the user's."""

from __future__ import annotations

import asyncio
import logging
import sys
import textwrap
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from triggerflow_adapter_sdk import (
    AdapterSettings,
    Catalogue,
    TriggerFlowIntegrationAdapter,
    error_fields,
    is_retryable,
)
from triggerflow_adapter_sdk.blueprints import EmbeddedBlueprints

Json = dict[str, Any]

MODULE = """
import asyncio, contextlib, os, sys, threading, time
from json import dumps as borrowed
from triggerflow_adapter_sdk import HandlerError, Outputs

IMPORTED = []

def plain(inputs, ctx): return inputs["input"] + 1
async def awaited(inputs, ctx): return inputs["input"] + 1
def later(inputs, ctx): return awaited(inputs, ctx)
def ports(inputs, ctx): return Outputs(**ctx.config["lit"])
def nothing(inputs, ctx): return None
def thread(inputs, ctx): return threading.current_thread().name
def spoil(inputs, ctx):
    ctx.config["list"].append(1)
    return len(ctx.config["list"])
def sleeps(inputs, ctx):
    until = time.monotonic() + 5
    while time.monotonic() < until and not ctx.cancelled: time.sleep(0.005)
    IMPORTED.append(ctx.cancelled)
def waits(inputs, ctx): inputs["event"].wait(5)
def fails(inputs, ctx): raise KeyError("city")
def leaves(inputs, ctx): sys.exit(3)
async def leaves_too(inputs, ctx): sys.exit(3)
def stops(inputs, ctx): raise StopIteration("x")
async def cancels(inputs, ctx): raise asyncio.CancelledError
def says(inputs, ctx):
    for line in inputs["input"]: print(line)
async def says_without_end(inputs, ctx):
    print("a", end="")
    await asyncio.sleep(0)
    print("b", end="")
    print("to stderr", file=sys.stderr)
def megabyte(inputs, ctx):
    for _ in range(16): print("x" * 65535)
class Doer:
    async def __call__(self, inputs, ctx): return "called"
    def method(self, inputs, ctx): return "bound"
    @staticmethod
    def fixed(inputs, ctx): return "fixed"
doer = Doer()
not_callable = 5
"""


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> str:
    """A package of the user's with a module, its name its own for each test."""
    name = f"user_code_{abs(hash(request.node.nodeid))}"
    package = tmp_path / name
    (package / "inner").mkdir(parents=True)
    (package / "__init__.py").write_text("from . import inner\nimport os\n")
    (package / "inner" / "__init__.py").write_text("")
    (package / "inner" / "work.py").write_text(textwrap.dedent(MODULE))
    (package / "broken.py").write_text("raise RuntimeError('at import')\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    return name


def calls(path: str, config: Json | None = None, **node: Any) -> Json:
    return {"type": "action", "handlers": {"main": {"entrypoint": path, "config": config or {}}}, **node}


def outputs(*keys: str) -> Json:
    return {"outputs": [{"key": key, "label": key} for key in keys]}


@pytest.mark.parametrize(
    ("function", "result"),
    [
        ("plain", 8),
        ("awaited", 8),
        ("later", 8),
        ("nothing", None),
        ("doer", "called"),
        ("doer.method", "bound"),
        ("Doer.fixed", "fixed"),
    ],
)
async def test_functions_of_every_kind_are_called(open_host: Any, module: str, function: str, result: Any) -> None:
    host = await open_host(python_modules=(module,))
    assert await host.run(calls(f"{module}.inner.work.{function}"), {"input": 7}) == {"out": result}


async def test_describing_checking_and_binding_import_nothing(open_host: Any, module: str) -> None:
    host = await open_host(python_modules=(module,))
    node = calls(f"{module}.inner.work.plain")
    description = host.catalogue.describe(f"{module}.inner.work.plain")
    assert description.check_node(node) == []
    bound = host.catalogue.bind(node)
    assert not [name for name in sys.modules if name.startswith(module)]
    assert await bound.invoke({"input": 1}, _Context()) == {"out": 2}


@pytest.mark.parametrize(
    ("allowed", "path", "kind"),
    [
        ("{m}", "{m}.os.system", "NotAFunction"),
        ("{m}.inner", "{m}.broken.f", "UnknownHandler"),
        ("{m}", "{m}.inner.work.borrowed", "NotAFunction"),
        ("{m}", "{m}.inner.work.not_callable", "NotAFunction"),
        ("{m}", "{m}.inner.work.missing", "NotAFunction"),
        ("{m}", "{m}.inner.nowhere.f", "NotAFunction"),
        ("{m}", "{m}.broken.f", "RuntimeError"),
        ("no_such_module", "no_such_module.f", "ModuleNotFoundError"),
        ("other", "{m}.inner.work.plain", "UnknownHandler"),
    ],
)
async def test_a_path_that_leads_elsewhere_fails_its_node(
    open_host: Any, module: str, allowed: str, path: str, kind: str
) -> None:
    host = await open_host(python_modules=(allowed.format(m=module),))
    with pytest.raises(Exception) as caught:
        await host.run(calls(path.format(m=module)), {"input": 1})
    assert error_fields(caught.value)["type"] == kind


@pytest.mark.parametrize(
    ("declared", "lit", "result"),
    [
        (outputs("left", "right"), {"left": 1, "right": None}, {"left": 1, "right": None}),
        (outputs("left", "right"), {}, {}),
        ({}, {"out": 2}, {"out": 2}),
        (outputs("left"), {"other": 1}, "NoSuchPort"),
        (outputs("left"), {"error": 1}, "NoSuchPort"),
        ({}, {"error": 1}, "NoSuchPort"),
    ],
)
async def test_a_handler_names_its_ports(open_host: Any, module: str, declared: Json, lit: Json, result: Any) -> None:
    host = await open_host(python_modules=(module,))
    node = calls(f"{module}.inner.work.ports", {"lit": lit}, ports=declared)
    if isinstance(result, dict):
        assert await host.run(node, {}) == result
    else:
        with pytest.raises(Exception) as caught:
            await host.run(node, {})
        assert error_fields(caught.value)["type"] == result
        assert not is_retryable(caught.value)


@pytest.mark.parametrize(
    ("declared", "result"),
    [(("out", "more"), {"out": 2}), (("only",), {"only": 2}), ((), {}), (("a", "b"), None)],
)
async def test_a_plain_result_finds_its_port(
    open_host: Any, module: str, declared: tuple[str, ...], result: Any
) -> None:
    host = await open_host(python_modules=(module,))
    node = calls(f"{module}.inner.work.plain", ports=outputs(*declared))
    if result is None:
        with pytest.raises(Exception, match="several output ports"):
            await host.run(node, {"input": 1})
    else:
        assert await host.run(node, {"input": 1}) == result


@pytest.mark.parametrize(
    ("function", "kind"),
    [
        ("fails", "KeyError"),
        ("leaves", "SystemExit"),
        ("leaves_too", "SystemExit"),
        ("stops", "StopIteration"),
        ("cancels", "CancelledError"),
    ],
)
async def test_whatever_a_handler_raises_fails_its_node_only(
    open_host: Any, module: str, function: str, kind: str
) -> None:
    host = await open_host(python_modules=(module,))
    with pytest.raises(Exception) as caught:
        await host.run(calls(f"{module}.inner.work.{function}"), {})
    assert error_fields(caught.value)["type"] == kind
    assert function in error_fields(caught.value)["stack"]


async def test_a_config_is_the_handlers_own_each_time(open_host: Any, module: str) -> None:
    host = await open_host(python_modules=(module,))
    bound = host.catalogue.bind(calls(f"{module}.inner.work.spoil", {"list": []}))
    assert [await bound.invoke({}, _Context()) for _ in range(3)] == [{"out": 1}] * 3


async def test_expressions_in_a_config_see_the_inputs(open_host: Any, module: str) -> None:
    host = await open_host(python_modules=(module,))
    node = calls(
        f"{module}.inner.work.ports",
        {"lit": {"out": {"deep": [{"$expr": "$sum(left)"}, {"$expr": "nothing"}, {"$expr": "right", "x": 1}]}}},
    )
    assert await host.run(node, {"left": [1, 2], "right": 5}) == {
        "out": {"deep": [3, None, {"$expr": "right", "x": 1}]}
    }


async def test_sync_handlers_run_beside_each_other_and_leave_the_loop_free(open_host: Any, module: str) -> None:
    host = await open_host(python_modules=(module,))
    event = threading.Event()
    bound = host.catalogue.bind(calls(f"{module}.inner.work.waits"))
    running = [asyncio.create_task(bound.invoke({"event": event}, _Context())) for _ in range(40)]
    before = time.monotonic()
    name = await host.run(calls(f"{module}.inner.work.thread"), {})
    assert time.monotonic() - before < 2
    assert name["out"].startswith("handler-")
    event.set()
    assert await asyncio.gather(*running) == [{"out": None}] * 40


async def test_handlers_that_hang_take_no_place_from_others(open_host: Any, module: str) -> None:
    host = await open_host(python_modules=(module,))
    event = threading.Event()
    bound = host.catalogue.bind(calls(f"{module}.inner.work.waits"))
    hanging = [asyncio.create_task(bound.invoke({"event": event}, _Context())) for _ in range(100)]
    other = asyncio.create_task(host.run(calls(f"{module}.inner.work.plain"), {"input": 1}))
    done, _ = await asyncio.wait({other}, timeout=0.2)
    assert not done, "64 at once"
    for task in hanging:
        task.cancel()
    await asyncio.gather(*hanging, return_exceptions=True)
    assert await asyncio.wait_for(other, 2) == {"out": 2}
    event.set()


async def test_a_cancelled_sync_handler_sees_it(open_host: Any, module: str) -> None:
    host = await open_host(python_modules=(module,))
    ctx = _Context()
    task = asyncio.create_task(host.run(calls(f"{module}.inner.work.sleeps"), {}, ctx))
    await asyncio.wait({task}, timeout=0.1)
    ctx.cancelled = True
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    seen = sys.modules[f"{module}.inner.work"].IMPORTED
    for _ in range(400):
        if seen:
            break
        await asyncio.sleep(0.005)
    assert seen == [True]


async def test_what_a_handler_prints_goes_to_the_log_of_its_activation(open_host: Any, module: str) -> None:
    host = await open_host(python_modules=(module,))
    says = host.catalogue.bind(calls(f"{module}.inner.work.says"))
    await asyncio.gather(
        *(says.invoke({"input": [f"{n}-{line}" for line in range(3)]}, _Context(f"a{n}")) for n in range(5))
    )
    await host.run(calls(f"{module}.inner.work.says_without_end"), {}, _Context("b"))
    by_activation: dict[str, list[tuple[str, str]]] = {}
    for line in host.printed:
        by_activation.setdefault(line.activation_id, []).append((line.stream, line.text))
    for n in range(5):
        assert by_activation[f"a{n}"] == [("stdout", f"{n}-{line}") for line in range(3)]
    assert by_activation["b"] == [("stderr", "to stderr"), ("stdout", "ab")]


async def test_a_megabyte_is_cut_at_64_kib_with_one_line_that_says_so(open_host: Any, module: str) -> None:
    host = await open_host(python_modules=(module,))
    for _ in range(2):  # two attempts of one activation
        await host.run(calls(f"{module}.inner.work.megabyte"), {}, _Context("loud"))
    *text, last = host.printed
    assert sum(len(line.text) for line in text) <= 65_536
    assert sum(len(line.text) for line in text) >= 65_000
    assert last.text == "output cut: one activation may print 65536 bytes"
    await host.run(calls(f"{module}.inner.work.says"), {"input": ["hi"]}, _Context("quiet"))
    assert host.printed[-1].text == "hi"


async def test_printing_outside_a_handler_goes_where_it_always_went(
    open_host: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    host = await open_host()
    sys.stdout.write("mine\n")
    assert host.printed == []
    assert capsys.readouterr().out == "mine\n"


class Talker(EmbeddedBlueprints, TriggerFlowIntegrationAdapter):
    """Says its secret in every way a handler can."""

    name = "talker"

    def describe(self) -> Mapping[str, Any]:
        entry = {
            "reference": "talker:say",
            "node": {"type": "action", "name": "Say", "handlers": {"main": {"entrypoint": "talker:say"}}},
            "configSchema": {"type": "object", "properties": {"key": {}, "how": {"type": "string"}}},
            "secrets": ["/key"],
        }
        return {"version": "1", "handlers": [entry]}

    def resolve_handler(self, reference: str) -> Any:
        def say(inputs: Any, ctx: Any) -> Any:
            secret = str(ctx.config["key"])
            if ctx.config["how"] == "raise":
                raise ValueError(f"bad key {secret}", secret)
            ctx.log.warning(f"key {secret}")
            sys.stdout.write(f"key {secret}\nkey {secret}")
            return {"said": [secret], secret: 1}

        return say


CANARY = "canary-98d1"


def _talking(**settings: Any) -> Catalogue:
    return Catalogue([Talker()], AdapterSettings(env_allow=("KEY",), environ={"KEY": CANARY}, **settings))


async def test_a_secret_leaves_a_node_in_no_way() -> None:
    catalogue = _talking()
    printed: list[Any] = []
    await catalogue.open(sink=printed.append)
    try:
        ctx = _Context()
        log = ctx.log
        node = calls("talker:say", {"key": {"$env": "KEY", "prefix": "Bearer "}, "how": {"$expr": "how"}})
        bound = catalogue.bind(node)
        lit = await bound.invoke({"how": "tell"}, ctx)
        assert lit == {"out": {"said": ["Bearer [secret KEY]"], "Bearer [secret KEY]": 1}}
        assert log.lines == [("warning", "key Bearer [secret KEY]")]
        assert [line.text for line in printed] == ["key Bearer [secret KEY]"] * 2
        with pytest.raises(ValueError) as caught:
            await bound.invoke({"how": "raise"}, _Context())
        fields = error_fields(caught.value)
        assert CANARY not in str(fields)
        assert "[secret KEY]" in fields["message"]
        with pytest.raises(Exception) as invalid:
            await bound.invoke({"how": 5}, _Context())
        assert error_fields(invalid.value)["type"] == "ConfigInvalid"
        assert CANARY not in str(error_fields(invalid.value))
    finally:
        await catalogue.close()


async def test_a_broken_adapter_is_reported_and_the_others_load(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "shattered.py").write_text("raise ImportError('no such library')\n")
    metadata = tmp_path / "shattered-1.0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: shattered\nVersion: 1.0\n")
    (metadata / "entry_points.txt").write_text("[agently.triggerflow.adapters]\nshattered = shattered:Adapter\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    with caplog.at_level(logging.ERROR):
        catalogue = Catalogue.load(AdapterSettings())
    assert catalogue.health()["shattered"] == {"status": "down", "message": "ImportError: no such library"}
    assert catalogue.health()["core"]["status"] == "ok"
    assert catalogue.describe("core:map") is not None
    assert "no such library" in catalogue.explain_unknown("shattered:x")
    assert any(record.message == "adapter_broken" for record in caplog.records)


async def test_the_core_nodes_do_what_they_say(open_host: Any) -> None:
    host = await open_host()
    manual = {"type": "trigger", "handlers": {"main": {"entrypoint": "core:manual"}}, "ports": outputs("out", "a", "b")}
    assert await host.run(manual, {"a": 1}) == {"out": {"a": 1}, "a": 1}
    mapped = calls("core:map", {"expression": '{"n": $sum(input.n)}'})
    assert await host.run(mapped, {"input": [{"n": 1}, {"n": 2}]}) == {"out": {"n": 3}}
    condition = {
        "type": "condition",
        "handlers": {"main": {"entrypoint": "core:condition", "config": {"expression": "input > 1"}}},
    }
    assert await host.run(condition, {"input": 2}) == {"true": 2}
    assert await host.run(condition, {"input": 0.5}) == {"false": 0.5}
    two = {"inputs": [{"key": key, "label": key, "type": "any"} for key in ("left", "right")]}
    cases = [{"port": "small", "when": "left < right"}, {"port": "same", "when": "left == right"}]
    chosen = {
        "type": "condition",
        "handlers": {"main": {"entrypoint": "core:condition", "config": {"cases": cases}}},
        "ports": two,
    }
    for inputs, port in (
        ({"left": 1, "right": 2}, "small"),
        ({"left": 2, "right": 2}, "same"),
        ({"left": 3, "right": 2}, "default"),
    ):
        assert await host.run(chosen, inputs) == {port: inputs}
    parse = calls("core:parse", {"format": "csv"}, ports={"inputs": [{"key": "text", "label": "t", "type": "string"}]})
    assert await host.run(parse, {"text": "a\n1\n"}) == {"out": [{"a": "1"}]}


@pytest.mark.parametrize(
    ("node", "inputs", "kind"),
    [
        (calls("core:map", {}), {"input": 1}, "ConfigInvalid"),
        (calls("core:map", {"expression": "$eval('1')"}), {"input": 1}, "ExpressionFailed"),
        (calls("core:map", {"expression": "$error('no')"}), {"input": 1}, "ExpressionFailed"),
        (calls("core:parse", {"format": "json"}), {"input": 1}, "ParseFailed"),
        (calls("core:parse", {"format": "json"}), {"input": "{"}, "ParseFailed"),
        (calls("core:condition", {"expression": "input"}, type="condition"), {"input": 1}, "NotBoolean"),
        (calls("core:nothing"), {"input": 1}, "UnknownHandler"),
        (calls("nobody:x"), {"input": 1}, "UnknownHandler"),
    ],
)
async def test_a_node_that_cannot_do_it_says_why(open_host: Any, node: Json, inputs: Json, kind: str) -> None:
    host = await open_host()
    with pytest.raises(Exception) as caught:
        await host.run(node, inputs)
    assert error_fields(caught.value)["type"] == kind
    assert not is_retryable(caught.value)


async def test_a_pure_node_is_known_and_one_that_asks_for_the_time_is_not(open_host: Any) -> None:
    host = await open_host()
    bind: Callable[[Json], Any] = host.catalogue.bind
    assert bind(calls("core:map", {"expression": "$sum(input)"})).pure
    assert not bind(calls("core:map", {"expression": "$now()"})).pure
    assert not bind(calls("core:parse", {"format": {"$expr": "$random() < 2 ? 'csv'"}})).pure
    assert not bind(calls("http:request", {"method": "GET", "url": "https://example.com"})).pure


class _Log:
    def __init__(self) -> None:
        self.lines: list[tuple[str, str]] = []

    def debug(self, message: str) -> None:
        self.lines.append(("debug", message))

    def info(self, message: str) -> None:
        self.lines.append(("info", message))

    def warning(self, message: str) -> None:
        self.lines.append(("warning", message))

    def error(self, message: str) -> None:
        self.lines.append(("error", message))


class _Context:
    """What an orchestrator hands to a handler."""

    def __init__(self, activation_id: str = "activation") -> None:
        self.activation_id = activation_id
        self.execution_id = "execution"
        self.node_id = "node"
        self.attempt = 1
        self.idempotency_key = "key"
        self.cancelled = False
        self.config: Any = None
        self.log = _Log()

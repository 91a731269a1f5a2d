"""core:map is JSONata over the inputs object. CONTRACT section 3, "Expressions"."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from running_product import Product

ORDERS = {
    "orders": [
        {"id": 1, "price": 10.5, "lines": [{"sku": "a", "n": 2}, {"sku": "b", "n": 1}]},
        {"id": 2, "price": 4, "lines": [{"sku": "a", "n": 5}]},
    ],
    "name": "Zoë",
    "big": 9007199254740993,
    "largest": 9223372036854775807,
    "nothing": None,
    "one": [7],
}


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("input.name", "Zoë"),
        ("$length(input.name)", 3),
        ("input.missing", None),
        ("input.nothing", None),
        ("nobody.here", None),
        ("input.orders.id", [1, 2]),
        ("input.orders[id=2].price", 4),
        ("input.orders[id=2].id", 2),
        ("input.orders[id=3]", None),
        ("[input.orders[id=2].id]", [2]),
        ("[input.missing]", []),
        ("input.one", [7]),
        ("input.orders.lines.sku", ["a", "b", "a"]),
        ("$distinct(input.orders.lines.sku)", ["a", "b"]),
        ("$sum(input.orders.price)", 14.5),
        ("$sum(input.orders.(price * $sum(lines.n)))", 51.5),
        ("$count(input.orders)", 2),
        ("input.orders{$string(id): price}", {"1": 10.5, "2": 4}),
        ("{'a': input.name, 'b': input.missing}", {"a": "Zoë"}),
        ("$map(input.orders, function($o) { $o.id * 10 })", [10, 20]),
        ("input.orders^(>price).id", [1, 2]),
        ("input.orders ~> $count()", 2),
        ("($x := 2; $x * 3)", 6),
        ("1 + 2 * 3", 7),
        ("7 / 2", 3.5),
        ("0.1 + 0.2", 0.30000000000000004),
        ("7 % 4", 3),
        ("'a' & 1 & true", "a1true"),
        ("input.name = 'Zoë' ? 'yes' : 'no'", "yes"),
        ("1 in [1, 2]", True),
        ("null", None),
        ("[]", []),
        ("{}", {}),
        ("'text'", "text"),
        ("[1..5]", [1, 2, 3, 4, 5]),
        ("$uppercase('straße')", "STRASSE"),
        ("$split('a,b', ',')", ["a", "b"]),
        ("$match('ab12', /[0-9]+/).match", "12"),
        ("$contains('abc', /b/)", True),
        ("$replace('aXb', 'X', '-')", "a-b"),
        ("$join(['a', 'b'], '-')", "a-b"),
        ("$number('12.5')", 12.5),
        ("$string({'a': 1})", '{"a":1}'),
        ("$exists(input.missing)", False),
        ("$type(input.nothing)", "null"),
        ("$keys(input.orders[0])", ["id", "price", "lines"]),
        ("$merge([{'a': 1}, {'b': 2}])", {"a": 1, "b": 2}),
        ("$reduce([1, 2, 3], function($a, $b) { $a + $b })", 6),
        ("$filter([1, 2, 3], function($v) { $v > 1 })", [2, 3]),
        ("$sort([3, 1, 2])", [1, 2, 3]),
        ("$round(2.5)", 2),
        ("$fromMillis(0)", "1970-01-01T00:00:00.000Z"),
        ("$base64encode('a')", "YQ=="),
        ("**.sku", ["a", "b", "a"]),
        ("$$.input.name", "Zoë"),
        ("input.orders#$i.{'i': $i, 'id': id}", [{"i": 0, "id": 1}, {"i": 1, "id": 2}]),
        ("function($x) { $x }(3)", 3),
    ],
)
def test_an_expression_gives_its_value(map_it: Callable[..., Any], expression: str, value: Any) -> None:
    assert map_it(expression, ORDERS).value == value


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("input.big", 9007199254740993),
        ("{'x': input.big}", {"x": 9007199254740993}),
        ("[input.big, input.largest]", [9007199254740993, 9223372036854775807]),
        ("$merge([input, {'more': 1}]).largest", 9223372036854775807),
        ("input.orders ? input.big : 0", 9007199254740993),
        ("($x := input.largest; $x)", 9223372036854775807),
    ],
)
def test_a_value_only_passed_on_keeps_its_value(map_it: Callable[..., Any], expression: str, value: Any) -> None:
    came = map_it(expression, ORDERS).value
    assert came == value and repr(came) == repr(value)


def test_arithmetic_is_that_of_doubles(map_it: Callable[..., Any]) -> None:
    assert map_it("input.big + 0", ORDERS).value == 9007199254740992
    assert map_it("input.largest - 1", ORDERS).value == float(2**63)


@pytest.mark.parametrize(
    "expression",
    [
        "1 + 'a'",
        "1 / 0",
        "$number('abc')",
        "$sum('x')",
        "$error('mine')",
        "$nobody(1)",
        "input.name > 1",
        "$toMillis('not a time')",
        "$assert(false, 'no')",
        "1e308 * 10",
        "($f := function($x) { 1 + $f($x) }; $f(1))",
        "$string(function($x) { $x }) + 1",
        "[1..10000001]",
    ],
)
def test_an_expression_that_fails_says_so(map_it: Callable[..., Any], expression: str) -> None:
    error = map_it(expression, ORDERS).error
    assert error["type"] == "ExpressionFailed" and error["message"]


def test_an_expression_that_fails_is_not_tried_again(try_node: Callable[..., Any]) -> None:
    came = try_node("core:map", config={"expression": "1 + 'a'"}, retries={"maxAttempts": 5, "backoffSeconds": 3})
    assert came.error["attempt"] == 1


RUNAWAYS = {
    "tail recursion": "($f := function($x) { $f($x) }; $f(1))",
    "nested ranges": "$count([1..3000].([1..3000].($ * 2)))",
    "memory": "($f := function($s, $n) { $n = 0 ? $s : $f($s & $s, $n - 1) }; $length($f('abcdefgh', 40)))",
    "padding": "$length($pad('x', 2000000000))",
}


@pytest.mark.parametrize("name", RUNAWAYS)
def test_a_runaway_expression_fails_soon_and_disturbs_nobody(
    map_it: Callable[..., Any], product: Product, name: str
) -> None:
    slowest, stop = [0.0], threading.Event()

    def watch() -> None:
        with httpx.Client(base_url=product.url) as client:
            while not stop.is_set():
                began = time.monotonic()
                assert client.get("/healthz").status_code == 200
                slowest[0] = max(slowest[0], time.monotonic() - began)
                stop.wait(0.01)

    watcher = threading.Thread(target=watch)
    watcher.start()
    began = time.monotonic()
    try:
        came = map_it(RUNAWAYS[name], "a" * 40)
    finally:
        stop.set()
        watcher.join()
    assert came.error["type"] == "ExpressionFailed", came.error
    assert time.monotonic() - began < 3
    assert slowest[0] < 0.4, f"the server did not answer for {slowest[0]:.2f} s"
    assert map_it("1 + 1").value == 2


@pytest.mark.parametrize(
    ("expression", "value"),
    [("$match(input & '!', /^(a+)+$/)", None), ("$replace(input & '!', /^(a|aa)+$/, 'x')", "a" * 40 + "!")],
)
def test_a_regular_expression_that_backtracks_without_end_is_answered_or_given_up_soon(
    map_it: Callable[..., Any], expression: str, value: Any
) -> None:
    """An engine may know how to answer these at once; the contract only bounds how long it may take."""
    began = time.monotonic()
    came = map_it(expression, "a" * 40)
    assert time.monotonic() - began < 2
    if "error" in came.ports:
        assert came.error["type"] == "ExpressionFailed"
    else:
        assert came.value == value


def test_many_runaways_at_once_end_too(map_it: Callable[..., Any]) -> None:
    from concurrent.futures import ThreadPoolExecutor

    began = time.monotonic()
    with ThreadPoolExecutor(8) as pool:
        came = list(pool.map(lambda _: map_it(RUNAWAYS["tail recursion"]), range(8)))
    assert {each.error["type"] for each in came} == {"ExpressionFailed"}
    assert time.monotonic() - began < 12


@pytest.mark.parametrize("expression", ["[$now(), $millis(), $random()]", "$now() = $now()"])
def test_time_and_chance_may_be_asked(map_it: Callable[..., Any], expression: str) -> None:
    assert map_it(expression).value

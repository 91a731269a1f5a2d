"""Expressions in their processes: what they mean, and that nothing they do reaches further than their own process."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from triggerflow_adapter_sdk import ExpressionFailed, NotBoolean
from triggerflow_adapter_sdk.expressions import CelCondition, JsonataExpression, cel_problem
from triggerflow_adapter_sdk.expressions.pool import ExpressionPool

BIG, MOST, LEAST = 2**53 + 1, 2**63 - 1, -(2**63)
SALES: dict[str, Any] = {
    "rows": [
        {"city": "Köln", "n": 3, "price": 1.5},
        {"city": "Rom", "n": 1, "price": 4.0},
        {"city": "Köln", "n": 2, "price": 2.5},
    ],
    "one": [5],
    "none": [],
    "text": "é🙂x",
    "gone": None,
}
IDS: dict[str, Any] = {"ids": [MOST, BIG, LEAST, BIG + 2], "rows": [{"id": BIG, "v": 1}, {"id": MOST, "v": 2}]}


@pytest.fixture
async def pool() -> AsyncIterator[ExpressionPool]:
    """A pool of two, whose processes are gone afterwards."""
    made = ExpressionPool(2)
    yield made
    pids = made.pids
    made.close()
    assert not any(psutil.pid_exists(pid) for pid in pids)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("missing", None),
        ("$sum(rows.n)", 6),
        ("$average(rows.price)", 8 / 3),
        ("rows[city='Rom']", SALES["rows"][1]),
        ("rows[city='Rom'][]", [SALES["rows"][1]]),
        ("[rows[city='Rom'].n]", [1]),
        ("one", [5]),
        ("$map(one, function($v){$v})", 5),
        ("$map(rows, function($r){$r.city & $r.n})", ["Köln3", "Rom1", "Köln2"]),
        ("$filter(rows, function($r){$r.n > 1}).n", [3, 2]),
        ("$reduce(rows.n, function($a, $b){$a * $b})", 6),
        ("rows{city: $sum(n)}", {"Köln": 5, "Rom": 1}),
        ("rows^(>n).n", [3, 2, 1]),
        ("rows^(city, price).price", [1.5, 2.5, 4.0]),
        ("rows.{'c': $uppercase(city)}", [{"c": "KÖLN"}, {"c": "ROM"}, {"c": "KÖLN"}]),
        ("rows.(n * price)", [4.5, 4, 5]),
        ("rows[0] ~> |$|{'n': 9}, ['price']|", {"city": "Köln", "n": 9}),
        ("$match('a1b22', /[0-9]+/).match", ["1", "22"]),
        ("$replace(text, /x$/, '!')", "é🙂!"),
        ("$length(text)", 3),
        ("$fromMillis(0, '[Y0001]-[M01]-[D01]')", "1970-01-01"),
        ("$toMillis('2020-01-01T00:00:00Z')", 1577836800000),
        ("($f := function($n){$n < 2 ? 1 : $n * $f($n - 1)}; $f(10))", 3628800),
        ("$each({'a': 1, 'b': 2}, function($v, $k){$k & $v})", ["a1", "b2"]),
        ("$sort(rows.n)", [1, 2, 3]),
        ("$keys(rows[0])", ["city", "n", "price"]),
        ("$merge([{'a': 1}, {'b': 2}])", {"a": 1, "b": 2}),
        ("rows#$i.{'i': $i, 'n': n}", [{"i": 0, "n": 3}, {"i": 1, "n": 1}, {"i": 2, "n": 2}]),
        ("$power(2, 63)", 2.0**63),
        ("5.5 % 2 + $count(rows)", 4.5),
        ("$random() < 1", True),
        ("$clone(rows[0]).n", 3),
        ("$encodeUrl('http://x.y/a b?é')", "http://x.y/a%20b?%C3%A9"),
        ("$encodeUrl(missing)", None),
        ("gone", None),
        ("$sum", None),
    ],
)  # fmt: skip
async def test_jsonata_means_what_its_documentation_says(text: str, value: Any) -> None:
    assert await JsonataExpression(text).evaluate(SALES) == value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("$map(ids, function($v){$v})", IDS["ids"]),
        ("$filter(ids, function($v){$v > 0})", [MOST, BIG, BIG + 2]),
        ("ids^(>$)", [MOST, BIG + 2, BIG, LEAST]),
        ("ids[0]", MOST),
        ("rows[v=2].id", MOST),
        ("rows.{'k': id}", [{"k": BIG}, {"k": MOST}]),
        ("rows{$string(v): id}", {"1": BIG, "2": MOST}),
        ("$lookup(rows[0], 'id')", BIG),
        ("$reduce(ids, function($a, $b){$a})", MOST),
        ("$append(ids, 1)[4]", 1),
        ("rows[0] ~> |$|{'w': id}|", {"id": BIG, "v": 1, "w": BIG}),
        ("$merge([rows[0], {'x': 1}])", {"id": BIG, "v": 1, "x": 1}),
        ("$sum([rows[0].id, 0])", 2**53),
        ("$string(rows[0])", '{"id":9007199254740992,"v":1}'),
        ("rows[0].id & 'é' & 1.5 & 0.1", "9007199254740992é1.50.1"),
        ("$string(1e21 * rows[0].v) & $string(0.0000001)", "1e+211e-7"),
        ("(rows[0].id) * 1", 2**53),
        ("$sum(ids[[0, 0]])", 2.0**64),
        ("5.5 % 2 + $count(ids) - 4", 1.5),
    ],
)
async def test_integers_that_no_double_holds_keep_their_value_and_arithmetic_is_in_doubles(
    text: str, value: Any
) -> None:
    found = await JsonataExpression(text).evaluate(IDS)
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(
    "text",
    [
        "$error('boo')", "1 / 0", "'a' + 1", "$sum('a')", "nothing()", "$single([1, 2], function($x){true})",
        "($f := function($x){1 + $f($x)}; $f(1))",
    ],
)  # fmt: skip
async def test_an_expression_that_fails_says_so(text: str) -> None:
    with pytest.raises(ExpressionFailed):
        await JsonataExpression(text).evaluate({"a": 1})


@pytest.mark.parametrize("text", ["$sum(", "$eval('1')", "($e := $eval; $e('1'))", "", "a" * 70_000, "(" * 5_000])
def test_a_text_that_is_no_expression_is_refused_before_anything_runs(text: str) -> None:
    with pytest.raises(ExpressionFailed):
        JsonataExpression(text)


RUNAWAYS = {
    "a loop": ("($f := function($x){$f($x + 1)}; $f(1))", {}),
    "padding": ("$pad('a', 100000000)", {}),
    "a backtracking pattern": ("$match(s, /^(a+)+$/)", {"s": "a" * 40 + "b", "n": BIG}),
    "memory": ("($f := function($s, $n){$n = 0 ? $s : $f($s & $s, $n - 1)}; $length($f('xxxxxxxx', 40)))", {}),
    "a long list": ("$count([1..9999999])", {}),
    "many lists": ("$count($map([1..9999], function($i){[1..9999]}))", {}),
}


@pytest.mark.parametrize("name", RUNAWAYS)
async def test_a_runaway_expression_is_ended_and_the_next_one_runs(pool: ExpressionPool, name: str) -> None:
    text, inputs = RUNAWAYS[name]
    assert await pool.evaluate("j", "1 + 1", {}) == 2
    before = time.monotonic()
    with pytest.raises(ExpressionFailed):
        await pool.evaluate("j", text, inputs)
    assert time.monotonic() - before < 5
    assert await pool.evaluate("j", "1 + 1", {}) == 2


async def test_the_loop_goes_on_while_an_expression_runs_away(pool: ExpressionPool) -> None:
    await pool.evaluate("j", "1", {})
    gaps: list[float] = []

    async def beat() -> None:
        last = time.monotonic()
        while True:
            await asyncio.sleep(0.005)
            now = time.monotonic()
            gaps.append(now - last)
            last = now

    beating = asyncio.create_task(beat())
    with pytest.raises(ExpressionFailed, match="500 ms"):
        await pool.evaluate("j", RUNAWAYS["a loop"][0], {})
    beating.cancel()
    assert len(gaps) > 20
    assert max(gaps) < 0.3


async def test_many_expressions_share_few_processes(pool: ExpressionPool) -> None:
    found = await asyncio.gather(*(pool.evaluate("j", f"$sum([a, {n}])", {"a": 1}) for n in range(50)))
    assert found == [n + 1 for n in range(50)]
    assert len(pool.pids) <= 2


async def test_a_cancelled_expression_frees_its_place(pool: ExpressionPool) -> None:
    await pool.evaluate("j", "1", {})
    running = [asyncio.create_task(pool.evaluate("j", RUNAWAYS["a loop"][0], {})) for _ in range(4)]
    await asyncio.sleep(0)
    for task in running:
        task.cancel()
    assert all(
        isinstance(end, asyncio.CancelledError) for end in await asyncio.gather(*running, return_exceptions=True)
    )
    assert await pool.evaluate("j", "1 + 1", {}) == 2


async def test_a_child_has_no_descriptor_and_no_variable_of_ours(pool: ExpressionPool) -> None:
    await pool.evaluate("j", "1", {})
    (pid,) = pool.pids
    files = {entry.name: str(entry.readlink()) for entry in Path(f"/proc/{pid}/fd").iterdir()}
    assert {"0", "1", "2"} <= files.keys()
    assert all(target == "/dev/null" or target.startswith("socket:") for target in files.values()), files
    # Its own end of the pair, twice; nothing that this process has open.
    assert len({target for target in files.values() if target.startswith("socket:")}) == 1
    variables = Path(f"/proc/{pid}/environ").read_text().split("\0")
    assert sorted(name.partition("=")[0] for name in variables if name) == ["LANG", "MIMALLOC_ARENA_RESERVE"]


async def test_a_killed_child_is_reaped(pool: ExpressionPool) -> None:
    await pool.evaluate("j", "1", {})
    (pid,) = pool.pids
    with pytest.raises(ExpressionFailed):
        await pool.evaluate("j", RUNAWAYS["a loop"][0], {})
    # Nobody is told when a process that is no longer needed has been reaped: look.
    for _ in range(500):
        if not psutil.pid_exists(pid):
            return
        await asyncio.sleep(0.01)
    pytest.fail("the killed process is still there")


async def test_a_child_that_was_killed_from_outside_fails_one_expression_only(pool: ExpressionPool) -> None:
    await pool.evaluate("j", "1", {})
    os.kill(pool.pids[0], signal.SIGKILL)
    with pytest.raises(ExpressionFailed):
        await pool.evaluate("j", "$sum([1])", {})
    assert await pool.evaluate("j", "$sum([1])", {}) == 1


PARENT = """
import asyncio, sys
from triggerflow_adapter_sdk.expressions.pool import ExpressionPool
async def main():
    pool = ExpressionPool(2)
    await pool.evaluate("j", "1", {})
    print(*pool.pids, flush=True)
    if sys.argv[1] == "busy":
        await pool.evaluate("j", "($f := function($x){$f($x + 1)}; $f(1))", {})
    await asyncio.get_running_loop().create_future()
asyncio.run(main())
"""


@pytest.mark.parametrize("doing", ["idle", "busy"])
def test_children_do_not_outlive_a_killed_parent(doing: str) -> None:
    with subprocess.Popen([sys.executable, "-c", PARENT, doing], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        pids = [int(pid) for pid in parent.stdout.readline().split()]
        parent.kill()
    assert pids
    gone, alive = psutil.wait_procs([psutil.Process(pid) for pid in pids if psutil.pid_exists(pid)], timeout=8)
    assert not alive, f"{gone} ended"


@pytest.mark.parametrize(
    ("text", "inputs", "verdict"),
    [
        ("input > 1", {"input": 2}, True),
        ("input > 1", {"input": 1.5}, True),
        ("input == 2.0", {"input": 2}, True),
        ("double(input) >= 2", {"input": 2}, True),
        ("input == 9007199254740993", {"input": BIG}, True),
        ("input == 9007199254740992", {"input": BIG}, False),
        ("has(inputs.input) && !has(inputs.other)", {"input": None}, True),
        ("input == null", {"input": None}, True),
        ("size(input) == 2", {"input": "é🙂"}, True),
        ("input.exists(x, x.n > 2)", {"input": [{"n": 1}, {"n": 3}]}, True),
        ("'a' in input && input.a.startsWith('x')", {"input": {"a": "xy"}}, True),
        ("input.matches('^(a+)+$')", {"input": "a" * 50 + "b"}, False),
        ("timestamp(input) > timestamp('2020-01-01T00:00:00Z')", {"input": "2021-01-01T00:00:00Z"}, True),
        ("inputs.input == input", {"input": [1, {"a": 2.5}]}, True),
    ],
)
async def test_cel_decides(text: str, inputs: dict[str, Any], verdict: bool) -> None:
    assert await CelCondition(text, ("input",)).evaluate(inputs) is verdict


@pytest.mark.parametrize("text", ["input", "1", "'true'", "null", "[true]", "inputs"])
async def test_a_condition_that_is_not_boolean_fails(text: str) -> None:
    with pytest.raises(NotBoolean):
        await CelCondition(text, ("input",)).evaluate({"input": 1})


@pytest.mark.parametrize("text", ["input.a > 1", "1 / 0 == 1", "other > 1", "input + 1.5 > 1"])
async def test_a_condition_that_cannot_be_decided_fails(text: str) -> None:
    with pytest.raises(ExpressionFailed):
        await CelCondition(text, ("input", "other")).evaluate({"input": 1})


@pytest.mark.parametrize("text", ["input >", "nobody > 1", "input.all(", "x" * 70_000])
def test_a_text_that_is_no_condition_is_refused(text: str) -> None:
    with pytest.raises(ExpressionFailed):
        CelCondition(text, ("input",))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("inputs.customer +", "This is no CEL at character 18, it ends too early."),
        ("(inputs.a", "This is no CEL at character 10, ')' is missing."),
        ("inputs.a b", "This is no CEL at character 10, 'b' may not stand here."),
        ("inputs.a ==\n  size(", "This is no CEL at line 2, character 8, it ends too early."),
        ("order(1)", "undeclared reference to 'order', no variable or function here."),
    ],
)
def test_what_is_no_cel_is_told_with_its_place_in_words_for_people(text: str, words: str) -> None:
    assert (cel_problem(text, ("inputs",)) or "").endswith(words)


LARGE: dict[str, Any] = {"input": [{"i": i, "s": "x" * 100} for i in range(5_000)]}


@pytest.mark.parametrize(
    ("text", "verdict"), [("input.exists(x, x.i == 4999)", True), ("size(input) > 1", True), ("input[0].i == 1", False)]
)
async def test_large_inputs_are_decided_in_a_process(text: str, verdict: bool) -> None:
    assert await CelCondition(text, ("input",)).evaluate(LARGE) is verdict


@pytest.mark.parametrize(
    "text",
    ["input.all(x, input == input)", "input.all(x, input.all(y, true))", "size(input.map(x, input)) < 0 || inputs"],
)
async def test_a_large_condition_is_ended_too(text: str) -> None:
    before = time.monotonic()
    with pytest.raises((ExpressionFailed, NotBoolean)):
        await CelCondition(text, ("input",)).evaluate(LARGE)
    assert time.monotonic() - before < 5

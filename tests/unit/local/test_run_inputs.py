"""What the user types becomes the inputs of a run; events become lines."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import typer
from triggerflow_local.commands.progress import line
from triggerflow_local.commands.run import read_inputs


def test_values_are_json_where_they_are_json_and_text_elsewhere() -> None:
    inputs = read_inputs(["n=1", "t=one two", 'o={"a":[1]}', "e=", "x=a=b"], None)
    assert inputs == {"n": 1, "t": "one two", "o": {"a": [1]}, "e": "", "x": "a=b"}


def test_single_inputs_go_on_top_of_whole_ones(tmp_path: Path) -> None:
    file = tmp_path / "inputs.json"
    file.write_text('{"a": 1, "b": 2}')
    assert read_inputs(["b=3"], f"@{file}") == {"a": 1, "b": 3}
    assert read_inputs([], '{"a": 1}') == {"a": 1}


@pytest.mark.parametrize(("pairs", "whole"), [(["x"], None), (["=x"], None), ([], "{"), ([], "[]"), ([], "@/none/x")])
def test_what_cannot_be_read_ends_the_command(
    pairs: list[str], whole: str | None, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(typer.Exit) as ended:
        read_inputs(pairs, whole)
    assert ended.value.exit_code == 1
    assert "--input" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("kind", "payload", "shown"),
    [
        ("execution.started", {"status": "running"}, "execution.started"),
        ("chunk.completed", {"nodeId": "n", "status": "succeeded", "result": {"a": 1}}, 'chunk.completed Node {"a":1}'),
        (
            "chunk.failed",
            {"nodeId": "n", "status": "failed", "error": {"type": "E", "message": "m"}},
            "chunk.failed Node E: m",
        ),
        ("log", {"level": "info", "message": "two\nlines", "nodeId": "n"}, "log Node info two lines"),
        ("runtime.output", {"stream": "custom", "data": {"nodeId": "n"}}, 'runtime.output Node custom {"nodeId":"n"}'),
        ("runtime.output", {"stream": "stdout", "data": "x"}, 'runtime.output stdout "x"'),
        ("metric", {"name": "rows", "value": 3, "unit": "row"}, "metric rows 3 row"),
        (
            "execution.failed",
            {"status": "failed", "message": "cancelled: by you"},
            "execution.failed cancelled: by you",
        ),
    ],
)
def test_an_event_is_one_line(kind: str, payload: dict[str, Any], shown: str) -> None:
    event = {"type": kind, "timestamp": "2026-11-23T10:00:00.123456Z", "payload": payload}
    assert line(event, {"n": "Node"}) == f"10:00:00.123 {shown}"

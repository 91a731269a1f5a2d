"""Every case again, killed after each of its commits and taken up by another process: it ends the same, and what had
ended does not end again."""

import json
from collections import Counter
from pathlib import Path

import pytest
from golden_runs import play

HERE = Path(__file__).parent
FOLDERS = ("channels", "loops", "subflows", "waits")
CASES = sorted(path for path in HERE.glob("*/*.json") if path.parent.name in FOLDERS)


@pytest.mark.parametrize("fuses", [True, False], ids=["fused", "unfused"])
@pytest.mark.parametrize("path", CASES, ids=lambda path: f"{path.parent.name}/{path.stem}")
async def test_a_case_that_is_killed_after_any_commit_ends_the_same(path: Path, fuses: bool) -> None:
    case = json.loads(path.read_text())
    whole = await play(case, fuses=fuses)
    for commits in range(1, whole["commits"]):
        again = await play(case, fuses=fuses, dies_after=commits)
        assert (again["status"], again["error"]) == (whole["status"], whole["error"]), commits
        assert again["outputs"] == whole["outputs"], commits
        # The project's channels got each value once.
        assert sorted(again.get("published", ())) == sorted(whole.get("published", ())), commits
        # The same happened, each once; only that a node ran again is told beside it.
        assert told(again) == told(whole), commits


def told(found: dict[str, list[str]]) -> Counter[str]:
    return Counter(line for line in found["events"] if not line.startswith("retry "))

"""Every case in the folders beside this file, as the README describes them, on the real engine."""

import json
import os
from pathlib import Path

import pytest
from golden_runs import play
from golden_writing import written

HERE = Path(__file__).parent
# A folder with a test of its own has a shape of its own.
OWN = {"reruns", *(path.parent.name for path in HERE.glob("*/test_*.py"))}
CASES = sorted(path for path in HERE.glob("*/*.json") if path.parent.name not in OWN)
# Writes what happened into the case, to be read and then kept: GOLDEN_WRITE=1.
WRITE = os.environ.get("GOLDEN_WRITE") == "1"


@pytest.mark.parametrize("fuses", [True, False], ids=["fused", "unfused"])
@pytest.mark.parametrize("path", CASES, ids=lambda path: f"{path.parent.name}/{path.stem}")
async def test_a_run_is_as_its_case_says(path: Path, fuses: bool) -> None:
    case = json.loads(path.read_text())
    found = await play(case, fuses=fuses)
    del found["commits"]
    if WRITE:
        path.write_text(written({**case, "result": found}) + "\n")
    else:
        assert found == case["result"]

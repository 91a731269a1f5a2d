"""Every case in the folders beside this file, as the README describes them, on the real engine."""

import json
import os
from pathlib import Path

import pytest
from golden_runs import play

HERE = Path(__file__).parent
CASES = sorted(path for path in HERE.glob("*/*.json") if path.parent.name != "ledger")
# Writes what happened into the case, to be read and then kept: GOLDEN_WRITE=1.
WRITE = os.environ.get("GOLDEN_WRITE") == "1"


@pytest.mark.parametrize("path", CASES, ids=lambda path: f"{path.parent.name}/{path.stem}")
async def test_a_run_is_as_its_case_says(path: Path) -> None:
    case = json.loads(path.read_text())
    found = await play(case)
    if WRITE:
        path.write_text(written({**case, "result": found}) + "\n")
    else:
        assert found == case["result"]


def written(value: object, deep: int = 0) -> str:
    """JSON with what fits into a line in one."""
    flat = json.dumps(value, ensure_ascii=False)
    if (len(flat) + 2 * deep <= 116 and deep > 2) or not isinstance(value, dict | list) or not value:
        return flat
    pad = "  " * (deep + 1)
    if isinstance(value, list):
        inner = [f"{pad}{written(one, deep + 1)}" for one in value]
    else:
        inner = [f"{pad}{json.dumps(key)}: {written(one, deep + 1)}" for key, one in value.items()]
    opening, closing = ("[", "]") if isinstance(value, list) else ("{", "}")
    return opening + "\n" + ",\n".join(inner) + "\n" + "  " * deep + closing

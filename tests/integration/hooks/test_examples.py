"""The example of docs/triggers.md, as it stands there."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

DOCS = Path(__file__).resolve().parents[3] / "docs" / "triggers.md"


def block(language: str) -> str:
    (found,) = re.findall(rf"```{language}\n(.*?)```", DOCS.read_text(), re.DOTALL)
    return str(found)


@pytest.mark.skipif(not (shutil.which("curl") and shutil.which("openssl")), reason="needs curl and openssl")
def test_the_shell_example_calls_a_webhook(hooked: Any) -> None:
    hook = hooked(answer="sync")
    place = {"URL": hook.hook["url"], "SECRET": hook.hook["secret"]}
    run = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", block("bash")],
        env={**os.environ, **place},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert json.loads(run.stdout)["result"]["body"] == {"order": 7, "customer": "Ann"}


def test_the_python_example_calls_a_webhook(hooked: Any) -> None:
    hook = hooked(answer="sync")
    found: dict[str, Any] = {}
    exec(block("python"), found)
    answer = found["call"](hook.hook["url"], hook.hook["secret"], ["ä", 1])
    assert json.loads(answer)["result"]["body"] == ["ä", 1]

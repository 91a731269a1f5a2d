"""Run the command as a user does, and look at what it left."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

COMMAND = str(Path(sys.executable).parent / "tfcanvas")


@pytest.fixture
def tfcanvas() -> Callable[..., subprocess.CompletedProcess[str]]:
    """Run `tfcanvas` with these settings alone, to its end."""

    def call(home: Path, *arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
        kept = {key: value for key, value in os.environ.items() if not key.startswith("TFCANVAS_")}
        environment = {**kept, "TFCANVAS_HOME": str(home), "TFCANVAS_PORT": "0", **settings}
        return subprocess.run(
            [COMMAND, *arguments], env=environment, capture_output=True, text=True, timeout=60, check=False
        )

    return call

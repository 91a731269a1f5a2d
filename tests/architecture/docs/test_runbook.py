"""The runbook names log events; an operator who searches for one must be able to find it."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
RUNBOOK = ROOT / "docs" / "runbook.md"
SOURCES = ("services", "bff")
_EVENT = re.compile(r"`([a-z]+(?:_[a-z]+)+)`")
_SETTING = re.compile(r"\b(TFCANVAS_[A-Z_]+)\b")


def test_every_log_event_of_the_runbook_is_one_that_the_code_says() -> None:
    code = "\n".join(file.read_text("utf-8") for source in SOURCES for file in (ROOT / source).rglob("*.py"))
    named = set(_EVENT.findall(RUNBOOK.read_text("utf-8")))
    assert len(named) > 20
    assert {event for event in named if f'"{event}"' not in code} == set()


def test_every_setting_of_the_runbook_is_read_somewhere() -> None:
    code = "\n".join(file.read_text("utf-8") for source in SOURCES for file in (ROOT / source).rglob("*.py"))
    named = {name.removeprefix("TFCANVAS_") for name in _SETTING.findall(RUNBOOK.read_text("utf-8"))}
    assert {name for name in named if f'"{name}"' not in code} == set()

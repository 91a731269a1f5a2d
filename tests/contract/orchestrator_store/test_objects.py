"""Where large values are kept."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from triggerflow_orchestrator.ports import Objects
from triggerflow_orchestrator.store.objects import FileObjects


@pytest.fixture(params=["files"])
def objects(tmp_path: Path) -> Objects:
    return FileObjects(tmp_path / "objects")


async def test_a_value_is_read_in_pieces(objects: Objects, sample: Any) -> None:
    key = objects.put(sample.id(1), b"0123456789")
    assert key == sample.id(1)
    assert await objects.get(key, 0, 4) == b"0123"
    assert await objects.get(key, 8, 4) == b"89"
    assert await objects.get(key, 10, 4) == b""
    assert await objects.get(key, 99, 4) == b""


async def test_a_value_put_again_after_a_crash_is_the_same(objects: Objects, sample: Any) -> None:
    key = objects.put(sample.id(1), b"text")
    assert objects.put(sample.id(1), b"text") == key
    assert await objects.get(key, 0, 99) == b"text"


@pytest.mark.parametrize("key", ["", "../../secret", "01900000-0000-7000-8000-000000000099", "/etc/passwd", "ab" * 40])
async def test_a_key_that_was_never_put_gives_none(objects: Objects, key: str) -> None:
    assert await objects.get(key, 0, 10) is None


def test_a_reference_cannot_leave_the_folder(objects: Objects, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="not a reference"):
        objects.put("../../outside", b"x")
    assert list(tmp_path.rglob("outside")) == []


def test_nothing_half_written_stays(tmp_path: Path, sample: Any) -> None:
    FileObjects(tmp_path).put(sample.id(1), b"x" * 100_000)
    assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == [sample.id(1)]

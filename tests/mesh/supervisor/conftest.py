"""Meshes of these tests' own, since they kill their parts."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from running_mesh import Mesh


@pytest.fixture(scope="module")
def mesh(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mesh]:
    """One mesh for the tests of a file."""
    one = Mesh(tmp_path_factory.mktemp("mesh") / "home")
    try:
        yield one.start()
    finally:
        code = one.stop()
    assert code == 0
    assert one.left() == []


@pytest.fixture
def make_mesh(tmp_path: Path) -> Iterator[Callable[..., Mesh]]:
    """Make meshes that are stopped after the test, whatever happens in it."""
    made: list[Mesh] = []

    def make(name: str = "home", workers: int = 1, **environment: str) -> Mesh:
        one = Mesh(tmp_path / name, workers, environment)
        made.append(one)
        return one

    yield make
    for one in made:
        if one.process is not None and one.process.poll() is None:
            one.stop()
